"""What the scheduler does with reports: submit what is due, approve what a policy covers, remind. In batches, the rules
deciding each report; what happened is what prevents a second run.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import DateTime, Numeric, case, cast, func, literal, or_, select
from sqlalchemy.sql.elements import ColumnElement

from distributor import stored_sentences
from distributor.database import db, one_of
from distributor.delivery.models import Notification
from distributor.identity.acting import Acting
from distributor.usage_reports.operations.line_changes import change_lines
from distributor.usage_reports.operations.recording import Recorded, notify, record_all
from distributor.usage_reports.operations.taking import submission, take
from distributor.usage_reports.queries import (
    ACCOUNT,
    APPROVAL_LIMIT,
    LINE,
    REPORT,
    WITH_ACCOUNT,
    LineRow,
    ReportRow,
    earlier_units,
    reports,
    state_of,
)
from workflows.events import Submitted
from workflows.money import amount_of
from workflows.report_cycle import reminder_due
from workflows.units import LineState, charge_automatically
from workflows.usage_report import EDITABLE, AutoApprovePolicy, Status, Step, SubmissionKind, fire

FIRST_REMINDER = timedelta(days=7)
NOTIFICATION = Notification.__table__


def due_reports(at: datetime, *, limit: int, but: Sequence[int] = ()) -> list[int]:
    """Ids of up to `limit` editable reports whose due instant has passed, without those in `but`."""
    query = (
        select(REPORT.c.id)
        .where(REPORT.c.due_at <= at, REPORT.c.status.in_(EDITABLE), ~one_of(REPORT.c.id, but))
        .order_by(REPORT.c.id)
        .limit(limit)
    )
    return list(db.session.scalars(query))


def submit_due(ids: Sequence[int], at: datetime, acting: Acting) -> list[ReportRow]:
    """Submit those of the reports that are still due; returns them as they were before.

    Due is judged again under the lock. Rows that somebody else holds are passed over: whoever holds them settles them,
    or the next tick does.
    """
    query = (
        reports()
        .where(one_of(REPORT.c.id, ids), REPORT.c.due_at <= at, REPORT.c.status.in_(EDITABLE))
        .order_by(REPORT.c.id)
        .with_for_update(of=REPORT, key_share=True, skip_locked=True)
    )
    due = list(db.session.execute(query))
    submit_automatically(due, acting, at)
    return due


def submit_automatically(due: Sequence[ReportRow], acting: Acting, at: datetime) -> None:
    """Charge what nobody explained, estimate what nobody counted, and hand the locked reports in (domain.md)."""
    sums = _charge(due)
    steps = [_submission(report, acting, at, sums[report.id]) for report in due]
    record_all(steps, acting, tell="auto_submitted")


@dataclass(slots=True)
class _Charged:
    penalised: int = 0
    estimated: int = 0
    extra: Decimal = Decimal(0)

    def count(self, line: LineRow, after: LineState) -> None:
        self.penalised += after.penalised
        self.estimated += after.estimated
        self.extra += (amount_of(after) or Decimal(0)) - line.amount


def _submission(report: ReportRow, acting: Acting, at: datetime, sums: _Charged) -> Recorded:
    event = take(Submitted, report, Step.AUTO_SUBMIT, acting, at)
    details = {
        "amount": report.amount + sums.extra,
        "penalised": sums.penalised,
        "estimated": sums.estimated,
        "lateness_seconds": int((at - report.due_at).total_seconds()),
    }
    return Recorded(report, event, submission(event), details)


def line_state(line: LineRow) -> LineState:
    """What the rules need to know of a line."""
    return LineState(
        provisioned_units=line.provisioned_units,
        used_units=line.used_units,
        chargeable_units=line.chargeable_units,
        declared_units=line.declared_units,
        comment=line.comment,
        carried_limit=line.carried_limit,
        usage_source=line.usage_source,
        reviewer_note=line.reviewer_note,
        note_answered=line.note_answered,
        penalised=line.penalised,
        estimated=line.estimated,
        waived_reason=line.waived_reason,
        tolerance_units=line.tolerance_units,
        tolerance_percent=line.tolerance_percent,
        precision=line.precision,
        unit_price=line.unit_price,
        minor_unit=line.minor_unit,
    )


def charged(report: ReportRow, line: LineRow, earlier: Decimal | None) -> LineState:
    """The line as automatic submission would leave it now. `earlier`: its units in the last approved report."""
    return charge_automatically(line_state(line), earlier, report.uplift_percent, report.rejected_before)


def _charge(due: Sequence[ReportRow]) -> dict[int, _Charged]:
    """Penalties and estimates, written while the reports are still editable."""
    sums: dict[int, _Charged] = defaultdict(_Charged)
    by_id = {report.id: report for report in due if report.unexplained_unpenalised or report.missing_figures}
    if not by_id:
        return sums
    unsettled = or_(LINE.c.unexplained, LINE.c.chargeable_units.is_(None))
    lines = list(db.session.execute(select(LINE).where(one_of(LINE.c.report_id, by_id), unsettled)))
    unknown = [line.id for line in lines if line.chargeable_units is None or line.provisioned_units is None]
    earlier = earlier_units(unknown)
    treated = []
    for line in lines:
        report, before = by_id[line.report_id], line_state(line)
        after = charged(report, line, earlier.get(line.id))
        if after != before:
            treated.append((line, report.version + 1, after))
            sums[line.report_id].count(line, after)
    _write(treated)
    return sums


def _write(treated: Sequence[tuple[LineRow, int, LineState]]) -> None:
    if treated:
        change_lines(
            """SELECT * FROM jsonb_to_recordset(CAST(:lines AS jsonb))
                 AS given (id bigint, version int, units numeric, declared numeric, penalised boolean,
                           estimated boolean, words text)""",
            """chargeable_units = g.units, declared_units = g.declared, penalised = g.penalised,
               estimated = g.estimated, system_note = g.words""",
            {"lines": json.dumps([_treated(*one) for one in treated], default=str)},
        )


def _treated(line: LineRow, version: int, after: LineState) -> dict[str, Any]:
    return {
        "id": line.id,
        "version": version,
        "units": after.chargeable_units,
        "declared": after.declared_units,
        "penalised": after.penalised,
        "estimated": after.estimated,
        "words": _words(after),
    }


def _words(after: LineState) -> str:
    """The system's note on a line it charged; it never counts as the MSP's comment."""
    units = f"{after.chargeable_units.normalize():f}" if after.chargeable_units is not None else "–"
    if after.estimated:
        return stored_sentences.ESTIMATED % {"units": units}
    return stored_sentences.CHARGED % {"units": units}


def approvable_reports(at: datetime, *, limit: int, but: Sequence[int] = ()) -> list[int]:
    """Ids of up to `limit` clean reports that their account's policy covers, whatever the time."""
    query = select(REPORT.c.id).select_from(WITH_ACCOUNT).where(*_covered(), ~one_of(REPORT.c.id, but))
    return list(db.session.scalars(query.order_by(REPORT.c.id).limit(limit)))


