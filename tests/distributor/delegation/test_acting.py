"""Acting for somebody: both names in the history, mails to the substitute, and still two people over the limit."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text, update
from sqlalchemy.exc import DBAPIError

from distributor.accounts.models import Account
from distributor.database import db
from distributor.delegation import operations
from distributor.identity.acting import CurrentMember, acting
from distributor.policies.operations import set_policy
from distributor.usage_reports.history import history_of
from distributor.usage_reports.operations import steps
from distributor.usage_reports.queries import ReportRow
from tests import clients
from tests.distributor.delegation.conftest import AT, seen_at, stand_in
from tests.distributor.identity.conftest import Clock
from tests.distributor.people.conftest import mails
from tests.factories import Story, member
from workflows.errors import EndorsementRequired, NotPermitted
from workflows.usage_report import Role


@pytest.fixture
def report(story: Story) -> ReportRow:
    """Under review, and over its account's limit."""
    opened = story.open(("40", None))
    steps.submit(opened, story.by(story.preparer), AT)
    db.session.execute(update(Account).where(Account.id == story.account.id).values(approval_limit=1))
    return story.report(opened)


def endorse(story: Story, who: CurrentMember, report: ReportRow) -> ReportRow:
    steps.endorse(story.report(report), acting(who, report), AT)
    return story.report(report)


def approve(story: Story, who: CurrentMember, report: ReportRow) -> ReportRow:
    steps.approve(story.report(report), acting(who, report), AT + timedelta(minutes=1))
    db.session.commit()
    return story.report(report)


def test_the_history_the_mail_and_the_trail_name_both(story: Story, report: ReportRow, viewer: CurrentMember) -> None:
    stand_in(viewer, story.reviewer)
    steps.reject(report, acting(seen_at(viewer, AT), report), AT, reason="Two seats are missing")
    db.session.commit()
    assert history_of(report)[0].actor == f"{viewer.name} for {story.reviewer.name}"
    kept: Any = db.session.execute(
        text("SELECT actor_name, details FROM audit_entries WHERE what = 'report.reject'")
    ).one()
    assert (kept.actor_name, kept.details["details"]["for"]) == (viewer.name, story.reviewer.name)


def test_own_roles_come_first(story: Story, report: ReportRow) -> None:
    second = member(story.distributor, Role.REVIEWER)
    stand_in(second, story.reviewer)
    endorse(story, seen_at(second, AT), report)
    assert history_of(report)[0].actor == second.name


def test_nobody_approves_in_the_name_of_who_endorsed(story: Story, report: ReportRow, viewer: CurrentMember) -> None:
    stand_in(viewer, story.reviewer)
    endorse(story, story.reviewer, report)
    with pytest.raises(EndorsementRequired, match="colleague you act for"):
        approve(story, seen_at(viewer, AT), report)


def test_neither_of_the_two_approves_what_one_endorsed_for_the_other(
    story: Story, report: ReportRow, viewer: CurrentMember
) -> None:
    stand_in(viewer, story.reviewer)
    endorsed = endorse(story, seen_at(viewer, AT), report)
    assert (endorsed.endorsed_by, endorsed.endorsed_for) == (viewer.user_id, story.reviewer.user_id)
    for who in (story.reviewer, seen_at(viewer, AT)):
        with pytest.raises(EndorsementRequired):
            approve(story, who, report)


def test_a_substitute_of_two_approves_for_the_one_who_did_not_endorse(
    story: Story, report: ReportRow, viewer: CurrentMember
) -> None:
    second = member(story.distributor, Role.REVIEWER)
    for absent in (story.reviewer, second):
        stand_in(viewer, absent)
    endorse(story, story.reviewer, report)
    assert approve(story, seen_at(viewer, AT), report).status == "approved"
    assert history_of(report)[0].actor == f"{viewer.name} for {second.name}"


def test_a_reviewer_who_stands_in_approves_in_their_own_name(story: Story, report: ReportRow) -> None:
    second = member(story.distributor, Role.REVIEWER)
    stand_in(second, story.reviewer)
    endorse(story, story.reviewer, report)
    assert approve(story, seen_at(second, AT), report).status == "approved"


