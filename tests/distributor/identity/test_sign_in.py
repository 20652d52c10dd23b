"""Signing in and out in the browser."""

from __future__ import annotations

import pytest
from argon2 import PasswordHasher
from flask import Flask
from sqlalchemy import select, text
from werkzeug.test import TestResponse

from distributor import create_app
from distributor.database import db
from distributor.identity import operations
from distributor.identity.acting import CurrentMember
from distributor.identity.models import WebSession
from distributor.identity.sessions import ABSOLUTE, IDLE, digest
from tests import clients
from tests.clients import Browser
from tests.conftest import make_settings
from tests.distributor.identity.conftest import PASSWORD, Clock, member_row, user_of
from tests.factories import Story
from workflows.usage_report import Role


def enter(browser: Browser, email: str, password: str = PASSWORD, **more: str) -> TestResponse:
    return browser.post("/sign-in", data={"email": email, "password": password, **more})


def is_in(browser: Browser) -> bool:
    return browser.get("/profile").status_code == 200


def test_the_right_password_opens_the_profile(app: Flask, aoife: CurrentMember) -> None:
    browser = clients.visitor(app)
    assert not is_in(browser)
    answer = enter(browser, f"  {aoife.email.upper()} ")
    assert (answer.status_code, answer.location) == (302, "/")
    assert aoife.name in browser.get("/profile").text


def test_the_cookie_is_for_this_server_alone_and_no_script_reads_it(app: Flask, aoife: CurrentMember) -> None:
    answer = enter(clients.visitor(app), aoife.email)
    (cookie,) = [text for text in answer.headers.getlist("Set-Cookie") if text.startswith("sid=")]
    flags = {part.strip().partition("=")[0] for part in cookie.split(";")[1:]}
    assert {"HttpOnly", "SameSite", "Path"} <= flags
    assert "SameSite=Lax" in cookie
    assert "Secure" not in flags
    assert "Domain" not in flags


def test_behind_tls_the_cookie_is_secure_and_bound_to_the_host(app: Flask, aoife: CurrentMember) -> None:
    settings = app.config["SETTINGS"]
    safe = create_app(make_settings(settings.database_url, settings.home, public_url="https://usage.example.com"))
    browser = clients.visitor(safe)
    answer = enter(browser, aoife.email)
    (cookie,) = [text for text in answer.headers.getlist("Set-Cookie") if text.startswith("__Host-sid=")]
    assert "; Secure" in cookie
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=")
    with safe.app_context():
        db.engine.dispose()


def test_only_a_hash_of_the_cookie_is_kept(app: Flask, aoife: CurrentMember) -> None:
    browser = clients.visitor(app)
    enter(browser, aoife.email)
    cookie = browser.get_cookie("sid")
    assert cookie is not None
    kept = db.session.scalars(select(WebSession)).one()
    assert kept.token_hash == digest(cookie.value)
    assert kept.address == "127.0.0.1"


@pytest.mark.parametrize("email", ["nobody@example.com", "", "not an address", "a" * 10_000, "x\u0000y@example.com"])
def test_an_unknown_address_and_a_wrong_password_answer_the_same(app: Flask, aoife: CurrentMember, email: str) -> None:
    unknown = enter(clients.visitor(app), email)
    wrong = enter(clients.visitor(app), aoife.email, "wrong horse battery")
    assert unknown.status_code == wrong.status_code == 422
    said = "The e-mail or the password is not right."
    assert said in unknown.text
    assert said in wrong.text
    assert "sid=" not in str(unknown.headers) + str(wrong.headers)


