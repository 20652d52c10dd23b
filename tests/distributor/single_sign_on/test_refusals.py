"""Answers of a provider that prove nothing: each is one clear page and one line of the trail, and nobody is let in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from flask import Flask, Response, redirect
from flask.typing import ResponseReturnValue
from joserfc.jwk import RSAKey
from sqlalchemy import func, select
from structlog.testing import capture_logs
from werkzeug.test import TestResponse

from distributor import vault
from distributor.database import db
from distributor.identity import operations
from distributor.identity.models import Member, User, WebSession
from distributor.single_sign_on.models import FederatedIdentity, IdentityProvider, SignInAttempt
from tests import clients
from tests.distributor.single_sign_on.conftest import Clock, Walk, reasons, trail
from tests.factories import Story, member
from tests.oidc_provider import CLIENT_SECRET, Person, Provider, slowly
from workflows.usage_report import Role


def refused(walk: Walk, answer: TestResponse, reason: str) -> str:
    """The page, after making sure that it tells what to do, that nothing leaked, and that nobody came in."""
    assert answer.status_code in {403, 502}
    assert "You are not signed in" in answer.text
    assert f"For your admin: {reason}" in answer.text
    secrets = [CLIENT_SECRET, "<script>no", "eyJ", *db.session.scalars(select(SignInAttempt.nonce))]
    assert [secret for secret in secrets if secret in answer.text] == []
    assert "sid=" not in str(answer.headers)
    assert not walk.is_in()
    assert db.session.scalar(select(func.count()).select_from(WebSession)) == 0
    return answer.text


WRONG_CLAIMS: list[tuple[dict[str, Any], str]] = [
    ({"iss": "https://evil.example"}, "iss"),
    ({"iss": None}, "iss"),
    ({"nonce": "another"}, "nonce"),
    ({"nonce": None}, "nonce"),
    ({"aud": "another-client"}, "aud"),
    ({"aud": ["distributor", "another"]}, "azp"),
    ({"aud": ["distributor", "another"], "azp": "another"}, "azp"),
    ({"azp": "another"}, "azp"),
    ({"sub": None}, "sub"),
    ({"sub": "x" * 256}, "sub"),
    ({"sub": 7}, "sub"),
    ({"exp": None}, "exp"),
    ({"exp": 1_700_000_000}, "exp"),
    ({"exp": "tomorrow"}, "exp"),
    ({"iat": None}, "iat"),
    ({"iat": 1_700_000_000}, "iat"),
    ({"iat": 99_999_999_999}, "iat"),
    ({"nbf": 99_999_999_999}, "nbf"),
    ({"auth_time": "now"}, "auth_time"),
    ({"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}, "at_hash"),
    ({"email_verified": False}, "email_verified"),
    ({"email_verified": "true"}, "email_verified"),
    ({"email_verified": None}, "email_verified"),
    ({"email": None}, "email_verified"),
    ({"email": "person@elsewhere.example"}, "domain"),
    ({"email": "stranger@example.com"}, "not-a-member"),
]


@pytest.mark.parametrize(("claims", "reason"), WRONG_CLAIMS, ids=lambda one: str(one)[:40])
def test_a_token_that_says_the_wrong_thing_opens_nothing(
    walk: Walk, provider: Provider, claims: dict[str, Any], reason: str
) -> None:
    provider.claims = claims
    refused(walk, walk.through(), reason)
    assert reasons() == [reason]


def test_the_trail_of_the_organization_says_who_was_refused(walk: Walk, provider: Provider, story: Story) -> None:
    provider.claims = {"email": "stranger@example.com"}
    walk.through()
    (entry,) = trail("sign_in.refused")
    assert (entry.subject, entry.organization_id) == ("stranger@example.com", story.msp.id)


def unsigned(provider: Provider) -> None:
    provider.algorithm = "none"


def another_key(provider: Provider) -> None:
    provider.listed_keys = [provider.signing_key]
    provider.signing_key = RSAKey.generate_key(2048, {"kid": "first"})


def unknown_key(provider: Provider) -> None:
    provider.listed_keys = [provider.signing_key]
    provider.signing_key = RSAKey.generate_key(2048, {"kid": "unheard-of"})


def shared_secret(provider: Provider) -> None:
    provider.use_shared_secret()


def stronger_hash(provider: Provider) -> None:
    provider.algorithm = "RS512"


@pytest.mark.parametrize(
    ("forge", "reason"),
    [
        (unsigned, "algorithm"),
        (shared_secret, "algorithm"),
        (stronger_hash, "algorithm"),
        (another_key, "signature"),
        (unknown_key, "signature"),
    ],
)
def test_a_token_that_the_provider_did_not_sign_opens_nothing(
    walk: Walk, provider: Provider, forge: Callable[[Provider], None], reason: str
) -> None:
    forge(provider)
    refused(walk, walk.through(), reason)
    assert provider.fetched.count("/keys") == (2 if reason == "signature" else 1)


@pytest.mark.parametrize("token", ["", "a.b", "a.b.c", "....", "x" * 30_000, "é", None, 7])
def test_what_is_no_token_opens_nothing(walk: Walk, provider: Provider, token: object) -> None:
    provider.id_token = lambda *_: token  # type: ignore[method-assign,assignment]  # what a provider may send
    answer = walk.through()
    assert reasons() in (["token"], ["algorithm"])
    assert answer.status_code == 403


@pytest.mark.parametrize("minutes", [-5, 5])
def test_a_provider_whose_clock_is_five_minutes_off_opens_nothing(
    walk: Walk, provider: Provider, clock: Clock, minutes: int
) -> None:
    provider.clock = lambda: clock.at + timedelta(minutes=minutes)
    refused(walk, walk.through(), "iat")


def test_a_state_works_once(walk: Walk) -> None:
    path = walk.there(walk.out())
    walk.back(path)
    cookie = walk.browser.get_cookie("sid")
    assert cookie is not None
    answer = walk.back(path)
    assert (answer.status_code, reasons()) == (403, ["state"])
    assert "used already" in answer.text


def test_a_state_belongs_to_the_browser_that_began(app: Flask, walk: Walk, story: Story) -> None:
    path = walk.there(walk.out())
    other = Walk(app, story)
    other.out()
    refused(other, other.back(path), "state")
    nobody = Walk(app, story)
    refused(nobody, nobody.back(path), "state")
    assert walk.back(path).status_code == 302


def test_a_state_lives_for_ten_minutes(walk: Walk, clock: Clock) -> None:
    path = walk.there(walk.out())
    clock.forward(minutes=10)
    refused(walk, walk.back(path), "state")


@pytest.mark.parametrize("query", ["", "?state=", "?state=made-up&code=x", "?state=%00&code=%00", "?code=x"])
def test_a_state_that_was_never_given_out_belongs_to_nobodys_trail(walk: Walk, query: str) -> None:
    refused(walk, walk.back(f"/sign-in/callback{query}"), "state")
    assert reasons() == []


def with_code(path: str, code: str) -> str:
    parts = urlsplit(path)
    return f"{parts.path}?{urlencode({**{k: v[0] for k, v in parse_qs(parts.query).items()}, 'code': code})}"


@pytest.mark.parametrize("code", ["", "made-up", "x" * 5_000])
def test_a_made_up_code_opens_nothing(walk: Walk, code: str) -> None:
    refused(walk, walk.back(with_code(walk.there(walk.out()), code)), "code")


def test_a_code_used_already_opens_nothing(app: Flask, walk: Walk, story: Story) -> None:
    used = walk.there(walk.out())
    walk.back(used)
    (code,) = parse_qs(urlsplit(used).query)["code"]
    other = Walk(app, story)
    answer = other.back(with_code(other.there(other.out()), code))
    assert (answer.status_code, reasons()) == (403, ["code"])


def test_a_code_of_another_sign_in_opens_nothing_as_its_verifier_is_missing(
    app: Flask, walk: Walk, story: Story
) -> None:
    stolen = walk.there(walk.out())
    (code,) = parse_qs(urlsplit(stolen).query)["code"]
    other = Walk(app, story)
    refused(other, other.back(with_code(other.there(other.out()), code)), "code")


def test_an_answer_of_another_provider_is_not_taken(walk: Walk, provider: Provider) -> None:
    path = walk.there(walk.out())
    refused(walk, walk.back(path.replace("iss=http", "iss=https")), "iss")


def test_an_answer_that_should_name_its_provider_and_does_not_is_not_taken(walk: Walk, provider: Provider) -> None:
    provider.document["authorization_response_iss_parameter_supported"] = True
    path = walk.there(walk.out())
    refused(walk, walk.back(path.partition("&iss=")[0]), "iss")


def test_a_person_who_cancels_is_told_so(walk: Walk, provider: Provider) -> None:
    provider.person = None
    assert "was cancelled" in refused(walk, walk.through(), "cancelled")


def test_what_a_provider_says_of_its_errors_is_not_repeated(walk: Walk) -> None:
    path = walk.there(walk.out()).partition("&code=")[0]
    state = parse_qs(urlsplit(walk.there(walk.out())).query)["state"][0]
    query = urlencode({"state": state, "error": "server_error", "error_description": "<b>call them up</b>"})
    page = refused(walk, walk.back(f"{urlsplit(path).path}?{query}"), "provider-error")
    assert "call them up" not in page


def test_a_secret_that_the_provider_does_not_know_is_named(walk: Walk, settings_row: IdentityProvider) -> None:
    settings_row.client_secret = vault.lock("expired")
    assert "client secret is wrong" in refused(walk, walk.through(), "client-secret")


def test_a_secret_locked_with_another_key_is_named(walk: Walk, settings_row: IdentityProvider) -> None:
    settings_row.client_secret = b"nonsense"
    refused(walk, walk.through(), "client-secret")


def broken(*_: object) -> ResponseReturnValue:
    return Response("<html>down for repair</html>", 503)


def huge() -> ResponseReturnValue:
    return Response('{"a": "' + "x" * 1_100_000 + '"}', mimetype="application/json")


def elsewhere() -> ResponseReturnValue:
    return redirect("http://127.0.0.2:9/")


@pytest.mark.parametrize("answer", [broken, huge, elsewhere, slowly(3)], ids=["broken", "huge", "elsewhere", "slow"])
@pytest.mark.parametrize("place", ["/.well-known/openid-configuration", "/keys"])
def test_a_provider_that_is_down_slow_or_huge_is_said_to_be_so(
    walk: Walk, provider: Provider, place: str, answer: Callable[[], ResponseReturnValue]
) -> None:
    provider.answers[place] = answer
    page = walk.browser.post(walk.door)
    assert "does not answer as it should" in refused(walk, page, "provider")
    assert "127.0.0" not in page.text
    assert reasons() == ["provider"]


@pytest.mark.parametrize("answer", [broken, huge, slowly(3)], ids=["broken", "huge", "slow"])
def test_a_provider_that_breaks_down_on_the_way_back_opens_nothing(
    walk: Walk, provider: Provider, answer: Callable[[], ResponseReturnValue]
) -> None:
    path = walk.there(walk.out())
    provider.answers["/token"] = answer
    refused(walk, walk.back(path), "provider")
    provider.answers.clear()
    assert walk.back(path).status_code == 403


def test_a_removed_member_does_not_come_in(walk: Walk, story: Story, clock: Clock) -> None:
    walk.through()
    operations.remove_member(db.session.get_one(Member, story.preparer.member_id), clock.at)
    assert not walk.is_in()
    assert (walk.through().status_code, reasons()) == (403, ["not-a-member"])


def test_a_disabled_person_does_not_come_in(walk: Walk, story: Story, clock: Clock) -> None:
    db.session.get_one(User, story.preparer.user_id).disabled_at = clock.at
    refused(walk, walk.through(), "not-a-member")


def test_a_member_of_another_organization_only_does_not_come_in(walk: Walk, story: Story, provider: Provider) -> None:
    provider.person = Person("subject-2", story.reviewer.email)
    refused(walk, walk.through(), "not-a-member")


def test_an_address_that_passed_on_to_somebody_else_opens_nothing(walk: Walk, provider: Provider, story: Story) -> None:
    walk.through()
    walk.browser.post("/sign-out")
    provider.person = Person("somebody-new", story.preparer.email)
    assert (walk.through().status_code, reasons()) == (403, ["bound-otherwise"])
    assert db.session.scalars(select(FederatedIdentity.subject)).all() == ["subject-1"]


def test_microsofts_word_for_a_verified_address_counts_at_microsoft_only(walk: Walk, provider: Provider) -> None:
    provider.claims = {"email_verified": None, "xms_edov": True}
    refused(walk, walk.through(), "email_verified")


def test_nobody_is_led_to_another_site_by_way_of_a_provider(walk: Walk) -> None:
    assert walk.through(next="https://evil.example/").location == "/"
    walk.browser.post("/sign-out")
    assert walk.through(next="//evil.example").location == "/"


def test_a_sign_in_is_begun_by_a_form_of_ours_only(app: Flask, walk: Walk) -> None:
    assert walk.browser.post(walk.door, csrf=False).status_code == 400
    assert walk.browser.post(walk.door, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert db.session.scalar(select(func.count()).select_from(SignInAttempt)) == 0


def test_nothing_secret_is_logged(walk: Walk, provider: Provider) -> None:
    provider.claims = {"nonce": "another"}
    with capture_logs() as logs:
        walk.through()
    said = str(logs)
    assert "sign-in refused" in said
    assert [word for word in (CLIENT_SECRET, "eyJ", "another") if word in said] == []


def test_too_many_tries_from_one_network_are_stopped(app: Flask, walk: Walk, story: Story) -> None:
    answers = [walk.browser.get("/sign-in/callback?state=x").status_code for _ in range(101)]
    assert answers[-1] == 429
    assert clients.sign_in(app, member(story.msp, Role.VIEWER)).get("/profile").status_code == 200
