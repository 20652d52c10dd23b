"""The tour of words, shown on the first visits until the person closes it for good."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ScalarSelect, select, update

from distributor.database import db
from distributor.identity.acting import CurrentMember
from distributor.identity.models import User


def is_unseen(user_id: int) -> ScalarSelect[bool]:
    """Whether the person still has the tour before them, to be read beside other things."""
    return select(User.words_seen_at.is_(None)).where(User.id == user_id).scalar_subquery()


def close(member: CurrentMember, at: datetime) -> None:
    """Show the tour to this person no more; the first time counts."""
    db.session.execute(
        update(User).where(User.id == member.user_id, User.words_seen_at.is_(None)).values(words_seen_at=at)
    )
