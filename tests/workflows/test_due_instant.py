"""When a report is due, across time zones and their gaps, and when the MSP is reminded."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.errors import InvalidTerms
from workflows.report_cycle import due_after, midnight, reminder_due, reminder_moments

DUE = datetime(2026, 10, 31, tzinfo=UTC)
instants = st.integers(631_152_000, 2_840_140_800).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
ZONES = sorted(available_timezones() - {"localtime", "Factory"})


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "days", "zone", "due"),
    [
        ("2026-10-20T00:00", 10, "UTC", "2026-10-31T00:00"),
        ("2026-10-19T23:00", 10, "Europe/Dublin", "2026-10-31T00:00"),
        ("2026-10-20T22:59:59", 10, "Europe/Dublin", "2026-10-31T00:00"),
        ("2026-10-20T23:00", 10, "Europe/Dublin", "2026-11-01T00:00"),
        ("2026-10-31T11:00", 10, "Pacific/Auckland", "2026-11-11T11:00"),
        ("2026-12-31T23:30", 0, "UTC", "2027-01-01T00:00"),
        ("2028-02-18T12:00", 10, "UTC", "2028-02-29T00:00"),
    ],
)
def test_a_report_is_due_at_the_end_of_the_nth_local_day_after_opening(at: str, days: int, zone: str, due: str) -> None:
    assert due_after(utc(at), days, zone) == utc(due)


@pytest.mark.parametrize(
    ("zone", "opened", "due"),
    [
        ("America/Santiago", "2026-08-26T12:00", "2026-09-06T04:00"),
        ("Africa/Cairo", "2026-04-13T12:00", "2026-04-23T22:00"),
        ("Asia/Beirut", "2026-03-18T12:00", "2026-03-28T22:00"),
    ],
)
def test_where_midnight_does_not_exist_the_first_instant_after_it_counts(zone: str, opened: str, due: str) -> None:
    instant = due_after(utc(opened), 10, zone)
    assert instant == utc(due)
    assert instant.astimezone(ZoneInfo(zone)).strftime("%H:%M") == "01:00"


def test_a_day_that_a_zone_left_out_ends_with_the_day_before_it() -> None:
    assert midnight(date(2011, 12, 30), ZoneInfo("Pacific/Apia")) == utc("2011-12-30T10:00")


@pytest.mark.parametrize(
    ("zone", "opened", "due"),
    [
        ("America/Havana", "2026-10-21T12:00", "2026-11-01T05:00"),
        ("America/Goose_Bay", "2010-10-27T12:00", "2010-11-07T04:00"),
    ],
)
def test_where_midnight_comes_twice_the_later_counts(zone: str, opened: str, due: str) -> None:
    instant = due_after(utc(opened), 10, zone)
    assert instant == utc(due)
    assert instant.astimezone(ZoneInfo(zone)).strftime("%H:%M") == "00:00"


@given(st.sampled_from(ZONES), st.dates(date(1980, 1, 1), date(2060, 1, 1)))
def test_midnight_is_the_last_reading_of_it_or_the_end_of_the_gap_over_it(name: str, day: date) -> None:
    place = ZoneInfo(name)
    instant, start = midnight(day, place), datetime.combine(day, datetime.min.time())
    before, after = ((instant + timedelta(seconds=s)).astimezone(place).replace(tzinfo=None) for s in (-1, 0))
    later = [(instant + timedelta(minutes=15 * n)).astimezone(place).replace(tzinfo=None) for n in range(1, 100)]
    assert after == start or before < start < after
    assert start not in later


@given(
    st.sampled_from(ZONES),
    instants,
    st.integers(1, 60),
)
def test_a_later_opening_is_never_due_earlier_and_no_window_is_shorter_than_its_days(
    name: str, at: datetime, days: int
) -> None:
    due = due_after(at, days, name)
    # A day without 24 hours, such as the one Samoa left out, is a local day all the same.
    assert due - at > timedelta(days=days - 1, hours=-2)
    assert due <= due_after(at + timedelta(hours=5), days, name)


@pytest.mark.parametrize("days", [-1, 367])
def test_a_senseless_number_of_days_is_refused(days: int) -> None:
    with pytest.raises(InvalidTerms, match="0 to 366"):
        due_after(DUE, days, "UTC")


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        due_after(DUE.replace(tzinfo=None), 10, "UTC")


def test_reminders_are_seven_three_and_one_days_and_four_hours_before() -> None:
    moments = [f"{moment:%d %H:%M}" for _, moment in reminder_moments(DUE)]
    assert moments == ["24 00:00", "28 00:00", "30 00:00", "30 20:00"]


@pytest.mark.parametrize(
    ("set_at", "at", "offset"),
    [
        ("2026-10-20T00:00", "2026-10-23T23:59", None),
        ("2026-10-20T00:00", "2026-10-24T00:00", timedelta(days=7)),
        ("2026-10-20T00:00", "2026-10-29T12:00", timedelta(days=3)),
        ("2026-10-20T00:00", "2026-10-30T20:00", timedelta(hours=4)),
        ("2026-10-20T00:00", "2026-10-31T00:00", None),
        ("2026-10-28T06:00", "2026-10-29T12:00", None),
        ("2026-10-28T06:00", "2026-10-30T06:00", timedelta(days=1)),
        ("2026-10-28T00:00", "2026-10-28T00:00", None),
    ],
)
def test_only_the_latest_reminder_since_the_due_instant_was_set_is_due(
    set_at: str, at: str, offset: timedelta | None
) -> None:
    assert reminder_due(utc(set_at), DUE, utc(at)) == offset
