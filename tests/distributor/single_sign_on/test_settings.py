"""An admin's page about how members sign in."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask, Response
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select

from distributor import vault
from distributor.database import db
from distributor.identity import operations as people
from distributor.identity.acting import CurrentMember
from distributor.identity.models import Member, User, WebSession
from distributor.single_sign_on import queries
from distributor.single_sign_on.models import FederatedIdentity, IdentityProvider
from tests import clients
from tests.clients import Browser
from tests.distributor.single_sign_on.conftest import Clock, Walk, trail
from tests.factories import Story, member
from tests.oidc_provider import CLIENT_SECRET, Provider
from workflows.usage_report import Role

PAGE = "/organization/sign-in"
PASSWORD = "correct horse battery"
FORM = {
    "issuer": "https://login.example.com/realms/staff", "client_id": "distributor", "client_secret": "a secret of both",
    "domains": "example.com", "offered": "1",
}  # fmt: skip


@pytest.fixture
def browser(app: Flask, admin: CurrentMember) -> Browser:
    return clients.sign_in(app, admin)


def kept(story: Story) -> IdentityProvider | None:
    db.session.rollback()
    return queries.provider_of(story.msp.id)


def save(browser: Browser, **changes: Any) -> str:
    form = {name: value for name, value in {**FORM, **changes}.items() if value is not None}
    answer = browser.post(PAGE, data=form)
    assert answer.status_code in {302, 422}
    return answer.text if answer.status_code == 422 else ""


def test_the_settings_are_kept_and_the_secret_is_locked_away_and_never_shown(browser: Browser, story: Story) -> None:
    assert save(browser, domains=" @Example.com,example.COM ") == ""
    row = kept(story)
    assert row is not None
    assert (row.issuer, row.client_id, row.domains, row.offered) == (
        FORM["issuer"],
        "distributor",
        ["example.com"],
        True,
    )
    assert vault.unlock(row.client_secret) == FORM["client_secret"]
    assert FORM["client_secret"] not in browser.get(PAGE).text + str(trail("sso.changed"))
    assert FORM["client_secret"] not in save(browser, issuer="nonsense")


def test_settings_can_be_kept_before_they_are_offered(browser: Browser, story: Story) -> None:
    assert save(browser, offered=None) == ""
    row = kept(story)
    assert row is not None
    assert not row.offered


def test_an_empty_secret_keeps_the_one_there_is(browser: Browser, story: Story) -> None:
    save(browser)
    assert save(browser, client_secret="", offered=None) == ""
    row = kept(story)
    assert row is not None
    assert (vault.unlock(row.client_secret), row.offered) == (FORM["client_secret"], False)


def test_another_client_needs_its_own_secret(browser: Browser, story: Story) -> None:
    save(browser)
    assert "Another issuer or client has another secret" in save(browser, client_secret="", client_id="another")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"issuer": ""}, "no address such as"),
        ({"issuer": "login.example.com"}, "no address such as"),
        ({"issuer": "http://login.example.com"}, "begins with https://"),
        ({"issuer": "ftp://login.example.com"}, "no address such as"),
        ({"issuer": "https://me:pw@login.example.com"}, "no address such as"),
        ({"issuer": "https://login.example.com/?a=b"}, "without “?”"),
        ({"issuer": "https://login.example.com/#a"}, "no address such as"),
        ({"issuer": "https://login.example.com:0/"}, "no address such as"),
        ({"issuer": "https://login.example.com:99999/"}, "no address such as"),
        ({"issuer": "https://exämple.com"}, "no address such as"),
        ({"issuer": "https://" + "a" * 600 + ".com"}, "at most 500 characters"),
        ({"client_id": " "}, "Copy the client ID"),
        ({"client_id": "a\nb"}, "Copy the client ID"),
        ({"client_id": "x" * 501}, "Copy the client ID"),
        ({"client_secret": ""}, "Copy the client secret"),
        ({"domains": ""}, "Name 1 to 50 domains"),
        ({"domains": "not_a_domain"}, "is no domain"),
        ({"domains": "еxample.com"}, "is no domain"),
        ({"domains": "meridian.example"}, "No member here has an address at meridian.example"),
        ({"required": "1"}, "Nobody has signed in this way yet"),
        ({"required": "1", "offered": None}, "not offered"),
    ],
)
def test_what_cannot_work_is_refused_beside_its_field_and_nothing_is_lost(
    browser: Browser, story: Story, changes: dict[str, Any], said: str
) -> None:
    page = save(browser, **changes)
    assert said in page
    assert kept(story) is None
    assert 'value="distributor"' in page or "client_id" in changes


@pytest.mark.parametrize("role", [Role.VIEWER, Role.PREPARER])
def test_only_admins_see_and_change_how_their_organization_signs_in(app: Flask, story: Story, role: Role) -> None:
    browser = clients.sign_in(app, member(story.msp, role))
    asked = [browser.get(PAGE), *(browser.post(f"{PAGE}{path}", data=FORM) for path in ("", "/test", "/remove"))]
    assert {answer.status_code for answer in asked} == {403}
    assert kept(story) is None


def test_each_organization_sees_its_own_settings_only(app: Flask, browser: Browser, story: Story) -> None:
    save(browser)
    assert FORM["issuer"] not in clients.sign_in(app, story.admin).get(PAGE).text


def test_changes_ask_who_it_is_when_the_last_proof_is_old(browser: Browser, story: Story, clock: Clock) -> None:
    clock.forward(minutes=11)
    assert browser.post(PAGE, data=FORM).status_code in {302, 403}
    assert kept(story) is None


def test_the_trail_says_what_was_changed(browser: Browser) -> None:
    save(browser)
    (entry,) = trail("sso.changed")
    assert entry.subject == FORM["issuer"]
    assert (entry.details["domains"], entry.details["required"], entry.details["new_secret"]) == (
        ["example.com"],
        False,
        True,
    )


def test_the_test_of_the_connection_says_that_all_is_well(browser: Browser, settings_row: IdentityProvider) -> None:
    page = browser.post(f"{PAGE}/test").text
    assert "The provider answers as it should" in page
    assert "/authorize" in page


def no_json() -> ResponseReturnValue:
    return Response("<html>Welcome</html>")


def gone() -> ResponseReturnValue:
    return Response("{}", 404, mimetype="application/json")


WRONG_DOCUMENTS: list[tuple[dict[str, Any], str]] = [
    ({"issuer": "https://evil.example"}, "calls itself “https://evil.example”"),
    ({"token_endpoint": None}, "lacks token_endpoint"),
    ({"jwks_uri": 7}, "is wrong about jwks_uri"),
    ({"authorization_endpoint": "http://login.example.com/a"}, "authorization_endpoint does not begin with https://"),
    ({"authorization_endpoint": "javascript:alert(1)"}, "no address such as"),
    ({"response_types_supported": ["id_token"]}, "does not offer the authorization code flow"),
    ({"code_challenge_methods_supported": ["plain"]}, "does not offer PKCE with S256"),
    ({"id_token_signing_alg_values_supported": ["HS256", "none"]}, "RS256 or ES256"),
    ({"token_endpoint_auth_methods_supported": ["private_key_jwt"]}, "does not offer a client secret"),
]


@pytest.mark.parametrize(("document", "said"), WRONG_DOCUMENTS, ids=lambda one: str(one)[:50])
def test_the_test_of_the_connection_says_plainly_what_is_wrong(
    browser: Browser, settings_row: IdentityProvider, provider: Provider, document: dict[str, Any], said: str
) -> None:
    provider.document = document
    assert said in browser.post(f"{PAGE}/test").text


@pytest.mark.parametrize(
    ("answer", "said"), [(no_json, "did not answer with a JSON object"), (gone, "answered with the status 404")]
)
def test_a_page_that_describes_no_provider_is_named(
    browser: Browser, settings_row: IdentityProvider, provider: Provider, answer: Any, said: str
) -> None:
    provider.answers["/.well-known/openid-configuration"] = answer
    assert said in browser.post(f"{PAGE}/test").text


def test_the_test_of_the_connection_is_limited(browser: Browser, settings_row: IdentityProvider) -> None:
    assert [browser.post(f"{PAGE}/test").status_code for _ in range(11)][-2:] == [200, 429]


def require(browser: Browser, row: IdentityProvider, way_in: CurrentMember) -> str:
    changes = {"issuer": row.issuer, "client_secret": "", "required": "1", "way_in": str(way_in.member_uid)}
    return save(browser, **changes)


def user_of(one: CurrentMember) -> User:
    return db.session.get_one(User, one.user_id)


@pytest.fixture
def required(walk: Walk, browser: Browser, settings_row: IdentityProvider, admin: CurrentMember) -> Browser:
    """A browser of the preparer's from the time before signing in through the provider became the only way."""
    for one in (admin, walk.story.preparer):
        people.set_password(user_of(one), PASSWORD)
    walk.through()
    before = clients.sign_in(walk.app, walk.story.preparer)
    assert before.get("/profile").status_code == 200
    assert require(browser, settings_row, admin) == ""
    return before


