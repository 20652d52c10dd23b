"""Writing iCalendar files: folding, escaping and times as RFC 5545 has them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distributor.calendars.icalendar import CalendarEvent, calendar, escaped, folded
from tests.distributor.calendars.reading import read

AT = datetime(2026, 10, 21, 9, 0, tzinfo=UTC)


def event(**values: object) -> CalendarEvent:
    plain = {
        "uid": "1@x",
        "starts": AT,
        "ends": AT + timedelta(hours=1),
        "summary": "S",
        "description": "D",
        "url": "http://x/",
    }
    return CalendarEvent(**{**plain, **values})  # type: ignore[arg-type]  # a test may replace any field


@settings(deadline=None)
@given(st.text(max_size=400))
def test_any_text_comes_back_as_its_printable_lines(text: str) -> None:
    (found,) = read(calendar("C", [event(summary=text)], AT)).parts
    spaced = "\n".join("".join(" " if sign.isspace() else sign for sign in line) for line in text.splitlines())
    assert found.text("SUMMARY") == "".join(sign for sign in spaced if sign.isprintable() or sign == "\n")


def test_signs_of_the_grammar_are_escaped() -> None:
    assert escaped("a\\b; c, d\r\ne") == "a\\\\b\\; c\\, d\\ne"


@pytest.mark.parametrize("sign", ["a", "é", "€", "😀"])
def test_no_line_is_longer_than_75_octets_and_no_letter_is_cut(sign: str) -> None:
    parts = folded("SUMMARY:" + sign * 200).split(b"\r\n")
    assert max(len(part) for part in parts) in {72, 73, 74, 75}
    assert b"".join(part.removeprefix(b" ") for part in parts).decode() == "SUMMARY:" + sign * 200


def test_instants_are_written_in_utc_and_days_as_days() -> None:
    dublin = datetime(2026, 7, 1, 0, 0, tzinfo=ZoneInfo("Europe/Dublin"))
    timed, whole = event(starts=dublin), event(uid="2@x", starts=date(2026, 10, 31), ends=date(2026, 11, 1))
    first, second = read(calendar("C", [timed, whole], AT)).parts
    assert first.properties["DTSTART"] == "20260630T230000Z"
    assert (second.properties["DTSTART;VALUE=DATE"], second.properties["DTEND;VALUE=DATE"]) == ("20261031", "20261101")
