"""The report grid's rows and what stands around them: groups, counts, and what doing nothing would cost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from distributor.usage_reports.operations.automatic import charged
from distributor.usage_reports.operations.drafts import is_removable
from distributor.usage_reports.operations.roll_up_marks import Below, was_edited
from distributor.usage_reports.queries import LineRow, ReportRow
from workflows.money import amount_of
from workflows.units import LineState

# Fewer agreeing lines than this stay beside those that differ: a fold that hides one line saves nobody anything.
FOLD_FROM = 2
# On average; fewer lines for each customer stand better without headings.
LINES_PER_HEADING = 2
# Parts out of sight cost the browser nothing; js/grid/groups.js cuts as finely.
LINES_PER_PART = 50
RANK = {"need": 0, "missing": 1, "explained": 2}
WAITING = frozenset({"need", "missing"})


@dataclass(slots=True)
class GridLine:
    """A line's row, and what the grid makes of it. `state` is agree, tolerance, explained, need, missing or counted;
    `change` the provisioned units since the report before; the `idle_…` are what doing nothing would charge, for lines
    that wait for something; `below` is the report that the line was rolled up from, for its own MSP.

    A page makes thousands and shows the first hundred: whatever else is shown is read from the row by then.
    """

    row: LineRow
    state: str
    change: Decimal | None
    idle_units: Decimal | None = None
    idle_amount: Decimal | None = None
    last_units: Decimal | None = None
    estimate_units: Decimal | None = None
    below: Below | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.row, name)

    @property
    def id(self) -> str:
        return str(self.row.uid)

    @property
    def customer_name(self) -> str:
        return self.row.customer_name or ""

    @property
    def product_key(self) -> int:
        return int(self.row.product_id)

    @property
    def manual(self) -> bool:
        return bool(self.row.usage_source == "manual")

    @property
    def note_open(self) -> bool:
        return self.row.reviewer_note is not None and not self.row.note_answered

    @property
    def removable(self) -> bool:
        return is_removable(self.row)

    @property
    def edited(self) -> bool:
        return was_edited(self.row)

    @property
    def penalty(self) -> Decimal:
        return Decimal(0) if self.idle_amount is None else self.idle_amount - self.row.amount


@dataclass(slots=True)
class Group:
    """Lines of one customer (or product); `folded` are those that agree and wait behind their sum."""

    key: str
    name: str
    lines: list[GridLine] = field(default_factory=list)
    folded: list[GridLine] = field(default_factory=list)
    is_folded: bool = False

    def _all(self) -> list[GridLine]:
        return self.lines + self.folded

    @property
    def line_count(self) -> int:
        return len(self.lines) + len(self.folded)

    @property
    def amount(self) -> Decimal:
        return sum((line.amount for line in self._all()), Decimal(0))

    @property
    def folded_amount(self) -> Decimal:
        return sum((line.amount for line in self.folded), Decimal(0))

    @property
    def need(self) -> int:
        return sum(line.state in WAITING for line in self._all())

    @property
    def noted(self) -> bool:
        return any(line.note_open for line in self.lines)

    @property
    def explained(self) -> int:
        return sum(line.state == "explained" for line in self._all())

    @property
    def penalty(self) -> Decimal:
        return sum((line.penalty for line in self.lines), Decimal(0))


@dataclass(slots=True)
class Idle:
    """What automatic submission would charge on top; `risks` are the lines of which it would charge more, as
    {id, customer_name, from_units, to_units, penalty, lacks_figure,
    noted}.
    """

    total: Decimal
    risks: list[dict[str, Any]]

    @property
    def penalty(self) -> Decimal:
        return sum((risk["penalty"] for risk in self.risks), Decimal(0))

    @property
    def total_after(self) -> Decimal:
        return self.total + self.penalty


def grid_lines(
    report: ReportRow, lines: Sequence[LineRow], changes: Mapping[int, Decimal], earlier: Mapping[int, Decimal]
) -> list[GridLine]:
    """Rows for the grid. By line id, `changes` are provisioned units since the report before, and `earlier` the last
    approved chargeable units of lines whose figures are unknown.
    """
    return [_grid_line(report, line, changes.get(line.id), earlier) for line in lines]


def _grid_line(report: ReportRow, line: LineRow, change: Decimal | None, earlier: Mapping[int, Decimal]) -> GridLine:
    shown = GridLine(line, state_name(line), change)
    if shown.state in WAITING:
        before = earlier.get(line.id)
        _show_idle(shown, charged(report, line, before), before)
    return shown


def state_name(line: LineRow) -> str:
    """The one word for how a line stands."""
    if line.chargeable_units is None:
        return "missing"
    if line.unexplained and not line.penalised:
        return "need"
    if line.discrepancy:
        return "explained"
    if line.difference:
        return "tolerance"
    return "counted" if line.provisioned_units is None else "agree"


def _show_idle(shown: GridLine, after: LineState, last: Decimal | None) -> None:
    shown.idle_units = after.chargeable_units
    shown.idle_amount = amount_of(after)
    shown.last_units = last
    if after.estimated:
        shown.estimate_units = after.chargeable_units


def grouping(lines: Sequence[GridLine]) -> str:
    """How the grid starts: "customer", or "none" where a heading for each customer would mostly head a single line."""
    customers = {line.customer_name for line in lines}
    return "customer" if len(lines) >= LINES_PER_HEADING * len(customers) else "none"


def groups(lines: Sequence[GridLine]) -> list[Group]:
    """Lines in the order and under the headings in which the grid starts, what needs something first, none folded."""
    return by_customer(lines) if grouping(lines) == "customer" else ungrouped(lines)


def ungrouped(lines: Iterable[GridLine]) -> list[Group]:
    """Lines one below the other in parts without a heading."""
    ordered = sorted(lines, key=_rank)
    parts = [ordered[at : at + LINES_PER_PART] for at in range(0, len(ordered), LINES_PER_PART)]
    return [Group("", "", part) for part in parts]


def _rank(line: GridLine) -> tuple[bool, int, Decimal]:
    """What the distributor noted comes first, then what waits for something, most money first."""
    return not line.note_open, RANK.get(line.state, len(RANK)), -line.penalty


def by_customer(lines: Iterable[GridLine]) -> list[Group]:
    """Lines by customer: those with a note to answer first, then those who need something, most money first, then those
    who explained, then by name.
    """
    found: dict[str, Group] = {}
    for line in lines:
        group = found.setdefault(line.customer_name, Group(f"c{len(found)}", line.customer_name))
        group.lines.append(line)
    return sorted(found.values(), key=_urgency)


def _urgency(group: Group) -> tuple[bool, bool, bool, Decimal, str]:
    return not group.noted, not group.need, not group.explained, -group.penalty, group.name.lower()


def fold(group: Group) -> None:
    """Put a customer's line with a note to answer first and its agreeing lines behind their sum."""
    if not group.key:
        return
    group.lines.sort(key=lambda line: not line.note_open)
    agreeing = [line for line in group.lines if _folds(line)]
    if len(agreeing) == len(group.lines):
        group.is_folded = True
    elif len(agreeing) >= FOLD_FROM:
        group.folded = agreeing
        group.lines = [line for line in group.lines if not _folds(line)]


