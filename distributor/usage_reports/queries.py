"""Reading usage reports. Every query that answers a person is scoped to what their organization may see."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

from flask_babel import gettext
from sqlalchemy import BigInteger, Numeric, Row, Select, and_, bindparam, case, func, literal, or_, select
from sqlalchemy.orm import aliased
from sqlalchemy.sql.elements import ColumnElement

from distributor.accounts.models import Account
from distributor.database import db, one_of
from distributor.errors import NotFound
from distributor.identity.acting import CurrentMember
from distributor.identity.models import Organization, User
from distributor.usage_reports.models import LineChange, ReportAction, RolledUpLine, UsageReport, UsageReportLine
from workflows.usage_report import LineRef, ReportState, Status, Step, SubmissionKind

REPORT = UsageReport.__table__
LINE = UsageReportLine.__table__
ACTION = ReportAction.__table__
CHANGE = LineChange.__table__
ROLLED_UP = RolledUpLine.__table__
ACTED_FOR = ACTION.c.details["for"].as_string().label("acted_for")
ACCOUNT = Account.__table__
MSP = aliased(Organization.__table__, name="msp")
DISTRIBUTOR = aliased(Organization.__table__, name="distributor")
ENDORSER = aliased(User.__table__, name="endorser")

ReportRow = Row[Any]
LineRow = Row[Any]

# Lines with what they carry of a partner's report below; None where they were not rolled up.
MARKED_LINES = LINE.outerjoin(ROLLED_UP, ROLLED_UP.c.line_id == LINE.c.id)
MARK = (ROLLED_UP.c.units.label("rolled_up_units"), ROLLED_UP.c.at.label("rolled_up_at"))

WITH_ACCOUNT = (
    REPORT.join(ACCOUNT, ACCOUNT.c.id == REPORT.c.account_id)
    .join(MSP, MSP.c.id == REPORT.c.msp_id)
    .join(DISTRIBUTOR, DISTRIBUTOR.c.id == REPORT.c.distributor_id)
)
# In whose name the report's endorsement was given; asked of the few that have one.
ENDORSEMENT = ACTION.alias("endorsement")
ENDORSED_FOR = case(
    (REPORT.c.endorsed_by.is_(None), None),
    else_=select(ENDORSEMENT.c.for_user_id)
    .where(
        ENDORSEMENT.c.report_id == REPORT.c.id,
        ENDORSEMENT.c.step == Step.ENDORSE,
        ENDORSEMENT.c.at == REPORT.c.endorsed_at,
    )
    .order_by(ENDORSEMENT.c.version.desc())
    .limit(1)
    .correlate(REPORT)
    .scalar_subquery(),
)
# A limit is an amount in the account's currency. Of a report that was opened in another one it says nothing: then
# any amount takes two people (docs/decisions/0029).
APPROVAL_LIMIT = case(
    (ACCOUNT.c.currency == REPORT.c.currency, ACCOUNT.c.approval_limit),
    (ACCOUNT.c.approval_limit.is_not(None), literal(0, Numeric)),
)
REPORT_COLUMNS = (
    *REPORT.c,
    ENDORSED_FOR.label("endorsed_for"),
    ACCOUNT.c.uid.label("account_uid"),
    ACCOUNT.c.number.label("account_number"),
    APPROVAL_LIMIT.label("approval_limit"),
    ACCOUNT.c.auto_approve_max_change_percent,
    MSP.c.name.label("msp_name"),
    DISTRIBUTOR.c.name.label("distributor_name"),
)


def in_sight(organization_id: int | ColumnElement[int]) -> ColumnElement[bool]:
    """Rows of accounts on which the organization stands on either side."""
    return or_(REPORT.c.msp_id == organization_id, REPORT.c.distributor_id == organization_id)


# Built once: a select over sixty columns costs more to put together than to run.
REPORTS = select(*REPORT_COLUMNS).select_from(WITH_ACCOUNT)
ONE_REPORT = REPORTS.where(REPORT.c.uid == bindparam("uid"), in_sight(bindparam("organization", type_=BigInteger)))
ONE_REPORT_LOCKED = ONE_REPORT.with_for_update(of=REPORT, key_share=True)


def reports() -> Select[Any]:
    """Reports with what their account adds: `account_uid`, `account_number`, limits, `msp_name`, `distributor_name`."""
    return REPORTS


def report(uid: UUID, member: CurrentMember) -> ReportRow:
    """One report in the member's sight. Raises NotFound."""
    return _one(ONE_REPORT, uid, member)


