"""Amounts per cycle as a drawing for each currency: a column per month, a part per distributor, penalties as dots."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from flask_babel import gettext, ngettext

from distributor import charts
from distributor.charts import Chart, Frame, Mark, Tick
from distributor.formatting import compact, cycle_name, money, short_month
from distributor.usage_reports.index_page import Entry
from workflows.report_cycle import Cycle
from workflows.usage_report import Status

WIDE = Frame(1140, 186, left=44, right=4, top=26, bottom=28)
NARROW = Frame(340, 200, left=36, right=4, top=24, bottom=28)
FILLS = ("fill-brand", "fill-teal", "fill-violet")
REST = "fill-quiet"
FEWEST_CYCLES = 2


@dataclass(slots=True)
class Column:
    """A cycle: what its reports come to by distributor, apart from those still preparing, and its penalties."""

    cycle: Cycle
    settled: dict[str, Decimal]
    preparing: dict[str, Decimal]
    penalty: Decimal = Decimal(0)

    @property
    def total(self) -> Decimal:
        return sum([*self.settled.values(), *self.preparing.values()], Decimal(0))


@dataclass(frozen=True, slots=True)
class Amounts:
    """The drawing of one currency; `names` are its distributors with their fills."""

    currency: str
    wide: Chart
    narrow: Chart
    label: str
    names: list[tuple[str, str]]
    columns: list[Column]

    @property
    def has_preparing(self) -> bool:
        return any(column.preparing for column in self.columns)

    @property
    def has_penalty(self) -> bool:
        return any(column.penalty for column in self.columns)


def amounts(found: Sequence[Entry], first: Cycle, last: Cycle) -> list[Amounts]:
    """A drawing for each currency with reports of several cycles, the most used currency first."""
    by_currency: dict[str, list[Entry]] = defaultdict(list)
    for entry in found:
        by_currency[entry.report.currency].append(entry)
    ordered = sorted(by_currency.items(), key=lambda each: (-len(each[1]), each[0]))
    return [
        _drawn(currency, some, _cycles(first, last))
        for currency, some in ordered
        if len({entry.report.cycle for entry in some}) >= FEWEST_CYCLES
    ]


def _cycles(first: Cycle, last: Cycle) -> list[Cycle]:
    found = [first]
    while found[-1] < last:
        found.append(found[-1].next())
    return found


def _drawn(currency: str, found: Sequence[Entry], cycles: Sequence[Cycle]) -> Amounts:
    columns = _columns(found, cycles)
    totals: dict[str, Decimal] = defaultdict(Decimal)
    for entry in found:
        totals[entry.report.distributor_name] += entry.report.amount
    ordered = sorted(totals, key=lambda name: (-totals[name], name))
    fills = {name: FILLS[place] if place < len(FILLS) else REST for place, name in enumerate(ordered)}
    return Amounts(
        currency,
        _chart(WIDE, columns, fills, len(columns), currency),
        _chart(NARROW, columns, fills, 4, currency),
        _label(columns, currency),
        list(fills.items()),
        [column for column in columns if column.total],
    )


def _columns(found: Iterable[Entry], cycles: Sequence[Cycle]) -> list[Column]:
    columns = {cycle: Column(cycle, defaultdict(Decimal), defaultdict(Decimal)) for cycle in cycles}
    for entry in found:
        report = entry.report
        column = columns.get(Cycle.from_date(report.cycle))
        if column is None:
            continue
        parts = column.preparing if report.status == Status.MSP_PREPARING else column.settled
        parts[report.distributor_name] += report.amount
        column.penalty += report.penalty
    return list(columns.values())


def _chart(frame: Frame, columns: Sequence[Column], fills: dict[str, str], words: int, currency: str) -> Chart:
    values = charts.steps_to(max(column.total for column in columns))
    parts = [_parts(column, fills) for column in columns]
    return Chart(
        frame,
        rows=charts.grid(frame, values, compact),
        words=_months(frame, columns, words),
        bars=charts.stacked(frame, parts, values[-1], 0.48),
        marks=_penalties(frame, columns, values[-1], currency),
    )


def _parts(column: Column, fills: dict[str, str]) -> list[tuple[Decimal, str]]:
    settled = [(column.settled[name], fill) for name, fill in fills.items() if name in column.settled]
    preparing = [(column.preparing[name], f"{fill}-soft") for name, fill in fills.items() if name in column.preparing]
    return settled + preparing


def _months(frame: Frame, columns: Sequence[Column], most: int) -> list[Tick]:
    named = charts.thinned(len(columns), most)
    return [
        Tick(
            frame.band(place, len(columns)),
            short_month(columns[place].cycle, place == named[0] or columns[place].cycle.month == 1),
        )
        for place in named
    ]


def _penalties(frame: Frame, columns: Sequence[Column], most: Decimal, currency: str) -> list[Mark]:
    """A dot above each cycle with a penalty; words beside it where columns leave room for them."""
    room = (frame.end - frame.left) / len(columns)
    marks = []
    for place, column in enumerate(columns):
        if column.penalty:
            x, y = frame.band(place, len(columns)), frame.y(column.total, most) - 9
            words = f"+ {money(column.penalty, currency)}" if room > 60 else ""
            marks.append(Mark(x, y, words, "amber", "start", x + 9, y + 4))
    return marks


def _label(columns: Sequence[Column], currency: str) -> str:
    known = [column for column in columns if column.total]
    said = gettext(
        "Amount per cycle in %(currency)s, from %(first)s with %(low)s to %(last)s with %(high)s.",
        currency=currency,
        first=cycle_name(known[0].cycle) if known else "–",
        low=money(known[0].total, currency) if known else "–",
        last=cycle_name(known[-1].cycle) if known else "–",
        high=money(known[-1].total, currency) if known else "–",
    )
    penalised = sum(column.penalty > 0 for column in columns)
    if not penalised:
        return said
    more = ngettext("%(num)s cycle has penalties.", "%(num)s cycles have penalties.", penalised)
    return gettext("%(amounts)s %(penalties)s", amounts=said, penalties=more)
