"""Accounts with their terms, and the regions and account types that report usage."""

from __future__ import annotations

from datetime import date

from sqlalchemy import BigInteger, FetchedValue, ForeignKey, SmallInteger, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from distributor.database import Base, Created, Id, Instant, Money, Percent, Uid, Units
from distributor.identity.models import Organization


class ReportingScope(Base):
    """A region and account type of a distributor, and whether its accounts have usage reports."""

    __tablename__ = "reporting_scopes"

    id: Mapped[Id]
    distributor_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("organizations.id"))
    region: Mapped[str] = mapped_column(Text)
    account_type: Mapped[str] = mapped_column(Text)
    usage_reports: Mapped[bool]


class Account(Base):
    """The agreement between a distributor and an MSP, with the terms its reports follow."""

    __tablename__ = "accounts"

    id: Mapped[Id]
    uid: Mapped[Uid]
    number: Mapped[str] = mapped_column(Text)
    distributor_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("organizations.id"))
    msp_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("organizations.id"))
    region: Mapped[str] = mapped_column(Text)
    account_type: Mapped[str] = mapped_column(Text)
    po_number: Mapped[str | None] = mapped_column(Text)
    auto_submit_after_days: Mapped[int] = mapped_column(SmallInteger)
    resubmit_after_days: Mapped[int] = mapped_column(SmallInteger)
    opens_on_day: Mapped[int | None] = mapped_column(SmallInteger)
    opens_days_after_end: Mapped[int | None] = mapped_column(SmallInteger)
    closing_day: Mapped[int | None] = mapped_column(SmallInteger)
    tolerance_units: Mapped[Units]
    tolerance_percent: Mapped[Percent]
    currency: Mapped[str] = mapped_column(Text)
    time_zone: Mapped[str] = mapped_column(Text)
    usage_source: Mapped[str] = mapped_column(Text)
    reports_from: Mapped[date]
    reports_until: Mapped[date | None]
    approval_limit: Mapped[Money | None]
    corrections_allowed: Mapped[bool]
    auto_approve_max_change_percent: Mapped[Percent | None]
    uplift_percent: Mapped[Percent]
    contact_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("members.id"))
    escalate_to_admins_days: Mapped[int | None] = mapped_column(SmallInteger, FetchedValue())
    escalate_to_distributor_days: Mapped[int | None] = mapped_column(SmallInteger, FetchedValue())
    next_cycle: Mapped[date]
    next_opens_at: Mapped[Instant | None]
    created_at: Mapped[Created]

    distributor: Mapped[Organization] = relationship(foreign_keys=[distributor_id])
    msp: Mapped[Organization] = relationship(foreign_keys=[msp_id])
