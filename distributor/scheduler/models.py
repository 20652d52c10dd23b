"""What the scheduler remembers between ticks."""

from __future__ import annotations

from sqlalchemy import BigInteger, Text
from sqlalchemy.orm import Mapped, mapped_column

from distributor.database import Base, Instant


class SchedulerTick(Base):
    """When a job last ran and how it ended; `/readyz` reads it."""

    __tablename__ = "scheduler_ticks"

    job: Mapped[str] = mapped_column(Text, primary_key=True)
    last_at: Mapped[Instant]
    outcome: Mapped[str] = mapped_column(Text)


class SetAside(Base):
    """A report or account on which a job failed, to be tried again later."""

    __tablename__ = "set_aside"

    job: Mapped[str] = mapped_column(Text, primary_key=True)
    subject_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    error: Mapped[str] = mapped_column(Text)
    attempts: Mapped[int] = mapped_column(default=1)
    retry_at: Mapped[Instant]
