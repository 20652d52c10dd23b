"""Usage reports, their lines, and the history of both."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, SmallInteger, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from distributor.database import (
    Base,
    Id,
    Instant,
    Kept,
    KeptCount,
    KeptFlag,
    Percent,
    TenantColumns,
    Uid,
    UnitPrice,
    Units,
)
from workflows.usage_report import Status


class ReportEdge(Base):
    """An edge of the workflow that the database lets happen."""

    __tablename__ = "report_edges"

    step: Mapped[str] = mapped_column(Text, primary_key=True)
    from_status: Mapped[str] = mapped_column(Text, primary_key=True)
    to_status: Mapped[str] = mapped_column(Text, primary_key=True)


class UsageReport(TenantColumns, Base):
    """One per account and cycle, ever. Terms are copies of the account's; totals are kept by the lines' triggers."""

    __tablename__ = "usage_reports"

    id: Mapped[Id]
    uid: Mapped[Uid]
    cycle: Mapped[date]
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    status: Mapped[str] = mapped_column(Text)
    from_status: Mapped[str] = mapped_column(Text, default=str(Status.NOT_OPENED))
    version: Mapped[int] = mapped_column(default=1)
    opened_at: Mapped[Instant]
    due_at: Mapped[Instant]
    due_set_at: Mapped[Instant]
    usage_taken_at: Mapped[Instant]
    submitted_at: Mapped[Instant | None]
    submitted_from: Mapped[str | None] = mapped_column(Text)
    submission_kind: Mapped[str | None] = mapped_column(Text)
    decided_at: Mapped[Instant | None]
    endorsed_by: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id"))
    endorsed_at: Mapped[Instant | None]
    invoiced_at: Mapped[Instant | None]
    rejected_before: Mapped[bool] = mapped_column(default=False)

    po_number: Mapped[str | None] = mapped_column(Text)
    currency: Mapped[str] = mapped_column(Text)
    minor_unit: Mapped[int] = mapped_column(SmallInteger)
    time_zone: Mapped[str] = mapped_column(Text)
    auto_submit_after_days: Mapped[int] = mapped_column(SmallInteger)
    resubmit_after_days: Mapped[int] = mapped_column(SmallInteger)
    tolerance_units: Mapped[Units]
    tolerance_percent: Mapped[Percent]
    corrections_allowed: Mapped[bool]
    uplift_percent: Mapped[Percent]
    usage_source: Mapped[str] = mapped_column(Text)

    line_count: Mapped[KeptCount]
    provisioned_units: Mapped[Kept]
    chargeable_units: Mapped[Kept]
    amount: Mapped[Kept]
    at_risk: Mapped[Kept]
    penalty: Mapped[Kept]
    discrepancies: Mapped[KeptCount]
    uncommented: Mapped[KeptCount]
    commented: Mapped[KeptCount]
    unexplained: Mapped[KeptCount]
    unexplained_unpenalised: Mapped[KeptCount]
    penalised: Mapped[KeptCount]
    estimated: Mapped[KeptCount]
    missing_figures: Mapped[KeptCount]
    missing_prices: Mapped[KeptCount]


class UsageReportLine(TenantColumns, Base):
    """One customer and product of a report; names and terms as they stood when the line was made."""

    __tablename__ = "usage_report_lines"

    id: Mapped[Id]
    uid: Mapped[Uid]
    report_id: Mapped[int] = mapped_column(BigInteger)
    version: Mapped[int] = mapped_column(default=1)
    customer_id: Mapped[int | None] = mapped_column(BigInteger)
    product_id: Mapped[int] = mapped_column(BigInteger)
    customer_ref: Mapped[str | None] = mapped_column(Text)
    customer_name: Mapped[str | None] = mapped_column(Text)
    sku: Mapped[str] = mapped_column(Text)
    product_name: Mapped[str] = mapped_column(Text)
    unit: Mapped[str] = mapped_column(Text)
    precision: Mapped[int] = mapped_column(SmallInteger)
    usage_source: Mapped[str] = mapped_column(Text)
    sources: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    minor_unit: Mapped[int] = mapped_column(SmallInteger)
    tolerance_units: Mapped[Units]
    tolerance_percent: Mapped[Percent]
    unit_price: Mapped[UnitPrice | None]
    provisioned_units: Mapped[Units | None]
    used_units: Mapped[Units | None]
    chargeable_units: Mapped[Units | None]
    declared_units: Mapped[Units | None]
    comment: Mapped[str | None] = mapped_column(Text)
    carried_until: Mapped[date | None]
    carried_limit: Mapped[Units | None]
    system_note: Mapped[str | None] = mapped_column(Text)
    reviewer_note: Mapped[str | None] = mapped_column(Text)
    noted_units: Mapped[Units | None]
    noted_comment: Mapped[str | None] = mapped_column(Text)
    note_answered: Mapped[bool] = mapped_column(default=False)
    accepted: Mapped[bool] = mapped_column(default=False)
    penalised: Mapped[bool] = mapped_column(default=False)
    estimated: Mapped[bool] = mapped_column(default=False)
    waived_reason: Mapped[str | None] = mapped_column(Text)
    changed_by_msp: Mapped[bool] = mapped_column(default=False)
    added_by_msp: Mapped[bool] = mapped_column(default=False)
    difference: Mapped[Kept | None]
    amount: Mapped[Kept]
    discrepancy: Mapped[KeptFlag]
    unexplained: Mapped[KeptFlag]
    penalty: Mapped[Kept]
    at_risk: Mapped[Kept]


class CarriedExplanation(TenantColumns, Base):
    """Words that a line of a later cycle starts with, while its difference has this direction and is no larger."""

    __tablename__ = "carried_explanations"

    id: Mapped[Id]
    customer_id: Mapped[int | None] = mapped_column(BigInteger)
    product_id: Mapped[int] = mapped_column(BigInteger)
    comment: Mapped[str] = mapped_column(Text)
    carried_until: Mapped[date]
    difference: Mapped[Units]
    report_id: Mapped[int] = mapped_column(BigInteger)
    line_uid: Mapped[UUID]
    cycle: Mapped[date]
    set_by: Mapped[str] = mapped_column(Text)
    set_at: Mapped[Instant]


class ReportAction(TenantColumns, Base):
    """What made a version of a report: the step, by whom, when, through what, why."""

    __tablename__ = "report_actions"

    id: Mapped[Id]
    uid: Mapped[Uid]
    report_id: Mapped[int] = mapped_column(BigInteger)
    version: Mapped[int]
    step: Mapped[str] = mapped_column(Text)
    from_status: Mapped[str] = mapped_column(Text)
    to_status: Mapped[str] = mapped_column(Text)
    at: Mapped[Instant]
    actor_side: Mapped[str] = mapped_column(Text)
    actor_user_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id"))
    actor_name: Mapped[str] = mapped_column(Text)
    for_user_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id"))
    via: Mapped[str] = mapped_column(Text)
    web_session_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("web_sessions.id"))
    api_token_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("api_tokens.id"))
    reason: Mapped[str | None] = mapped_column(Text)
    details: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)


class ReportView(TenantColumns, Base):
    """When a member of the report's MSP first and last looked at it, the latter to the hour."""

    __tablename__ = "report_views"

    report_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    member_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("members.id"), primary_key=True)
    first_at: Mapped[Instant]
    last_at: Mapped[Instant]


