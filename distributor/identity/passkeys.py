"""Passkeys (WebAuthn level 3): a key pair per device, bound to this host, so that no other site can ask for it.

User verification is required, so a passkey is both factors at once: the device, and the finger, face or PIN that
unlocks it. A challenge is kept on the server, is good once and for five minutes, and belongs to one browser.
`ceremonies` is imported where the first passkey is used: its library is large, and most processes never meet one.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Any, NoReturn
from urllib.parse import urlsplit
from uuid import UUID

from flask_babel import gettext
from sqlalchemy import delete, select

from distributor.config import Settings
from distributor.database import db
from distributor.errors import FieldError, InputRefused
from distributor.identity.acting import CurrentMember
from distributor.identity.factor_models import Passkey, PasskeyChallenge
from distributor.identity.sessions import digest
from distributor.words import fits_on_a_line
from workflows.units import BLANKS

CHALLENGE_LIVES = timedelta(minutes=5)
MOST_KEYS = 20
LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class Site:
    """What passkeys are bound to: this installation, by its address."""

    name: str
    host: str
    origin: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A browser's answer, as JSON text, and the challenge it was given."""

    text: str
    challenge: str


def site_of(settings: Settings) -> Site:
    """This installation, as PUBLIC_URL has it."""
    parts = urlsplit(settings.public_url)
    return Site(settings.brand_name, parts.hostname or "", f"{parts.scheme}://{parts.netloc}")


def possible(settings: Settings) -> bool:
    """Whether browsers offer passkeys for this address: they want a host name, and TLS unless it is `localhost`."""
    host = site_of(settings).host
    return host == "localhost" or (settings.behind_tls and not _is_ip(host))


def of_user(user_id: int) -> list[Passkey]:
    """A person's passkeys, the oldest first."""
    return list(db.session.scalars(select(Passkey).where(Passkey.user_id == user_id).order_by(Passkey.id)))


def ask_for_new(member: CurrentMember, site: Site, at: datetime) -> tuple[str, dict[str, Any]]:
    """The challenge, and the options with which a browser makes a passkey."""
    from distributor.identity import ceremonies

    challenge = _new_challenge(member.user_id, at)
    known = [key.credential_id for key in of_user(member.user_id)]
    return challenge, ceremonies.making(member, site, challenge, known)


def ask_for_known(site: Site, at: datetime, user_id: int | None = None) -> tuple[str, dict[str, Any]]:
    """The challenge, and the options with which a browser offers its passkeys for this host; `user_id` if known."""
    from distributor.identity import ceremonies

    challenge = _new_challenge(user_id, at)
    return challenge, ceremonies.proving(site, challenge)


def take(challenge: str, user_id: int | None, at: datetime) -> bool:
    """Use a challenge up, right or wrong; False when it is spent, expired, or was made for somebody else."""
    named = PasskeyChallenge.user_id == user_id if user_id is not None else PasskeyChallenge.user_id.is_(None)
    mine = (PasskeyChallenge.challenge_hash == digest(challenge), PasskeyChallenge.expires_at > at, named)
    gone = db.session.execute(delete(PasskeyChallenge).where(*mine).returning(PasskeyChallenge.expires_at))
    return gone.one_or_none() is not None


def add(member: CurrentMember, name: str, answer: Answer, site: Site, at: datetime) -> Passkey:
    """Keep the passkey that a browser made for a challenge that `take` accepted. Raises InputRefused."""
    from distributor.identity import ceremonies

    tidy = tidy_name(name)
    known = of_user(member.user_id)
    if len(known) >= MOST_KEYS:
        _refuse(gettext("There are %(most)s passkeys already. Remove one first.", most=MOST_KEYS))
    made = ceremonies.made(answer, site)
    if made is None:
        _refuse(gettext("The browser's answer did not fit what was asked. Nothing was changed: try again."))
    if db.session.scalar(select(Passkey.id).where(Passkey.credential_id == made.credential_id)):
        _refuse(gettext("This passkey is registered already."))
    row = Passkey(
        user_id=member.user_id, credential_id=made.credential_id, public_key=made.credential_public_key,
        sign_count=made.sign_count, name=tidy, created_at=at,
    )  # fmt: skip
    db.session.add(row)
    db.session.flush()
    return row


def prove(answer: Answer, site: Site, at: datetime) -> Passkey | None:
    """The passkey that signed a challenge that `take` accepted; None for any answer that does not prove it.

    A counter that did not move forward means that the key was copied (WebAuthn level 3, 6.1.1): refused.
    """
    from distributor.identity import ceremonies

    key = _named_in(answer.text)
    counted = ceremonies.counted(answer, site, key.public_key, key.sign_count) if key is not None else None
    if key is None or counted is None:
        return None
    key.sign_count, key.last_used_at = counted, at
    db.session.flush()
    return key


def remove(user_id: int, uid: UUID) -> str | None:
    """Forget one of a person's passkeys; returns its name, None where it is none of theirs."""
    gone = delete(Passkey).where(Passkey.user_id == user_id, Passkey.uid == uid).returning(Passkey.name)
    return db.session.scalar(gone)


def remove_all(user_id: int) -> int:
    """Forget all passkeys of a person; returns how many there were."""
    return len(db.session.execute(delete(Passkey).where(Passkey.user_id == user_id).returning(Passkey.id)).all())


def tidy_name(name: str) -> str:
    """A passkey's name as it is kept. Raises InputRefused."""
    tidy = name.strip(BLANKS)
    if not tidy or len(tidy) > LONGEST_NAME or not fits_on_a_line(tidy):
        why = gettext("Give the passkey a name of 1 to %(most)s characters on one line.", most=LONGEST_NAME)
        raise InputRefused(why, [FieldError(why, "key_name")])
    return tidy


def _new_challenge(user_id: int | None, at: datetime) -> str:
    challenge = secrets.token_urlsafe(32)
    db.session.execute(delete(PasskeyChallenge).where(PasskeyChallenge.expires_at <= at))
    db.session.add(PasskeyChallenge(challenge_hash=digest(challenge), user_id=user_id, expires_at=at + CHALLENGE_LIVES))
    db.session.flush()
    return challenge


def _named_in(text: str) -> Passkey | None:
    """The passkey an answer claims to be of, locked until the transaction ends."""
    from distributor.identity import ceremonies

    credential_id = ceremonies.claimed(text)
    if credential_id is None:
        return None
    return db.session.scalar(select(Passkey).where(Passkey.credential_id == credential_id).with_for_update())


def _refuse(why: str) -> NoReturn:
    raise InputRefused(why, [FieldError(why, "key_name")])


def _is_ip(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
