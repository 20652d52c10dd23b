"""The admins of an organization look after its members; one admin there always is."""

from __future__ import annotations

from uuid import uuid4

import pytest
from flask import Flask

from distributor.database import db
from distributor.errors import Conflict
from distributor.identity import operations as identity
from distributor.identity import queries, tokens
from distributor.identity.acting import CurrentMember
from distributor.identity.models import Member
from distributor.people.operations import members
from distributor.people.operations.members import NewRoles
from tests import clients
from tests.clients import Browser
from tests.distributor.identity.conftest import PASSWORD, Clock, member_row, user_of
from tests.distributor.people.conftest import mails
from tests.factories import Story, member
from tests.faults.together import together
from workflows.usage_report import Role

LAST = "is the last admin"


@pytest.fixture
def browser(app: Flask, admin: CurrentMember) -> Browser:
    return clients.sign_in(app, admin)


@pytest.fixture
def second(story: Story) -> CurrentMember:
    """Another admin of the MSP who can sign in."""
    found = member(story.msp, Role.ADMIN)
    identity.set_password(user_of(found), PASSWORD)
    return found


def path(of: CurrentMember, act: str = "") -> str:
    return f"/members/{of.member_uid}{act}"


def roles_of(of: CurrentMember) -> list[str]:
    db.session.rollback()
    return list(member_row(of).roles)


def test_the_list_names_members_roles_and_when_they_were_seen(browser: Browser, story: Story) -> None:
    page = browser.get("/members").text
    assert story.preparer.email in page
    assert "no password yet" in page
    assert "21 Oct 2026" in page
    assert story.admin.email not in page


def test_roles_are_changed_for_the_next_request_and_the_member_is_told(
    app: Flask, browser: Browser, story: Story
) -> None:
    theirs = clients.sign_in(app, story.preparer)
    form = {"seen": "preparer", "roles": ["viewer", "admin"]}
    assert browser.post(path(story.preparer, "/roles"), data=form).location == "/members"
    assert roles_of(story.preparer) == ["admin", "viewer"]
    assert theirs.get("/members").status_code == 200
    (mail,) = mails("roles_changed")
    assert (mail.recipient, mail.details["before"], mail.details["roles"]) == (
        story.preparer.email, ["preparer"], ["admin", "viewer"],
    )  # fmt: skip


def test_a_second_click_tells_nobody_twice(browser: Browser, story: Story) -> None:
    form = {"seen": "preparer", "roles": ["viewer"]}
    assert [browser.post(path(story.preparer, "/roles"), data=form).status_code for _ in range(2)] == [302, 302]
    assert len(mails("roles_changed")) == 1


def test_roles_that_were_changed_meanwhile_are_not_overwritten(browser: Browser, story: Story) -> None:
    member_row(story.preparer).roles = ["viewer"]
    answer = browser.post(path(story.preparer, "/roles"), data={"seen": "preparer", "roles": ["admin"]})
    assert answer.status_code == 409
    assert "were changed meanwhile" in answer.text
    assert roles_of(story.preparer) == ["viewer"]


def test_an_admin_who_lost_the_role_in_the_middle_of_the_edit_changes_nothing(
    browser: Browser, admin: CurrentMember, story: Story, clock: Clock
) -> None:
    member_row(admin).roles = ["viewer"]
    form = {"seen": "preparer", "roles": ["admin"]}
    assert browser.post(path(story.preparer, "/roles"), data=form).status_code == 403
    with pytest.raises(Exception, match="no longer an admin"):
        members.change_roles(
            admin, story.preparer.member_uid, NewRoles(frozenset({"admin"}), frozenset({"preparer"})), clock.at
        )
    assert roles_of(story.preparer) == ["preparer"]


@pytest.mark.parametrize("roles", [[], ["king"], ["reviewer"]])
def test_roles_that_mean_nothing_here_are_refused(browser: Browser, story: Story, roles: list[str]) -> None:
    answer = browser.post(path(story.preparer, "/roles"), data={"seen": "preparer", "roles": roles})
    assert answer.status_code == 422
    assert roles_of(story.preparer) == ["preparer"]


