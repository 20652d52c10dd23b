"""From numbers to places: even axes, bars, lines with gaps, areas and steps, for the SVG that templates draw.

Everything here is arithmetic. A chart's places are in units of its viewBox, with y growing downwards as SVG has it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from math import ceil, floor, log10

Value = Decimal | int | None
Point = tuple[float, float]
Labelled = Callable[[Decimal], str]

NICE = (Decimal(1), Decimal(2), Decimal("2.5"), Decimal(5), Decimal(10))


@dataclass(frozen=True, slots=True)
class Frame:
    """A drawing's size and the room around the plot for what is written there."""

    width: float
    height: float
    left: float = 44
    right: float = 12
    top: float = 16
    bottom: float = 26

    @property
    def floor(self) -> float:
        return self.height - self.bottom

    @property
    def end(self) -> float:
        return self.width - self.right

    def y(self, value: Value, most: Decimal) -> float:
        """The height of `value` where `most` stands at the top; both ends of the plot are its limits."""
        share = float(Decimal(value or 0) / most) if most else 0.0
        return round(self.floor - (self.floor - self.top) * min(max(share, 0.0), 1.0), 1)

    def across(self, place: float, last: float) -> float:
        """The x of step `place` of 0 to `last`, from edge to edge of the plot."""
        share = place / last if last else 0.5
        return round(self.left + (self.end - self.left) * share, 1)

    def band(self, place: int, count: int) -> float:
        """The middle of column `place` of `count`."""
        return round(self.left + (self.end - self.left) * (place + 0.5) / count, 1)


@dataclass(frozen=True, slots=True)
class Tick:
    """A line of the grid, or a word below it: where it stands and what is written; `anchor` is SVG's text-anchor."""

    at: float
    label: str
    anchor: str = "middle"


@dataclass(frozen=True, slots=True)
class Bar:
    """A part of a column; `fill` is one of the fill-* classes."""

    x: float
    y: float
    width: float
    height: float
    fill: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A point with words beside it; `tone` is the class of both."""

    x: float
    y: float
    label: str = ""
    tone: str = ""
    anchor: str = "start"
    label_x: float = 0
    label_y: float = 0


@dataclass(frozen=True, slots=True)
class Shape:
    """A path and the class it is drawn with."""

    path: str
    classes: str


@dataclass(frozen=True, slots=True)
class Chart:
    """What a template draws, from back to front."""

    frame: Frame
    rows: list[Tick] = field(default_factory=list)
    words: list[Tick] = field(default_factory=list)
    shapes: list[Shape] = field(default_factory=list)
    bars: list[Bar] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    now: float | None = None


def steps_to(most: Value, wanted: int = 5, *, whole: bool = False) -> list[Decimal]:
    """Even steps from 0 to at least `most`, about `wanted` of them: 0, 10, 20 …; `whole` allows no fractions.

    Nothing to show still has an axis: 0 and 1.
    """
    top = Decimal(most or 0)
    if top <= 0:
        return [Decimal(0), Decimal(1)]
    rough = top / wanted
    scale = Decimal(10) ** floor(log10(rough))
    even = (each * scale for each in NICE if each * scale >= rough)
    step = next((each for each in even if not whole or each == each.to_integral_value()), Decimal(1))
    return [step * number for number in range(ceil(top / step) + 1)]


def grid(frame: Frame, values: Sequence[Decimal], label: Labelled) -> list[Tick]:
    """The horizontal lines of an axis, the lowest first."""
    return [Tick(frame.y(value, values[-1]), label(value), "end") for value in values]


def thinned(count: int, most: int) -> list[int]:
    """Which of `count` places are named so that at most `most` are: every n-th, counted from the newest."""
    each = max(1, ceil(count / most))
    return [place for place in range(count) if (count - 1 - place) % each == 0]


def stacked(
    frame: Frame, columns: Sequence[Sequence[tuple[Value, str]]], most: Decimal, share: float = 0.5
) -> list[Bar]:
    """Columns of parts (value, fill), the first at the bottom; `share` is how much of its band a column fills."""
    width = round((frame.end - frame.left) / max(len(columns), 1) * share, 1)
    return [
        bar
        for place, parts in enumerate(columns)
        for bar in _column(frame, round(frame.band(place, len(columns)) - width / 2, 1), width, parts, most)
    ]


def _column(frame: Frame, x: float, width: float, parts: Sequence[tuple[Value, str]], most: Decimal) -> list[Bar]:
    bars: list[Bar] = []
    below = Decimal(0)
    for value, fill in parts:
        foot, head = frame.y(below, most), frame.y(below + Decimal(value or 0), most)
        # Parts stand a little apart, so that they are told apart without colour.
        gap = 2 if bars else 0
        if foot - head > gap:
            bars.append(Bar(x, head, width, round(foot - head - gap, 1), fill))
        below += Decimal(value or 0)
    return bars


def line(points: Sequence[Point | None]) -> str:
    """A path through the points; None is a gap. A point alone between gaps becomes a dot."""
    path: list[str] = []
    for place, point in enumerate(points):
        if point is None:
            continue
        before = points[place - 1] if place else None
        after = points[place + 1] if place + 1 < len(points) else None
        path.append(f"{'L' if before else 'M'}{_at(point)}{'' if before or after else 'h0'}")
    return "".join(path)


def runs(points: Sequence[Point | None]) -> list[list[Point]]:
    """The stretches without a gap, those of a single point left out."""
    found: list[list[Point]] = [[]]
    for point in points:
        if point is None:
            found.append([])
        else:
            found[-1].append(point)
    return [run for run in found if len(run) > 1]


def area(upper: Sequence[Point], lower: Sequence[Point]) -> str:
    """The closed path between two lines over the same places."""
    return f"M{'L'.join(map(_at, upper))}L{'L'.join(map(_at, reversed(lower)))}Z" if upper else ""


def stairs(points: Sequence[Point]) -> str:
    """A line that stays level and then rises at once: at each point it has just reached that height."""
    if not points:
        return ""
    return f"M{_at(points[0])}" + "".join(f"H{x:g}V{y:g}" for x, y in points[1:])


def spark(values: Sequence[Value], width: float = 96, height: float = 24, pad: float = 3) -> Chart:
    """A line without axes, from its lowest to its highest value, with a dot on the newest known one."""
    known = [Decimal(value) for value in values if value is not None]
    low, high = min(known, default=Decimal(0)), max(known, default=Decimal(0))
    frame = Frame(width, height, pad, pad, pad, pad)
    points = [
        None if value is None else (frame.across(place, len(values) - 1), _between(frame, Decimal(value), low, high))
        for place, value in enumerate(values)
    ]
    newest = next((point for point in reversed(points) if point), None)
    return Chart(frame, shapes=[Shape(line(points), "stroke-brand")], marks=[Mark(*newest)] if newest else [])


def _between(frame: Frame, value: Decimal, low: Decimal, high: Decimal) -> float:
    share = float((value - low) / (high - low)) if high != low else 0.5
    return round(frame.floor - (frame.floor - frame.top) * share, 1)


def _at(point: Point) -> str:
    return f"{point[0]:g} {point[1]:g}"
