"""Cycles, opening day, due instant and reminders: date arithmetic in the account's time zone, results in UTC.

Source of the rules: "When" in ``docs/workflow.md``.
"""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Self
from zoneinfo import ZoneInfo, available_timezones

from workflows.errors import InvalidCycle, InvalidTerms
from workflows.words import words

FIRST_YEAR, LAST_YEAR = 2000, 2199
LAST_CLOSING_DAY = 28
LONGEST_WAIT = 60

REMINDER_OFFSETS = (timedelta(days=7), timedelta(days=3), timedelta(days=1), timedelta(hours=4))

# The first is whatever the machine is set to, the second a placeholder: neither says when.
UNUSABLE_ZONES = frozenset({"localtime", "Factory"})

RANGED = {
    "closing_day": words("The closing day"),
    "opens_on_day": words("The day of opening"),
    "opens_days_after_end": words("The number of days after the cycle's end"),
    "days": words("The number of days"),
}

_CYCLE = re.compile(r"([0-9]{4})-([0-9]{2})")


@dataclass(frozen=True, order=True, slots=True)
class Cycle:
    """A report cycle, named after a month; ordered in time. Raises InvalidCycle outside 2000-01 … 2199-12."""

    year: int
    month: int

    def __post_init__(self) -> None:
        if not (FIRST_YEAR <= self.year <= LAST_YEAR and 1 <= self.month <= 12):
            raise _invalid_cycle(f"{self.year:04}-{self.month:02}")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read "2026-10". Raises InvalidCycle."""
        match = _CYCLE.fullmatch(text) if len(text) == len("2026-10") else None
        if match is None:
            raise _invalid_cycle(text)
        return cls(int(match[1]), int(match[2]))

    @classmethod
    def from_date(cls, day: date) -> Self:
        """The cycle named after the month of ``day``; the inverse of ``first_day``."""
        return cls(day.year, day.month)

    @property
    def first_day(self) -> date:
        """The first day of the month it is named after: how the database stores a cycle."""
        return date(self.year, self.month, 1)

    def next(self) -> Self:
        """The cycle after this one."""
        return self._shifted(1)

    def previous(self) -> Self:
        """The cycle before this one."""
        return self._shifted(-1)

    def _shifted(self, months: int) -> Self:
        years, month = divmod(self.month - 1 + months, 12)
        return type(self)(self.year + years, month + 1)

    def __str__(self) -> str:
        return f"{self.year:04}-{self.month:02}"


@dataclass(frozen=True, slots=True)
class OpeningTerms:
    """When an account's reports open. Exactly one of ``opens_on_day`` and ``opens_days_after_end`` is set.

    Raises InvalidTerms with the name of the wrong field.
    """

    closing_day: int | None
    opens_on_day: int | None
    opens_days_after_end: int | None
    time_zone: str

    def __post_init__(self) -> None:
        _check_range("closing_day", self.closing_day, 1, LAST_CLOSING_DAY)
        _check_range("opens_on_day", self.opens_on_day, 1, 31)
        _check_range("opens_days_after_end", self.opens_days_after_end, 0, LONGEST_WAIT)
        if (self.opens_on_day is None) == (self.opens_days_after_end is None):
            hint = words("Set either a day of opening or a number of days after the cycle's end.")
            raise InvalidTerms(hint, "opens_on_day")
        zone(self.time_zone)


def bounds(cycle: Cycle, closing_day: int | None) -> tuple[date, date]:
    """First and last day of a cycle: the calendar month, or the day after the last closing up to this one.

    "October 2026" closing on day 15 is 16 September to 15 October. Raises InvalidTerms outside 1–28.
    """
    if closing_day is None:
        return cycle.first_day, cycle.first_day.replace(day=_length(cycle))
    _check_range("closing_day", closing_day, 1, LAST_CLOSING_DAY)
    ends_on = cycle.first_day.replace(day=closing_day)
    last_end = (cycle.first_day - timedelta(days=1)).replace(day=closing_day)
    return last_end + timedelta(days=1), ends_on


def opens_at(cycle: Cycle, terms: OpeningTerms) -> datetime:
    """The instant (UTC) at which the cycle's report opens: local 00:00 of the opening day."""
    if terms.opens_on_day is not None:
        opening = cycle.first_day.replace(day=min(terms.opens_on_day, _length(cycle)))
    else:
        opening = bounds(cycle, terms.closing_day)[1] + timedelta(days=terms.opens_days_after_end or 0)
    return midnight(opening, zone(terms.time_zone))


