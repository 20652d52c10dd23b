"""What a mail can tell of a report: read when the mail is rendered, so that it is true when it arrives."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row, func, or_, select
from sqlalchemy.sql.elements import ColumnElement

from distributor.database import db
from distributor.delivery.events import ESCALATIONS, TO_ADMINS
from distributor.usage_reports.operations.automatic import charged, line_state
from distributor.usage_reports.queries import ACTION, LINE, REPORT, LineRow, ReportRow, earlier_units, reports
from workflows.money import amount_of
from workflows.units import figure_in_question
from workflows.usage_report import EDITABLE, Side

SHOWN_LINES = 10


@dataclass(frozen=True, slots=True)
class ShownLine:
    """A line in a mail: figures side by side (None where unknown), what it costs, and what was said about it."""

    customer: str | None
    product: str
    figures: tuple[Decimal | None, ...]
    cost: Decimal = Decimal(0)
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """The lines that matter most, how many there are, and what all of them cost."""

    lines: tuple[ShownLine, ...] = ()
    count: int = 0
    cost: Decimal = Decimal(0)

    @property
    def more(self) -> int:
        return self.count - len(self.lines)


@dataclass(frozen=True, slots=True)
class ReportFacts:
    """A report as its mail needs it.

    `version` and `amount` (the total) are those of the step, `last_day` the last whole local day before `due_at`,
    `listing` the lines the mail shows, `idle` those that automatic submission would charge otherwise. `moved_on`: the
    report has taken another step since, so what the mail would ask for is past, and lines are left out.
    """

    report: ReportRow
    action: Row[Any] | None
    side: Side
    due_at: datetime
    version: int
    amount: Decimal
    moved_on: bool
    listing: Listing
    idle: Listing

    @property
    def last_day(self) -> date:
        return (self.due_at - timedelta(microseconds=1)).astimezone(ZoneInfo(self.report.time_zone)).date()

    @property
    def asks_to_submit(self) -> bool:
        """Whether the reader still has the report to hand in."""
        return self.side is Side.MSP and not self.moved_on and self.report.status in EDITABLE

    @property
    def details(self) -> Mapping[str, Any]:
        return self.action.details if self.action else {}


def report_facts(report_id: int, event: str, side: Side, version: int | None) -> ReportFacts:
    """What there is to tell of `event`: the step that made `version` or, without one, an occasion of no step."""
    report = db.session.execute(reports().where(REPORT.c.id == report_id)).one()
    action = _action(report_id, version) if version else None
    details: Mapping[str, Any] = action.details if action else {}
    moved_on = action.last_move > action.version if action else not STILL_HOLDS[event](report)
    shown = Listing() if moved_on else LISTINGS.get(event, _nothing)(report)
    return ReportFacts(
        report=report,
        action=action,
        side=side,
        due_at=datetime.fromisoformat(details["due_at"]) if "due_at" in details else report.due_at,
        version=action.version if action else report.version,
        amount=Decimal(details.get("amount", report.amount)),
        moved_on=moved_on,
        listing=shown,
        idle=_idle(report) if event == "rejected" and not moved_on else shown,
    )


# Occasions that no step goes with, and whether they are still so.
STILL_HOLDS: dict[str, Callable[[ReportRow], bool]] = {
    "reminder": lambda report: report.status in EDITABLE,
    **dict.fromkeys(ESCALATIONS, lambda report: report.status in EDITABLE),
    "unpriced": lambda report: report.missing_prices > 0,
}


def _action(report_id: int, version: int) -> Row[Any] | None:
    """The action that made `version`, with `last_move`: the version of the report's latest change of status."""
    moves = select(func.max(ACTION.c.version)).where(
        ACTION.c.report_id == report_id, ACTION.c.from_status != ACTION.c.to_status
    )
    query = select(ACTION, moves.scalar_subquery().label("last_move")).where(
        ACTION.c.report_id == report_id, ACTION.c.version == version
    )
    return db.session.execute(query).one()


def _idle(report: ReportRow) -> Listing:
    """What the MSP reports and what automatic submission would charge (domain.md, "Automatic submission")."""
    lines = _lines(report, or_(LINE.c.unexplained, LINE.c.chargeable_units.is_(None)))
    unknown = [line.id for line in lines if line.chargeable_units is None or line.provisioned_units is None]
    earlier = earlier_units(unknown) if unknown else {}
    return _listing(_idle_line(report, line, earlier.get(line.id)) for line in lines)


def _idle_line(report: ReportRow, line: LineRow, earlier: Decimal | None) -> ShownLine:
    after = charged(report, line, earlier)
    cost = (amount_of(after) or Decimal(0)) - line.amount
    return _shown(line, (line.chargeable_units, after.chargeable_units), cost)


def _charged(report: ReportRow) -> Listing:
    """What the MSP had declared and what was charged; an estimated line costs all of its amount."""
    lines = _lines(report, or_(LINE.c.penalised, LINE.c.estimated))
    return _listing(
        _shown(
            line,
            (figure_in_question(line_state(line)), line.chargeable_units),
            line.amount if line.estimated else line.penalty,
        )
        for line in lines
    )


def _noted(report: ReportRow) -> Listing:
    """What is provisioned and what the MSP charged, with the reviewer's note."""
    return _listing(
        _shown(line, (line.provisioned_units, line.noted_units), line.at_risk, line.reviewer_note)
        for line in _lines(report, LINE.c.reviewer_note.is_not(None))
    )


def _discrepancies(report: ReportRow) -> Listing:
    """What is provisioned and what the MSP charges, with its comment."""
    return _listing(
        _shown(line, (line.provisioned_units, line.chargeable_units), line.at_risk, line.comment)
        for line in _lines(report, LINE.c.discrepancy)
    )


def _unpriced(report: ReportRow) -> Listing:
    return _listing(_shown(line, (line.chargeable_units,)) for line in _lines(report, LINE.c.unit_price.is_(None)))


def _nothing(report: ReportRow) -> Listing:
    return Listing()


LISTINGS: dict[str, Callable[[ReportRow], Listing]] = {
    "opened": _idle,
    "reminder": _idle,
    TO_ADMINS: _idle,
    "reopened_by_distributor": _idle,
    "rejected": _noted,
    "auto_submitted": _charged,
    "submitted": _discrepancies,
    "endorsed": _discrepancies,
    "unpriced": _unpriced,
}


def _listing(shown: Iterable[ShownLine]) -> Listing:
    ordered = sorted(shown, key=lambda line: -line.cost)
    return Listing(tuple(ordered[:SHOWN_LINES]), len(ordered), sum((line.cost for line in ordered), Decimal(0)))


def _shown(
    line: LineRow, figures: tuple[Decimal | None, ...], cost: Decimal = Decimal(0), note: str | None = None
) -> ShownLine:
    return ShownLine(line.customer_name, line.product_name, figures, cost, note)


def _lines(report: ReportRow, condition: ColumnElement[bool]) -> list[LineRow]:
    query = (
        select(LINE)
        .where(LINE.c.report_id == report.id, condition)
        .order_by(func.lower(LINE.c.customer_name), func.lower(LINE.c.product_name), LINE.c.id)
    )
    return list(db.session.execute(query))
