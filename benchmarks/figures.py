"""What was measured, beside what it should at least be and the goal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median, quantiles


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table. `value` in `unit` is judged; `ours` and `floor` say what a ratio was made of."""

    work: str
    value: float
    unit: str
    at_least: float
    goal: float
    ours: str = ""
    floor: str = ""

    @property
    def verdict(self) -> str:
        """goal, met or missed; whether more or less is better follows from the two columns."""
        sign = 1 if self.goal > self.at_least else -1
        if sign * self.value >= sign * self.goal:
            return "goal"
        return "met" if sign * self.value >= sign * self.at_least else "missed"


@dataclass(frozen=True, slots=True)
class Round:
    """One round of the same work: by the service and by the floor, in things per second."""

    ours: float
    floor: float


def share(work: str, rounds: Sequence[Round], at_least: float, goal: float, thing: str) -> Figure:
    """The service's rate as a share of the floor's: medians over the rounds."""
    ours, floor = median(r.ours for r in rounds), median(r.floor for r in rounds)
    return Figure(work, ours / floor, "×", at_least, goal, f"{ours:,.0f} {thing}/s", f"{floor:,.0f} {thing}/s")


def multiple(work: str, ours: Sequence[float], floor: Sequence[float], at_least: float, goal: float) -> Figure:
    """The service's time as a multiple of the floor's: medians over the rounds, in seconds."""
    mine, least = median(ours), median(floor)
    return Figure(work, mine / least, "×", at_least, goal, milliseconds(mine), milliseconds(least))


def milliseconds(seconds: float) -> str:
    """0.01234 as "12.3 ms"."""
    return f"{seconds * 1000:,.1f} ms"


def percentile(values: Sequence[float], percent: int) -> float:
    """The value that `percent` % of the values do not exceed."""
    return quantiles(values, n=100, method="inclusive")[percent - 1] if len(values) > 1 else values[0]
