"""Whatever day the demo is made on, its reports open and are due on days that fit the terms."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from distributor.demo.catalogue import ITEMS
from distributor.demo.course import STORY_LEAD, course, opening_terms
from distributor.demo.figures import CYCLES
from distributor.demo.partners import KESTREL, PARTNERS, reports_usage
from distributor.demo.plan import happenings
from distributor.demo.stage import reports_of
from workflows.report_cycle import opens_at

# Every fifth day of a year, at an hour that differs, and the hours around the turn of a cycle and of summer time.
DAYS = [datetime(2026, 1, 1, 9, tzinfo=UTC) + timedelta(days=5 * number, hours=7 * number % 24) for number in range(73)]
EDGES = [
    datetime(2026, 11, 22, 5, tzinfo=UTC),
    datetime(2026, 11, 19, 23, 30, tzinfo=UTC),
    datetime(2026, 11, 20, tzinfo=UTC),
    datetime(2026, 3, 29, 1, 30, tzinfo=UTC),
    datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
    datetime(2028, 2, 29, 12, tzinfo=UTC),
    datetime(2026, 12, 20, 4, tzinfo=UTC),
]
REPORTING = [partner for partner in PARTNERS if reports_usage(partner)]


@pytest.mark.parametrize("at", [*DAYS, *EDGES], ids=str)
def test_the_story_is_due_at_the_first_midnight_at_least_72_hours_ahead(at: datetime) -> None:
    report = course(KESTREL, at).report(KESTREL, 0, [])
    assert at + STORY_LEAD <= report.due_at < at + STORY_LEAD + timedelta(hours=25)
    assert report.due_at.astimezone(report.zone).hour == 0


@pytest.mark.parametrize("at", [*DAYS, *EDGES], ids=str)
def test_no_report_opens_before_its_day_or_after_now_or_before_the_one_before(at: datetime) -> None:
    for partner in REPORTING:
        planned = course(partner, at)
        for cycle, opened in zip(planned.cycles, planned.opened_at, strict=True):
            assert opens_at(cycle, opening_terms(planned.terms)) <= opened <= at
        assert list(planned.opened_at) == sorted(planned.opened_at, reverse=True)
        assert opens_at(planned.cycles[0].next(), opening_terms(planned.terms)) > at


def test_on_22_november_2026_the_newest_cycle_is_november() -> None:
    assert str(course(KESTREL, EDGES[0]).cycles[0]) == "2026-11"


@pytest.mark.parametrize("at", EDGES, ids=str)
def test_every_deed_falls_between_opening_and_now(at: datetime) -> None:
    for partner in REPORTING:
        for report in reports_of(partner, at):
            deeds = list(happenings(report, at))
            assert deeds[0].at == report.opened_at
            assert all(report.opened_at <= deed.at <= at for deed in deeds)


def test_every_partner_has_thirteen_cycles_of_lines_that_the_catalogue_knows() -> None:
    for partner in REPORTING:
        reports = reports_of(partner, EDGES[0])
        assert len(reports) == CYCLES
        assert all(line.sku in ITEMS for report in reports for line in report.lines)


def test_the_same_figures_come_out_on_another_day() -> None:
    early, late = ([report.lines for report in reports_of(PARTNERS[6], at)] for at in (EDGES[0], EDGES[5]))
    assert early == late