def test_a_removed_member_is_out_at_once_and_is_told(app: Flask, browser: Browser, story: Story, clock: Clock) -> None:
    theirs = clients.sign_in(app, story.preparer)
    text, _row = tokens.create_token(story.preparer, "Nightly", ["reports:read"], None, clock.at)
    assert browser.post(path(story.preparer, "/remove")).location == "/members"
    assert theirs.get("/profile").status_code == 302
    assert tokens.find(text, clock.at) is None
    assert [mail.recipient for mail in mails("member_removed")] == [story.preparer.email]
    assert browser.post(path(story.preparer, "/remove")).status_code == 404


def test_the_last_admin_is_neither_removed_nor_demoted(browser: Browser, admin: CurrentMember) -> None:
    page = browser.get(path(admin)).text
    assert "Not possible for the last admin." in page
    assert browser.post(path(admin, "/remove")).status_code == 409
    demoted = browser.post(path(admin, "/roles"), data={"seen": "admin", "roles": ["viewer"]})
    assert (demoted.status_code, LAST in demoted.text) == (409, True)
    assert roles_of(admin) == ["admin"]


def test_an_admin_who_never_came_in_does_not_count(browser: Browser, admin: CurrentMember, story: Story) -> None:
    member(story.msp, Role.ADMIN)
    assert browser.post(path(admin, "/remove")).status_code == 409


def test_one_of_two_admins_may_leave(browser: Browser, admin: CurrentMember, second: CurrentMember) -> None:
    assert browser.post(path(admin, "/remove")).location == "/"
    assert browser.get("/profile").status_code == 302
    assert queries.members_of(admin.user_id) == []


def test_who_gives_up_the_role_of_admin_leaves_the_page(
    browser: Browser, admin: CurrentMember, second: CurrentMember
) -> None:
    assert browser.post(path(admin, "/roles"), data={"seen": "admin", "roles": ["viewer"]}).location == "/"
    assert browser.get("/members").status_code == 403


@pytest.mark.parametrize("each", ["themselves", "the other"])
def test_of_two_admins_who_go_at_once_one_stays(
    app: Flask, admin: CurrentMember, second: CurrentMember, clock: Clock, each: str
) -> None:
    db.session.commit()
    pairs = [(admin, admin), (second, second)] if each == "themselves" else [(admin, second), (second, admin)]
    acts = [lambda by=by, who=who: members.remove(by, who.member_uid, clock.at) for by, who in pairs]
    with together(app, *acts) as raised:
        assert [error is None for error in raised].count(True) == 1
    db.session.rollback()
    left = [db.session.get_one(Member, one.member_id).removed_at is None for one in (admin, second)]
    assert sorted(left) == [False, True]


def test_of_two_admins_who_demote_each_other_at_once_one_stays(
    app: Flask, admin: CurrentMember, second: CurrentMember, clock: Clock
) -> None:
    db.session.commit()
    roles = NewRoles(frozenset({"viewer"}), frozenset({"admin"}))
    acts = [
        lambda by=by, who=who: members.change_roles(by, who.member_uid, roles, clock.at)
        for by, who in ((admin, second), (second, admin))
    ]
    with together(app, *acts):
        pass
    assert sorted([roles_of(admin), roles_of(second)]) == [["admin"], ["viewer"]]


@pytest.mark.parametrize("role", [Role.PREPARER, Role.VIEWER])
def test_who_is_no_admin_sees_nothing_of_it(app: Flask, story: Story, admin: CurrentMember, role: Role) -> None:
    theirs = clients.sign_in(app, member(story.msp, role))
    for act in ("", "/roles", "/remove"):
        answer = theirs.post(path(admin, act)) if act else theirs.get(path(admin))
        assert answer.status_code == 403
        assert admin.email not in answer.text


def test_another_organizations_member_is_not_found(app: Flask, browser: Browser, story: Story) -> None:
    for who in (path(story.admin), f"/members/{uuid4()}"):
        assert browser.get(who).status_code == 404
        assert browser.post(f"{who}/remove").status_code == 404
        assert browser.post(f"{who}/roles", data={"roles": ["viewer"]}).status_code == 404


def test_a_distributor_offers_its_own_roles(app: Flask, story: Story) -> None:
    page = clients.sign_in(app, story.admin).get(path(story.reviewer)).text
    assert 'value="reviewer" checked' in page
    assert 'value="preparer"' not in page


def test_the_lock_is_taken_before_the_admins_are_counted(
    app: Flask, admin: CurrentMember, second: CurrentMember, clock: Clock
) -> None:
    members.remove(admin, second.member_uid, clock.at)
    with pytest.raises(Conflict, match=LAST):
        members.remove(admin, admin.member_uid, clock.at)
