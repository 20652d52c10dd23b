"""Recovery codes: ten, shown once, each good for one sign-in when the telephone or the passkey is lost.

Twenty-four characters of thirty-one hold more than 112 bits, so that a plain hash keeps them (OWASP ASVS 5.0, 6.5.2).
"""

from __future__ import annotations

import secrets
from datetime import datetime

from sqlalchemy import delete, func, select, update

from distributor.database import db
from distributor.identity.factor_models import RecoveryCode
from distributor.identity.sessions import digest

HOW_MANY = 10
# Without 0, 1, i, l and o, which are mistaken for one another.
ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
GROUP, GROUPS = 6, 4


def make(user_id: int, at: datetime) -> list[str]:
    """Ten new codes in place of all earlier ones; they can't be read again."""
    codes = [_new() for _ in range(HOW_MANY)]
    db.session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    db.session.add_all(RecoveryCode(user_id=user_id, code_hash=digest(_plain(one)), created_at=at) for one in codes)
    db.session.flush()
    return codes


def spend(user_id: int, code: str, at: datetime) -> bool:
    """Use a code up; False when it is none of the person's, or was used already."""
    used = (
        update(RecoveryCode)
        .where(
            RecoveryCode.user_id == user_id,
            RecoveryCode.code_hash == digest(_plain(code)),
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=at)
        .returning(RecoveryCode.id)
    )
    return db.session.execute(used).one_or_none() is not None


def was_used(user_id: int, code: str) -> bool:
    """Whether it is one of the person's codes that was used up."""
    mine = RecoveryCode.user_id == user_id, RecoveryCode.code_hash == digest(_plain(code))
    return bool(db.session.scalar(select(RecoveryCode.used_at.is_not(None)).where(*mine)))


def left(user_id: int) -> int:
    """How many codes are still unused."""
    unused = (RecoveryCode.user_id == user_id, RecoveryCode.used_at.is_(None))
    return db.session.scalar(select(func.count()).select_from(RecoveryCode).where(*unused)) or 0


def forget(user_id: int) -> None:
    """Drop all codes, with the last factor they stand in for."""
    db.session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))


def _new() -> str:
    groups = ("".join(secrets.choice(ALPHABET) for _ in range(GROUP)) for _ in range(GROUPS))
    return "-".join(groups)


def _plain(code: str) -> str:
    """As it is hashed: however it was typed."""
    return "".join(code.split()).replace("-", "").lower()
