"""Usage as it came in."""

from __future__ import annotations

from datetime import date

from sqlalchemy import BigInteger, LargeBinary, Text
from sqlalchemy.orm import Mapped, mapped_column

from distributor.database import Base, Id, Instant, TenantColumns, Uid, Units


class UsageSnapshot(TenantColumns, Base):
    """One delivery of usage of an account, cycle and source; older ones stay as history."""

    __tablename__ = "usage_snapshots"

    id: Mapped[Id]
    uid: Mapped[Uid]
    cycle: Mapped[date]
    source: Mapped[str] = mapped_column(Text)
    format: Mapped[str] = mapped_column(Text)
    file_name: Mapped[str | None] = mapped_column(Text)
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    is_current: Mapped[bool] = mapped_column(default=True)
    is_derived: Mapped[bool] = mapped_column(default=False)
    row_count: Mapped[int]
    counted_at: Mapped[Instant | None]
    imported_at: Mapped[Instant]
    imported_by: Mapped[str] = mapped_column(Text)


class UsageRow(TenantColumns, Base):
    """Units of one customer and product in a snapshot."""

    __tablename__ = "usage_rows"

    id: Mapped[Id]
    snapshot_id: Mapped[int] = mapped_column(BigInteger)
    customer_id: Mapped[int | None] = mapped_column(BigInteger)
    product_id: Mapped[int] = mapped_column(BigInteger)
    provisioned_units: Mapped[Units]
    used_units: Mapped[Units | None]


class SubscriptionCharge(TenantColumns, Base):
    """A row of Microsoft's reconciliation file; it counts in each cycle its charge period overlaps."""

    __tablename__ = "subscription_charges"

    id: Mapped[Id]
    file_cycle: Mapped[date]
    row_number: Mapped[int]
    subscription_id: Mapped[str] = mapped_column(Text)
    customer_id: Mapped[int] = mapped_column(BigInteger)
    product_id: Mapped[int] = mapped_column(BigInteger)
    quantity: Mapped[Units]
    charge_start: Mapped[date]
    charge_end: Mapped[date]
    is_cancelled: Mapped[bool]
