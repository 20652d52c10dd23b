"""What a life is made of: what is agreed, delivered and typed, who asks for what, and when."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from tests.proof.stage import PEOPLE
from tests.proof.things import FROM, MAY, Usage

START = datetime(2026, 10, 20, 9, tzinfo=UTC)
FIRST = date(2026, 10, 1)
FED = {"F-USED": "2.85", "F-CENTS": "0.335", "F-PLAIN": "1.005"}
HAND = {"HAND-1": "4.125", "HAND-2": "7"}

units = st.integers(0, 12).map(Decimal)
words = st.sampled_from([None, None, "a trial", "agreed"])
# What agrees is as frequent as what differs.
counted = st.builds(Usage, units, st.none()) | st.builds(Usage, units, units)
deliveries = st.dictionaries(st.sampled_from(sorted(FED)), counted, max_size=3)
agreements = st.fixed_dictionaries({
    "tolerance_units": st.sampled_from([0, 2]), "tolerance_percent": st.sampled_from([0, 20]),
    "corrections_allowed": st.booleans(), "uplift_percent": st.sampled_from([0, 10]),
    "auto_approve_max_change_percent": st.sampled_from([None, 50, 1000]),
})  # fmt: skip
typed = st.lists(st.tuples(units, words), min_size=1, max_size=5)
which = st.integers(0, 5)
seen = st.sampled_from(["now"] * 8 + ["stale", "unchecked"])
reasons = st.sampled_from(["Because"] * 5 + ["  "])

Drafts = dict[str, tuple[Decimal | None, str | None]]
Drafted = Sequence[tuple[Decimal | None, str | None]]


def possible(step: str) -> Callable[[Any], bool]:
    """Whether some report stands where the step starts."""
    return lambda life: any(report.status in FROM[step] for report in life.model.reports.values())


def people(step: str) -> st.SearchStrategy[str]:
    """Mostly who may, sometimes anybody."""
    right = sorted(MAY[step])
    return st.sampled_from(right * (18 // len(right)) + list(PEOPLE))
