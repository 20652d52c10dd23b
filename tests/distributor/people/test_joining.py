"""Accepting an invitation."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from distributor.database import db
from distributor.identity import operations as identity
from distributor.identity import queries as people
from distributor.identity.acting import CurrentMember
from distributor.identity.models import User
from distributor.people.models import Invitation
from distributor.people.operations import invitations
from distributor.people.operations.invitations import Invited
from tests import clients
from tests.distributor.identity.conftest import PASSWORD, Clock, user_of
from tests.distributor.people.conftest import link_of, mails
from tests.factories import Story
from tests.faults.together import together
from workflows.usage_report import Role

NEW = {"name": "Nora New", "password": "staple battery horse", "again": "staple battery horse"}


def invited(admin: CurrentMember, clock: Clock, email: str = "nora@example.com") -> str:
    """The path of an invitation of the MSP's admin."""
    invitations.invite(admin, Invited("Nora", email, ("preparer",)), clock.at)
    return link_of(mails("invited")[-1], clock.at)


@pytest.fixture
def link(admin: CurrentMember, clock: Clock) -> str:
    return invited(admin, clock)


@pytest.fixture
def known(story: Story) -> CurrentMember:
    """Somebody of another organization, who has a password."""
    identity.set_password(user_of(story.reviewer), PASSWORD)
    return story.reviewer


def test_a_new_person_chooses_name_and_password_and_signs_in(app: Flask, link: str) -> None:
    browser = clients.visitor(app)
    assert "nora@example.com" in browser.get(link).text
    assert browser.post(link, data=NEW).location == "/sign-in"
    assert "You are a member of Kestrel IT Services now." in browser.get("/sign-in").text
    assert browser.post("/sign-in", data={"email": "nora@example.com", "password": NEW["password"]}).location == "/"
    found = people.member_by_email("nora@example.com")
    assert (found.name, found.roles) == ("Nora New", frozenset({Role.PREPARER}))


def test_a_link_works_once(app: Flask, link: str) -> None:
    browser = clients.visitor(app)
    browser.post(link, data=NEW)
    again = browser.post(link, data=NEW)
    assert (again.status_code, "This link no longer works" in again.text) == (404, True)


def test_used_expired_revoked_and_altered_links_answer_the_same(
    app: Flask, admin: CurrentMember, link: str, clock: Clock
) -> None:
    used, revoked = invited(admin, clock, "used@example.com"), invited(admin, clock, "revoked@example.com")
    clients.visitor(app).post(used, data=NEW)
    row = db.session.scalars(select(Invitation).filter_by(email="revoked@example.com")).one()
    invitations.revoke(admin, row.uid, clock.at)
    expired = link
    clock.forward(days=7)
    fresh = invited(admin, clock, "fresh@example.com")
    altered = (fresh[:-1] + ("A" if fresh[-1] != "A" else "B"), fresh + "x", "/invitations/x", "/invitations/%00")
    answers = [clients.visitor(app).get(path) for path in (used, revoked, expired, *altered)]
    assert {answer.status_code for answer in answers} == {404}
    assert all("ask whoever invited you to send it again" in answer.text for answer in answers)
    assert clients.visitor(app).get(fresh).status_code == 200


@pytest.mark.parametrize(
    "wrong",
    [
        {"password": "short", "again": "short"},
        {"password": "q1w2e3r4t5y6", "again": "q1w2e3r4t5y6"},
        {"password": "KestrelIT-2026", "again": "KestrelIT-2026"},
        {"again": "another one"},
        {"name": ""},
        {"name": "x" * 10_000},
    ],
)
def test_what_is_refused_leaves_the_link_usable(app: Flask, link: str, wrong: dict[str, str]) -> None:
    browser = clients.visitor(app)
    refused = browser.post(link, data={**NEW, **wrong})
    assert refused.status_code == 422
    assert 'aria-invalid="true"' in refused.text
    assert people.user_by_email("nora@example.com") is None
    assert browser.post(link, data=NEW).status_code == 302


def test_who_signs_in_with_the_address_already_gives_the_password(
    app: Flask, admin: CurrentMember, known: CurrentMember, clock: Clock
) -> None:
    link = invited(admin, clock, known.email)
    browser = clients.visitor(app)
    assert "You sign in with this address already." in browser.get(link).text
    assert browser.post(link, data={"password": "wrong horse battery"}).status_code == 422
    assert browser.post(link, data=NEW).status_code == 422
    assert browser.post(link, data={"password": PASSWORD}).location == "/sign-in"
    names = {one.organization_name for one in people.members_of(known.user_id)}
    assert names == {"Meridian Cloud Distribution", "Kestrel IT Services"}
    assert user_of(known).name == known.name


def test_who_is_signed_in_with_the_address_joins_by_a_click(
    app: Flask, admin: CurrentMember, known: CurrentMember, clock: Clock
) -> None:
    link = invited(admin, clock, known.email)
    browser = clients.sign_in(app, known)
    assert "You are signed in with this address." in browser.get(link).text
    assert browser.post(link).location == "/"
    assert "Kestrel IT Services" in browser.get("/profile").text


def test_who_is_signed_in_as_somebody_else_does_not_join(
    app: Flask, admin: CurrentMember, known: CurrentMember, clock: Clock, story: Story
) -> None:
    link = invited(admin, clock, known.email)
    browser = clients.sign_in(app, story.admin)
    assert f"You are signed in here as {story.admin.email}" in browser.get(link).text
    assert browser.post(link).status_code == 422
    assert len(people.members_of(story.admin.user_id)) == len(people.members_of(known.user_id)) == 1


def test_guessing_the_password_behind_a_link_is_limited(
    app: Flask, admin: CurrentMember, known: CurrentMember, clock: Clock
) -> None:
    link, browser = invited(admin, clock, known.email), clients.visitor(app)
    answers = [browser.post(link, data={"password": "wrong horse battery"}).status_code for _ in range(11)]
    assert answers == [422] * 10 + [429]


def test_two_who_use_a_link_at_once_make_one_member(app: Flask, link: str, clock: Clock) -> None:
    token, joined = link.rpartition("/")[2], []

    def act() -> None:
        joined.append(invitations.accept_as_new(token, "Nora", NEW["password"], clock.at, language=None))

    with together(app, act, act) as raised:
        assert raised == [None, None]
    assert sorted(one is None for one in joined) == [False, True]
    assert len(people.members_of(people.member_by_email("nora@example.com").user_id)) == 1


def test_a_contact_without_a_password_sets_one_by_the_invitation(
    app: Flask, admin: CurrentMember, story: Story, clock: Clock
) -> None:
    link = invited(admin, clock, story.admin.email)
    assert clients.visitor(app).post(link, data=NEW).status_code == 302
    assert db.session.scalars(select(User.password_hash).filter_by(email=story.admin.email)).one()


def test_a_disabled_persons_invitation_does_not_work(
    app: Flask, admin: CurrentMember, known: CurrentMember, clock: Clock
) -> None:
    link = invited(admin, clock, known.email)
    user_of(known).disabled_at = clock.at
    assert clients.visitor(app).get(link).status_code == 404