def enters(app: Flask, one: CurrentMember) -> bool:
    answer = clients.visitor(app).post("/sign-in", data={"email": one.email, "password": PASSWORD})
    return answer.status_code == 302


def test_where_it_is_required_passwords_open_nothing_but_for_one_admin(
    required: Browser, admin: CurrentMember, walk: Walk, browser: Browser
) -> None:
    assert [enters(walk.app, walk.story.preparer), enters(walk.app, admin)] == [False, True]
    assert required.get("/profile").status_code == 302
    assert walk.is_in()
    assert browser.get(PAGE).status_code == 200


def test_a_refused_password_still_shows_the_way_in(app: Flask, required: Browser, story: Story) -> None:
    page = clients.visitor(app).post("/sign-in", data={"email": story.preparer.email, "password": PASSWORD})
    assert "The e-mail or the password is not right" in page.text
    assert f"Continue with {story.msp.name}" in page.text


def test_when_the_one_who_keeps_a_way_in_is_gone_every_admins_password_works(
    app: Flask, required: Browser, story: Story, admin: CurrentMember, clock: Clock
) -> None:
    second = member(story.msp, Role.ADMIN)
    people.set_password(user_of(second), PASSWORD)
    assert not enters(app, second)
    db.session.get_one(Member, admin.member_id).roles = ["viewer"]
    assert [enters(app, second), enters(app, story.preparer)] == [True, False]


