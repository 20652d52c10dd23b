"""Writing an iCalendar (RFC 5545): the little of it that deadlines need, which is less than a library would bring."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime

LONGEST_LINE = 75  # octets, without the line break (RFC 5545, 3.1)
PRODUCT = "-//Distributor//Usage reports//EN"
# How often programs may come again; what RFC 7986 calls it, and what many still read.
REFRESH = "PT1H"


@dataclass(frozen=True, slots=True)
class CalendarEvent:
    """Something at a time: instants with a zone, or days, of which `ends` is the one after. `alarm` is how long before
    its end (or, of days, its start) it rings, as an RFC 5545 duration. A higher `sequence` replaces the same `uid`.
    """

    uid: str
    starts: datetime | date
    ends: datetime | date
    summary: str
    description: str
    url: str
    sequence: int = 0
    alarm: str = ""


def calendar(name: str, events: Iterable[CalendarEvent], at: datetime) -> bytes:
    """The whole file; `at` is when it was written."""
    lines = [
        *("BEGIN:VCALENDAR", "VERSION:2.0", f"PRODID:{PRODUCT}", "CALSCALE:GREGORIAN", "METHOD:PUBLISH"),
        *(f"NAME:{escaped(name)}", f"X-WR-CALNAME:{escaped(name)}"),
        *(f"REFRESH-INTERVAL;VALUE=DURATION:{REFRESH}", f"X-PUBLISHED-TTL:{REFRESH}"),
        *(line for event in events for line in _event(event, at)),
        "END:VCALENDAR",
    ]
    return b"".join(folded(line) for line in lines)


def escaped(text: str) -> str:
    """`text` as a value of type TEXT: line breaks, commas, semicolons and backslashes with a backslash, plain spaces,
    nothing that does not print.
    """
    spaced = ("".join(" " if sign.isspace() else sign for sign in line) for line in text.splitlines())
    plain = "\n".join("".join(sign for sign in line if sign.isprintable()) for line in spaced)
    for sign, written in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\n", "\\n")):
        plain = plain.replace(sign, written)
    return plain


def folded(line: str) -> bytes:
    """A content line of any length, broken so that no part is longer than 75 octets and no letter is cut."""
    parts, room = [b""], LONGEST_LINE
    for sign in line:
        octets = sign.encode()
        if len(parts[-1]) + len(octets) > room:
            parts.append(b"")
            room = LONGEST_LINE - 1  # the space that goes before it
        parts[-1] += octets
    return b"\r\n ".join(parts) + b"\r\n"


def _event(event: CalendarEvent, at: datetime) -> Iterator[str]:
    yield "BEGIN:VEVENT"
    yield f"UID:{event.uid}"
    yield f"DTSTAMP:{_instant(at)}"
    yield f"SEQUENCE:{event.sequence}"
    yield _when("DTSTART", event.starts)
    yield _when("DTEND", event.ends)
    yield f"SUMMARY:{escaped(event.summary)}"
    yield f"DESCRIPTION:{escaped(event.description)}"
    yield f"URL:{event.url}"
    # A deadline does not keep its reader busy.
    yield "TRANSP:TRANSPARENT"
    if event.alarm:
        yield from _alarm(event)
    yield "END:VEVENT"


def _alarm(event: CalendarEvent) -> Iterator[str]:
    related = ";RELATED=END" if isinstance(event.starts, datetime) else ""
    yield "BEGIN:VALARM"
    yield "ACTION:DISPLAY"
    yield f"TRIGGER{related}:{event.alarm}"
    yield f"DESCRIPTION:{escaped(event.summary)}"
    yield "END:VALARM"


def _when(name: str, value: datetime | date) -> str:
    return f"{name}:{_instant(value)}" if isinstance(value, datetime) else f"{name};VALUE=DATE:{value:%Y%m%d}"


def _instant(value: datetime) -> str:
    return f"{value.astimezone(UTC):%Y%m%dT%H%M%SZ}"
