"""Making a calendar's address, using it, and taking it back."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete, update
from sqlalchemy.dialects.postgresql import insert

from distributor.calendars.models import CalendarLink
from distributor.database import db
from distributor.identity.acting import CurrentMember
from distributor.identity.sessions import digest

# Calendar programs ask every few minutes: that an address is in use is worth a write once an hour.
NOTED_EVERY = timedelta(hours=1)


def make_link(member: CurrentMember, at: datetime) -> str:
    """The secret of a new address, which can't be read again; the member's earlier one stops working."""
    token = secrets.token_urlsafe(32)
    values = {"token_hash": digest(token), "created_at": at, "last_used_at": None}
    made = insert(CalendarLink).values(member_id=member.member_id, **values)
    db.session.execute(made.on_conflict_do_update(index_elements=["member_id"], set_=values))
    return token


def revoke_link(member: CurrentMember) -> bool:
    """End the member's address; whether there was one."""
    return end_of_member(member.member_id)


def end_of_member(member_id: int) -> bool:
    """End the address of a membership, for good: whoever leaves and comes back makes another."""
    gone = delete(CalendarLink).where(CalendarLink.member_id == member_id).returning(CalendarLink.member_id)
    return db.session.scalar(gone) is not None


def note_use(member_id: int, last_used_at: datetime | None, at: datetime) -> bool:
    """Note that the address is in use; whether anything was written."""
    if last_used_at is not None and at - last_used_at < NOTED_EVERY:
        return False
    db.session.execute(update(CalendarLink).where(CalendarLink.member_id == member_id).values(last_used_at=at))
    return True
