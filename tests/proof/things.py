"""The things of the model: lines and reports, and what lines do by themselves. Written from docs/workflow.md."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal

EDITABLE = ("msp_preparing", "rejected")
MAY = {
    "save": {"preparer"}, "submit": {"preparer"}, "recall": {"preparer"},
    "waive": {"reviewer", "second reviewer"}, "endorse": {"reviewer", "second reviewer"},
    "approve": {"reviewer", "second reviewer"}, "reject": {"reviewer", "second reviewer"},
    "invoice": {"distributor admin"}, "reopen": {"preparer", "reviewer", "second reviewer"},
}  # fmt: skip
FROM = {
    "save": EDITABLE, "submit": EDITABLE, "recall": ("under_review",), "waive": ("under_review",),
    "endorse": ("under_review",), "approve": ("under_review",), "reject": ("under_review",),
    "invoice": ("approved",), "reopen": ("approved",),
}  # fmt: skip
NEEDS_REASON = ("waive", "reject", "reopen")


@dataclass(frozen=True)
class Usage:
    """What the feed counted of a product; used is unknown where the product does not report it."""

    provisioned: Decimal
    used: Decimal | None

    @property
    def charged(self) -> Decimal:
        return self.provisioned if self.used is None else self.used


@dataclass
class Terms:
    """What a report takes from its account when it opens."""

    tolerance_units: Decimal
    tolerance_percent: Decimal
    corrections_allowed: bool
    uplift_percent: Decimal
    prices: dict[str, Decimal]
    window_days: int = 10
    resubmit_days: int = 7

    def copy(self) -> Terms:
        return replace(self, prices=dict(self.prices))


@dataclass
class Line:
    """A line of one product."""

    price: Decimal
    is_manual: bool
    provisioned: Decimal | None = None
    used: Decimal | None = None
    chargeable: Decimal | None = None
    declared: Decimal | None = None
    comment: str | None = None
    note: str | None = None
    noted: tuple[Decimal | None, str | None] = (None, None)
    answered: bool = False
    penalised: bool = False
    estimated: bool = False
    accepted: bool = False
    waived: bool = False
    changed: bool = False
    added: bool = False

    @property
    def own(self) -> Decimal | None:
        """The MSP's figure."""
        return self.declared if self.penalised or self.estimated else self.chargeable

    @property
    def amount(self) -> Decimal:
        units = self.chargeable or Decimal(0)
        return (units * self.price).quantize(Decimal("0.01"), ROUND_HALF_UP)

    @property
    def usual(self) -> Decimal | None:
        """What would be charged had nobody said anything."""
        return self.provisioned if self.used is None else self.used

    def differs(self, terms: Terms) -> bool:
        if self.provisioned is None or self.own is None:
            return False
        limit = max(terms.tolerance_units, self.provisioned * terms.tolerance_percent / 100)
        return abs(self.own - self.provisioned) > limit

    def is_unexplained(self, terms: Terms) -> bool:
        if self.waived:
            return False
        if self.note is not None and not self.answered:
            return True
        unbacked = not self.is_manual and self.provisioned is None and self.own is not None
        return self.comment is None and (self.differs(terms) or unbacked)

    def restore(self) -> None:
        """Penalty and estimate go, the MSP's figure returns."""
        self.chargeable, self.declared, self.penalised, self.estimated = self.own, None, False, False


@dataclass
class Report:
    """A report of one cycle."""

    cycle: date
    terms: Terms
    due_at: datetime
    lines: dict[str, Line] = field(default_factory=dict)
    status: str = "msp_preparing"
    version: int = 1
    submitted_from: str | None = None
    kind: str | None = None
    endorsed_by: str | None = None
    rejected_before: bool = False
    invoiced: bool = False

    @property
    def amount(self) -> Decimal:
        return sum((line.amount for line in self.lines.values()), Decimal(0))

    @property
    def unexplained(self) -> list[Line]:
        return [line for line in self.lines.values() if line.is_unexplained(self.terms)]

    @property
    def missing(self) -> bool:
        return any(line.chargeable is None for line in self.lines.values())

    def move(self, status: str | None = None, *, keep_endorsement: bool = False) -> None:
        """A step: the version goes up, an endorsement falls."""
        self.version += 1
        self.status = status or self.status
        if not keep_endorsement:
            self.endorsed_by = None


@dataclass
class Wish:
    """What somebody wants to do with a report, in the version they saw."""

    step: str
    who: str
    at: datetime
    version: int | None = None
    reason: str = "Because"
    nil: bool = False


def write(line: Line, units: Decimal | None, comment: str | None) -> None:
    """The MSP's own word on a line."""
    line.waived = line.waived and units == line.chargeable
    line.chargeable, line.comment = units, comment
    line.changed = units != line.usual
    line.answered = line.note is not None and (units, comment) != line.noted


def count(line: Line, provisioned: Decimal, used: Decimal | None) -> None:
    """An import: the figures follow unless the MSP changed them, and it answers no note."""
    if (line.provisioned, line.used) == (provisioned, used):
        return
    new = provisioned if used is None else used
    if line.note is not None and not line.changed and line.noted[0] == line.chargeable:
        line.noted = (new, line.noted[1])
    line.provisioned, line.used, line.waived = provisioned, used, False
    line.chargeable = line.chargeable if line.changed else new


def estimate(line: Line, report: Report, last: Decimal | None) -> None:
    """A figure for a line that has none: the last approved one and the uplift, or 0 once the report was rejected."""
    if last is None and not report.rejected_before:
        return
    raised = (last or Decimal(0)) * (100 + report.terms.uplift_percent) / 100
    line.chargeable, line.estimated = raised.quantize(Decimal(1), ROUND_CEILING), True


def penalise(line: Line, last: Decimal | None) -> None:
    """Charge at least what is provisioned, or what was charged last where the feed fell silent."""
    floor = last if line.provisioned is None and not line.is_manual else line.provisioned
    own = line.own
    known = [units for units in (line.chargeable, floor) if units is not None]
    line.declared, line.chargeable, line.penalised = own, max(known, default=None), True


def restore_all(lines: Iterable[Line]) -> None:
    """Give every line the MSP's own figure back."""
    for line in lines:
        line.restore()


def due_after(at: datetime, days: int) -> datetime:
    """The end of the `days`-th day after that of `at`."""
    return datetime.combine(at.date() + timedelta(days=days + 1), time(), UTC)


def opens_at(cycle: date) -> datetime:
    """Reports open on the 20th."""
    return datetime(cycle.year, cycle.month, 20, tzinfo=UTC)


def following(cycle: date) -> date:
    """The next month."""
    return (cycle + timedelta(days=32)).replace(day=1)
