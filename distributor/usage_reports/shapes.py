"""How a report, a line and an action look to programs: plain dictionaries, since a step's answer is on the
hot path.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Row

from distributor.api.figures import actions, cycle, instant, money, units
from distributor.delegation.names import NAMES_BOTH
from distributor.identity.acting import CurrentMember
from distributor.usage_reports.operations import roll_up_marks
from distributor.usage_reports.operations.roll_up_marks import Below
from distributor.usage_reports.queries import LineRow, ReportRow, state_of
from workflows.events import Approved, Event, Submitted
from workflows.usage_report import actions_for

# What the history keeps for the service itself: internal ids never leave it.
INTERNAL = {"endorsed_by"} | NAMES_BOTH


def header(report: ReportRow, member: CurrentMember, at: datetime, endorser: Row[Any] | None = None) -> dict[str, Any]:
    """A report without its lines, with the steps this member may try at `at`."""
    return {
        "id": str(report.uid),
        "account": {"id": str(report.account_uid), "number": report.account_number},
        "cycle": cycle(report.cycle),
        "starts_on": report.starts_on.isoformat(),
        "ends_on": report.ends_on.isoformat(),
        "status": report.status,
        "version": report.version,
        "opened_at": instant(report.opened_at),
        "due_at": instant(report.due_at),
        "submitted_at": instant(report.submitted_at),
        "submission_kind": report.submission_kind,
        "decided_at": instant(report.decided_at),
        "endorsed_by": None if endorser is None else {"id": str(endorser.uid), "name": endorser.name},
        "invoiced_at": instant(report.invoiced_at),
        "currency": report.currency,
        "time_zone": report.time_zone,
        "po_number": report.po_number,
        "totals": totals(report),
        "allowed_actions": actions(actions_for(state_of(report), member.actor_for(report), at)),
    }


def totals(report: ReportRow) -> dict[str, Any]:
    """The sums and counts of a report's lines; unknown figures add nothing."""
    return {
        "lines": report.line_count,
        "provisioned_units": units(report.provisioned_units),
        "chargeable_units": units(report.chargeable_units),
        "amount": money(report.amount, report.minor_unit),
        "penalty": money(report.penalty, report.minor_unit),
        "discrepancies": report.discrepancies,
        "uncommented": report.uncommented,
        "unexplained": report.unexplained_unpenalised,
        "penalised": report.penalised,
        "estimated": report.estimated,
        "missing_figures": report.missing_figures,
        "missing_prices": report.missing_prices,
    }


def lines(report: ReportRow, rows: Sequence[LineRow], member: CurrentMember) -> list[dict[str, Any]]:
    """Lines of a report. Where rolled-up ones came from is told to the report's own MSP."""
    marked = any(row.rolled_up_units is not None for row in rows)
    below = roll_up_marks.below(report, member.organization_id) if marked else {}
    return [line(row, below.get(row.id)) for row in rows]


def line(row: LineRow, below: Below | None = None) -> dict[str, Any]:
    """A line of a report; `below` is the report that it was rolled up from."""
    known = row.chargeable_units is not None and row.unit_price is not None
    return {
        "id": str(row.uid),
        "version": row.version,
        "customer_ref": row.customer_ref,
        "customer_name": row.customer_name,
        "sku": row.sku,
        "product_name": row.product_name,
        "unit": row.unit,
        "provisioned_units": units(row.provisioned_units),
        "used_units": units(row.used_units),
        "chargeable_units": units(row.chargeable_units),
        "declared_units": units(row.declared_units),
        "difference": units(row.difference),
        "discrepancy": row.discrepancy,
        "unexplained": row.unexplained and not row.penalised,
        "unit_price": units(row.unit_price),
        "amount": money(row.amount, row.minor_unit) if known else None,
        "comment": row.comment,
        "carried_until": row.carried_until and row.carried_until.isoformat(),
        "system_note": row.system_note,
        "reviewer_note": row.reviewer_note,
        "accepted": row.accepted,
        "penalised": row.penalised,
        "estimated": row.estimated,
        "waived_reason": row.waived_reason,
        "added_by_msp": row.added_by_msp,
        "rolled_up": None if row.rolled_up_units is None else _rolled_up(row, below),
    }


def _rolled_up(row: LineRow, below: Below | None) -> dict[str, Any]:
    return {
        "units": units(row.rolled_up_units),
        "at": instant(row.rolled_up_at),
        "edited": roll_up_marks.was_edited(row),
        "report": below
        and {
            "id": str(below.uid),
            "version": below.version,
            "account": below.account,
            "is_current": below.is_current,
        },
    }


def after(report: ReportRow, event: Submitted | Approved) -> Any:
    """The report as a step left it that touched no line: what the step set is known, so nothing is read
    again.
    """
    changed: dict[str, Any] = {"status": str(event.target), "version": event.version}
    if isinstance(event, Submitted):
        changed |= {"submitted_at": event.at, "submitted_from": str(event.source), "submission_kind": str(event.kind)}
        changed |= {"endorsed_by": None}
    else:
        changed |= {"decided_at": event.at}
    return SimpleNamespace(**{**report._mapping, **changed})


def is_known_after(event: Event) -> bool:
    """Whether `after` can tell how the event left the report."""
    return isinstance(event, Submitted | Approved)


def action(row: Row[Any], changes: Sequence[Row[Any]]) -> dict[str, Any]:
    """One action of a report's history with the line changes it made."""
    return {
        "id": str(row.uid),
        "version": row.version,
        "step": row.step,
        "from_status": None if row.from_status == "none" else row.from_status,
        "to_status": row.to_status,
        "at": instant(row.at),
        "actor": {"name": row.actor_name, "side": row.actor_side, "acting_for": row.details.get("for")},
        "via": row.via,
        "reason": row.reason,
        "details": _shown(row.details),
        "changes": [_change(change) for change in changes],
    }


def _shown(details: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in details.items() if key not in INTERNAL}


def _change(row: Row[Any]) -> dict[str, Any]:
    return {
        "line": {"id": str(row.line_uid), "label": row.line_label},
        "field": row.field,
        "old": row.old,
        "new": row.new,
    }
