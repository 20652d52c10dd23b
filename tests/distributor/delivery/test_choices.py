"""Kinds of mail that members switch off: what can be, what cannot, and who still hears of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from distributor.database import db
from distributor.delivery.choices import change_choices, choices
from distributor.delivery.models import Notification
from distributor.identity.acting import CurrentMember, acting, system
from distributor.identity.models import Member
from distributor.usage_reports.operations import automatic, steps
from distributor.usage_reports.operations.recording import notify
from tests.factories import CYCLE, OPENED_AT, Story, member
from workflows.usage_report import Role

EVERYTHING = ("msp:opened", "msp:rejected", "msp:auto_submitted", "msp:reopened_by_distributor", "msp:reminder")


@pytest.fixture
def story(app: Flask) -> Story:
    return Story()


def told(event: str) -> list[str]:
    query = select(Notification.recipient).where(Notification.event == event).order_by(Notification.recipient)
    return list(db.session.scalars(query))


def mute(who: CurrentMember, *kinds: str) -> None:
    """Put into the row what the form would never let through."""
    db.session.execute(update(Member).where(Member.id == who.member_id).values(muted=list(kinds)))


def test_a_muted_kind_is_not_queued_and_colleagues_still_get_theirs(story: Story) -> None:
    colleague = member(story.msp, Role.ADMIN)
    change_choices(story.preparer, [])
    report = story.open(("40", None))
    steps.submit(report, acting(story.preparer, report), OPENED_AT)
    report = story.report(report)
    steps.approve(report, acting(story.reviewer, report), OPENED_AT)
    assert told("approved") == [colleague.email]


def test_switching_a_kind_on_again_brings_its_mails_back(story: Story) -> None:
    change_choices(story.preparer, [])
    change_choices(story.preparer, [choice.key for choice in choices(story.preparer)])
    assert all(choice.on for choice in choices(story.preparer))


def test_what_costs_money_reaches_whoever_muted_it_all_the_same(story: Story) -> None:
    mute(story.preparer, *EVERYTHING)
    report = story.open(("400", "300"))
    automatic.submit_due([report.id], report.due_at, system())
    report = story.report(report)
    steps.reject(report, acting(story.reviewer, report), report.due_at, reason="No.", notes={})
    assert told("opened") == told("rejected") == [story.preparer.email]
    assert story.preparer.email in told("auto_submitted")


@pytest.mark.parametrize(
    ("before", "heard"), [({"days": 7}, False), ({"days": 3}, False), ({"days": 1}, True), ({"hours": 4}, True)]
)
def test_of_muted_reminders_those_of_the_last_day_still_come(
    story: Story, before: dict[str, float], heard: bool
) -> None:
    mute(story.preparer, "msp:reminder")
    report = story.open(("40", None))
    automatic.remind(report.due_at - timedelta(**before))
    assert told("reminder") == ([story.preparer.email] if heard else [])


def test_a_reminder_by_a_person_is_never_muted(story: Story) -> None:
    mute(story.preparer, "msp:reminder")
    report = story.open(("40", None))
    details = {"due_at": report.due_at.isoformat(), "reminded_by": "Tomás Keane"}
    notify([report.id], "reminder", ["nudge:1"], [details], OPENED_AT)
    assert told("reminder") == [story.preparer.email]


def test_a_side_that_is_muted_says_nothing_of_the_other(story: Story) -> None:
    mute(story.reviewer, "msp:submitted", "distributor:auto_submitted")
    report = story.open(("40", None))
    automatic.submit_due([report.id], report.due_at, system())
    assert told("auto_submitted") == [story.preparer.email]
    other = story.open(("41", None), cycle=CYCLE.next(), at=OPENED_AT + timedelta(days=31))
    steps.submit(other, acting(story.preparer, other), OPENED_AT + timedelta(days=31))
    assert told("submitted") == [story.reviewer.email]


def test_a_choice_shows_who_else_gets_it_now(story: Story) -> None:
    colleague = member(story.msp, Role.ADMIN)
    viewer = member(story.msp, Role.VIEWER)
    approved = next(choice for choice in choices(story.preparer) if choice.event == "approved")
    assert approved.others == (colleague.name,)
    change_choices(colleague, [])
    approved = next(choice for choice in choices(story.preparer) if choice.event == "approved")
    assert approved.others == ()
    assert choices(viewer) == []


def test_only_kinds_of_the_members_roles_are_offered(story: Story) -> None:
    assert [choice.event for choice in choices(story.admin)] == ["unpriced"]
    assert "submitted" in [choice.event for choice in choices(story.reviewer)]
    assert "opened" not in [choice.event for choice in choices(story.reviewer)]
