"""Passwords: argon2id, at least twelve characters, never cut short, and the same work for an address nobody has.

Parameters: OWASP Password Storage Cheat Sheet, argon2id with 19 MiB of memory, two passes, one lane (some 30 ms).
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from flask import current_app
from flask_babel import gettext

from distributor.config import Settings
from distributor.errors import FieldError, InputRefused
from distributor.formatting import units
from distributor.identity import guessable

SHORTEST = 12
# Long enough for any pass phrase, short enough that hashing it is no attack.
LONGEST = 1_000

HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


def hash_password(password: str) -> str:
    """What to keep of a new password. Raises InputRefused when it is too short or too long."""
    check_length(password)
    return HASHER.hash(password)


def check_length(password: str, field: str = "password") -> None:
    """Raises InputRefused unless the password has 12 to 1,000 characters."""
    if len(password) < SHORTEST:
        why = gettext("A password has at least %(least)s characters; this one has %(given)s.", **_lengths(password))
        _refuse(why, field)
    if len(password) > LONGEST:
        why = gettext("A password has at most %(most)s characters; this one has %(given)s.", **_lengths(password))
        _refuse(why, field)


def check(password: str, names: Iterable[str], field: str = "password") -> None:
    """Raises InputRefused for a password of the wrong length, for a common one, and for one made of `names`: those of
    its person, their address, their organizations and the service.
    """
    check_length(password, field)
    if guessable.is_common(password):
        why = gettext(
            "This password is among the first to be tried: it stands on lists of common and stolen ones, or repeats "
            "itself. Choose another, such as a sentence of your own."
        )
        _refuse(why, field)
    if guessable.is_made_of(password, names):
        why = gettext(
            "This password is made of names that others would try: yours, your company’s, or the service’s. Add more "
            "of your own, such as a whole sentence."
        )
        _refuse(why, field)


def name_of_service() -> str:
    """What the installation is called: one of the names that no password is made of."""
    settings: Settings = current_app.config["SETTINGS"]
    return settings.brand_name


def is_right(password: str, kept: str | None) -> bool:
    """Whether `password` is the one kept; takes as long where none is."""
    if len(password) > LONGEST:
        return False
    try:
        HASHER.verify(kept or _nobodys(), password)
    except (VerificationError, InvalidHashError):
        return False
    return kept is not None


def needs_rehash(kept: str) -> bool:
    """Whether it was hashed with parameters of another day."""
    return HASHER.check_needs_rehash(kept)


def _lengths(password: str) -> dict[str, str]:
    return {"least": units(SHORTEST), "most": units(LONGEST), "given": units(len(password))}


def _refuse(why: str, field: str) -> None:
    raise InputRefused(why, [FieldError(why, field)])


@lru_cache(maxsize=1)
def _nobodys() -> str:
    return HASHER.hash(secrets.token_urlsafe(32))