def report_for_update(uid: UUID, member: CurrentMember) -> ReportRow:
    """The same, its row locked until the end of the transaction, so that steps and edits take turns."""
    return _one(ONE_REPORT_LOCKED, uid, member)


def reports_for_update(ids: Sequence[int]) -> list[ReportRow]:
    """Reports by internal id, locked in the order of their ids."""
    query = reports().where(one_of(REPORT.c.id, ids)).order_by(REPORT.c.id)
    return list(db.session.execute(query.with_for_update(of=REPORT, key_share=True)))


def reports_in_sight_for_update(uids: Sequence[UUID], member: CurrentMember) -> dict[UUID, ReportRow]:
    """Those of the reports that the member may see, locked in the order of their ids, so that two such calls
    take turns.
    """
    query = reports().where(REPORT.c.uid.in_(uids), in_sight(member.organization_id)).order_by(REPORT.c.id)
    locked = db.session.execute(query.with_for_update(of=REPORT, key_share=True))
    return {row.uid: row for row in locked}


def _one(query: Select[Any], uid: UUID, member: CurrentMember) -> ReportRow:
    row = db.session.execute(query, {"uid": uid, "organization": member.organization_id}).one_or_none()
    if row is None:
        raise NotFound(gettext("This usage report"))
    return row


OFFENDING: dict[str, ColumnElement[bool]] = {
    "unexplained": LINE.c.unexplained,
    "missing_figures": LINE.c.chargeable_units.is_(None),
    "missing_prices": LINE.c.unit_price.is_(None),
}


def offenders(report_id: int, kind: str) -> tuple[LineRef, ...]:
    """The lines that stand in the way of a step: `unexplained`, `missing_figures` or `missing_prices`."""
    query = (
        select(LINE.c.uid, LINE.c.customer_name, LINE.c.product_name, LINE.c.sku)
        .where(LINE.c.report_id == report_id, OFFENDING[kind])
        .order_by(func.lower(LINE.c.customer_name), LINE.c.sku, LINE.c.id)
    )
    return tuple(
        LineRef(str(row.uid), row.customer_name, row.product_name, row.sku) for row in db.session.execute(query)
    )


def state_of(row: ReportRow) -> ReportState:
    """What the rules need to know of a report row made by `reports()`."""
    return ReportState(
        status=Status(row.status),
        version=row.version,
        due_at=row.due_at,
        time_zone=row.time_zone,
        resubmit_after_days=row.resubmit_after_days,
        submitted_from=Status(row.submitted_from) if row.submitted_from else None,
        submission_kind=SubmissionKind(row.submission_kind) if row.submission_kind else None,
        corrections_allowed=row.corrections_allowed,
        invoiced=row.invoiced_at is not None,
        endorsed_by=row.endorsed_by,
        endorsed_for=row.endorsed_for,
        amount=row.amount,
        approval_limit=row.approval_limit,
        line_count=row.line_count,
        unexplained=row.unexplained_unpenalised,
        missing_figures=row.missing_figures,
        missing_prices=row.missing_prices,
        penalised=row.penalised,
        estimated=row.estimated,
        discrepancies=row.discrepancies,
        comments=row.commented,
        rejected_before=row.rejected_before,
        offenders=partial(offenders, row.id),
    )


def lines_with_marks() -> Select[Any]:
    """Lines with `rolled_up_units` and `rolled_up_at`."""
    return select(*LINE.c, *MARK).select_from(MARKED_LINES)


def lines(report_id: int, *conditions: ColumnElement[bool]) -> list[LineRow]:
    """All lines of a report by customer and product, those needing a comment first in each customer."""
    query = (
        lines_with_marks()
        .where(LINE.c.report_id == report_id, *conditions)
        .order_by(
            func.lower(LINE.c.customer_name),
            LINE.c.customer_id,
            LINE.c.unexplained.desc(),
            LINE.c.discrepancy.desc(),
            func.lower(LINE.c.product_name),
            LINE.c.id,
        )
    )
    return list(db.session.execute(query).all())


