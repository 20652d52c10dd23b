"""The audit trail as the database keeps it; the service reads it and adds to it, and changes nothing."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, LargeBinary, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from distributor.database import Base, Id, Instant


class AuditHead(Base):
    """The end of a chain: the number and hash of its last entry. `chain` is "account/<uid>" or "organization/<uid>"."""

    __tablename__ = "audit_heads"

    id: Mapped[Id]
    chain: Mapped[str] = mapped_column(Text)
    account_id: Mapped[int | None] = mapped_column(BigInteger)
    distributor_id: Mapped[int | None] = mapped_column(BigInteger)
    msp_id: Mapped[int | None] = mapped_column(BigInteger)
    organization_id: Mapped[int | None] = mapped_column(BigInteger)
    number: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[bytes] = mapped_column(LargeBinary)


class AuditEntry(Base):
    """One fact in its chain. Actors are kept by name and uid, so that an entry stands by itself."""

    __tablename__ = "audit_entries"

    id: Mapped[Id]
    chain_id: Mapped[int] = mapped_column(BigInteger)
    account_id: Mapped[int | None] = mapped_column(BigInteger)
    distributor_id: Mapped[int | None] = mapped_column(BigInteger)
    msp_id: Mapped[int | None] = mapped_column(BigInteger)
    organization_id: Mapped[int | None] = mapped_column(BigInteger)
    number: Mapped[int] = mapped_column(BigInteger)
    action_id: Mapped[int | None] = mapped_column(BigInteger)
    at: Mapped[Instant]
    what: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    via: Mapped[str | None] = mapped_column(Text)
    actor_name: Mapped[str] = mapped_column(Text)
    actor_user: Mapped[UUID | None]
    actor_organization: Mapped[UUID | None]
    actor_session: Mapped[UUID | None]
    actor_token: Mapped[UUID | None]
    details: Mapped[dict[str, Any]] = mapped_column(JSONB)
    previous_hash: Mapped[bytes] = mapped_column(LargeBinary)
    hash: Mapped[bytes] = mapped_column(LargeBinary)