def approve_by_policy(ids: Sequence[int], at: datetime, acting: Acting) -> list[ReportRow]:
    """Approve those of the reports that a policy still covers; returns them as they were before."""
    query = (
        reports()
        .add_columns(LAST_AMOUNT.label("last_approved_amount"))
        .where(one_of(REPORT.c.id, ids), *_covered())
        .order_by(REPORT.c.id)
        .with_for_update(of=REPORT, key_share=True, skip_locked=True)
    )
    clean = list(db.session.execute(query))
    record_all([_approval(report, acting, at) for report in clean], acting, tell="auto_approved")
    return clean


EARLIER = REPORT.alias("earlier")
# Nothing to compare with where that one was in another currency, though an older one might be in this.
LAST_AMOUNT = (
    select(case((EARLIER.c.currency == REPORT.c.currency, EARLIER.c.amount)))
    .where(
        EARLIER.c.account_id == REPORT.c.account_id,
        EARLIER.c.cycle < REPORT.c.cycle,
        EARLIER.c.status == Status.APPROVED,
    )
    .order_by(EARLIER.c.cycle.desc())
    .limit(1)
    .scalar_subquery()
)


def would_approve(account_ids: Sequence[int], max_change_percent: Decimal) -> int:
    """How many reports of the accounts, under review now, a policy with this limit would approve at the next tick."""
    covered = _covered(literal(max_change_percent, Numeric))
    query = select(func.count()).select_from(WITH_ACCOUNT).where(one_of(ACCOUNT.c.id, account_ids), *covered)
    return db.session.scalar(query) or 0


