"""The whole of a trend as a drawing: a line over two years with its gaps, and what it says in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from flask_babel import gettext

from distributor import charts
from distributor.charts import Chart, Frame, Mark, Point, Shape, Tick
from distributor.formatting import compact, currency_symbol, cycle_name, money, short_month, units
from distributor.usage_reports.trends import Total, Wanted

WIDE = Frame(1140, 220, left=48, right=40, top=24, bottom=28)
NARROW = Frame(340, 200, left=40, right=12, top=24, bottom=28)
# Words this near to the right edge are written to the left of their point.
EDGE = 80


@dataclass(frozen=True, slots=True)
class Drawing:
    """The drawing for wide pages and for phones, its words, and the months that are left out of it."""

    wide: Chart
    narrow: Chart
    label: str
    gaps: list[str]


def drawn(wanted: Wanted, total: Total) -> Drawing:
    """The line of one scale."""
    return Drawing(
        wide=_chart(WIDE, wanted, total, 8),
        narrow=_chart(NARROW, wanted, total, 3),
        label=_label(wanted, total),
        gaps=_gaps(wanted, total),
    )


def measures() -> dict[str, str]:
    """What can be looked at, in words."""
    return {"amount": gettext("Amount"), "units": gettext("Units"), "not_charged": gettext("Not charged")}


def figure(wanted: Wanted, scale: str, value: Decimal | None) -> str:
    """A figure as its measure is written; "–" for an unknown one."""
    return units(value) if wanted.measure == "units" else money(value, scale)


def _chart(frame: Frame, wanted: Wanted, total: Total, words: int) -> Chart:
    last = len(total.values) - 1
    axis = charts.steps_to(max((value for value in total.values if value is not None), default=0))
    points = [
        None if value is None else (frame.across(place, last), frame.y(value, axis[-1]))
        for place, value in enumerate(total.values)
    ]
    areas = [charts.area(run, [(x, frame.floor) for x, _ in run]) for run in charts.runs(points)]
    return Chart(
        frame,
        rows=charts.grid(frame, axis, compact),
        words=_months(frame, wanted, words),
        shapes=[*(Shape(area, "area-brand") for area in areas), Shape(charts.line(points), "stroke-brand")],
        marks=_ends(frame, wanted, total, points),
    )


def _months(frame: Frame, wanted: Wanted, most: int) -> list[Tick]:
    months = wanted.months
    last = len(months) - 1
    return [
        Tick(frame.across(place, last), short_month(months[place], True), "end" if place == last else "middle")
        for place in charts.thinned(len(months), most)
    ]


def _ends(frame: Frame, wanted: Wanted, total: Total, points: Sequence[Point | None]) -> list[Mark]:
    """The first and the newest known figure, in words."""
    known = [place for place, point in enumerate(points) if point]
    marks = []
    for place in dict.fromkeys([*known[:1], *known[-1:]]):
        x, y = points[place] or (0.0, 0.0)
        at_edge = x > frame.end - EDGE
        words = figure(wanted, total.scale, total.values[place])
        marks.append(Mark(x, y, words, "strong", "end" if at_edge else "start", x + 2 if at_edge else x - 2, y - 11))
    return marks


def _gaps(wanted: Wanted, total: Total) -> list[str]:
    """Months that have reports and are no part of the line, as a figure is missing."""
    known = [place for place, value in enumerate(total.values) if value is not None]
    start = known[0] if known else 0
    return [
        cycle_name(month)
        for place, month in enumerate(wanted.months)
        if place >= start and total.reported[place] and total.values[place] is None
    ]


def _label(wanted: Wanted, total: Total) -> str:
    known = [(month, value) for month, value in zip(wanted.months, total.values, strict=True) if value is not None]
    what = measures()[wanted.measure]
    scale = total.scale if wanted.measure == "units" else currency_symbol(total.scale)
    if not known:
        return gettext("%(measure)s (%(scale)s): no figure is known.", measure=what, scale=scale)
    return gettext(
        "%(measure)s (%(scale)s) by month, from %(low)s in %(first)s to %(high)s in %(last)s.",
        measure=what,
        scale=scale,
        low=figure(wanted, total.scale, known[0][1]),
        first=cycle_name(known[0][0]),
        high=figure(wanted, total.scale, known[-1][1]),
        last=cycle_name(known[-1][0]),
    )
