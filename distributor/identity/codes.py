"""One-time codes from an authenticator app: TOTP (RFC 6238) with six digits, thirty seconds and SHA-1, as apps know it.

A code counts for its own step and one on either side (RFC 6238, 5.2), and only once (OWASP ASVS 5.0, 6.5.1): the step
last used is kept, and a database row's lock lets one of two uses win. The seed is kept locked (`distributor.vault`).
"""

from __future__ import annotations

import hmac
import re
from datetime import datetime, timedelta

import pyotp
from sqlalchemy import ColumnElement, delete, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from distributor import vault
from distributor.database import db
from distributor.identity.factor_models import CodeSeed

DRIFT = 1
# A clock that is off by more is not told apart from a guess.
FARTHEST = 20
# Long enough to fetch the telephone; a seed that was shown and left is good for nothing afterwards.
ENROLMENT = timedelta(hours=1)

SECONDS = 30

_CODE = re.compile(r"[0-9]{6}")


def begin(user_id: int, at: datetime) -> bool:
    """Make a new seed that waits for its first code; False, and nothing done, where codes are switched on already."""
    made = {"seed": vault.lock(pyotp.random_base32()), "created_at": at, "last_step": None}
    statement = insert(CodeSeed).values(user_id=user_id, **made)
    waiting = CodeSeed.confirmed_at.is_(None)
    statement = statement.on_conflict_do_update(index_elements=[CodeSeed.user_id], set_=made, where=waiting)
    return db.session.execute(statement.returning(CodeSeed.user_id)).one_or_none() is not None


def waiting_seed(user_id: int, at: datetime) -> str | None:
    """The seed to be enrolled, in Base32; None where none was made within the last hour."""
    kept = db.session.scalar(select(CodeSeed.seed).where(*_waits(user_id, at)))
    return vault.unlock(kept) if kept else None


def address_of(seed: str, email: str, issuer: str) -> str:
    """The otpauth:// address that authenticator apps read from a QR code."""
    return pyotp.TOTP(seed).provisioning_uri(name=email, issuer_name=issuer.replace(":", " "))


def confirm(user_id: int, code: str, at: datetime) -> bool:
    """Switch codes on by the first one; False when it is not right. The code counts as used."""
    seed = waiting_seed(user_id, at)
    step = _step_of(seed, code, at) if seed else None
    if step is None:
        return False
    confirmed = update(CodeSeed).where(*_waits(user_id, at)).values(confirmed_at=at, last_step=step)
    return db.session.execute(confirmed.returning(CodeSeed.user_id)).one_or_none() is not None


def spend(user_id: int, code: str, at: datetime) -> bool:
    """Use a code up; False when it is not right, belongs to another time, or it or a later one was used already."""
    kept = db.session.scalar(select(CodeSeed.seed).where(CodeSeed.user_id == user_id, CodeSeed.confirmed_at <= at))
    seed = vault.unlock(kept) if kept else None
    step = _step_of(seed, code, at) if seed else None
    if step is None:
        return False
    unused = or_(CodeSeed.last_step.is_(None), CodeSeed.last_step < step)
    # The statement waits for whoever uses the same code now, and looks again.
    used = update(CodeSeed).where(CodeSeed.user_id == user_id, CodeSeed.seed == kept, unused).values(last_step=step)
    return db.session.execute(used.returning(CodeSeed.user_id)).one_or_none() is not None


def why_not(user_id: int, code: str, at: datetime) -> dict[str, str | int]:
    """For the trail: why `spend` has just refused a code. `reason` is "used", "clock" for one that is right
    `seconds_off` from now (a clock, or somebody who looked over a shoulder), or "wrong".
    """
    kept = db.session.scalar(select(CodeSeed.seed).where(CodeSeed.user_id == user_id, CodeSeed.confirmed_at <= at))
    seed = vault.unlock(kept) if kept else None
    if seed is None:
        return {"reason": "wrong"}
    if _step_of(seed, code, at) is not None:
        return {"reason": "used"}
    step = _step_of(seed, code, at, FARTHEST)
    off = 0 if step is None else (step - pyotp.TOTP(seed).timecode(at)) * SECONDS
    return {"reason": "clock", "seconds_off": off} if off else {"reason": "wrong"}


def switch_off(user_id: int) -> bool:
    """Forget the seed; returns whether codes were on."""
    gone = db.session.execute(delete(CodeSeed).where(CodeSeed.user_id == user_id).returning(CodeSeed.confirmed_at))
    return any(row.confirmed_at for row in gone)


def _waits(user_id: int, at: datetime) -> tuple[ColumnElement[bool], ...]:
    return CodeSeed.user_id == user_id, CodeSeed.confirmed_at.is_(None), CodeSeed.created_at > at - ENROLMENT


def _step_of(seed: str, code: str, at: datetime, drift: int = DRIFT) -> int | None:
    """The time step whose code this is, within the drift."""
    digits = "".join(code.split())
    if not _CODE.fullmatch(digits):
        return None
    codes = pyotp.TOTP(seed)
    now = codes.timecode(at)
    steps = range(now - drift, now + drift + 1)
    return next((step for step in steps if hmac.compare_digest(codes.generate_otp(step), digits)), None)
