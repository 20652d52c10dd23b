"""Reminding MSPs by hand: who is told, who is left out, and that nobody hears of it twice on one day."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Row, select

from distributor.database import db
from distributor.delivery.queries import NOTIFICATION, why_not
from distributor.errors import Forbidden, NotFound
from distributor.identity.acting import CurrentMember
from distributor.usage_reports.operations import automatic, steps
from distributor.usage_reports.reminding import Nudge, nudge_of, remind
from tests.clients import sign_in
from tests.factories import CYCLE, OPENED_AT, Story, account, member, organization
from workflows.usage_report import Role

AT = OPENED_AT + timedelta(days=1, hours=9)
OCTOBER = CYCLE.first_day


@pytest.fixture
def story(app: Flask) -> Story:
    app.config["CLOCK"] = lambda: AT
    return Story()


def reminders() -> list[Row[Any]]:
    query = select(*NOTIFICATION.c).where(NOTIFICATION.c.event == "reminder").order_by(NOTIFICATION.c.id)
    return list(db.session.execute(query))


def told(nudge: Nudge) -> list[str]:
    return [row.account_number for row in nudge.told]


def at_day(number: int) -> datetime:
    return AT + timedelta(days=number)


def test_preparers_and_admins_of_reports_still_open_are_told(story: Story) -> None:
    boss = member(story.msp, Role.ADMIN)
    member(story.msp, Role.VIEWER)
    story.open(("40", "30"))
    assert told(remind(story.reviewer, OCTOBER, AT)) == [story.account.number]
    assert [mail.user_id for mail in reminders()] == [story.preparer.user_id, boss.user_id]
    assert {mail.occasion for mail in reminders()} == {"nudge:2026-10-21"}


def test_nobody_is_reminded_twice_on_one_day_but_again_on_the_next(story: Story) -> None:
    story.open(("40", "30"))
    remind(story.reviewer, OCTOBER, AT)
    again = remind(story.admin, OCTOBER, AT + timedelta(hours=3))
    assert (told(again), len(again.already)) == ([], 1)
    assert told(remind(story.admin, OCTOBER, at_day(1))) == [story.account.number]
    assert [mail.occasion for mail in reminders()] == ["nudge:2026-10-21", "nudge:2026-10-22"]


def test_who_the_scheduler_reminded_today_is_left_out(story: Story) -> None:
    report = story.open(("40", "30"))
    at = report.due_at - timedelta(days=3)
    assert automatic.remind(at) == 1
    assert len(remind(story.reviewer, OCTOBER, at + timedelta(hours=5)).already) == 1
    assert len(reminders()) == 1


def test_the_schedulers_own_reminder_still_follows_one_by_hand(story: Story) -> None:
    report = story.open(("40", "30"))
    remind(story.reviewer, OCTOBER, AT)
    assert automatic.remind(report.due_at - timedelta(days=3)) == 1


def test_a_day_is_that_of_the_account(story: Story) -> None:
    story.account = account(story.distributor, story.msp, time_zone="Pacific/Auckland")
    story.open(("40", "30"))
    evening = OPENED_AT + timedelta(days=1, hours=10, minutes=59)  # 23:59 in Auckland
    remind(story.reviewer, OCTOBER, evening)
    assert told(remind(story.reviewer, OCTOBER, evening + timedelta(minutes=1))) == [story.account.number]


def test_a_submitted_report_and_one_past_its_due_instant_need_no_reminder(story: Story) -> None:
    report = story.open(("40", None))
    assert told(nudge_of(story.reviewer, OCTOBER, report.due_at)) == []
    steps.submit(report, story.by(story.preparer), AT)
    assert remind(story.reviewer, OCTOBER, AT) == Nudge([], [], [])


def test_an_msp_without_a_preparer_is_named(story: Story) -> None:
    story.msp = organization("Nobody Ltd")
    story.account = account(story.distributor, story.msp)
    story.open(("40", None))
    nudge = remind(story.reviewer, OCTOBER, AT)
    assert (nudge.told, [row.msp_name for row in nudge.nobody]) == ([], ["Nobody Ltd"])


def test_a_mail_whose_date_has_moved_is_not_sent(story: Story) -> None:
    report = story.open(("40", None))
    remind(story.reviewer, OCTOBER, AT)
    (mail,) = reminders()
    assert why_not(mail, AT) is None
    steps.submit(report, story.by(story.preparer), AT)
    db.session.flush()
    assert "was submitted" in str(why_not(mail, AT))


def viewer_of(story: Story) -> CurrentMember:
    return member(story.distributor, Role.VIEWER)


def test_only_reviewers_and_admins_remind_and_only_their_own_partners(app: Flask, story: Story) -> None:
    story.open(("40", None))
    with pytest.raises(Forbidden):
        remind(viewer_of(story), OCTOBER, AT)
    with pytest.raises(NotFound):
        remind(story.preparer, OCTOBER, AT)
    stranger = member(organization("Elsewhere", is_distributor=True), Role.ADMIN)
    assert remind(stranger, OCTOBER, AT) == Nudge([], [], [])
    assert sign_in(app, viewer_of(story)).post("/overview/remind", data={"cycle": "2026-10"}).status_code == 403
    assert sign_in(app, story.preparer).post("/overview/remind", data={"cycle": "2026-10"}).status_code == 404
    assert reminders() == []


def test_a_viewer_is_not_offered_what_it_may_not_do(app: Flask, story: Story) -> None:
    story.open(("40", None))
    assert "/overview/remind" not in sign_in(app, viewer_of(story)).get("/overview").text


def test_the_page_names_whom_before_and_says_who_was_told_after(app: Flask, story: Story) -> None:
    story.open(("40", "30"))
    browser = sign_in(app, story.reviewer)
    asked = browser.get("/overview/remind?cycle=2026-10")
    assert all(words in asked.text for words in ("1 account gets a reminder", "Kestrel IT Services", "28.50"))
    assert reminders() == []
    sent = browser.post("/overview/remind", data={"cycle": "2026-10"}, follow_redirects=True)
    assert "Reminder on its way to the preparers of 1 account." in sent.text
    again = browser.post("/overview/remind", data={"cycle": "2026-10"}, follow_redirects=True)
    assert f"Left out, as reminded today already: Kestrel IT Services ({story.account.number})." in again.text
    assert "There is nobody left to remind today." in browser.get("/overview/remind?cycle=2026-10").text
    assert "Reminder" in browser.get("/notifications").text


def test_the_cycle_to_remind_of_must_be_named(app: Flask, story: Story) -> None:
    assert sign_in(app, story.reviewer).post("/overview/remind", data={}).status_code == 422