def _folds(line: GridLine) -> bool:
    """An agreeing line that nobody has said anything about."""
    said = line.comment or line.reviewer_note or line.system_note or line.waived_reason
    return line.state == "agree" and line.change is None and not said


def idle(report: ReportRow, lines: Iterable[GridLine]) -> Idle:
    """What would be charged on top if nobody did anything."""
    risks = [
        {
            "id": line.id,
            "customer_name": line.customer_name or line.product_name,
            "from_units": line.chargeable_units,
            "to_units": line.idle_units,
            "penalty": line.penalty,
            "lacks_figure": line.state == "missing",
            "noted": line.note_open,
        }
        for line in lines
        if line.penalty
    ]
    return Idle(report.amount, sorted(risks, key=lambda risk: -risk["penalty"]))


def counts(report: ReportRow, lines: Sequence[GridLine]) -> dict[str, int]:
    """The numbers on the chips and the readiness bar."""
    return {
        "lines": report.line_count,
        "discrepancies": report.discrepancies,
        "needs_comment": sum(line.state == "need" for line in lines),
        "missing": report.missing_figures,
        "changed": sum(line.change is not None for line in lines),
        "notes": sum(line.note_open for line in lines),
    }


def elapsed_share(report: ReportRow, at: datetime) -> float:
    """How much of the time from opening to the due instant is gone, 0 to 100."""
    window = (report.due_at - report.due_set_at).total_seconds()
    gone = (at - report.due_set_at).total_seconds()
    return max(0.0, min(100.0, 100 * gone / window)) if window > 0 else 100.0
