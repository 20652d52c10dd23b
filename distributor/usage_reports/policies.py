"""A distributor's approval policy: which clean reports may be approved together, and which changes lists mark."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import Numeric, Text, select
from sqlalchemy.orm import Mapped, mapped_column

from distributor.database import Base, Instant, Ref, db

MARKED_CHANGE_PERCENT = Decimal(10)


class ApprovalPolicy(Base):
    """What a distributor's admin has decided; distributors without a row have the plain policy."""

    __tablename__ = "approval_policies"

    distributor_id: Mapped[Ref] = mapped_column(primary_key=True)
    bulk_max_change_percent: Mapped[Decimal | None] = mapped_column(Numeric(8, 4))
    marked_change_percent: Mapped[Decimal] = mapped_column(Numeric(8, 4), default=MARKED_CHANGE_PERCENT)
    updated_at: Mapped[Instant]
    updated_by: Mapped[str] = mapped_column(Text)


@dataclass(frozen=True, slots=True)
class Policy:
    """Percents of the amount of the report before: within `bulk_max_change_percent` (None: without a limit) a clean
    report may be approved together with others, beyond `marked_change_percent` lists mark the change.
    """

    bulk_max_change_percent: Decimal | None = None
    marked_change_percent: Decimal = MARKED_CHANGE_PERCENT


def policy_of(distributor_id: int) -> Policy:
    """The distributor's policy as it stands now; the plain one where nobody has decided anything."""
    query = select(ApprovalPolicy.bulk_max_change_percent, ApprovalPolicy.marked_change_percent)
    row = db.session.execute(query.where(ApprovalPolicy.distributor_id == distributor_id)).one_or_none()
    return Policy() if row is None else Policy(row.bulk_max_change_percent, row.marked_change_percent)
