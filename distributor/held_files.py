"""Files between "what would this change?" and "do it": held for an hour, for the member who sent them only."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from flask_babel import gettext
from sqlalchemy import LargeBinary, Text, and_, delete, or_
from sqlalchemy.orm import Mapped, mapped_column

from distributor.database import Base, Instant, Ref, Uid, db
from distributor.errors import Conflict
from distributor.identity.acting import CurrentMember

HELD_FOR = timedelta(hours=1)


class HeldFile(Base):
    """A file that somebody was shown the effect of and has not confirmed yet."""

    __tablename__ = "held_files"

    uid: Mapped[Uid] = mapped_column(primary_key=True)
    member_id: Mapped[Ref]
    purpose: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    content: Mapped[bytes] = mapped_column(LargeBinary)
    held_at: Mapped[Instant]


def hold(member: CurrentMember, purpose: str, name: str, content: bytes, at: datetime) -> UUID:
    """Keep a file and give its id. `purpose` says what it may be confirmed for, such as "report <uid>"; a further file
    for the same purpose takes the place of the one before.
    """
    replaced = and_(HeldFile.member_id == member.member_id, HeldFile.purpose == purpose)
    db.session.execute(delete(HeldFile).where(or_(HeldFile.held_at < at - HELD_FOR, replaced)))
    held = HeldFile(member_id=member.member_id, purpose=purpose, name=name, content=content, held_at=at)
    db.session.add(held)
    db.session.flush()
    return held.uid


def take(member: CurrentMember, purpose: str, uid: UUID, at: datetime) -> tuple[str, bytes]:
    """The name and content of a file held for this member and purpose, which is then held no more. Raises Conflict
    when there is none: it was confirmed already, or an hour has passed.
    """
    query = (
        delete(HeldFile)
        .where(
            HeldFile.uid == uid,
            HeldFile.member_id == member.member_id,
            HeldFile.purpose == purpose,
            HeldFile.held_at >= at - HELD_FOR,
        )
        .returning(HeldFile.name, HeldFile.content)
    )
    held = db.session.execute(query).one_or_none()
    if held is None:
        raise Conflict(
            gettext("This file is no longer held: it was confirmed already, or an hour has passed. Send it again.")
        )
    return held.name, held.content
