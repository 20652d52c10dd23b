"""Private addresses of calendars."""

from __future__ import annotations

from sqlalchemy import BigInteger, ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from distributor.database import Base, Instant


class CalendarLink(Base):
    """A member's one calendar address; of the secret in it only the SHA-256 is kept."""

    __tablename__ = "calendar_links"

    member_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("members.id"), primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[Instant]
    last_used_at: Mapped[Instant | None]
