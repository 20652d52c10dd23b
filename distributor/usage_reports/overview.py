"""How far a cycle is, for the distributor: reports by status, submissions by day, money, what submits itself next."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Date, Row, Select, cast, func, literal, null, select, text, union_all
from sqlalchemy.sql.elements import ColumnElement

from distributor.database import db
from distributor.usage_reports.idle_costs import idle_costs
from distributor.usage_reports.queries import ACCOUNT, LINE, MSP, REPORT, WITH_ACCOUNT
from distributor.usage_reports.viewing import unopened
from workflows.usage_report import EDITABLE, Status

SUBMITTED = (Status.UNDER_REVIEW, Status.REJECTED, Status.APPROVED)
DECIDED = (Status.REJECTED, Status.APPROVED)
LARGEST = 8
# The largest lines are looked for in the reports with most at risk: no line is worth more than its report.
REPORTS_SEARCHED = 300
OF_LINE = (
    "id", "uid", "customer_name", "product_name", "provisioned_units", "chargeable_units", "declared_units",
    "penalised", "at_risk", "minor_unit",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Day:
    """What one local day brought: reports submitted by `kind`, and how many fell `due`."""

    day: date
    kinds: Counter[str]
    due: int


@dataclass(frozen=True, slots=True)
class CycleFigures:
    """A cycle in numbers. `totals`: rows of (cycle, status, currency, number, amount, at_risk) for it and the one
    before; `days`: in order; `zone`: the time zone of most of its accounts; `newest`, `oldest`: cycles with reports.
    """

    cycle: date | None
    newest: date | None
    oldest: date | None
    opened_at: datetime | None
    zone: str
    totals: list[Row[Any]]
    days: list[Day]

    def _these(self) -> list[Row[Any]]:
        return [row for row in self.totals if row.cycle == self.cycle]

    @property
    def number(self) -> int:
        return self.of()

    def of(self, *statuses: Status) -> int:
        """How many reports of the cycle have one of the statuses; without any given, how many there are."""
        return sum(row.number for row in self._these() if not statuses or row.status in statuses)

    def money(self, currency: str, *statuses: Status, column: str = "amount") -> Decimal:
        """What those reports come to in one currency."""
        rows = (row for row in self._these() if row.currency == currency and (not statuses or row.status in statuses))
        return sum((getattr(row, column) for row in rows), Decimal(0))

    def before(self, currency: str) -> Decimal:
        """What the cycle before came to in one currency."""
        earlier = (row.amount for row in self.totals if row.cycle != self.cycle and row.currency == currency)
        return sum(earlier, Decimal(0))

    @property
    def currencies(self) -> list[str]:
        """The currencies of its reports, the most used first."""
        used: Counter[str] = Counter()
        for row in self._these():
            used[row.currency] += row.number
        return [currency for currency, _ in sorted(used.items(), key=lambda each: (-each[1], each[0]))]

    @property
    def submitted(self) -> int:
        return self.of(*SUBMITTED)

    @property
    def decided(self) -> int:
        return self.of(*DECIDED)


def cycle_figures(distributor_id: int, cycle: date | None) -> CycleFigures:
    """The numbers of `cycle`, by default of the newest that has reports; one query."""
    rows = db.session.execute(_figures(distributor_id, cycle)).all()
    ends = {row.part: row.cycle for row in rows if row.part in {"newest", "oldest"}}
    shown = cycle or ends["newest"]
    totals = [row for row in rows if row.part == "totals"]
    these = [row for row in totals if row.cycle == shown]
    largest = max(these, key=lambda row: row.number, default=None)
    return CycleFigures(
        cycle=shown,
        newest=ends["newest"],
        oldest=ends["oldest"],
        opened_at=min((row.opened_at for row in these), default=None),
        zone=largest.zone if largest else "UTC",
        totals=totals,
        days=_days(row for row in rows if row.part in {"submitted", "due"}),
    )


def _figures(distributor_id: int, cycle: date | None) -> Any:
    own = REPORT.c.distributor_id == distributor_id
    newest = select(func.max(REPORT.c.cycle)).where(own).scalar_subquery()
    oldest = select(func.min(REPORT.c.cycle)).where(own).scalar_subquery()
    shown = newest if cycle is None else literal(cycle, Date)
    before = cast(shown - text("interval '1 month'"), Date)
    return union_all(
        _totals(own, REPORT.c.cycle.in_([shown, before])),
        _by_day("submitted", REPORT.c.submitted_at, own, REPORT.c.cycle == shown, REPORT.c.status.in_(SUBMITTED)),
        _by_day("due", REPORT.c.due_at, own, REPORT.c.cycle == shown),
        _end("newest", newest),
        _end("oldest", oldest),
    )


def _totals(*conditions: ColumnElement[bool]) -> Select[Any]:
    return (
        select(
            literal("totals").label("part"),
            REPORT.c.cycle,
            REPORT.c.status,
            REPORT.c.currency,
            null().label("day"),
            func.count().label("number"),
            func.sum(REPORT.c.amount).label("amount"),
            func.sum(REPORT.c.at_risk).label("at_risk"),
            func.min(REPORT.c.opened_at).label("opened_at"),
            func.mode().within_group(REPORT.c.time_zone).label("zone"),
        )
        .where(*conditions)
        .group_by(REPORT.c.cycle, REPORT.c.status, REPORT.c.currency)
    )


def _by_day(part: str, instant: ColumnElement[Any], *conditions: ColumnElement[bool]) -> Select[Any]:
    """Reports per local day of the account; the kind of submission stands where totals have the status."""
    day = cast(func.timezone(REPORT.c.time_zone, instant), Date)
    kind = REPORT.c.submission_kind if part == "submitted" else literal("")
    return (
        select(literal(part), null(), kind, null(), day, func.count(), null(), null(), null(), null())
        .where(*conditions)
        .group_by(kind, day)
    )


def _end(part: str, cycle: Any) -> Select[Any]:
    return select(literal(part), cycle, *(null() for _ in range(8)))


def _days(rows: Iterable[Row[Any]]) -> list[Day]:
    kinds: dict[date, Counter[str]] = defaultdict(Counter)
    due: Counter[date] = Counter()
    for row in rows:
        if row.part == "due":
            due[row.day] += row.number
        else:
            kinds[row.day][row.status] += row.number
    return [Day(day, kinds[day], due[day]) for day in sorted({*kinds, *due})]


def waiting(distributor_id: int, cycle: date) -> list[Row[Any]]:
    """The cycle's reports that MSPs still hold, the next to submit itself first, then by money: of each `unexplained`
    lines, `missing` figures, and the `penalty` of doing nothing.
    """
    of_cycle = (REPORT.c.distributor_id == distributor_id, REPORT.c.cycle == cycle)
    costs = idle_costs(*of_cycle)
    penalty = func.coalesce(costs.c.penalty, 0)
    query = (
        select(
            REPORT.c.id,
            REPORT.c.uid,
            REPORT.c.status,
            REPORT.c.due_at,
            REPORT.c.time_zone,
            REPORT.c.currency,
            REPORT.c.minor_unit,
            REPORT.c.amount,
            REPORT.c.msp_id,
            MSP.c.name.label("msp_name"),
            ACCOUNT.c.number.label("account_number"),
            func.coalesce(costs.c.unexplained, 0).label("unexplained"),
            func.coalesce(costs.c.missing, 0).label("missing"),
            penalty.label("penalty"),
            unopened().label("unopened"),
        )
        .select_from(WITH_ACCOUNT.outerjoin(costs, costs.c.report_id == REPORT.c.id))
        .where(*of_cycle, REPORT.c.status.in_(EDITABLE))
        .order_by(REPORT.c.due_at, penalty.desc(), ACCOUNT.c.number)
    )
    return list(db.session.execute(query))


@dataclass(frozen=True, slots=True)
class Group:
    """Reports that are not shown by name: how many, their open lines, and the cost of doing nothing per currency."""

    number: int
    open_lines: int
    penalties: dict[str, Decimal]


@dataclass(frozen=True, slots=True)
class Moment:
    """Reports that submit themselves at one instant: the first of them, and the others together."""

    due_at: datetime
    zone: str
    reports: Sequence[Row[Any]]
    others: Group


def group(rows: Sequence[Row[Any]]) -> Group:
    """Many reports as one."""
    return Group(len(rows), sum(row.unexplained + row.missing for row in rows), penalties(rows))


def moments(rows: Sequence[Row[Any]], shown: int) -> tuple[list[Moment], Group]:
    """Reports by the instant at which they submit themselves, about `shown` of them by name; and all later ones."""
    by_instant: dict[datetime, list[Row[Any]]] = defaultdict(list)
    for row in rows:
        by_instant[row.due_at].append(row)
    found: list[Moment] = []
    seen = 0
    for due_at, together in by_instant.items():
        if shown <= 0:
            break
        found.append(Moment(due_at, together[0].time_zone, together[:shown], group(together[shown:])))
        seen += len(together)
        shown -= min(len(together), shown)
    return found, group(rows[seen:])


def penalties(rows: Iterable[Row[Any]]) -> dict[str, Decimal]:
    """What doing nothing would cost these reports, per currency."""
    found: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        found[row.currency] += row.penalty
    return dict(found)


def largest_differences(distributor_id: int, cycle: date, currency: str) -> list[Row[Any]]:
    """The lines under review with most money at risk, largest first, with `report_uid` and `msp_name`."""
    searched = (
        select(REPORT.c.id, REPORT.c.uid, REPORT.c.msp_id)
        .where(
            REPORT.c.distributor_id == distributor_id,
            REPORT.c.status == Status.UNDER_REVIEW,
            REPORT.c.at_risk > 0,
            REPORT.c.cycle == cycle,
            REPORT.c.currency == currency,
        )
        .order_by(REPORT.c.at_risk.desc(), REPORT.c.id.desc())
        .limit(REPORTS_SEARCHED)
        .subquery()
    )
    largest = (
        select(*(LINE.c[name] for name in OF_LINE))
        .where(LINE.c.report_id == searched.c.id, LINE.c.at_risk > 0)
        .order_by(LINE.c.at_risk.desc(), LINE.c.id)
        .limit(LARGEST)
        .lateral()
    )
    query = (
        select(*largest.c, searched.c.uid.label("report_uid"), MSP.c.name.label("msp_name"))
        .select_from(searched.join(largest, literal(value=True)).join(MSP, MSP.c.id == searched.c.msp_id))
        .order_by(largest.c.at_risk.desc(), largest.c.id)
        .limit(LARGEST)
    )
    return list(db.session.execute(query))
