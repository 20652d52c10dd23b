"""API tokens: `dst_` + a name of eight characters + `_` + 256 random bits and a checksum. Only the SHA-256 is kept.

The checksum lets a mistyped token be told apart without asking the database, and secret scanners find real ones only.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID
from zlib import crc32

from flask_babel import gettext
from sqlalchemy import Row, bindparam, exists, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from distributor import tenancy
from distributor.audit.operations import record
from distributor.database import db
from distributor.errors import FieldError, InputRefused
from distributor.identity.acting import CurrentMember
from distributor.identity.models import ApiToken, ApiTokenAddress
from distributor.identity.scopes import SCOPES, possible_scopes
from distributor.identity.sessions import Known, digest, member_of, members_by
from distributor.words import fits_on_a_line
from workflows.units import is_blank

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
NAME_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
NAME_LENGTH = 8
SECRET_LENGTH = 43  # 62 to the power of 43 is the first that holds 256 bits
CHECKSUM_LENGTH = 6  # as 62 to the power of 6 holds the 32 bits of a CRC
LONGEST_LABEL = 100

_FORM = re.compile(
    f"(dst_[0-9a-z]{{{NAME_LENGTH}}})_([0-9A-Za-z]{{{SECRET_LENGTH}}})([0-9A-Za-z]{{{CHECKSUM_LENGTH}}})"
)

# How every token begins; what may be shown of it.
PREFIX_FORM = f"dst_[0-9a-z]{{{NAME_LENGTH}}}"
_PREFIX = re.compile(PREFIX_FORM)


def generate() -> tuple[str, str]:
    """A new token and its prefix, the part that may be shown."""
    prefix = "dst_" + "".join(secrets.choice(NAME_DIGITS) for _ in range(NAME_LENGTH))
    body = f"{prefix}_{_in_digits(secrets.randbits(256), SECRET_LENGTH)}"
    return body + _checksum(body), prefix


def is_well_formed(text: str) -> bool:
    """Whether `text` has a token's form and its checksum agrees."""
    match = _FORM.fullmatch(text)
    return match is not None and _checksum(f"{match[1]}_{match[2]}") == match[3]


def found_in(text: str) -> tuple[str, str] | None:
    """The whole token and the prefix of the first token somewhere in `text`; "" for the whole where there is only a
    prefix, None where there is neither.
    """
    for match in _FORM.finditer(text):
        if is_well_formed(match[0]):
            return match[0], match[1]
    prefix = _PREFIX.search(text)
    return ("", prefix[0]) if prefix else None


def create_token(
    member: CurrentMember, name: str, scopes: Iterable[str], expires_at: datetime | None, at: datetime
) -> tuple[str, ApiToken]:
    """Make a token of `member`; returns its text, which can't be read again, and its row. Raises InputRefused."""
    wanted = tuple(dict.fromkeys(scopes))
    errors = [*_wrong_name(name), *_wrong_scopes(member, wanted), *_wrong_expiry(expires_at, at)]
    if errors:
        why = gettext("No token was made: %(reasons)s", reasons=" ".join(error.reason for error in errors))
        raise InputRefused(why, errors)
    text, prefix = generate()
    row = ApiToken(
        member_id=member.member_id, name=name.strip(), prefix=prefix, token_hash=digest(text),
        scopes=list(wanted), created_at=at, expires_at=expires_at,
    )  # fmt: skip
    db.session.add(row)
    db.session.flush()
    return text, row


# Whether the token was ever used from this network.
FAMILIAR = exists().where(ApiTokenAddress.token_id == ApiToken.id, ApiTokenAddress.address == bindparam("address"))
# Built once: every call of the API asks it.
BY_TOKEN = members_by(
    ApiToken.member_id, ApiToken.id, ApiToken.scopes, ApiToken.last_used_at, FAMILIAR.label("is_familiar")
).where(
    ApiToken.token_hash == bindparam("digest"),
    ApiToken.revoked_at.is_(None),
    or_(ApiToken.expires_at.is_(None), ApiToken.expires_at > bindparam("at")),
)


