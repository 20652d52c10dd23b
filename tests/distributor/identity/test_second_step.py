"""Signing in with a second step: what it takes, and what it tells to whom."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from distributor.config import Settings
from distributor.database import db
from distributor.identity import operations, recovery
from distributor.identity.acting import CurrentMember
from tests import clients
from tests.distributor.commands import Shell
from tests.distributor.identity.conftest import PASSWORD, Clock, member_row, user_of
from tests.distributor.identity.people import App, enrolled, half_in, is_in, show, trail, with_recovery_codes


@pytest.fixture
def phone(aoife: CurrentMember, clock: Clock) -> App:
    return enrolled(aoife, clock)


def test_the_password_alone_opens_nothing(app: Flask, aoife: CurrentMember, phone: App) -> None:
    browser = half_in(app, aoife)
    assert not is_in(browser)
    assert "One-time code" in browser.get("/sign-in/second-step").text


def test_the_code_opens_the_page_that_was_asked_for(app: Flask, aoife: CurrentMember, phone: App) -> None:
    browser = half_in(app, aoife, "/reports?year=2026")
    answer = show(browser, phone.code(), next="/reports?year=2026")
    assert answer.location == "/reports?year=2026"
    assert is_in(browser)


def test_a_wrong_password_answers_as_it_does_without_a_second_step(
    app: Flask, aoife: CurrentMember, phone: App
) -> None:
    wrong = clients.visitor(app).post("/sign-in", data={"email": aoife.email, "password": "wrong horse battery"})
    unknown = clients.visitor(app).post("/sign-in", data={"email": "nobody@example.com", "password": "wrong horse"})
    assert wrong.status_code == unknown.status_code == 422
    assert "code" not in wrong.text.replace("code_", "").lower().split("<form")[1].split("</form>")[0]


def test_a_wrong_code_is_refused_and_says_to_mind_the_clock(app: Flask, aoife: CurrentMember, phone: App) -> None:
    browser = half_in(app, aoife)
    answer = show(browser, phone.code(300))
    assert answer.status_code == 422
    assert "let the telephone set its clock" in answer.text
    assert not is_in(browser)


def test_a_code_used_in_one_browser_is_refused_in_the_next(app: Flask, aoife: CurrentMember, phone: App) -> None:
    first, second = half_in(app, aoife), half_in(app, aoife)
    assert show(first, phone.code()).status_code == 302
    assert show(second, phone.code()).status_code == 422


def test_a_recovery_code_opens_too_and_says_how_many_are_left(
    app: Flask, aoife: CurrentMember, phone: App, clock: Clock
) -> None:
    made = with_recovery_codes(aoife, clock)
    browser = half_in(app, aoife)
    assert "Recovery code" in browser.get("/sign-in/second-step?with=recovery").text
    assert show(browser, made[3]).location == "/"
    assert "9 are left" in browser.get("/profile").text


def test_half_a_sign_in_ends_after_ten_minutes(app: Flask, aoife: CurrentMember, phone: App, clock: Clock) -> None:
    browser = half_in(app, aoife)
    clock.forward(minutes=10)
    assert show(browser, phone.code()).location == "/sign-in"
    assert not is_in(browser)


def test_half_a_sign_in_is_good_for_one_sign_in(app: Flask, aoife: CurrentMember, phone: App, clock: Clock) -> None:
    browser = half_in(app, aoife)
    kept = browser.get_cookie("form")
    assert kept is not None
    show(browser, phone.code())
    thief = clients.visitor(app)
    thief.set_cookie("form", kept.value)
    clock.forward(seconds=30)
    assert show(thief, phone.code()).location.startswith("/sign-in")
    assert not is_in(thief)


def test_without_a_password_there_is_no_second_step(app: Flask, aoife: CurrentMember, phone: App) -> None:
    stranger = clients.visitor(app)
    assert stranger.get("/sign-in/second-step").location == "/sign-in"
    assert show(stranger, phone.code()).location == "/sign-in"
    assert not is_in(stranger)


def test_guessing_codes_ends_soon(app: Flask, aoife: CurrentMember, phone: App) -> None:
    browser = half_in(app, aoife)
    answers = [show(browser, f"{number:06}").status_code for number in range(12)]
    assert answers[:10] == [422] * 10
    assert answers[-1] == 429
    assert show(half_in(app, aoife), phone.code()).status_code == 429


def test_a_member_who_is_removed_between_the_steps_stays_out(app: Flask, aoife: CurrentMember, phone: App) -> None:
    browser = half_in(app, aoife)
    operations.remove_member(member_row(aoife), phone.clock.at)
    assert show(browser, phone.code()).location.startswith("/sign-in")
    assert not is_in(browser)


def test_a_disabled_user_stays_out_between_the_steps(app: Flask, aoife: CurrentMember, phone: App) -> None:
    browser = half_in(app, aoife)
    user_of(aoife).disabled_at = phone.clock.at
    assert show(browser, phone.code()).location.startswith("/sign-in")


def test_the_page_leads_nowhere_else(app: Flask, aoife: CurrentMember, phone: App) -> None:
    browser = half_in(app, aoife)
    assert show(browser, phone.code(), next="https://evil.example/").location == "/"


def test_the_trail_tells_of_refusals(app: Flask, aoife: CurrentMember, phone: App, clock: Clock) -> None:
    made = with_recovery_codes(aoife, clock)
    clients.visitor(app).post("/sign-in", data={"email": aoife.email, "password": "wrong horse battery"})
    browser = half_in(app, aoife)
    show(browser, "000000")
    show(browser, made[0])
    found = trail(aoife)
    assert {"sign_in.failed", "second_factor.refused", "recovery_code.used"} <= set(found)


def test_a_new_sign_in_without_factors_stays_one_step(app: Flask, niamh: CurrentMember) -> None:
    answer = clients.visitor(app).post("/sign-in", data={"email": niamh.email, "password": PASSWORD})
    assert answer.location == "/"
    assert recovery.left(niamh.user_id) == 0
    db.session.rollback()


def test_the_operator_takes_a_lost_second_step_away(
    app: Flask, aoife: CurrentMember, phone: App, settings: Settings, tmp_path: Path
) -> None:
    made = with_recovery_codes(aoife, phone.clock)
    inside = clients.sign_in(app, aoife)
    assert is_in(inside)
    db.session.commit()
    said = Shell(settings, tmp_path)("member", "reset-second-step", "--email", aoife.email).closing
    assert said == f"{aoife.email} has no second step any more and is signed out everywhere."
    assert not is_in(inside)
    answer = clients.visitor(app).post("/sign-in", data={"email": aoife.email, "password": PASSWORD})
    assert answer.location == "/"
    assert not recovery.spend(aoife.user_id, made[0], phone.clock.at)