def provisioned_changes(report_row: ReportRow) -> dict[int, Decimal]:
    """By line id the provisioned units more (or fewer) than in the account's report before, where they differ."""
    before = LINE.alias()
    earlier = (
        select(REPORT.c.id)
        .where(REPORT.c.account_id == report_row.account_id, REPORT.c.cycle < report_row.cycle)
        .order_by(REPORT.c.cycle.desc())
        .limit(1)
        .scalar_subquery()
    )
    same = and_(
        before.c.product_id == LINE.c.product_id,
        # "is not distinct from" cannot be hashed, and would compare each line with each.
        func.coalesce(before.c.customer_id, 0) == func.coalesce(LINE.c.customer_id, 0),
    )
    query = (
        select(LINE.c.id, (LINE.c.provisioned_units - before.c.provisioned_units).label("change"))
        .join_from(LINE, before, same)
        .where(LINE.c.report_id == report_row.id, before.c.report_id == earlier)
        .where(LINE.c.provisioned_units != before.c.provisioned_units)
    )
    return {row.id: row.change for row in db.session.execute(query)}


def last_approved(report_row: ReportRow) -> ReportRow | None:
    """The newest earlier cycle of the account that is approved now (settled.md, "Last approved")."""
    query = (
        reports()
        .where(
            REPORT.c.account_id == report_row.account_id,
            REPORT.c.cycle < report_row.cycle,
            REPORT.c.status == Status.APPROVED,
        )
        .order_by(REPORT.c.cycle.desc())
        .limit(1)
    )
    return db.session.execute(query).one_or_none()


def earlier_units(line_ids: Sequence[int]) -> dict[int, Decimal]:
    """Per line id the chargeable units of the last approved line of the same customer and product, if there is one."""
    earlier, parent, now_line, now_report = LINE.alias(), REPORT.alias(), LINE.alias(), REPORT.alias()
    figure = (
        select(earlier.c.chargeable_units)
        .join_from(earlier, parent, parent.c.id == earlier.c.report_id)
        .where(
            parent.c.account_id == now_report.c.account_id,
            parent.c.cycle < now_report.c.cycle,
            parent.c.status == Status.APPROVED,
            earlier.c.product_id == now_line.c.product_id,
            earlier.c.customer_id.is_not_distinct_from(now_line.c.customer_id),
        )
        .order_by(parent.c.cycle.desc())
        .limit(1)
        .scalar_subquery()
    )
    query = (
        select(now_line.c.id, figure.label("units"))
        .join_from(now_line, now_report, now_report.c.id == now_line.c.report_id)
        .where(one_of(now_line.c.id, line_ids))
    )
    return {row.id: row.units for row in db.session.execute(query) if row.units is not None}


def history(report_id: int) -> list[Row[Any]]:
    """Every action of the report, newest first."""
    query = select(ACTION).where(ACTION.c.report_id == report_id).order_by(ACTION.c.version.desc())
    return list(db.session.execute(query))


def last_action(report_id: int, among: Sequence[str]) -> Row[Any] | None:
    """The newest action of one of these steps."""
    query = select(ACTION).where(ACTION.c.report_id == report_id, ACTION.c.step.in_(among))
    return db.session.execute(query.order_by(ACTION.c.version.desc()).limit(1)).one_or_none()


def line_versions(report_id: int, uids: Sequence[UUID]) -> list[tuple[UUID, int]]:
    """Present versions of lines by their uid."""
    query = select(LINE.c.uid, LINE.c.version).where(LINE.c.report_id == report_id, one_of(LINE.c.uid, uids))
    return [(row.uid, row.version) for row in db.session.execute(query)]


def changes(report_id: int) -> list[Row[Any]]:
    """Every line change of the report with the `at` and `actor_name` of its action, newest first."""
    query = (
        select(CHANGE, ACTION.c.at, ACTION.c.actor_name, ACTION.c.actor_side, ACTION.c.step, ACTED_FOR)
        .join_from(CHANGE, ACTION, and_(ACTION.c.report_id == CHANGE.c.report_id, ACTION.c.version == CHANGE.c.version))
        .where(CHANGE.c.report_id == report_id)
        .order_by(CHANGE.c.id.desc())
    )
    return list(db.session.execute(query))