def newest_cycle_due(at: datetime, terms: OpeningTerms) -> Cycle:
    """The newest cycle whose opening instant is not after ``at`` (aware)."""
    local = _aware(at).astimezone(zone(terms.time_zone))
    cycle = Cycle.from_date(local.date())
    while opens_at(cycle, terms) > at:
        cycle = cycle.previous()
    return cycle


def due_after(at: datetime, days: int, time_zone: str) -> datetime:
    """The instant (UTC) that ends the ``days``-th local day after the local day of ``at`` (aware).

    Opened on 20 October with 10 days: 31 October 00:00 in ``time_zone``. Raises InvalidTerms.
    """
    _check_range("days", days, 0, 366)
    place = zone(time_zone)
    local_day = _aware(at).astimezone(place).date()
    return midnight(local_day + timedelta(days=days + 1), place)


def midnight(day: date, place: ZoneInfo) -> datetime:
    """Local 00:00 of ``day`` in UTC: the first instant after it if it does not exist, the later of two."""
    # In a gap fold 0, the earlier offset, gives the later instant: the one at which clocks jump, since every
    # gap over a midnight since 1920 begins with it.
    local = datetime.combine(day, time(), place)
    return max(local.replace(fold=fold).astimezone(UTC) for fold in (0, 1))


def zone(name: str) -> ZoneInfo:
    """The time zone of that name in the tz database. Raises InvalidTerms, for ``localtime`` too."""
    if name not in _zone_names():
        raise InvalidTerms(
            words(
                "“%(given)s” is no time zone. Use a name of the tz database, for example “Europe/Dublin”.",
                given=name[:60],
            ),
            "time_zone",
            name,
        )
    return ZoneInfo(name)


def reminder_moments(due_at: datetime) -> tuple[tuple[timedelta, datetime], ...]:
    """How long before ``due_at`` the MSP is reminded, and when that is; the earliest first."""
    return tuple((offset, due_at - offset) for offset in REMINDER_OFFSETS)


def reminder_due(
    set_at: datetime, due_at: datetime, at: datetime, offsets: tuple[timedelta, ...] = REMINDER_OFFSETS
) -> timedelta | None:
    """The one reminder to send at ``at``, as its distance from ``due_at``; None when there is none. ``offsets`` are
    the distances that there are.

    Of the moments passed since ``due_at`` was set (at ``set_at``) only the latest counts; once due, none.
    """
    if at >= due_at:
        return None
    passed = [offset for offset in offsets if set_at < due_at - offset <= at]
    return min(passed, default=None)


@lru_cache(maxsize=1)
def _zone_names() -> frozenset[str]:
    return frozenset(available_timezones()) - UNUSABLE_ZONES


def _aware(at: datetime) -> datetime:
    # Python would take a time without a zone for the machine's own.
    if at.tzinfo is None:
        raise ValueError("the instant needs a time zone")
    return at


def _length(cycle: Cycle) -> int:
    return monthrange(cycle.year, cycle.month)[1]


def _check_range(field: str, value: int | None, low: int, high: int) -> None:
    if value is not None and not low <= value <= high:
        why = words(
            "%(term)s must be %(low)s to %(high)s, not %(given)s.", term=RANGED[field], low=low, high=high, given=value
        )
        raise InvalidTerms(why, field, value)


def _invalid_cycle(given: object) -> InvalidCycle:
    return InvalidCycle(
        words(
            "“%(given)s” is no report cycle. Write year and month, for example 2026-10, from %(first)s to %(last)s.",
            given=str(given)[:40],
            first=f"{FIRST_YEAR}-01",
            last=f"{LAST_YEAR}-12",
        ),
        "cycle",
        given,
    )