def test_a_password_of_another_organization_does_not_switch_into_this_one(
    app: Flask, required: Browser, story: Story, clock: Clock
) -> None:
    user = user_of(story.preparer)
    elsewhere = people.add_member(story.distributor, user.email, user.name, [Role.VIEWER], clock.at)
    browser = clients.visitor(app)
    browser.post("/sign-in", data={"email": user.email, "password": PASSWORD})
    assert "Review queue" in browser.get("/profile").text
    answer = browser.post("/switch", data={"membership": str(story.preparer.member_uid)})
    assert answer.location == f"/sign-in/{story.msp.uid}"
    assert browser.get("/profile").status_code == 200
    assert elsewhere.id


def test_it_cannot_be_required_without_an_admin_who_keeps_a_way_in(
    walk: Walk, browser: Browser, settings_row: IdentityProvider, admin: CurrentMember
) -> None:
    walk.through()
    assert "Choose an admin with a password" in require(browser, settings_row, admin)


def test_members_are_released_one_by_one(
    walk: Walk, browser: Browser, settings_row: IdentityProvider, story: Story
) -> None:
    walk.through()
    (action,) = re.findall(rf'{PAGE}/members/[^"]+/release', browser.get(PAGE).text)
    assert browser.post(action).status_code == 302
    assert not walk.is_in()
    assert [entry.subject for entry in trail("sso.released")] == [story.preparer.email]
    assert browser.post(action).status_code == 404


def test_another_issuer_forgets_who_came_by_the_first(
    walk: Walk, browser: Browser, settings_row: IdentityProvider
) -> None:
    walk.through()
    save(browser)
    assert not walk.is_in()
    assert db.session.scalar(select(func.count()).select_from(FederatedIdentity)) == 0


@pytest.mark.parametrize("step", ["no longer offered", "removed"])
def test_switching_it_off_signs_out_who_came_this_way(
    walk: Walk, browser: Browser, settings_row: IdentityProvider, step: str
) -> None:
    walk.through()
    if step == "removed":
        browser.post(f"{PAGE}/remove")
    else:
        save(browser, issuer=settings_row.issuer, client_secret="", offered=None)
    assert not walk.is_in()


def test_passwords_work_again_once_the_provider_is_removed(
    app: Flask, required: Browser, browser: Browser, story: Story
) -> None:
    browser.post(f"{PAGE}/remove")
    assert kept(story) is None
    assert enters(app, story.preparer)
    assert [entry.subject for entry in trail("sso.removed")] != []
    assert browser.post(f"{PAGE}/remove").status_code == 302


def test_sign_ins_that_ended_do_not_come_back_when_the_rule_is_taken_back(
    required: Browser, browser: Browser, settings_row: IdentityProvider, clock: Clock
) -> None:
    clock.at += timedelta(minutes=1)
    save(browser, issuer=settings_row.issuer, client_secret="")
    assert required.get("/profile").status_code == 302
    assert db.session.scalar(select(func.count()).select_from(WebSession).where(WebSession.revoked_at.is_not(None)))


def test_the_secret_of_the_tests_is_nowhere_in_the_page(browser: Browser, settings_row: IdentityProvider) -> None:
    assert CLIENT_SECRET not in browser.get(PAGE).text