def test_an_unknown_address_costs_a_hash_like_a_known_one(
    app: Flask, aoife: CurrentMember, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified: list[str] = []
    real = PasswordHasher.verify

    def counting(self: PasswordHasher, kept: str, password: str) -> bool:
        verified.append(kept)
        return real(self, kept, password)

    monkeypatch.setattr(PasswordHasher, "verify", counting)
    enter(clients.visitor(app), "nobody@example.com")
    enter(clients.visitor(app), aoife.email, "wrong horse battery")
    unknown, known = verified
    assert unknown.rsplit("$", 2)[0] == known.rsplit("$", 2)[0]


def test_a_user_without_a_password_cannot_sign_in(app: Flask, story: Story) -> None:
    assert enter(clients.visitor(app), story.preparer.email, "").status_code == 422


def test_a_hash_of_other_parameters_is_renewed_at_sign_in(app: Flask, aoife: CurrentMember) -> None:
    user = user_of(aoife)
    user.password_hash = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    assert enter(clients.visitor(app), aoife.email).status_code == 302
    assert "m=19456,t=2,p=1" in (user_of(aoife).password_hash or "")


def test_signing_out_ends_the_session_on_the_server(app: Flask, aoife: CurrentMember) -> None:
    browser = clients.sign_in(app, aoife)
    cookie = browser.get_cookie("sid")
    assert cookie is not None
    answer = browser.post("/sign-out")
    assert (answer.location, answer.headers["Clear-Site-Data"]) == ("/sign-in", '"cache"')
    browser.set_cookie("sid", cookie.value)
    assert not is_in(browser)


def test_a_session_ends_after_twelve_idle_hours(app: Flask, aoife: CurrentMember, clock: Clock) -> None:
    browser = clients.sign_in(app, aoife)
    clock.at += IDLE / 2
    assert is_in(browser)
    clock.at += IDLE * 0.9
    assert is_in(browser)
    for _ in range(2):
        clock.at += IDLE
        assert not is_in(browser)


def test_a_session_ends_after_two_weeks_however_busy(app: Flask, aoife: CurrentMember, clock: Clock) -> None:
    browser = clients.sign_in(app, aoife)
    for _ in range(int(ABSOLUTE / IDLE * 1.25)):
        assert is_in(browser)
        clock.at += IDLE * 0.8
    clock.at += IDLE * 0.8
    assert not is_in(browser)


def test_last_seen_is_written_at_most_once_a_minute(app: Flask, aoife: CurrentMember, clock: Clock) -> None:
    browser = clients.sign_in(app, aoife)
    seen = []
    for _ in range(4):
        clock.forward(seconds=25)
        browser.get("/profile")
        seen.append(db.session.scalars(select(WebSession.last_seen_at)).one())
        db.session.rollback()
    assert [seen[0] == seen[1], seen[1] == seen[2], seen[2] == seen[3]] == [True, False, True]


def test_a_removed_member_is_out_on_the_next_request(app: Flask, aoife: CurrentMember, clock: Clock) -> None:
    browser = clients.sign_in(app, aoife)
    assert is_in(browser)
    operations.remove_member(member_row(aoife), clock.at)
    assert not is_in(browser)


def test_a_disabled_user_is_out_on_the_next_request(app: Flask, aoife: CurrentMember, clock: Clock) -> None:
    browser = clients.sign_in(app, aoife)
    user_of(aoife).disabled_at = clock.at
    assert not is_in(browser)
    assert enter(browser, aoife.email).status_code == 422


def test_signing_in_again_gives_a_new_session_and_ends_the_old_one(app: Flask, aoife: CurrentMember) -> None:
    browser = clients.sign_in(app, aoife)
    before = browser.get_cookie("sid")
    enter(browser, aoife.email)
    assert is_in(browser)
    assert before is not None
    browser.set_cookie("sid", before.value)
    assert not is_in(browser)


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "/\t/evil.example",
        "reports",
    ],
)
def test_nobody_is_sent_to_another_site_after_signing_in(app: Flask, aoife: CurrentMember, elsewhere: str) -> None:
    assert enter(clients.visitor(app), aoife.email, next=elsewhere).location == "/"
    assert clients.sign_in(app, aoife).get("/sign-in", query_string={"next": elsewhere}).location == "/"


def test_a_page_asked_for_before_signing_in_is_shown_after_it(app: Flask, aoife: CurrentMember) -> None:
    browser = clients.visitor(app)
    door = browser.get("/profile?tab=tokens")
    assert door.location == "/sign-in?next=/profile?tab%3Dtokens"
    assert 'name="next" value="/profile?tab=tokens"' in browser.get(door.location).text
    assert enter(browser, aoife.email, next="/profile?tab=tokens").location == "/profile?tab=tokens"


def test_a_member_of_two_organizations_switches_between_them(app: Flask, story: Story, clock: Clock) -> None:
    user = user_of(story.preparer)
    other = operations.add_member(member_row(story.admin).organization, user.email, user.name, [Role.VIEWER], clock.at)
    browser = clients.sign_in(app, story.preparer)
    assert story.msp.name in browser.get("/profile").text
    assert browser.post("/switch", data={"membership": str(other.uid)}).status_code == 302
    page = browser.get("/profile").text
    assert "Review queue" in page
    assert "Usage reports" not in page


@pytest.mark.parametrize("given", ["", "nonsense", "00000000-0000-0000-0000-000000000000", "foreign"])
def test_nobody_switches_to_a_membership_that_is_not_theirs(app: Flask, story: Story, given: str) -> None:
    foreign = str(story.admin.member_uid) if given == "foreign" else given
    browser = clients.sign_in(app, story.preparer)
    assert browser.post("/switch", data={"membership": foreign}).status_code == 404
    assert "Review queue" not in browser.get("/profile").text


def test_every_sign_in_is_in_the_trail_with_what_proved_it(app: Flask, aoife: CurrentMember) -> None:
    enter(clients.visitor(app), aoife.email)
    db.session.rollback()
    entries = db.session.execute(text("SELECT subject, details FROM audit_entries WHERE what = 'session.started'"))
    assert [(row.subject, row.details) for row in entries] == [(aoife.email, {"proof": "password"})]
