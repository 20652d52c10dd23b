"""Codes, cookies, tokens and addresses that are not what they say: refused in a sentence, and told on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, text
from structlog.testing import capture_logs

from distributor.database import db
from distributor.identity import operations, sessions, tokens
from distributor.identity.acting import CurrentMember
from distributor.limits.rates import DEFAULTS, Limited
from tests import clients
from tests.distributor.identity.conftest import PASSWORD, Clock, member_row
from tests.distributor.identity.people import App, enrolled, half_in, is_in, show, with_recovery_codes
from tests.factories import Story
from tests.faults.ground import nothing_changed
from tests.faults.refused import read_by, refusals

FORGED = {"X-Forwarded-For": "192.0.2.77, 127.0.0.1"}
PEER: dict[str, Any] = {"environ_base": {"REMOTE_ADDR": "203.0.113.9"}}


@pytest.fixture
def phone(niamh: CurrentMember, clock: Clock) -> App:
    return enrolled(niamh, clock)


def warnings(logged: list[Any]) -> list[dict[str, Any]]:
    return [dict(line) for line in logged if line["log_level"] == "warning"]


def reasons(of: CurrentMember, what: str) -> list[str]:
    return [entry.details["reason"] for entry in refusals(of, what)]


def test_a_code_used_twice_is_refused_and_the_trail_says_so(app: Flask, niamh: CurrentMember, phone: App) -> None:
    assert show(half_in(app, niamh), phone.code()).status_code == 302
    second = half_in(app, niamh)
    with nothing_changed():
        answer = show(second, phone.code())
    assert (answer.status_code, "Each works once" in answer.text, is_in(second)) == (422, True, False)
    assert reasons(niamh, "second_factor.refused") == ["used"]
    assert "used" in read_by(app, niamh, "second_factor.refused")


def test_a_recovery_code_used_twice_is_refused_and_the_trail_says_so(
    app: Flask, niamh: CurrentMember, phone: App, clock: Clock
) -> None:
    code = with_recovery_codes(niamh, clock)[0]
    assert show(half_in(app, niamh), code).location == "/"
    assert show(half_in(app, niamh), code).status_code == 422
    (entry,) = refusals(niamh, "second_factor.refused")
    assert (entry.details["kind"], entry.details["reason"]) == ("recovery-code", "used")
    assert code not in str(entry)


@pytest.mark.parametrize("seconds", [300, -300])
def test_a_clock_five_minutes_off_is_refused_and_told_from_a_guess(
    app: Flask, niamh: CurrentMember, phone: App, seconds: int
) -> None:
    browser = half_in(app, niamh)
    with nothing_changed():
        answer = show(browser, phone.code(seconds))
    assert (answer.status_code, "let the telephone set its clock by itself" in answer.text) == (422, True)
    (entry,) = refusals(niamh, "second_factor.refused")
    assert (entry.details["reason"], entry.details["seconds_off"]) == ("clock", seconds)
    assert not is_in(browser)


def test_a_guess_is_called_one(app: Flask, niamh: CurrentMember, phone: App) -> None:
    known = {phone.code(step * 30) for step in range(-20, 21)}
    guess = next(code for code in map("{:06}".format, range(100)) if code not in known)
    show(half_in(app, niamh), guess)
    assert reasons(niamh, "second_factor.refused") == ["wrong"]


@pytest.mark.parametrize("path", ["/api/v1/me?token={}", "/sign-in?next=/%3Fkey={}", "/?q=a{}"])
def test_a_token_in_a_query_string_is_refused_and_its_organization_hears_of_it(
    app: Flask, niamh: CurrentMember, path: str
) -> None:
    token, row = tokens.create_token(niamh, "Nightly", ["reports:read"], None, app.config["CLOCK"]())
    prefix = row.prefix
    with nothing_changed(), capture_logs() as logged:
        answer = clients.visitor(app).get(path.format(token))
    assert (answer.status_code, "revoke this one" in answer.text) == (400, True)
    (entry,) = refusals(niamh)
    assert (entry.what, entry.subject) == ("token.exposed", f"{prefix}…")
    assert [kept for kept in (answer.text, str(entry), str(logged)) if token in kept] == []
    assert prefix in read_by(app, niamh, "token.exposed")


def test_a_token_of_nobody_in_a_query_string_stands_in_the_service_log(app: Flask, niamh: CurrentMember) -> None:
    with capture_logs() as logged:
        assert clients.visitor(app).get(f"/?token={tokens.generate()[0]}").status_code == 400
    assert [line["event"] for line in warnings(logged)] == ["token in an address refused"]
    assert refusals(niamh) == []


def test_a_cookie_of_another_host_opens_nothing_and_stands_in_the_service_log(app: Flask, niamh: CurrentMember) -> None:
    browser = clients.visitor(app)
    browser.set_cookie("sid", "a-cookie-that-another-installation-gave-out")
    with nothing_changed(), capture_logs() as logged:
        answer = browser.get("/profile")
    assert answer.location.startswith("/sign-in")
    assert "Sign in to go on where you were" in browser.get(answer.location).text
    assert [(line["event"], line["reason"]) for line in warnings(logged)] == [("session refused", "unknown")]


def test_behind_tls_a_cookie_that_a_neighbour_could_set_opens_nothing(app: Flask, niamh: CurrentMember) -> None:
    app.config["SETTINGS"] = replace(app.config["SETTINGS"], public_url="https://usage.example.com")
    browser = clients.visitor(app)
    browser.set_cookie("sid", sessions.start(niamh.user_id, niamh.member_id, app.config["CLOCK"]()))
    with capture_logs() as logged:
        assert browser.get("/profile").location.startswith("/sign-in")
    assert [(line["event"], line["reason"]) for line in warnings(logged)] == [("session refused", "another-host")]


def test_a_form_cookie_of_another_host_is_no_form_of_ours(app: Flask, niamh: CurrentMember) -> None:
    browser = clients.sign_in(app, niamh)
    browser.set_cookie("form", "eyJjc3JmX3Rva2VuIjoieCJ9.aAAAAA.signed-by-another-key")
    with nothing_changed(), capture_logs() as logged:
        answer = browser.post("/profile", data={"name": "Changed"}, csrf=False)
    assert (answer.status_code, "This form has expired" in answer.text) == (400, True)
    assert "form without its token" in [line["event"] for line in warnings(logged)]


def test_a_sign_in_that_was_ended_is_in_the_trail_when_it_comes_back(
    app: Flask, niamh: CurrentMember, clock: Clock
) -> None:
    browser = clients.sign_in(app, niamh)
    sessions.end(niamh.user_id, clock.at)
    assert browser.get("/profile").location.startswith("/sign-in")
    (entry,) = refusals(niamh)
    assert (entry.what, entry.subject, entry.details["reason"]) == ("session.refused", niamh.email, "ended")
    assert entry.details["tried"] == "GET /profile"


def test_a_sign_in_whose_time_is_over_is_nothing_to_tell(app: Flask, niamh: CurrentMember, clock: Clock) -> None:
    browser = clients.sign_in(app, niamh)
    clock.forward(days=20)
    with capture_logs() as logged:
        assert browser.get("/profile").status_code == 302
    assert warnings(logged) == refusals(niamh) == []


def test_a_revoked_token_is_in_the_trail_when_it_comes_back(app: Flask, niamh: CurrentMember, clock: Clock) -> None:
    program = clients.api(app, niamh)
    tokens.revoke(niamh.member_id, clock.at)
    assert program.get("/api/v1/me").status_code == 401
    (entry,) = refusals(niamh)
    assert (entry.what, entry.details["reason"]) == ("token.refused", "ended")
    assert program.token not in str(entry)


def test_a_forged_x_forwarded_for_is_not_believed_and_stands_in_the_trail(app: Flask, niamh: CurrentMember) -> None:
    wrong = {"email": niamh.email, "password": "a wrong long horse"}
    with capture_logs() as logged:
        answer = clients.visitor(app).post("/sign-in", data=wrong, headers=FORGED, **PEER)
    assert answer.status_code == 422
    query = text("SELECT details FROM audit_entries WHERE what = 'sign_in.failed'")
    assert db.session.scalars(query).one() == {"address": "203.0.113.9", "claimed_address": "127.0.0.1, 192.0.2.77"}
    assert "forwarded address not believed" in [line["event"] for line in warnings(logged)]


@contextmanager
def statements() -> Iterator[list[str]]:
    """What is asked of the database meanwhile."""
    asked: list[str] = []

    def note(*given: Any) -> None:
        asked.append(given[2])

    event.listen(db.engine, "before_cursor_execute", note)
    yield asked
    event.remove(db.engine, "before_cursor_execute", note)


@pytest.mark.parametrize("is_known", [True, False])
def test_whether_an_address_is_known_costs_the_answer_no_statement(
    app: Flask, niamh: CurrentMember, is_known: bool
) -> None:
    wrong = {"email": niamh.email if is_known else "nobody@example.com", "password": "a wrong long horse"}
    with statements() as asked:
        answer = clients.visitor(app).post("/sign-in", data=wrong, buffered=False)
        assert [one for one in asked if "INTO" in one or "members" in one] == []
        answer.close()
    assert any("INTO audit_waiting" in one for one in asked) == is_known


def test_a_forged_x_forwarded_for_gets_nobody_past_a_limit(app: Flask, niamh: CurrentMember) -> None:
    most = DEFAULTS[Limited.TOKEN_REPORT].most
    leaked = {"token": tokens.generate()[0]}
    browser = clients.visitor(app)
    answers = [
        browser.post("/report-token", data=leaked, headers={"X-Forwarded-For": f"192.0.2.{number}"}, **PEER)
        for number in range(most + 1)
    ]
    assert [answer.status_code for answer in answers] == [200] * most + [429]


def test_a_forged_x_forwarded_for_is_told_once_an_hour_for_each_peer(app: Flask, clock: Clock, story: Story) -> None:
    browser = clients.visitor(app)
    with capture_logs() as logged:
        for _ in range(3):
            browser.get("/sign-in", headers=FORGED, **PEER)
        clock.forward(hours=1)
        browser.get("/sign-in", headers={"X-Forwarded-For": "<script>, a\0b"}, **PEER)
    assert [line.get("claimed_address") for line in warnings(logged)] == ["127.0.0.1, 192.0.2.77", None]


def test_a_session_keeps_the_address_that_connected(app: Flask, niamh: CurrentMember) -> None:
    right = {"email": niamh.email, "password": PASSWORD}
    assert clients.visitor(app).post("/sign-in", data=right, headers=FORGED, **PEER).status_code == 302
    assert db.session.scalars(text("SELECT address FROM web_sessions")).all() == ["203.0.113.9"]


def test_a_removed_member_is_in_the_trail_of_who_removed_them(
    app: Flask, aoife: CurrentMember, niamh: CurrentMember, clock: Clock
) -> None:
    browser = clients.sign_in(app, aoife)
    operations.remove_member(member_row(aoife), clock.at)
    with nothing_changed():
        answer = browser.post("/profile", data={"name": "Changed"})
    assert (answer.status_code, "Your session is over" in answer.text) == (401, True)
    assert reasons(aoife, "session.refused") == ["removed"]
    assert refusals(niamh) == []
