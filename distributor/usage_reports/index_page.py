"""What stands around the MSP's reports in their list: what doing nothing would cost, what came back, sums, order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.dialects.postgresql import distinct_on

from distributor.database import db, one_of
from distributor.formatting import cycle_name
from distributor.identity.acting import CurrentMember
from distributor.usage_reports.idle_costs import idle_costs
from distributor.usage_reports.queries import ACTION, REPORT, ReportRow, reports
from workflows.report_cycle import Cycle
from workflows.usage_report import EDITABLE, Status, Step

MOST_TODO = 20


@dataclass(frozen=True, slots=True)
class Entry:
    """A report with what its MSP has to know of it. `comments`, `notes` and `figures` are those still open; `idle_cost`
    is what doing nothing would add; `back` is the step that brought it back last, `back_at` its time.
    """

    report: ReportRow
    comments: int = 0
    notes: int = 0
    figures: int = 0
    idle_cost: Decimal = Decimal(0)
    back: str = ""
    back_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        return Status(self.report.status) in EDITABLE

    @property
    def previous(self) -> Decimal | None:
        """The total of the account's report before, where there is one."""
        before: Decimal | None = getattr(self.report, "previous_amount", None)
        return before

    @property
    def change(self) -> Decimal | None:
        """Percent since the report before; None where there was none, or it came to nothing."""
        return (self.report.amount - self.previous) * 100 / self.previous if self.previous else None


def open_reports(member: CurrentMember) -> list[ReportRow]:
    """The member's own reports that wait for somebody there, whatever their cycle, the next to be due first."""
    query = (
        reports()
        .where(REPORT.c.msp_id == member.organization_id, REPORT.c.status.in_(EDITABLE))
        .order_by(REPORT.c.due_at, REPORT.c.id)
        .limit(MOST_TODO)
    )
    return list(db.session.execute(query))


def entries(rows: Iterable[ReportRow]) -> dict[int, Entry]:
    """Entries by the report's id; two queries for any number."""
    unsettled = {row.id: row for row in rows if row.status != Status.APPROVED}
    costs = _costs([key for key, row in unsettled.items() if Status(row.status) in EDITABLE])
    back = _back(list(unsettled))
    return {row.id: _entry(row, costs.get(row.id), back.get(row.id)) for row in rows}


def _entry(row: ReportRow, cost: Row[Any] | None, back: Row[Any] | None) -> Entry:
    step, at = (back.step, back.at) if back else ("", None)
    if cost is None:
        return Entry(row, back=step, back_at=at)
    return Entry(row, cost.unexplained - cost.notes, cost.notes, cost.missing, cost.penalty, step, at)


def _costs(report_ids: Sequence[int]) -> dict[int, Row[Any]]:
    if not report_ids:
        return {}
    costs = idle_costs(one_of(REPORT.c.id, report_ids))
    rows: list[Row[Any]] = list(db.session.execute(select(costs)))
    return {row.report_id: row for row in rows}


def _back(report_ids: Sequence[int]) -> dict[int, Row[Any]]:
    """Per report the newest rejection or reopening."""
    if not report_ids:
        return {}
    query = (
        select(ACTION.c.report_id, ACTION.c.step, ACTION.c.at)
        .where(one_of(ACTION.c.report_id, report_ids), ACTION.c.step.in_((Step.REJECT, Step.REOPEN)))
        .order_by(ACTION.c.report_id, ACTION.c.version.desc())
        .ext(distinct_on(ACTION.c.report_id))
    )
    rows: list[Row[Any]] = list(db.session.execute(query))
    return {row.report_id: row for row in rows}


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What the reader narrows the list to, and its order; it is the address of the page."""

    only: str = ""
    account: str = ""
    text: str = ""
    sort: str = "cycle"
    ascending: bool = False

    def keeps(self, entry: Entry) -> bool:
        report = entry.report
        if self.only == "todo" and not entry.is_open:
            return False
        if self.only == "penalty" and not report.penalty:
            return False
        cycles = (str(Cycle.from_date(report.cycle)), cycle_name(report.cycle))
        words = (report.account_number, report.po_number or "", report.distributor_name, *cycles)
        return self.text.lower() in " ".join(words).lower()


SORTS: dict[str, Callable[[Entry], Any]] = {
    "cycle": lambda entry: entry.report.cycle,
    "submitted": lambda entry: entry.report.submitted_at.timestamp() if entry.report.submitted_at else 0,
    "discrepancies": lambda entry: entry.report.discrepancies,
    "penalty": lambda entry: entry.report.penalty,
    "amount": lambda entry: entry.report.amount,
    "change": lambda entry: entry.change or Decimal(0),
}


def narrowed(found: Iterable[Entry], wanted: Narrowing) -> list[Entry]:
    """The entries that the reader wants to see, in the order wanted; equal ones stay as they came, newest first."""
    kept = [entry for entry in found if wanted.keeps(entry)]
    return sorted(kept, key=SORTS[wanted.sort], reverse=not wanted.ascending)


@dataclass(frozen=True, slots=True)
class Sums:
    """The foot of the list: money for each currency by itself."""

    discrepancies: int
    amounts: dict[str, Decimal]
    penalties: dict[str, Decimal]


def sums(shown: Sequence[Entry]) -> Sums:
    """Sums of what is shown."""
    amounts: dict[str, Decimal] = defaultdict(Decimal)
    penalties: dict[str, Decimal] = defaultdict(Decimal)
    for entry in shown:
        amounts[entry.report.currency] += entry.report.amount
        penalties[entry.report.currency] += entry.report.penalty
    return Sums(sum(entry.report.discrepancies for entry in shown), dict(amounts), dict(penalties))
