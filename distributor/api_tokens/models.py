"""Tokens that somebody reported as leaked, until the scheduler has looked."""

from __future__ import annotations

from sqlalchemy import Text
from sqlalchemy.orm import Mapped, mapped_column

from distributor.database import Base, Id, Instant


class TokenReport(Base):
    """The prefix of what was reported; whether there is such a token is looked up later, unseen by who asks."""

    __tablename__ = "token_reports"

    id: Mapped[Id]
    prefix: Mapped[str] = mapped_column(Text)
    reported_at: Mapped[Instant]