def _covered(
    limit: ColumnElement[Decimal] = ACCOUNT.c.auto_approve_max_change_percent,
) -> tuple[ColumnElement[bool], ...]:
    return (
        REPORT.c.status == Status.UNDER_REVIEW,
        limit.is_not(None),
        func.abs(REPORT.c.amount - LAST_AMOUNT) * 100 <= limit * LAST_AMOUNT,
        *(REPORT.c[name] == 0 for name in CLEAN),
        REPORT.c.rejected_before.is_(False),
        # Once a report came in with a penalty a person looks at it, even if the penalty was waived.
        REPORT.c.submission_kind != SubmissionKind.AUTOMATIC_WITH_PENALTY,
        REPORT.c.line_count > 0,
        or_(APPROVAL_LIMIT.is_(None), REPORT.c.amount <= APPROVAL_LIMIT),
    )


# Of a clean report each of these is zero (workflow.md, `auto_approve`).
CLEAN = ("commented", "penalised", "estimated", "discrepancies", "missing_figures", "missing_prices", "unexplained")


def _approval(report: Any, acting: Acting, at: datetime) -> Recorded:
    policy = AutoApprovePolicy(report.auto_approve_max_change_percent)
    event = fire(
        state_of(report),
        Step.AUTO_APPROVE,
        acting.actor,
        at,
        policy=policy,
        last_approved_amount=report.last_approved_amount,
    )
    details = {"policy": stored_sentences.BY_POLICY % {"percent": f"{policy.max_change_percent.normalize():f}"}}
    return Recorded(report, event, {"decided_at": at}, details)


def remind(at: datetime) -> int:
    """Queue the reminder each report is due for by now; returns how many were queued.

    The outbox knows what was sent for (due_at, offset) already, so asking twice changes nothing, nor does a clock that
    goes back: no earlier reminder follows a later one.
    """
    query = select(REPORT.c.id, REPORT.c.due_at, REPORT.c.due_set_at, LATEST_REMINDER.label("latest")).where(
        REPORT.c.status.in_(EDITABLE), REPORT.c.due_at > at, REPORT.c.due_at <= at + FIRST_REMINDER
    )
    due = [(row, reminder_due(row.due_set_at, row.due_at, at)) for row in db.session.execute(query)]
    told = [_reminder(row, offset) for row, offset in due if offset is not None and _is_news(row, offset)]
    ids = [report_id for report_id, _ in told]
    occasions = [f"reminder:{details['due_at']}:{details['seconds_before']}" for _, details in told]
    return notify(ids, "reminder", occasions, [details for _, details in told], at)


# How many seconds before the present due instant the latest reminder of it was for.
LATEST_REMINDER = (
    select(func.min(NOTIFICATION.c.details["seconds_before"].as_integer()))
    .where(
        NOTIFICATION.c.report_id == REPORT.c.id,
        NOTIFICATION.c.event == "reminder",
        cast(NOTIFICATION.c.details["due_at"].as_string(), DateTime(timezone=True)) == REPORT.c.due_at,
    )
    .correlate(REPORT)
    .scalar_subquery()
)


def _is_news(row: Any, offset: timedelta) -> bool:
    return row.latest is None or int(offset.total_seconds()) <= row.latest


def _reminder(row: Any, offset: timedelta) -> tuple[int, dict[str, Any]]:
    # In UTC, whatever the connection's time zone: the occasion has one spelling for every scheduler.
    details = {"due_at": row.due_at.astimezone(UTC).isoformat(), "seconds_before": int(offset.total_seconds())}
    return row.id, details
