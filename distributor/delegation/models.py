"""Who acts for whom, from which day to which."""

from __future__ import annotations

from datetime import date

from sqlalchemy import BigInteger, ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from distributor.database import Base, Id, Instant, Uid


class Substitute(Base):
    """A member who holds an absent colleague's roles from `first_day` to `last_day`, whole days in `time_zone`.

    `starts_at` and `ends_at` are the instants these days come to, the second just after the time.
    """

    __tablename__ = "substitutes"

    id: Mapped[Id]
    uid: Mapped[Uid]
    organization_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("organizations.id"))
    absent_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("members.id"))
    substitute_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("members.id"))
    first_day: Mapped[date]
    last_day: Mapped[date]
    time_zone: Mapped[str] = mapped_column(Text)
    starts_at: Mapped[Instant]
    ends_at: Mapped[Instant]
    made_by: Mapped[int] = mapped_column(BigInteger, ForeignKey("users.id"))
    made_at: Mapped[Instant]
    revoked_by: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id"))
    revoked_at: Mapped[Instant | None]
