"""An admin ends the sign-ins of a member: those that open the admin's organization, and no others."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from distributor.database import db
from distributor.identity import codes, sessions, tokens
from distributor.identity import operations as identity
from distributor.identity.acting import CurrentMember
from distributor.identity.models import Organization, WebSession
from distributor.identity.queries import members_of
from distributor.people.models import Invitation
from distributor.single_sign_on.models import IdentityProvider
from tests import clients
from tests.clients import Browser
from tests.distributor.identity.conftest import Clock, member_row, user_of
from tests.distributor.identity.people import enrolled, trail
from tests.factories import Story, member
from workflows.usage_report import Role


@pytest.fixture
def browser(app: Flask, admin: CurrentMember) -> Browser:
    return clients.sign_in(app, admin)


def path(of: CurrentMember) -> str:
    return f"/members/{of.member_uid}/sign-out"


def elsewhere(story: Story, clock: Clock) -> CurrentMember:
    """The preparer's membership of the distributor."""
    identity.add_member(member_row(story.admin).organization, story.preparer.email, "", [Role.VIEWER], clock.at)
    return next(one for one in members_of(story.preparer.user_id) if one.is_distributor)


def is_in(browser: Browser) -> bool:
    return browser.get("/profile").status_code == 200


def test_every_device_is_signed_out_and_may_come_back(
    app: Flask, browser: Browser, admin: CurrentMember, story: Story, clock: Clock
) -> None:
    devices = [clients.sign_in(app, story.preparer) for _ in range(2)]
    text, _row = tokens.create_token(story.preparer, "Nightly", ["reports:read"], None, clock.at)
    page = f"/members/{story.preparer.member_uid}"
    assert "A device was lost" in browser.get(page).text
    assert browser.post(path(story.preparer)).location == page
    assert [is_in(one) for one in (*devices, browser)] == [False, False, True]
    assert tokens.find(text, clock.at) is not None
    assert is_in(clients.sign_in(app, story.preparer))
    assert trail(admin).count("session.ended_by_admin") == 1


def test_a_sign_in_that_could_switch_here_ends_too(app: Flask, browser: Browser, story: Story, clock: Clock) -> None:
    other = elsewhere(story, clock)
    device = clients.sign_in(app, other)
    assert is_in(device)
    browser.post(path(story.preparer))
    assert not is_in(device)


def test_who_was_put_into_an_organization_without_being_asked_stays_signed_in_at_home(
    app: Flask, story: Story, clock: Clock
) -> None:
    other = elsewhere(story, clock)
    home, here = clients.sign_in(app, story.preparer), clients.sign_in(app, other)
    theirs = clients.sign_in(app, member(member_row(story.admin).organization, Role.ADMIN))
    assert "at home in another organization" in theirs.get(f"/members/{other.member_uid}").text
    theirs.post(path(other))
    assert [is_in(home), is_in(here)] == [True, False]


def test_who_accepted_the_invitation_is_at_home_too(app: Flask, story: Story, clock: Clock) -> None:
    other = elsewhere(story, clock)
    accepted(other, story.admin, clock)
    home = clients.sign_in(app, story.preparer)
    clients.sign_in(app, member(member_row(story.admin).organization, Role.ADMIN)).post(path(other))
    assert not is_in(home)


def test_what_another_organizations_provider_vouched_for_stays(
    app: Flask, browser: Browser, story: Story, clock: Clock
) -> None:
    other = elsewhere(story, clock)
    sessions.start(other.user_id, other.member_id, clock.at, vouched_by=other.organization_id)
    browser.post(path(story.preparer))
    assert living(other) == [other.organization_id]


def test_where_a_password_opens_nothing_here_those_elsewhere_stay(
    app: Flask, admin: CurrentMember, story: Story, clock: Clock
) -> None:
    other = elsewhere(story, clock)
    device = clients.sign_in(app, other)
    required(story.msp, admin)
    sessions.start(story.preparer.user_id, story.preparer.member_id, clock.at, vouched_by=story.msp.id)
    clients.sign_in(app, admin).post(path(story.preparer))
    assert is_in(device)
    assert living(other) == [None]


def living(of: CurrentMember) -> list[int | None]:
    """Who vouched for the person's sign-ins that have not ended."""
    mine = WebSession.user_id == of.user_id, WebSession.revoked_at.is_(None)
    return list(db.session.scalars(select(WebSession.vouched_by).where(*mine)))


def accepted(of: CurrentMember, by: CurrentMember, clock: Clock) -> None:
    """The membership came by an invitation."""
    about = {"email": of.email, "name": of.name, "roles": ["viewer"], "locale": "en", "invited_by": by.user_id}
    times = dict.fromkeys(("created_at", "mailed_at", "accepted_at"), clock.at)
    ends = clock.at + timedelta(days=7)
    row = Invitation(organization_id=of.organization_id, accepted_by=of.user_id, expires_at=ends, **about, **times)
    db.session.add(row)
    db.session.flush()


def required(organization: Organization, way_in: CurrentMember) -> None:
    """Passwords no longer open the organization, but for one admin."""
    db.session.add(
        IdentityProvider(
            organization_id=organization.id, issuer="https://login.kestrel.example", client_id="usage",
            client_secret=b"locked", domains=["kestrel.example"], offered=True, required=True,
            way_in_id=way_in.member_id,
        )
    )  # fmt: skip
    db.session.flush()


def test_only_admins_of_the_same_organization_do_it(app: Flask, story: Story, admin: CurrentMember) -> None:
    assert clients.sign_in(app, member(story.msp, Role.PREPARER)).post(path(admin)).status_code == 403
    assert clients.sign_in(app, story.admin).post(path(admin)).status_code == 404


def test_it_asks_for_a_fresh_proof(app: Flask, story: Story, admin: CurrentMember) -> None:
    device = clients.sign_in(app, story.preparer)
    asked = clients.sign_in(app, admin, proved=False).post(path(story.preparer))
    assert asked.location.startswith("/confirm")
    assert is_in(device)


def test_the_list_says_who_has_a_second_step(browser: Browser, story: Story, clock: Clock) -> None:
    before = browser.get("/members").text
    assert "One-time codes" not in before
    enrolled(story.preparer, clock)
    assert "One-time codes" in browser.get("/members").text
    codes.switch_off(story.preparer.user_id)
    assert user_of(story.preparer).name in before
