"""The way in through a provider, over real HTTP, when everything is as it should be."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from distributor import tenancy
from distributor.database import db
from distributor.identity import operations, sessions
from distributor.identity.acting import CurrentMember
from distributor.identity.models import Member, User, WebSession
from distributor.people.operations import invitations
from distributor.people.operations.invitations import Invited
from distributor.single_sign_on.models import FederatedIdentity, IdentityProvider, SignInAttempt
from tests import clients
from tests.distributor.single_sign_on.conftest import Clock, Walk, trail
from tests.factories import Story, member
from tests.oidc_provider import Person, Provider
from workflows.usage_report import Role


def test_a_member_comes_in_and_goes_where_they_wanted(walk: Walk, story: Story) -> None:
    answer = walk.through(next="/profile?tab=tokens")
    assert (answer.status_code, answer.location) == (302, "/profile?tab=tokens")
    assert story.preparer.name in walk.browser.get("/profile").text
    assert [entry.subject for entry in trail("session.started")] == [story.preparer.email]


def test_the_provider_is_asked_with_pkce_state_and_nonce(walk: Walk, provider: Provider) -> None:
    walk.through(email="a@example.com")
    (asked,) = provider.asked
    assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
    assert min(len(asked["state"]), len(asked["nonce"]), len(asked["code_challenge"])) >= 43
    assert (asked["login_hint"], asked["scope"]) == ("a@example.com", "openid email profile")
    assert "max_age" not in asked


def test_state_and_code_challenge_are_new_each_time_and_kept_as_hashes(walk: Walk, provider: Provider) -> None:
    first, second = walk.out(), walk.out()
    assert first != second
    kept = db.session.scalars(select(SignInAttempt)).all()
    assert all(attempt.state_hash not in first.encode() for attempt in kept)
    assert len({attempt.nonce for attempt in kept}) == 2


def test_the_cookie_that_ties_a_sign_in_to_its_browser_is_short_lived_and_goes_away(walk: Walk) -> None:
    url = walk.out()
    cookie = walk.browser.get_cookie("sign-in")
    assert cookie is not None
    assert (cookie.max_age, cookie.http_only, cookie.same_site) == (600, True, "Lax")
    walk.back(walk.there(url))
    assert walk.browser.get_cookie("sign-in") is None


def test_a_person_is_known_by_issuer_and_subject_whatever_becomes_of_the_address(
    walk: Walk, provider: Provider, story: Story
) -> None:
    walk.through()
    provider.person = Person("subject-1", "new.name@example.com", email_verified=False)
    walk.browser.post("/sign-out")
    walk.through()
    assert story.preparer.name in walk.browser.get("/profile").text
    assert db.session.scalar(select(func.count()).select_from(FederatedIdentity)) == 1


def test_nobody_is_made_by_signing_in(walk: Walk, provider: Provider) -> None:
    before = [db.session.scalar(select(func.count()).select_from(table)) for table in (User, Member)]
    provider.person = Person("subject-9", "stranger@example.com")
    assert walk.through().status_code == 403
    assert [db.session.scalar(select(func.count()).select_from(table)) for table in (User, Member)] == before


def test_keys_that_were_changed_are_read_anew_once(walk: Walk, provider: Provider) -> None:
    walk.through()
    provider.rotate()
    walk.browser.post("/sign-out")
    provider.fetched.clear()
    assert walk.through().status_code == 302
    assert provider.fetched.count("/keys") == 1
    assert provider.fetched.count("/.well-known/openid-configuration") == 0


def test_a_provider_is_asked_what_it_is_once_an_hour(walk: Walk, provider: Provider, clock: Clock) -> None:
    walk.out()
    walk.out()
    clock.forward(minutes=61)
    walk.out()
    assert provider.fetched.count("/.well-known/openid-configuration") == 2


def test_tokens_signed_on_an_elliptic_curve_are_as_good(walk: Walk, provider: Provider) -> None:
    provider.sign_with_ec()
    assert walk.through().status_code == 302


@pytest.mark.parametrize("seconds", [-55, 55])
def test_clocks_may_stand_a_minute_apart(walk: Walk, provider: Provider, clock: Clock, seconds: int) -> None:
    provider.clock = lambda: clock.at + timedelta(seconds=seconds)
    assert walk.through().status_code == 302


def test_a_sign_in_opens_the_organization_that_vouched_and_no_other(
    app: Flask, walk: Walk, story: Story, clock: Clock
) -> None:
    user = db.session.get_one(User, story.preparer.user_id)
    elsewhere = operations.add_member(story.distributor, user.email, user.name, [Role.ADMIN], clock.at)
    walk.through()
    assert walk.browser.post("/switch", data={"membership": str(elsewhere.uid)}).status_code == 403
    db.session.execute(update(WebSession).values(member_id=elsewhere.id))
    assert not walk.is_in()


@pytest.mark.parametrize("path", ["/profile/password", "/profile/security/codes", "/profile/anything-new"])
def test_a_provider_changes_nothing_about_how_a_person_gets_in_elsewhere(app: Flask, walk: Walk, path: str) -> None:
    walk.through()
    before = db.session.scalars(select(User.password_hash)).all()
    assert walk.browser.post(path, data={"password": "another horse battery"}).status_code in {403, 404, 405}
    assert db.session.scalars(select(User.password_hash)).all() == before


def test_the_profile_page_of_a_person_who_came_this_way_can_be_kept(walk: Walk) -> None:
    walk.through()
    assert walk.browser.post("/profile", data={"name": "Aoife Brennan", "phone": ""}).status_code == 302


def test_signing_out_shows_the_way_to_sign_out_at_the_provider_too(walk: Walk, provider: Provider) -> None:
    walk.through()
    page = walk.browser.get(walk.browser.post("/sign-out").location)
    assert f"{provider.url}/logout?client_id=distributor&amp;post_logout_redirect_uri=" in page.text
    assert not walk.is_in()


def test_where_the_provider_has_no_place_to_sign_out_one_is_back_at_the_door(walk: Walk, provider: Provider) -> None:
    provider.document["end_session_endpoint"] = None
    walk.through()
    answer = walk.browser.get(walk.browser.post("/sign-out").location)
    assert answer.location.endswith("/sign-in")


def proved_at(walk: Walk) -> datetime | None:
    return db.session.scalars(select(WebSession.proved_at).order_by(WebSession.id.desc()).limit(1)).one()


def test_a_sign_in_counts_as_proved_when_the_provider_says_it_was(walk: Walk, provider: Provider, clock: Clock) -> None:
    early = clock.at - timedelta(hours=3)
    provider.claims["auth_time"] = int(early.timestamp())
    walk.through()
    assert proved_at(walk) == early


def test_a_provider_that_does_not_say_when_proves_no_time(walk: Walk, provider: Provider) -> None:
    provider.claims["auth_time"] = None
    walk.through()
    assert proved_at(walk) is None


def test_confirming_has_the_provider_ask_anew(walk: Walk, provider: Provider, clock: Clock) -> None:
    walk.through()
    clock.forward(hours=1)
    answer = walk.browser.post("/confirm/company", data={"confirm_next": "/profile"})
    url = answer.headers["Refresh"].removeprefix("0; url=")
    assert walk.back(walk.there(url)).location == "/profile"
    assert (provider.asked[-1]["prompt"], provider.asked[-1]["max_age"]) == ("login", "0")
    assert proved_at(walk) == clock.at
    assert walk.is_in()


@pytest.mark.parametrize("claims", [{"auth_time": None}, {"auth_time": 1_700_000_000}, {"sub": "somebody-else"}])
def test_a_provider_that_did_not_ask_anew_or_asked_another_confirms_nothing(
    walk: Walk, provider: Provider, clock: Clock, claims: dict[str, object]
) -> None:
    walk.through()
    before = proved_at(walk)
    clock.forward(hours=1)
    provider.claims = claims
    url = walk.browser.post("/confirm/company").headers["Refresh"].removeprefix("0; url=")
    assert walk.back(walk.there(url)).status_code == 403
    assert proved_at(walk) == before


def test_the_address_tells_which_organization_it_is_and_not_who_has_it(
    app: Flask, story: Story, settings_row: IdentityProvider
) -> None:
    for email in (story.preparer.email, "nobody@EXAMPLE.com"):
        page = clients.visitor(app).post("/sign-in/company", data={"email": email})
        assert f"Continue with {story.msp.name}" in page.text
    assert clients.visitor(app).post("/sign-in/company", data={"email": "a@elsewhere.example"}).status_code == 422


def test_a_wrong_password_shows_the_other_way_in(app: Flask, story: Story, settings_row: IdentityProvider) -> None:
    page = clients.visitor(app).post("/sign-in", data={"email": "nobody@example.com", "password": "wrong horse batt"})
    assert f"Continue with {story.msp.name}" in page.text


def test_a_door_that_is_not_offered_is_not_there(app: Flask, walk: Walk, settings_row: IdentityProvider) -> None:
    settings_row.offered = False
    assert walk.browser.get(walk.door).status_code == walk.browser.post(walk.door).status_code == 404


def test_an_invited_person_becomes_a_member_by_coming_in(
    walk: Walk, provider: Provider, story: Story, clock: Clock
) -> None:
    invite(member(story.msp, Role.ADMIN), "new@example.com", clock)
    provider.person = Person("subject-7", "New@Example.com")
    assert walk.through().status_code == 302
    assert [entry.subject for entry in trail("member.joined")] == ["new@example.com"]


def test_a_person_whom_others_know_opens_the_link_of_the_invitation(
    walk: Walk, provider: Provider, story: Story, clock: Clock
) -> None:
    invite(member(story.msp, Role.ADMIN), story.reviewer.email, clock)
    provider.person = Person("subject-7", story.reviewer.email)
    assert walk.through().status_code == 403


def invite(admin: CurrentMember, email: str, clock: Clock) -> None:
    tenancy.enter(admin.organization_id)
    invitations.invite(admin, Invited("New Person", email, ("viewer",)), clock.at)


def test_who_is_known_elsewhere_keeps_the_name_others_see(walk: Walk, story: Story, clock: Clock) -> None:
    user = db.session.get_one(User, story.preparer.user_id)
    operations.add_member(story.distributor, user.email, user.name, [Role.VIEWER], clock.at)
    walk.through()
    assert walk.browser.post("/profile", data={"name": "Somebody else", "phone": ""}).status_code == 403


def test_the_profile_lists_no_sign_ins_to_other_organizations(
    app: Flask, walk: Walk, story: Story, clock: Clock
) -> None:
    user = db.session.get_one(User, story.preparer.user_id)
    elsewhere = operations.add_member(story.distributor, user.email, user.name, [Role.VIEWER], clock.at)
    sessions.start(user.id, elsewhere.id, clock.at, address="203.0.113.77")
    walk.through()
    assert "203.0.113.77" not in walk.browser.get("/profile").text