def test_the_database_sees_through_an_approval_in_the_endorsers_name(
    story: Story, report: ReportRow, viewer: CurrentMember, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(viewer, story.reviewer)
    endorse(story, story.reviewer, report)
    monkeypatch.setattr("workflows.vocabulary.ReportState.endorsers", frozenset({0}))
    with pytest.raises(DBAPIError, match="the same person"):
        approve(story, seen_at(viewer, AT), report)
    db.session.rollback()


def test_the_database_lets_nobody_act_for_whom_they_do_not_stand_in(
    story: Story, report: ReportRow, viewer: CurrentMember
) -> None:
    uid: Any = stand_in(viewer, story.reviewer)
    lent = seen_at(viewer, AT)
    operations.revoke(viewer, uid, AT)
    endorse(story, lent, report)
    with pytest.raises(DBAPIError, match="without being their substitute"):
        db.session.commit()
    db.session.rollback()


def test_an_action_names_both_or_one(story: Story, report: ReportRow) -> None:
    with pytest.raises(DBAPIError, match="both_are_named"):
        db.session.execute(
            text(
                "INSERT INTO report_actions (report_id, account_id, distributor_id, msp_id, version, step, from_status,"
                " to_status, at, actor_side, actor_name, via, for_user_id) SELECT id, account_id, distributor_id,"
                " msp_id, 3, 'save', 'msp_preparing', 'msp_preparing', now(), 'msp', 'X', 'web', :u FROM usage_reports"
            ),
            {"u": story.reviewer.user_id},
        )
    db.session.rollback()


def test_a_substitute_of_a_viewer_gains_nothing(story: Story, report: ReportRow, viewer: CurrentMember) -> None:
    other = member(story.distributor, Role.VIEWER)
    stand_in(other, viewer)
    with pytest.raises(NotPermitted):
        endorse(story, seen_at(other, AT), report)


def test_mails_go_to_the_substitute_too_and_say_why(story: Story) -> None:
    reader = member(story.msp, Role.VIEWER)
    stand_in(reader, story.preparer)
    story.open(("40", None), at=AT)
    told = {mail.user_id: mail.details.get("for") for mail in mails("opened")}
    assert told == {story.preparer.user_id: None, reader.user_id: story.preparer.name}


def test_no_mail_comes_before_the_first_day_or_after_the_end(story: Story) -> None:
    reader = member(story.msp, Role.VIEWER)
    uid: Any = stand_in(reader, story.preparer)
    operations.revoke(reader, uid, AT)
    stand_in(reader, story.preparer, first=AT.date() + timedelta(days=1))
    story.open(("40", None), at=AT)
    assert [mail.user_id for mail in mails("opened")] == [story.preparer.user_id]


def test_a_page_in_the_middle_of_a_session_loses_the_roles_at_once(
    app: Flask, story: Story, report: ReportRow, viewer: CurrentMember, clock: Clock
) -> None:
    browser = clients.sign_in(app, viewer)
    uid: Any = stand_in(viewer, story.reviewer)
    assert f"You act for {story.reviewer.name} until" in browser.get("/review").text
    assert "Endorse" in browser.get(f"/review/{report.uid}").text
    operations.revoke(story.reviewer, uid, AT)
    page = browser.get(f"/review/{report.uid}").text
    assert "You act for" not in page
    assert browser.post(f"/review/{report.uid}/endorse", data={"version": report.version}).status_code == 403


def test_lent_admin_rights_do_not_reach_members_and_sign_in(app: Flask, story: Story, viewer: CurrentMember) -> None:
    stand_in(viewer, story.admin)
    browser = clients.sign_in(app, viewer)
    assert {browser.get(path).status_code for path in ("/members", "/organization/sign-in", "/tokens")} == {403}
    assert 'href="/members"' not in browser.get("/review").text


def test_a_policy_changed_with_lent_rights_names_both_in_the_trail(
    app: Flask, story: Story, viewer: CurrentMember
) -> None:
    stand_in(viewer, story.admin)
    set_policy(seen_at(viewer, AT), "7", "10", AT)
    db.session.commit()
    kept: Any = db.session.execute(text("SELECT actor_name, details FROM audit_entries WHERE what = 'policy.changed'"))
    entry = kept.one()
    assert (entry.actor_name, entry.details["for"]) == (viewer.name, story.admin.name)
