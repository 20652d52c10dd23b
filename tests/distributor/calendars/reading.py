"""A strict reader of iCalendar files (RFC 5545): what it does not like, calendar programs may not like either."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

LINE = re.compile(r"(?P<name>[A-Z0-9-]+)(?P<parameters>(?:;[A-Z0-9-]+=[^\";:,]+)*):(?P<value>.*)", re.DOTALL)
INSTANT = re.compile(r"\d{8}T\d{6}Z")
ESCAPED = re.compile(r"\\(.)")


@dataclass
class Component:
    """A part of a calendar: its properties by name (with parameters, where it has any) and the parts within."""

    kind: str
    properties: dict[str, str] = field(default_factory=dict)
    parts: list[Component] = field(default_factory=list)

    def text(self, name: str) -> str:
        """A property of type TEXT, unescaped."""
        value = self.properties[name]
        assert not re.search(r"(?<!\\)(?:\\\\)*[,;]", value), f"unescaped: {value}"
        return ESCAPED.sub(lambda match: "\n" if match[1] in "nN" else match[1], value)


def read(content: bytes) -> Component:
    """The calendar. Fails on anything that the grammar does not allow."""
    assert content.endswith(b"\r\n")
    raw = content[:-2].split(b"\r\n")
    assert all(len(line) <= 75 and b"\n" not in line and b"\r" not in line for line in raw)
    root = Component("ROOT")
    stack = [root]
    for line in unfolded([line.decode() for line in raw]):
        take(line, stack)
    assert stack == [root]
    (calendar,) = root.parts
    check(calendar)
    return calendar


def unfolded(raw: list[str]) -> list[str]:
    lines: list[str] = []
    for line in raw:
        if line.startswith(" "):
            lines[-1] += line[1:]
        else:
            lines.append(line)
    return lines


def take(line: str, stack: list[Component]) -> None:
    match = LINE.fullmatch(line)
    assert match is not None, line
    name, parameters, value = match["name"], match["parameters"], match["value"]
    assert value.isprintable(), line
    if name == "BEGIN":
        stack[-1].parts.append(Component(value))
        stack.append(stack[-1].parts[-1])
    elif name == "END":
        assert stack.pop().kind == value
    else:
        assert name + parameters not in stack[-1].properties
        stack[-1].properties[name + parameters] = value


def check(calendar: Component) -> None:
    assert calendar.kind == "VCALENDAR"
    assert {"VERSION", "PRODID"} <= set(calendar.properties)
    uids = [event.properties["UID"] for event in calendar.parts]
    assert len(uids) == len(set(uids))
    for event in calendar.parts:
        assert event.kind == "VEVENT"
        assert INSTANT.fullmatch(event.properties["DTSTAMP"])
        assert int(event.properties["SEQUENCE"]) < 2**31
        check_times(event)


def check_times(event: Component) -> None:
    days = [event.properties.get(f"{name};VALUE=DATE", "") for name in ("DTSTART", "DTEND")]
    instants = [event.properties.get(name, "") for name in ("DTSTART", "DTEND")]
    starts, ends = days if days[0] else instants
    assert re.fullmatch(r"\d{8}" if days[0] else INSTANT, starts)
    assert starts < ends
