"""Passkeys: registered, signed in with, and every answer that proves nothing refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from distributor.config import Settings
from distributor.database import db
from distributor.identity import passkeys, queries, recovery
from distributor.identity.acting import CurrentMember
from distributor.identity.factor_models import Passkey, PasskeyChallenge
from tests import clients
from tests.authenticator import Authenticator
from tests.clients import Browser
from tests.distributor.identity.conftest import Clock
from tests.distributor.identity.people import enrolled, half_in, is_in, trail
from tests.factories import Story


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, public_url="http://localhost:8000")


@pytest.fixture
def laptop(app: Flask, aoife: CurrentMember) -> Authenticator:
    """A device whose passkey is registered already."""
    device = Authenticator()
    assert "Keep these recovery codes" in register(clients.sign_in(app, aoife), device).text
    return device


def register(browser: Browser, device: Authenticator, name: str = "Laptop") -> TestResponse:
    options = browser.post("/profile/security/passkeys/options").json
    return browser.post("/profile/security/passkeys", data={"key_name": name, "answer": device.make(options or {})})


def asked(browser: Browser) -> dict[str, Any]:
    return dict(browser.post("/sign-in/passkey/options").json or {})


def enter(browser: Browser, answer: str, **more: str) -> TestResponse:
    return browser.post("/sign-in/passkey", data={"answer": answer, **more})


def test_a_passkey_alone_signs_in_to_the_page_that_was_asked_for(app: Flask, laptop: Authenticator) -> None:
    browser = clients.visitor(app)
    answer = enter(browser, laptop.sign(asked(browser)), next="/reports")
    assert answer.location == "/reports"
    assert is_in(browser)


def test_browsers_are_asked_to_verify_the_person_and_to_keep_the_key(app: Flask, aoife: CurrentMember) -> None:
    options = clients.sign_in(app, aoife).post("/profile/security/passkeys/options").json or {}
    chosen = options["authenticatorSelection"]
    assert (chosen["userVerification"], chosen["residentKey"]) == ("required", "required")
    assert asked(clients.visitor(app))["userVerification"] == "required"
    assert options["rp"]["id"] == "localhost"


def test_an_answer_is_good_once(app: Flask, laptop: Authenticator) -> None:
    browser = clients.visitor(app)
    answer = laptop.sign(asked(browser))
    kept = browser.get_cookie("form")
    assert enter(browser, answer).location == "/"
    again = clients.visitor(app)
    again.set_cookie("form", kept.value if kept else "")
    assert enter(again, answer).location == "/sign-in"
    assert not is_in(again)


def test_an_answer_of_another_browser_is_refused(app: Flask, laptop: Authenticator) -> None:
    mine, other = clients.visitor(app), clients.visitor(app)
    asked(mine)
    assert enter(mine, laptop.sign(asked(other))).location == "/sign-in"
    assert not is_in(mine)


def test_a_late_answer_is_refused(app: Flask, laptop: Authenticator, clock: Clock) -> None:
    browser = clients.visitor(app)
    answer = laptop.sign(asked(browser))
    clock.forward(minutes=5)
    assert enter(browser, answer).location == "/sign-in"


def _elsewhere(device: Authenticator) -> None:
    device.origin = "https://evil.example"


def _other_host(device: Authenticator) -> None:
    device.host = "evil.example"


def _unverified(device: Authenticator) -> None:
    device.verifies = False


def _copied(device: Authenticator) -> None:
    device.counter -= 1


def _other_key(device: Authenticator) -> None:
    device.key = Authenticator().key


def _unknown(device: Authenticator) -> None:
    device.id = b"nobody's"


WRONG = [_elsewhere, _other_host, _unverified, _copied, _other_key, _unknown]


@pytest.mark.parametrize("spoil", WRONG)
def test_an_answer_that_proves_nothing_opens_nothing(
    app: Flask, laptop: Authenticator, spoil: Callable[[Authenticator], None]
) -> None:
    first = clients.visitor(app)
    assert enter(first, laptop.sign(asked(first))).location == "/"
    spoil(laptop)
    browser = clients.visitor(app)
    assert enter(browser, laptop.sign(asked(browser))).location == "/sign-in"
    assert "not accepted" in browser.get("/sign-in").text
    assert not is_in(browser)


@pytest.mark.parametrize("spoil", [_elsewhere, _other_host, _unverified])
def test_a_passkey_made_wrongly_is_not_kept(
    app: Flask, aoife: CurrentMember, spoil: Callable[[Authenticator], None]
) -> None:
    device = Authenticator()
    spoil(device)
    answer = register(clients.sign_in(app, aoife), device)
    assert answer.status_code == 422
    assert "did not fit what was asked" in answer.text
    assert passkeys.of_user(aoife.user_id) == []


MADE_UP = ["", "{", "null", "[]", "1", '"x"', "{}", '{"rawId": 1}', '{"rawId": "!"}', '{"rawId": null}', "x" * 30_000]


@pytest.mark.parametrize("answer", MADE_UP)
def test_made_up_answers_are_refused_not_failures(app: Flask, laptop: Authenticator, answer: str) -> None:
    browser = clients.visitor(app)
    asked(browser)
    assert enter(browser, answer).location == "/sign-in"
    member = clients.sign_in(app, _owner())
    member.post("/profile/security/passkeys/options")
    assert member.post("/profile/security/passkeys", data={"key_name": "x", "answer": answer}).status_code == 422


def _owner() -> CurrentMember:
    return queries.members_of(db.session.scalars(select(Passkey.user_id)).one())[0]


@pytest.mark.parametrize("part", ["clientDataJSON", "authenticatorData", "signature"])
@pytest.mark.parametrize("value", ["", "AAAA", "_", 7, None, {}, "A" * 4000])
def test_any_part_made_up_is_refused_not_a_failure(app: Flask, laptop: Authenticator, part: str, value: Any) -> None:
    browser = clients.visitor(app)
    answer = json.loads(laptop.sign(asked(browser)))
    answer["response"][part] = value
    assert enter(browser, json.dumps(answer)).location == "/sign-in"


def test_only_a_hash_of_the_challenge_is_kept_and_it_goes(app: Flask, laptop: Authenticator, clock: Clock) -> None:
    browser = clients.visitor(app)
    options = asked(browser)
    kept = db.session.scalars(select(PasskeyChallenge.challenge_hash)).all()
    assert options["challenge"].encode() not in [bytes(one) for one in kept]
    clock.forward(minutes=6)
    asked(browser)
    assert len(db.session.scalars(select(PasskeyChallenge)).all()) == 1


def test_several_passkeys_have_names_and_one_can_go(app: Flask, aoife: CurrentMember, laptop: Authenticator) -> None:
    browser, phone = clients.sign_in(app, aoife), Authenticator()
    assert register(browser, phone, "Telephone").status_code == 302
    page = browser.get("/profile/security").text
    assert "Laptop" in page
    assert "Telephone" in page
    (first, _second) = passkeys.of_user(aoife.user_id)
    browser.post(f"/profile/security/passkeys/{first.uid}/remove")
    gone = clients.visitor(app)
    assert enter(gone, laptop.sign(asked(gone))).location == "/sign-in"
    assert enter(gone, phone.sign(asked(gone))).location == "/"


def test_nobody_removes_the_passkey_of_somebody_else(app: Flask, laptop: Authenticator, story: Story) -> None:
    (key,) = db.session.scalars(select(Passkey)).all()
    answer = clients.sign_in(app, story.reviewer).post(f"/profile/security/passkeys/{key.uid}/remove")
    assert answer.status_code == 404
    assert db.session.scalars(select(Passkey)).all() == [key]


def test_one_device_is_registered_once(app: Flask, laptop: Authenticator, story: Story) -> None:
    answer = register(clients.sign_in(app, story.reviewer), laptop)
    assert answer.status_code == 422
    assert "registered already" in answer.text


@pytest.mark.parametrize("name", ["", "   ", "two\nlines", "x" * 101])
def test_a_passkey_needs_a_name(app: Flask, aoife: CurrentMember, name: str) -> None:
    answer = register(clients.sign_in(app, aoife), Authenticator(), name)
    assert answer.status_code == 422
    assert "Give the passkey a name" in answer.text


def test_with_a_passkey_the_password_alone_opens_nothing(
    app: Flask, aoife: CurrentMember, laptop: Authenticator
) -> None:
    browser = half_in(app, aoife)
    page = browser.get("/sign-in/second-step").text
    assert "Use a passkey" in page
    assert "Recovery code" in page
    assert enter(browser, laptop.sign(asked(browser))).location == "/"


def test_the_last_factor_takes_the_recovery_codes_along(
    app: Flask, aoife: CurrentMember, laptop: Authenticator, clock: Clock
) -> None:
    enrolled(aoife, clock)
    browser = clients.sign_in(app, aoife)
    (key,) = passkeys.of_user(aoife.user_id)
    browser.post(f"/profile/security/passkeys/{key.uid}/remove")
    assert recovery.left(aoife.user_id) == 10
    browser.post("/profile/security/codes/off")
    assert recovery.left(aoife.user_id) == 0


@pytest.mark.parametrize(
    ("address", "offered"),
    [
        ("https://usage.example.com", True),
        ("http://localhost:8000", True),
        ("http://127.0.0.1:8000", False),
        ("http://usage.example.com", False),
        ("https://192.0.2.7", False),
    ],
)
def test_passkeys_are_offered_where_browsers_have_them(settings: Settings, address: str, offered: bool) -> None:
    assert passkeys.possible(replace(settings, public_url=address)) is offered


def test_the_trail_names_passkeys(app: Flask, aoife: CurrentMember, laptop: Authenticator) -> None:
    (key,) = passkeys.of_user(aoife.user_id)
    clients.sign_in(app, aoife).post(f"/profile/security/passkeys/{key.uid}/remove")
    assert [what for what in trail(aoife) if what.startswith("passkey")] == ["passkey.added", "passkey.removed"]
