"""A line's twelve months as a drawing: provisioned, used and chargeable units as steps, months without a report left
out; and the same in a sentence.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from babel import dates
from flask_babel import get_locale, gettext

from distributor.charts import Chart, Frame, Mark, Shape, Tick, Value
from distributor.formatting import cycle_name, units
from workflows.report_cycle import Cycle

WIDE = Frame(500, 128, left=6, right=54, top=14, bottom=26)
NARROW = Frame(344, 124, left=4, right=46, top=14, bottom=26)
# How far apart the figures beside the newest month stand at least.
APART = 13.0


@dataclass(frozen=True, slots=True)
class Month:
    """A cycle of the line; figures are None where the report had no such line, or did not know them."""

    cycle: Cycle
    provisioned: Decimal | None = None
    used: Decimal | None = None
    chargeable: Decimal | None = None

    @property
    def figures(self) -> tuple[Decimal | None, ...]:
        return self.provisioned, self.used, self.chargeable


def chart(months: Sequence[Month], frame: Frame = WIDE) -> Chart:
    """The months, oldest first, as steps from zero up."""
    most = max((figure for month in months for figure in month.figures if figure is not None), default=Decimal(0))
    drawn = [(name, values) for name, values in _series(months) if any(value is not None for value in values)]
    # What matters most is drawn last: where lines lie on one another it is the one that is seen.
    shapes = [Shape(_steps(frame, values, most), classes) for (_, classes), values in reversed(drawn)]
    area = Shape(_area(frame, [month.provisioned for month in months], most), "area-brand")
    return Chart(frame, words=_words(frame, months), shapes=[area, *shapes], marks=_marks(frame, drawn, most))


def shows_chargeable(months: Sequence[Month]) -> bool:
    """Whether what was charged has a line of its own: where it is neither what was provisioned nor what was used."""
    return any(
        month.chargeable is not None and month.chargeable not in (month.provisioned, month.used) for month in months
    )


def shows_used(months: Sequence[Month]) -> bool:
    """Whether the product reports used units."""
    return any(month.used is not None for month in months)


def sentence(months: Sequence[Month]) -> str:
    """What the drawing shows, for those who do not see it."""
    known = [month for month in months if month.provisioned is not None]
    if not known:
        return gettext("Nothing is known of provisioned units in these months.")
    first, last = known[0], known[-1]
    span = {"first": cycle_name(first.cycle), "last": cycle_name(last.cycle)}
    figures = {"before": units(first.provisioned), "now": units(last.provisioned)}
    if last.used is None:
        return gettext("%(first)s to %(last)s: provisioned units went from %(before)s to %(now)s.", **span, **figures)
    return gettext(
        "%(first)s to %(last)s: provisioned units went from %(before)s to %(now)s, of which %(used)s are used.",
        **span,
        **figures,
        used=units(last.used),
    )


def _series(months: Sequence[Month]) -> list[tuple[tuple[str, str], list[Value]]]:
    """Each line with its name and class, what matters most first."""
    series = [(("provisioned", "stroke-brand"), [month.provisioned for month in months])]
    if shows_chargeable(months):
        series.append((("chargeable", "stroke-due"), [month.chargeable for month in months]))
    series.append((("used", "stroke-quiet"), [month.used for month in months]))
    return [(name, list(values)) for name, values in series]


def _edges(frame: Frame, count: int) -> list[float]:
    return [frame.across(place, count) for place in range(count + 1)]


def _steps(frame: Frame, values: Sequence[Value], most: Decimal) -> str:
    """Each month's own level; neighbours are joined, a gap stays one."""
    edges, path, before = _edges(frame, len(values)), [], None
    for place, value in enumerate(values):
        if value is not None:
            y = frame.y(value, most)
            path.append(f"M{edges[place]:g} {y:g}" if before is None else f"V{y:g}")
            path.append(f"H{edges[place + 1]:g}")
        before = value
    return "".join(path)


def _area(frame: Frame, values: Sequence[Value], most: Decimal) -> str:
    edges = _edges(frame, len(values))
    return "".join(
        f"M{edges[place]:g} {frame.floor:g}V{frame.y(value, most):g}H{edges[place + 1]:g}V{frame.floor:g}Z"
        for place, value in enumerate(values)
        if value is not None
    )


def _words(frame: Frame, months: Sequence[Month]) -> list[Tick]:
    locale = get_locale() or "en"
    letters = [dates.format_date(month.cycle.first_day, "LLLLL", locale=locale) for month in months]
    return [Tick(frame.band(place, len(months)), letter) for place, letter in enumerate(letters)]


def _marks(frame: Frame, drawn: Sequence[tuple[tuple[str, str], list[Value]]], most: Decimal) -> list[Mark]:
    """A dot and the figure at the end of each line, no two figures on one another or twice."""
    tones = {"provisioned": "strong", "chargeable": "amber", "used": "quiet"}
    marks: list[Mark] = []
    places: dict[Value, float] = {}
    for (name, _), values in drawn:
        newest = values[-1]
        if newest is None or newest in places:
            continue
        y = frame.y(newest, most)
        places[newest] = _clear(y + 4, places.values())
        marks.append(Mark(frame.end, y, units(newest), tones[name], "start", frame.end + 10, places[newest]))
    return marks


def _clear(wanted: float, taken: Iterable[float]) -> float:
    at = wanted
    for other in sorted(taken):
        if abs(at - other) < APART:
            at = round(other + APART, 1)
    return at
