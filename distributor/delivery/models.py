"""The outbox: who is told what, and each attempt at it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from distributor.database import Base, Id, Instant, Uid


class Notification(Base):
    """One message to one recipient, unique per report, occasion and channel; its words are kept once it was sent."""

    __tablename__ = "notifications"

    id: Mapped[Id]
    uid: Mapped[Uid]
    account_id: Mapped[int | None] = mapped_column(BigInteger)
    distributor_id: Mapped[int | None] = mapped_column(BigInteger)
    msp_id: Mapped[int | None] = mapped_column(BigInteger)
    report_id: Mapped[int | None] = mapped_column(BigInteger)
    event: Mapped[str] = mapped_column(Text)
    occasion: Mapped[str] = mapped_column(Text)
    channel: Mapped[str] = mapped_column(Text, default="email")
    recipient: Mapped[str] = mapped_column(Text)
    user_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id"))
    side: Mapped[str] = mapped_column(Text)
    details: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    status: Mapped[str] = mapped_column(Text, default="waiting")
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[Instant]
    leased_until: Mapped[Instant | None]
    subject: Mapped[str | None] = mapped_column(Text)
    body_text: Mapped[str | None] = mapped_column(Text)
    body_html: Mapped[str | None] = mapped_column(Text)
    last_error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[Instant]
    sent_at: Mapped[Instant | None]


class DeliveryAttempt(Base):
    """One try at delivering a notification."""

    __tablename__ = "delivery_attempts"

    id: Mapped[Id]
    notification_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("notifications.id"))
    account_id: Mapped[int | None] = mapped_column(BigInteger)
    distributor_id: Mapped[int | None] = mapped_column(BigInteger)
    msp_id: Mapped[int | None] = mapped_column(BigInteger)
    at: Mapped[Instant]
    succeeded: Mapped[bool]
    error: Mapped[str | None] = mapped_column(Text)
