"""When nobody of the MSP has opened a report near its date, reminders go up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text, update

from distributor.accounts.models import Account
from distributor.database import db
from distributor.delivery.queries import why_not
from distributor.identity.acting import CurrentMember
from distributor.usage_reports.escalating import escalate
from distributor.usage_reports.models import ReportView
from distributor.usage_reports.operations import automatic, steps
from distributor.usage_reports.operations.drafts import LineDraft, save_lines
from distributor.usage_reports.overview import waiting
from distributor.usage_reports.queries import ReportRow
from distributor.usage_reports.viewing import note_view
from tests import clients
from tests.distributor.identity.conftest import Clock
from tests.distributor.people.conftest import mails
from tests.factories import CYCLE, OPENED_AT, Story, member
from workflows.report_cycle import Cycle
from workflows.usage_report import Role

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def admin(story: Story) -> CurrentMember:
    """The MSP's admin."""
    return member(story.msp, Role.ADMIN)


@pytest.fixture
def report(story: Story, admin: CurrentMember) -> ReportRow:
    return story.open(("40", "30"))


def told(event: str) -> list[int]:
    return [mail.user_id for mail in mails(event)]


def test_the_admins_hear_of_it_first_and_the_distributor_later(
    story: Story, admin: CurrentMember, report: ReportRow
) -> None:
    due = report.due_at
    assert [escalate(due - left) for left in (3 * DAY, 2 * DAY + HOUR, 2 * DAY, 2 * DAY - HOUR)] == [0, 0, 1, 0]
    assert told("unopened") == [admin.user_id]
    assert [escalate(due - left) for left in (DAY + HOUR, DAY, HOUR)] == [0, 1, 0]
    assert told("unopened_by_partner") == [story.reviewer.user_id]


def test_reminders_to_preparers_stay_as_they_are(story: Story, report: ReportRow) -> None:
    automatic.remind(report.due_at - 3 * DAY)
    assert story.preparer.user_id in told("reminder")
    assert escalate(report.due_at - 3 * DAY) == 0


def test_only_the_latest_rung_is_told_and_none_once_it_is_due(story: Story, report: ReportRow) -> None:
    assert escalate(report.due_at) == 0
    assert escalate(report.due_at - HOUR) == 1
    assert told("unopened") == []
    assert escalate(report.due_at - 2 * DAY + HOUR) == 0  # the clock went back


def test_a_view_by_anybody_of_the_msp_keeps_it_down(story: Story, report: ReportRow) -> None:
    reader = member(story.msp, Role.VIEWER)
    assert note_view(report, reader, OPENED_AT + HOUR)
    assert escalate(report.due_at - DAY) == 0


def test_whoever_saved_over_the_api_has_opened_it(story: Story, report: ReportRow) -> None:
    line = story.lines(report)[0]
    save_lines(report, [LineDraft(line.uid, comment="Ten left")], story.by(story.preparer), OPENED_AT + HOUR)
    assert escalate(report.due_at - DAY) == 0


def test_a_view_before_the_rejection_is_none_after_it(story: Story, report: ReportRow) -> None:
    line = story.lines(report)[0]
    at = OPENED_AT + HOUR
    note_view(report, story.preparer, at)
    save_lines(report, [LineDraft(line.uid, comment="Ten left")], story.by(story.preparer), at)
    steps.submit(story.report(report), story.by(story.preparer), at)
    steps.reject(story.report(report), story.by(story.reviewer), at + HOUR / 2, reason="Look again")
    returned = story.report(report)
    assert escalate(returned.due_at - 2 * DAY) == 1
    assert note_view(returned, story.preparer, at + HOUR / 2 + HOUR / 4)
    assert escalate(returned.due_at - DAY) == 0


def test_the_accounts_contact_hears_instead_of_all_reviewers(story: Story, report: ReportRow) -> None:
    db.session.execute(update(Account).values(contact_id=story.admin.member_id))
    escalate(report.due_at - DAY)
    assert told("unopened_by_partner") == [story.admin.user_id]


def test_a_contact_who_left_is_replaced_by_the_reviewers(story: Story, report: ReportRow) -> None:
    db.session.execute(update(Account).values(contact_id=story.admin.member_id))
    db.session.execute(text("UPDATE members SET removed_at = now() WHERE id = :id"), {"id": story.admin.member_id})
    escalate(report.due_at - DAY)
    assert told("unopened_by_partner") == [story.reviewer.user_id]


def test_an_account_decides_when_and_whether(story: Story, report: ReportRow) -> None:
    db.session.execute(update(Account).values(escalate_to_admins_days=5, escalate_to_distributor_days=None))
    assert [escalate(report.due_at - left) for left in (5 * DAY, DAY)] == [1, 0]


@pytest.mark.parametrize(
    ("cycle", "opened"),
    [
        ("2026-10", datetime(2026, 10, 19, 11, tzinfo=UTC)),
        ("2027-02", datetime(2027, 2, 19, 11, tzinfo=UTC)),
        ("2027-03", datetime(2027, 3, 19, 11, tzinfo=UTC)),
    ],
)
def test_auckland_across_the_ends_of_months_and_summer_time(clock: Clock, cycle: str, opened: datetime) -> None:
    story = Story(time_zone="Pacific/Auckland")
    admin = member(story.msp, Role.ADMIN)
    report = story.open(("40", None), cycle=Cycle.parse(cycle), at=opened)
    queued = [escalate(opened + hours * HOUR) for hours in range(0, 24 * 12, 1)]
    moments = [opened + hour * HOUR for hour, number in enumerate(queued) if number]
    assert moments == [report.due_at - 2 * DAY, report.due_at - DAY]
    assert told("unopened") == [admin.user_id]


def test_a_mail_that_waited_is_not_sent_once_somebody_opened_the_report(
    story: Story, admin: CurrentMember, report: ReportRow
) -> None:
    at = report.due_at - 2 * DAY
    escalate(at)
    (mail,) = mails("unopened")
    assert why_not(mail, at) is None
    note_view(report, story.preparer, at)
    assert why_not(mail, at) == "Not sent: somebody has opened the report since."


def test_the_overview_says_who_has_not_been_looked_at(story: Story, report: ReportRow) -> None:
    assert [row.unopened for row in waiting(story.distributor.id, CYCLE.first_day)] == [True]
    note_view(report, story.preparer, OPENED_AT + HOUR)
    assert [row.unopened for row in waiting(story.distributor.id, CYCLE.first_day)] == [False]


def test_a_page_is_noted_once_an_hour_and_neither_ahead_nor_for_the_distributor(
    app: Flask, story: Story, report: ReportRow, clock: Clock
) -> None:
    path = f"/reports/{report.uid}"
    clients.sign_in(app, story.reviewer).get(path)
    browser = clients.sign_in(app, story.preparer)
    browser.get(path, headers={"Sec-Purpose": "prefetch"})
    assert views() == []
    first = clock()
    for minutes in (0, 30, 61):
        app.config["CLOCK"] = lambda moved=first + timedelta(minutes=minutes): moved
        browser.get(path)
    assert views() == [(story.preparer.member_id, first, first + timedelta(minutes=61))]


def views() -> list[Any]:
    db.session.rollback()
    rows = db.session.execute(select(ReportView.member_id, ReportView.first_at, ReportView.last_at))
    return [tuple(row) for row in rows]
