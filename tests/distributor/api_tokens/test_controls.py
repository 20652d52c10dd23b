"""Every control that holds for a session holds for a token, on the very next call."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask

from distributor.database import db
from distributor.identity import operations, sessions, tokens
from distributor.identity.acting import CurrentMember
from tests import clients
from tests.clients import Browser, Program
from tests.distributor.identity.conftest import Clock, member_row, user_of
from tests.factories import Story

Control = Callable[[CurrentMember, Clock], None]


def remove(member: CurrentMember, clock: Clock) -> None:
    operations.remove_member(member_row(member), clock.at)


def remove_by_hand(member: CurrentMember, clock: Clock) -> None:
    member_row(member).removed_at = clock.at


def disable(member: CurrentMember, clock: Clock) -> None:
    user_of(member).disabled_at = clock.at


def revoke(member: CurrentMember, clock: Clock) -> None:
    sessions.end(member.user_id, clock.at)
    tokens.revoke(member.member_id, clock.at)


def let_expire(_: CurrentMember, clock: Clock) -> None:
    clock.forward(days=31)


CONTROLS: dict[str, Control] = {
    "the member was removed": remove,
    "the membership ended in the database": remove_by_hand,
    "the user was disabled": disable,
    "it was revoked": revoke,
    "it expired": let_expire,
}


def callers(app: Flask, member: CurrentMember, clock: Clock) -> tuple[tuple[Browser, str], tuple[Program, str]]:
    """A session and a token of the member, each with a page or call that shows who they are."""
    program = clients.Program(app, app.response_class, use_cookies=False)
    ends = clock.at + timedelta(days=30)
    program.token, _row = tokens.create_token(member, "Test", ["reports:read", "reports:write"], ends, clock.at)
    return (clients.sign_in(app, member), "/profile"), (program, "/api/v1/me")


@pytest.mark.parametrize("control", CONTROLS.values(), ids=CONTROLS.keys())
def test_it_ends_with_the_next_request(app: Flask, story: Story, clock: Clock, control: Control) -> None:
    both = callers(app, story.preparer, clock)
    assert [caller.get(path).status_code for caller, path in both] == [200, 200]
    control(story.preparer, clock)
    assert [caller.get(path).status_code for caller, path in both] == [302, 401]


def test_a_lost_role_is_lost_for_both(app: Flask, story: Story, clock: Clock) -> None:
    (browser, _), (program, _) = callers(app, story.preparer, clock)
    report = story.open(("40", None))
    address = f"/reports/{report.uid}/submit"
    member_row(story.preparer).roles = ["viewer"]
    version = {"If-Match": f'"{report.version}"'}
    assert browser.post(address, data={"version": report.version}).status_code in {302, 403}
    assert program.post(f"/api/v1{address}", headers=version).status_code == 403
    assert story.report(report.id).version == report.version


def test_another_organizations_things_are_found_by_neither(app: Flask, story: Story, clock: Clock) -> None:
    (browser, _), (program, _) = callers(app, story.preparer, clock)
    report = Story().open(("40", None))
    assert browser.get(f"/reports/{report.uid}").status_code == 404
    assert program.get(f"/api/v1/reports/{report.uid}").status_code == 404


def test_a_token_opens_no_page_and_a_session_no_call(app: Flask, story: Story, clock: Clock) -> None:
    (browser, _), (program, _) = callers(app, story.preparer, clock)
    assert browser.get("/api/v1/me").status_code == 401
    assert program.get("/profile").status_code == 302


@pytest.mark.parametrize("name", ["access_token", "token", "api_key", "Authorization", "sid"])
def test_a_token_in_the_address_is_refused_and_named(app: Flask, story: Story, clock: Clock, name: str) -> None:
    (_, _), (program, _) = callers(app, story.preparer, clock)
    asked = clients.Program(app, app.response_class, use_cookies=False)
    for caller in (asked, program):
        answer = caller.get("/api/v1/me", query_string={name: program.token})
        assert answer.status_code == 400
        assert answer.json is not None
        assert "An API token stands in the address" in answer.json["detail"]
        assert program.token not in answer.text
    assert clients.visitor(app).get("/profile", query_string={name: program.token}).status_code == 400
    assert clients.visitor(app).get("/profile?q=" + program.token.replace("_", "%5F")).status_code == 400


def test_a_cookie_of_another_host_or_name_is_ignored(app: Flask, story: Story, clock: Clock) -> None:
    secret = sessions.start(story.preparer.user_id, story.preparer.member_id, clock.at)
    db.session.commit()
    browser = clients.visitor(app)
    browser.set_cookie("sid", secret, domain="other.example")
    browser.set_cookie("SID", secret)
    browser.set_cookie("__Host-sid", secret)
    assert browser.get("/profile").status_code == 302
    browser.set_cookie("sid", secret)
    assert browser.get("/profile").status_code == 200
