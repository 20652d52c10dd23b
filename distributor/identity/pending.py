"""The time between the two steps of a sign-in: the password was right, the code is still to come."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete, select

from distributor.database import db
from distributor.identity.factor_models import PendingSignIn
from distributor.identity.models import User
from distributor.identity.sessions import digest

LIVES = timedelta(minutes=10)


def begin(user_id: int, at: datetime) -> str:
    """Keep for ten minutes that a person's password was right; returns the secret that the browser holds."""
    token = secrets.token_urlsafe(32)
    db.session.execute(delete(PendingSignIn).where(PendingSignIn.expires_at <= at))
    db.session.add(PendingSignIn(token_hash=digest(token), user_id=user_id, expires_at=at + LIVES))
    db.session.flush()
    return token


def user_of(token: str, at: datetime) -> User | None:
    """Who waits with this secret for the second step; nobody when it is over."""
    return db.session.scalar(
        select(User)
        .join(PendingSignIn, PendingSignIn.user_id == User.id)
        .where(PendingSignIn.token_hash == digest(token), PendingSignIn.expires_at > at, User.disabled_at.is_(None))
    )


def end(token: str) -> bool:
    """Use the secret up; False when somebody was faster."""
    gone = delete(PendingSignIn).where(PendingSignIn.token_hash == digest(token)).returning(PendingSignIn.user_id)
    return db.session.scalar(gone) is not None


def end_of_user(user_id: int) -> None:
    """End every half-done sign-in of a person, as after a change of password."""
    db.session.execute(delete(PendingSignIn).where(PendingSignIn.user_id == user_id))
