"""Month ends, changing clocks, clocks that go back, schedulers that were away: windows stay whole, nothing twice."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import select, text, update

from distributor.accounts.models import Account, ReportingScope
from distributor.database import db
from distributor.delivery.models import Notification
from distributor.scheduler import jobs
from distributor.usage_reports.operations import steps
from distributor.usage_reports.operations.opening import next_opening
from distributor.usage_reports.queries import REPORT, ReportRow
from tests.factories import CYCLE, OPENED_AT, Story
from workflows.errors import TransitionNotAllowed
from workflows.report_cycle import Cycle

INSTANT = timedelta(microseconds=1)
DAY = timedelta(days=1)


def story_in(zone: str, **terms: object) -> Story:
    """An account in this zone whose October 2026 report waits to be opened."""
    story = Story(time_zone=zone, **terms)
    story.account.next_opens_at = next_opening(story.account, CYCLE)
    db.session.commit()
    return story


def reports_of(story: Story) -> list[ReportRow]:
    query = select(REPORT).where(REPORT.c.account_id == story.account.id).order_by(REPORT.c.cycle)
    return list(db.session.execute(query))


def local_midnight(year: int, month: int, day: int, zone: str) -> datetime:
    return datetime(year, month, day, tzinfo=ZoneInfo(zone)).astimezone(UTC)


@pytest.mark.parametrize(
    ("zone", "opens", "due"),
    [
        ("Pacific/Auckland", datetime(2026, 10, 30, 11, tzinfo=UTC), datetime(2026, 11, 10, 11, tzinfo=UTC)),
        ("America/Santiago", datetime(2026, 10, 31, 3, tzinfo=UTC), datetime(2026, 11, 11, 3, tzinfo=UTC)),
    ],
)
def test_a_month_end_opens_and_falls_due_at_the_accounts_midnight(
    app: Flask, zone: str, opens: datetime, due: datetime
) -> None:
    story = story_in(zone, opens_on_day=31)
    assert (jobs.open_reports(opens - INSTANT), jobs.open_reports(opens)) == (0, 1)
    (report,) = reports_of(story)
    assert report.due_at == due
    assert (jobs.submit_due(due - INSTANT), jobs.submit_due(due), jobs.submit_due(due)) == (0, 1, 0)


@pytest.mark.parametrize(
    ("zone", "cycle", "day", "due"),
    [
        # Clocks go forward at midnight of 6 September 2026 in Santiago: the day begins at 01:00.
        ("America/Santiago", "2026-08", 26, datetime(2026, 9, 6, 4, tzinfo=UTC)),
        # Back at midnight of 5 April: 23:00 to 24:00 comes twice, the day begins after the second time.
        ("America/Santiago", "2026-03", 25, datetime(2026, 4, 5, 4, tzinfo=UTC)),
        # In Azores the clock goes back over midnight of 25 October, which comes twice; the later one counts.
        ("Atlantic/Azores", "2026-10", 14, datetime(2026, 10, 25, 1, tzinfo=UTC)),
        ("Pacific/Auckland", "2026-09", 16, datetime(2026, 9, 26, 12, tzinfo=UTC)),
    ],
)
def test_a_night_of_changing_clocks_ends_the_window_once(
    app: Flask, zone: str, cycle: str, day: int, due: datetime
) -> None:
    month = Cycle.parse(cycle)
    story = Story(time_zone=zone, opens_on_day=day, reports_from=month.first_day, next_cycle=month.first_day)
    opens = next_opening(story.account, month)
    assert opens is not None
    story.account.next_opens_at = opens
    db.session.commit()
    assert jobs.open_reports(opens) == 1
    (report,) = reports_of(story)
    assert report.due_at == due
    assert (jobs.submit_due(due - INSTANT), jobs.submit_due(due + timedelta(hours=1))) == (0, 1)


def test_at_the_very_instant_the_msp_may_still_submit_by_hand_and_no_longer_recall(app: Flask) -> None:
    story = Story()
    early, late = story.open_account()[0], story.open_account()[0]
    who = story.by(story.preparer)
    steps.submit(story.report(early), who, early.due_at - INSTANT)
    steps.recall(story.report(early), who, early.due_at - INSTANT)
    assert story.report(early).due_at == early.due_at
    steps.submit(story.report(late), who, late.due_at)
    assert (story.report(late).submission_kind, story.report(late).penalised) == ("manual", 0)
    with pytest.raises(TransitionNotAllowed, match="was due meanwhile"):
        steps.recall(story.report(late), who, late.due_at)


def test_a_scheduler_away_for_35_days_opens_what_it_missed_in_order_each_with_its_whole_window(app: Flask) -> None:
    story = story_in("Europe/Dublin")
    back = local_midnight(2026, 11, 24, "Europe/Dublin") + timedelta(hours=7)
    jobs.open_reports(back)
    october, november = reports_of(story)
    assert [report.cycle for report in (october, november)] == [date(2026, 10, 1), date(2026, 11, 1)]
    assert {report.due_at for report in (october, november)} == {local_midnight(2026, 12, 5, "Europe/Dublin")}
    assert october.id < november.id
    assert (jobs.submit_due(back), jobs.submit_due(october.due_at)) == (0, 2)


def test_what_was_missed_opens_from_the_cycle_before_it(app: Flask) -> None:
    story = story_in("UTC", usage_source="manual")
    jobs.open_reports(OPENED_AT)
    october = reports_of(story)[0]
    jobs.open_reports(OPENED_AT + timedelta(days=70))
    assert [Cycle.from_date(report.cycle).month for report in reports_of(story)] == [10, 11, 12]
    assert story.report(october.id).version == 1


def test_nothing_is_opened_after_the_last_cycle_however_late_the_scheduler(app: Flask) -> None:
    story = story_in("UTC", reports_until=date(2026, 11, 1))
    jobs.open_reports(OPENED_AT + timedelta(days=300))
    assert [report.cycle.month for report in reports_of(story)] == [10, 11]
    assert db.session.scalar(select(Account.next_opens_at)) is None


def test_a_region_that_is_switched_off_opens_nothing_and_does_not_catch_up_later(app: Flask) -> None:
    story = story_in("UTC")
    db.session.execute(update(ReportingScope).values(usage_reports=False))
    jobs.open_reports(OPENED_AT)
    db.session.execute(update(ReportingScope).values(usage_reports=True))
    jobs.open_reports(OPENED_AT + timedelta(days=31))
    assert [report.cycle.month for report in reports_of(story)] == [11]


def test_a_clock_that_goes_back_an_hour_undoes_and_doubles_nothing(app: Flask) -> None:
    story = story_in("UTC")
    for at in (OPENED_AT, OPENED_AT - timedelta(hours=1), OPENED_AT):
        jobs.open_reports(at)
    (report,) = reports_of(story)
    for at in (report.due_at, report.due_at - timedelta(hours=1), report.due_at):
        jobs.submit_due(at)
    assert (story.report(report).version, len(reports_of(story))) == (2, 1)


def reminders(story: Story) -> list[int]:
    """Hours before the due instant of the reminders queued so far, in their order."""
    query = select(Notification.details).filter_by(event="reminder").order_by(Notification.id)
    return [details["seconds_before"] // 3600 for details in db.session.scalars(query)]


def test_each_reminder_comes_once_at_its_moment(app: Flask) -> None:
    story = Story()
    report = story.open(("40", None))
    for hours in (168, 72, 24, 4):
        moment = report.due_at - timedelta(hours=hours)
        assert [jobs.remind(moment - INSTANT), jobs.remind(moment), jobs.remind(moment + INSTANT)] == [0, 1, 0]
    assert reminders(story) == [168, 72, 24, 4]
    assert jobs.remind(report.due_at) == 0


def test_of_the_reminders_that_were_missed_only_the_latest_comes(app: Flask) -> None:
    story = Story()
    report = story.open(("40", None))
    assert jobs.remind(report.due_at - timedelta(hours=10)) == 1
    assert reminders(story) == [24]


def test_a_clock_that_goes_back_brings_no_earlier_reminder_after_a_later_one(app: Flask) -> None:
    story = Story()
    report = story.open(("40", None))
    jobs.remind(report.due_at - DAY)
    assert jobs.remind(report.due_at - DAY - timedelta(hours=1)) == 0
    assert reminders(story) == [24]


def test_a_reminder_has_one_occasion_whatever_the_time_zone_of_the_connection(app: Flask) -> None:
    story = Story()
    report = story.open(("40", None))
    db.session.commit()
    for zone in ("UTC", "Asia/Kolkata"):
        db.session.execute(text(f"SET timezone TO '{zone}'"))
        jobs.remind(report.due_at - DAY)
    db.session.execute(text("RESET timezone"))
    assert reminders(story) == [24]


def test_a_rejection_sets_a_new_date_and_reminds_of_that_one(app: Flask) -> None:
    story = Story(resubmit_after_days=2)
    report = story.open(("40", None))
    steps.submit(report, story.by(story.preparer), OPENED_AT + DAY)
    steps.reject(story.report(report), story.by(story.reviewer), OPENED_AT + DAY, reason="Again")
    due = story.report(report).due_at
    assert due == datetime(2026, 10, 24, tzinfo=UTC)
    assert [jobs.remind(due - timedelta(days=3)), jobs.remind(due - DAY), jobs.remind(due)] == [0, 1, 0]
