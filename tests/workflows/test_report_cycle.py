"""Cycles, their bounds and the instant at which reports open."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.errors import InvalidCycle, InvalidTerms
from workflows.report_cycle import Cycle, OpeningTerms, bounds, newest_cycle_due, opens_at, zone

OCTOBER = Cycle(2026, 10)

cycles = st.builds(Cycle, st.integers(2001, 2198), st.integers(1, 12))
closing_days = st.none() | st.integers(1, 28)
zones = st.sampled_from(
    ["UTC", "Europe/Dublin", "Pacific/Auckland", "America/Santiago", "Asia/Beirut", "America/Havana"]
)

instants = st.integers(1_104_537_600, 6_942_758_400).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


def terms(**changes: Any) -> OpeningTerms:
    usual = {
        "closing_day": None,
        "opens_on_day": 20,
        "opens_days_after_end": None,
        "time_zone": "Europe/Dublin",
    }
    return OpeningTerms(**usual | changes)


all_terms = st.builds(terms, closing_day=closing_days, opens_on_day=st.integers(1, 31), time_zone=zones) | st.builds(
    terms,
    closing_day=closing_days,
    opens_on_day=st.none(),
    opens_days_after_end=st.integers(0, 60),
    time_zone=zones,
)


def test_a_cycle_reads_and_writes_itself() -> None:
    assert Cycle.parse("2026-10") == OCTOBER
    assert str(Cycle(2026, 3)) == "2026-03"
    assert OCTOBER.first_day == date(2026, 10, 1)
    assert Cycle.from_date(date(2026, 10, 31)) == OCTOBER


@pytest.mark.parametrize(
    "text",
    ["2026-13", "2026-00", "1999-12", "2200-01", "2026-1", "26-10", "2026/10", "2026-10-01", " 2026-10",
     "2026-10\n", "", "٢٠٢٦-10", "2026-1٠", "x" * 1_000_000],
)  # fmt: skip
def test_what_is_no_cycle_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InvalidCycle, match="for example 2026-10") as caught:
        Cycle.parse(text)
    assert caught.value.field == "cycle"
    assert len(caught.value.message) < 200


def test_a_long_word_that_is_no_cycle_is_quoted_by_its_beginning() -> None:
    with pytest.raises(InvalidCycle, match=f"^“{'Q' * 40}” is"):
        Cycle.parse("Q" * 500)


def test_cycles_follow_each_other_over_the_year() -> None:
    assert Cycle(2026, 12).next() == Cycle(2027, 1)
    assert Cycle(2027, 1).previous() == Cycle(2026, 12)
    assert Cycle(2026, 12) < Cycle(2027, 1)
    with pytest.raises(InvalidCycle):
        Cycle(2199, 12).next()


def test_the_first_and_the_last_cycle_are_some_and_their_neighbours_are_none() -> None:
    assert (str(Cycle(2000, 1)), str(Cycle(2199, 12))) == ("2000-01", "2199-12")
    for year, month in ((1999, 12), (2200, 1)):
        with pytest.raises(InvalidCycle):
            Cycle(year, month)


@given(cycles)
def test_the_cycle_before_the_next_one_is_the_same(cycle: Cycle) -> None:
    assert cycle.next().previous() == cycle == Cycle.parse(str(cycle)) == Cycle.from_date(cycle.first_day)


@pytest.mark.parametrize(
    ("cycle", "closing_day", "starts_on", "ends_on"),
    [
        ("2026-10", None, "2026-10-01", "2026-10-31"),
        ("2026-10", 15, "2026-09-16", "2026-10-15"),
        ("2026-01", 28, "2025-12-29", "2026-01-28"),
        ("2026-03", 28, "2026-03-01", "2026-03-28"),
        ("2028-03", 28, "2028-02-29", "2028-03-28"),
        ("2028-02", None, "2028-02-01", "2028-02-29"),
        ("2026-10", 1, "2026-09-02", "2026-10-01"),
    ],
)
def test_a_closing_day_moves_the_bounds(cycle: str, closing_day: int | None, starts_on: str, ends_on: str) -> None:
    expected = (date.fromisoformat(starts_on), date.fromisoformat(ends_on))
    assert bounds(Cycle.parse(cycle), closing_day) == expected


@given(cycles, closing_days)
def test_cycles_leave_no_day_out_and_count_none_twice(cycle: Cycle, closing_day: int | None) -> None:
    assert bounds(cycle, closing_day)[1] + timedelta(days=1) == bounds(cycle.next(), closing_day)[0]


@pytest.mark.parametrize(
    ("field", "value"),
    [("closing_day", 0), ("closing_day", 31), ("opens_on_day", 0), ("opens_on_day", 32),
     ("opens_days_after_end", -1), ("opens_days_after_end", 61), ("time_zone", "Mars/Olympus"), ("opens_on_day", None)],
)  # fmt: skip
def test_terms_that_make_no_sense_are_refused_by_field(field: str, value: object) -> None:
    with pytest.raises(InvalidTerms) as caught:
        terms(**{field: value})
    assert caught.value.field == field


@pytest.mark.parametrize(("days", "opening"), [(0, "2026-10-31"), (60, "2026-12-30")])
def test_a_report_may_open_up_to_sixty_days_after_the_end_of_its_cycle(days: int, opening: str) -> None:
    after = terms(opens_on_day=None, opens_days_after_end=days)
    assert opens_at(OCTOBER, after) == datetime.fromisoformat(opening).replace(tzinfo=UTC)


def test_both_ways_of_opening_at_once_are_refused() -> None:
    with pytest.raises(InvalidTerms, match="either"):
        terms(opens_on_day=20, opens_days_after_end=1)


@pytest.mark.parametrize("closing_day", [0, 29, 31])
def test_bounds_refuse_a_closing_day_that_not_every_month_has(closing_day: int) -> None:
    with pytest.raises(InvalidTerms, match="1 to 28"):
        bounds(OCTOBER, closing_day)


@pytest.mark.parametrize(
    ("cycle", "changes", "instant"),
    [
        ("2026-10", {}, "2026-10-19T23:00"),
        ("2026-12", {}, "2026-12-20T00:00"),
        ("2027-02", {"opens_on_day": 31}, "2027-02-28T00:00"),
        ("2026-10", {"closing_day": 15, "opens_on_day": None, "opens_days_after_end": 1}, "2026-10-15T23:00"),
        ("2026-10", {"opens_on_day": None, "opens_days_after_end": 1, "time_zone": "Pacific/Auckland"},
         "2026-10-31T11:00"),
        ("2026-09", {"opens_on_day": 6, "time_zone": "America/Santiago"}, "2026-09-06T04:00"),
    ],
)  # fmt: skip
def test_a_report_opens_at_local_midnight_of_its_opening_day(cycle: str, changes: dict[str, Any], instant: str) -> None:
    assert opens_at(Cycle.parse(cycle), terms(**changes)) == datetime.fromisoformat(instant).replace(tzinfo=UTC)


def test_the_newest_cycle_is_due_from_its_opening_instant_on() -> None:
    opening = opens_at(OCTOBER, terms())
    assert newest_cycle_due(opening, terms()) == OCTOBER
    assert newest_cycle_due(opening - timedelta(microseconds=1), terms()) == Cycle(2026, 9)


@given(instants, all_terms)
def test_the_newest_cycle_has_opened_and_its_successor_has_not(at: datetime, account: OpeningTerms) -> None:
    cycle = newest_cycle_due(at, account)
    assert opens_at(cycle, account) <= at < opens_at(cycle.next(), account)


@pytest.mark.parametrize(
    "name",
    ["localtime", "Factory", "Europe/Dublinn", "europe/dublin", "", "../etc/passwd", "/etc/localtime",
     "posixrules", "Europe", "Europe/Dublin\0"],
)  # fmt: skip
def test_what_is_no_time_zone_is_refused_with_an_example(name: str) -> None:
    with pytest.raises(InvalidTerms, match="Europe/Dublin") as caught:
        zone(name)
    assert caught.value.field == "time_zone"


def test_a_long_name_of_no_time_zone_is_quoted_by_its_beginning() -> None:
    with pytest.raises(InvalidTerms, match=f"^“{'Q' * 60}” is"):
        zone("Q" * 500)


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        newest_cycle_due(datetime(2026, 10, 20, tzinfo=UTC).replace(tzinfo=None), terms())
