"""What reports make of new usage: an editable one follows, a locked one is left alone and says so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from flask_babel import gettext
from sqlalchemy import Row, text

from distributor.database import db
from distributor.identity.acting import Acting
from distributor.provisioning.operations.snapshots import Difference
from distributor.saying import said
from distributor.usage_reports import queries
from distributor.usage_reports.operations.recording import notify
from distributor.usage_reports.operations.usage import refresh
from distributor.usage_reports.queries import ReportRow
from workflows.report_cycle import Cycle
from workflows.usage_report import EDITABLE, Status

AccountRow = Row[Any]


@dataclass(frozen=True, slots=True)
class ReportOutcome:
    """What became of a report. `refreshed`: its lines follow this usage; else `why` not. `lines`: how many changed."""

    uid: UUID
    cycle: Cycle
    status: str
    refreshed: bool
    lines: int = 0
    why: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """The shape of the REST API."""
        return {
            "id": str(self.uid), "cycle": str(self.cycle), "status": self.status, "refreshed": self.refreshed,
            "lines": self.lines, "why": self.why,
        }  # fmt: skip


def lock_reports(account: AccountRow, cycles: Sequence[Cycle]) -> list[ReportRow]:
    """The account's reports of these cycles, locked in the order of their ids."""
    query = text("SELECT id FROM usage_reports WHERE account_id = :account AND cycle = ANY(CAST(:cycles AS date[]))")
    given = {"account": account.id, "cycles": [cycle.first_day for cycle in cycles]}
    ids = db.session.scalars(query, given).all()
    return queries.reports_for_update(ids) if ids else []


def follow(
    reports: Sequence[ReportRow], differences: Mapping[Cycle, Difference], acting: Acting, at: datetime
) -> dict[Cycle, ReportOutcome]:
    """Bring the locked reports in step with what is current now; by cycle, those untouched by anything new left out."""
    outcomes: dict[Cycle, ReportOutcome] = {}
    for report in reports:
        cycle = Cycle.from_date(report.cycle)
        if cycle in differences:
            outcomes[cycle] = _follow_one(report, cycle, differences[cycle], acting, at)
    _tell_of_missing_prices([report.id for report in reports], at)
    return outcomes


def _follow_one(report: ReportRow, cycle: Cycle, difference: Difference, acting: Acting, at: datetime) -> ReportOutcome:
    status = Status(report.status)
    if not difference.kept:
        return ReportOutcome(report.uid, cycle, report.status, refreshed=False, why=_same_again())
    if status not in EDITABLE:
        return ReportOutcome(report.uid, cycle, report.status, refreshed=False, why=_locked(report))
    lines = refresh(report, acting, at)
    return ReportOutcome(report.uid, cycle, report.status, refreshed=True, lines=lines)


def _same_again() -> str:
    return gettext("The same usage was there already; nothing changed.")


def _locked(report: ReportRow) -> str:
    if report.invoiced_at is not None:
        return gettext("The report is invoiced and never changes; the usage is kept for history.")
    return gettext(
        "The report's status is “%(status)s”: its lines stay, and the usage is kept. "
        "It is offered when the report comes back.",
        status=said(Status(report.status).label),
    )


def _tell_of_missing_prices(report_ids: list[int], at: datetime) -> None:
    """Once per report, as at its opening."""
    query = text("""
SELECT id FROM usage_reports
WHERE id = ANY(CAST(:ids AS bigint[])) AND missing_prices > 0 AND status = ANY(CAST(:editable AS text[]))""")
    unpriced = list(db.session.scalars(query, {"ids": report_ids, "editable": [str(status) for status in EDITABLE]}))
    notify(unpriced, "unpriced", ["unpriced"] * len(unpriced), [{}] * len(unpriced), at)
