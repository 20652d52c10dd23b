"""When an account's reports open, seen from the day on which the demo is made."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from distributor.demo.figures import CYCLES, Counted
from distributor.demo.partners import EARLIEST_ZONE, USUAL_DAY, Now, Partner, reports_usage, terms_of
from workflows.report_cycle import Cycle, OpeningTerms, due_after, midnight, newest_cycle_due, opens_at

# The story's report is due at the first midnight that lies at least this far ahead.
STORY_LEAD = timedelta(hours=72)

# How many days ago a report of the newest cycle opened; never more than 14, so that its own month has begun by then.
DAYS_OPEN: dict[Now, tuple[int, int]] = {
    Now.PREPARING: (5, 8),
    Now.UNTOUCHED: (3, 8),
    Now.REOPENED: (11, 11),
    Now.WAITING: (11, 13),
    Now.JUST_IN: (8, 8),
    Now.AUTOMATIC: (11, 13),
    Now.PENALTY: (12, 13),
    Now.ESTIMATED: (12, 12),
    Now.ENDORSED: (12, 12),
    Now.REJECTED: (10, 10),
    Now.APPROVED: (13, 14),
    Now.WAIVED: (14, 14),
}


@dataclass(frozen=True, slots=True)
class Report:
    """A report to come: `back` cycles ago (0 is the newest), opened and due at these instants, with these lines."""

    partner: Partner
    back: int
    cycle: Cycle
    opened_at: datetime
    due_at: datetime
    zone: ZoneInfo
    lines: list[Counted]

    def on(self, day: int, hour: int, minute: int = 0) -> datetime:
        """Local time on the `day`-th day after opening."""
        opened = self.opened_at.astimezone(self.zone).date()
        return midnight(opened + timedelta(days=day), self.zone) + timedelta(hours=hour, minutes=minute)


@dataclass(frozen=True, slots=True)
class Course:
    """An account's terms, its cycles and the instants they opened at; index 0 is the newest."""

    terms: dict[str, Any]
    cycles: tuple[Cycle, ...]
    opened_at: tuple[datetime, ...]

    def report(self, partner: Partner, back: int, lines: list[Counted]) -> Report:
        zone, opened = self.terms["time_zone"], self.opened_at[back]
        due_at = due_after(opened, self.terms["auto_submit_after_days"], zone)
        return Report(partner, back, self.cycles[back], opened, due_at, ZoneInfo(zone), lines)


def course(partner: Partner, at: datetime) -> Course:
    """The partner's cycles up to `at`. Where a report has to be at a certain point by then, it opens late, or its terms
    bring the opening day forward.
    """
    terms = terms_of(partner)
    if partner.now is Now.USUAL or not reports_usage(partner):
        cycles = _back_from(newest_cycle_due(at, opening_terms(terms)))
        return Course(terms, cycles, tuple(opens_at(cycle, opening_terms(terms)) for cycle in cycles))
    cycles = _back_from(newest_cycle_due(at, OpeningTerms(None, USUAL_DAY, None, EARLIEST_ZONE)))
    day = _opening_day(partner, terms, at)
    if day < cycles[0].first_day.replace(day=USUAL_DAY):
        terms["opens_on_day"] = day.day
    earlier = (opens_at(cycle, opening_terms(terms)) for cycle in cycles[1:])
    return Course(terms, cycles, (midnight(day, ZoneInfo(terms["time_zone"])), *earlier))


def opening_terms(terms: dict[str, Any]) -> OpeningTerms:
    return OpeningTerms(terms["closing_day"], terms["opens_on_day"], terms["opens_days_after_end"], terms["time_zone"])


def _back_from(newest: Cycle) -> tuple[Cycle, ...]:
    cycles = [newest]
    while len(cycles) < CYCLES:
        cycles.append(cycles[-1].previous())
    return tuple(cycles)


def _opening_day(partner: Partner, terms: dict[str, Any], at: datetime) -> date:
    zone = ZoneInfo(terms["time_zone"])
    if partner.now is Now.KESTREL:
        return _story_due(at, zone) - timedelta(days=terms["auto_submit_after_days"] + 1)
    least, most = DAYS_OPEN[partner.now]
    return at.astimezone(zone).date() - timedelta(days=least + partner.number % (most - least + 1))


def _story_due(at: datetime, zone: ZoneInfo) -> date:
    earliest = at + STORY_LEAD
    day = earliest.astimezone(zone).date()
    return day if midnight(day, zone) >= earliest else day + timedelta(days=1)