class LineChange(TenantColumns, Base):
    """A field of a line that changed; who and when stand on the action of the same version."""

    __tablename__ = "line_changes"

    id: Mapped[Id]
    report_id: Mapped[int] = mapped_column(BigInteger)
    version: Mapped[int]
    line_id: Mapped[int] = mapped_column(BigInteger)
    line_uid: Mapped[Uid]
    line_label: Mapped[str] = mapped_column(Text)
    field: Mapped[str] = mapped_column(Text)
    old: Mapped[str | None] = mapped_column(Text)
    new: Mapped[str | None] = mapped_column(Text)


class RolledUpLine(TenantColumns, Base):
    """The mark of a line that came from an approved report of the MSP's own partner: what was carried, by which version
    of the line's report, and when. Both sides see it.
    """

    __tablename__ = "rolled_up_lines"

    line_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("usage_report_lines.id"), primary_key=True)
    report_id: Mapped[int] = mapped_column(BigInteger)
    version: Mapped[int]
    at: Mapped[Instant]
    units: Mapped[Units]


class RolledUpFrom(TenantColumns, Base):
    """The partner's report that a line came from, and its version then. Keys are the partner's report's own, whose
    distributor alone sees them.
    """

    __tablename__ = "rolled_up_from"

    line_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("rolled_up_lines.line_id"), primary_key=True)
    report_id: Mapped[int] = mapped_column(BigInteger)
    version: Mapped[int]