def find(text: str, at: datetime, address: str = "") -> Known | None:
    """The member behind a token, used from the network `address`; nobody when it was revoked, has expired, or the
    member or user is gone. `seen_at` is None where it was never used from there.
    """
    if not is_well_formed(text):
        return None
    row = db.session.execute(BY_TOKEN, {"digest": digest(text), "at": at, "address": address}).one_or_none()
    if row is None:
        return None
    tenancy.remember(row.organization_id)
    member = member_of(row, api_token_id=row.id, scopes=frozenset(row.scopes))
    return Known(_without_lost_scopes(member), row.id, row.last_used_at if row.is_familiar else None)


def touch(known: Known, at: datetime, address: str) -> None:
    """Note that the token is in use, and from which network. The first time from each stands in the audit."""
    used = {"last_used_at": at, "last_used_from": address}
    prefix = db.session.scalar(
        update(ApiToken).where(ApiToken.id == known.id).values(**used).returning(ApiToken.prefix)
    )
    new = insert(ApiTokenAddress).values(token_id=known.id, address=address, first_used_at=at)
    if db.session.scalar(new.on_conflict_do_nothing().returning(ApiTokenAddress.address)):
        here = known.member.organization_id
        told = {"address": address}
        record(
            "token.used_from_new_address",
            by=known.member,
            at=at,
            organization_id=here,
            subject=f"{prefix}…",
            details=told,
        )


def of_member(member_id: int) -> list[Row[Any]]:
    """A membership's tokens that were not revoked, the newest first; expired ones are among them."""
    query = (
        select(ApiToken.__table__)
        .where(ApiToken.member_id == member_id, ApiToken.revoked_at.is_(None))
        .order_by(ApiToken.created_at.desc(), ApiToken.id.desc())
    )
    return list(db.session.execute(query))


def revoke(member_id: int, at: datetime, uid: UUID | None = None) -> int:
    """Revoke the tokens of a membership, or the one named; returns how many were valid."""
    named = [ApiToken.uid == uid] if uid else []
    revoked = db.session.execute(
        update(ApiToken)
        .where(ApiToken.member_id == member_id, ApiToken.revoked_at.is_(None), *named)
        .values(revoked_at=at)
        .returning(ApiToken.id)
    )
    return len(revoked.all())


def _without_lost_scopes(member: CurrentMember) -> CurrentMember:
    """A token made by a reviewer no longer reviews when its member does not."""
    possible = frozenset(possible_scopes(member.roles, is_distributor=member.is_distributor))
    return replace(member, scopes=(member.scopes or frozenset()) & possible)


def _wrong_name(name: str) -> list[FieldError]:
    if is_blank(name):
        return [FieldError(gettext("Give the token a name that says what uses it."), "name")]
    if not fits_on_a_line(name.strip()):
        return [FieldError(gettext("A token's name is one line without control characters."), "name")]
    if len(name.strip()) > LONGEST_LABEL:
        return [FieldError(gettext("A token's name has at most %(most)s characters.", most=LONGEST_LABEL), "name")]
    return []


def _wrong_scopes(member: CurrentMember, scopes: tuple[str, ...]) -> list[FieldError]:
    if not scopes:
        return [FieldError(gettext("Choose at least one scope."), "scopes")]
    possible = possible_scopes(member.own_roles, is_distributor=member.is_distributor)
    wrong = [scope for scope in scopes if scope not in possible]
    return [FieldError(_why_no_scope(member, scope, possible), "scopes") for scope in wrong]


def _why_no_scope(member: CurrentMember, scope: str, possible: tuple[str, ...]) -> str:
    if scope not in SCOPES:
        return gettext("“%(given)s” is no scope; there are: %(scopes)s.", given=scope[:50], scopes=", ".join(SCOPES))
    return gettext(
        "The roles of %(email)s do not include what %(scope)s allows; possible: %(scopes)s.",
        email=member.email,
        scope=scope,
        scopes=", ".join(possible),
    )


def _wrong_expiry(expires_at: datetime | None, at: datetime) -> list[FieldError]:
    if expires_at is not None and expires_at <= at:
        return [FieldError(gettext("A token's expiry must lie ahead."), "expires_at")]
    return []


def _checksum(body: str) -> str:
    return _in_digits(crc32(body.encode()), CHECKSUM_LENGTH)


def _in_digits(number: int, length: int) -> str:
    """`number` written with DIGITS, filled up to `length`."""
    digits = []
    for _ in range(length):
        number, digit = divmod(number, len(DIGITS))
        digits.append(DIGITS[digit])
    return "".join(reversed(digits))
