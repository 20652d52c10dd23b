"""What the WebAuthn library is asked: options for a browser, and whether its answer fits them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from webauthn import (
    base64url_to_bytes,
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)
from webauthn.registration.verify_registration_response import VerifiedRegistration

from distributor.identity.acting import CurrentMember
from distributor.identity.passkeys import Answer, Site

# An answer with a long attestation takes some 6,000 characters.
LONGEST_ANSWER = 20_000
# What the library lets through from CBOR and JSON that is made up.
MALFORMED = (WebAuthnException, ValueError, TypeError, KeyError, AttributeError, IndexError, OverflowError)


def making(member: CurrentMember, site: Site, challenge: str, known: Sequence[bytes]) -> dict[str, Any]:
    """The options with which a browser makes a passkey, on a device that has none of the `known` ones."""
    options = generate_registration_options(
        rp_id=site.host,
        rp_name=site.name,
        user_name=member.email,
        user_display_name=member.name,
        user_id=f"distributor-user-{member.user_id}".encode(),
        challenge=base64url_to_bytes(challenge),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=key) for key in known],
    )
    return _plain(options_to_json(options))


def proving(site: Site, challenge: str) -> dict[str, Any]:
    """The options with which a browser offers its passkeys for this host."""
    options = generate_authentication_options(
        rp_id=site.host,
        challenge=base64url_to_bytes(challenge),
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return _plain(options_to_json(options))


def made(answer: Answer, site: Site) -> VerifiedRegistration | None:
    """The passkey that a browser made; None for an answer that does not fit what was asked."""
    if len(answer.text) > LONGEST_ANSWER:
        return None
    try:
        return verify_registration_response(
            credential=answer.text,
            expected_challenge=base64url_to_bytes(answer.challenge),
            expected_rp_id=site.host,
            expected_origin=site.origin,
            require_user_verification=True,
        )
    except MALFORMED:
        return None


def claimed(text: str) -> bytes | None:
    """The id of the passkey that an answer claims to be of."""
    try:
        raw = json.loads(text)["rawId"] if len(text) <= LONGEST_ANSWER else ""
        return base64url_to_bytes(raw)
    except MALFORMED:
        return None


def counted(answer: Answer, site: Site, public_key: bytes, sign_count: int) -> int | None:
    """The key's counter after it signed the challenge; None where it did not, or its counter did not move forward."""
    try:
        proof = verify_authentication_response(
            credential=answer.text,
            expected_challenge=base64url_to_bytes(answer.challenge),
            expected_rp_id=site.host,
            expected_origin=site.origin,
            credential_public_key=public_key,
            credential_current_sign_count=sign_count,
            require_user_verification=True,
        )
    except MALFORMED:
        return None
    return proof.new_sign_count


def _plain(options: str) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(options)
    return plain
