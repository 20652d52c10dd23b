"""The page about two steps to sign in, and what an organization may ask of everybody."""

from __future__ import annotations

import re

import pyotp
import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from distributor.database import db
from distributor.delivery.models import Notification
from distributor.delivery.rendering import rendered
from distributor.identity import codes, factors, recovery
from distributor.identity.acting import CurrentMember
from distributor.identity.factor_models import CodeSeed
from distributor.identity.factors import Factors
from distributor.identity.models import Organization
from tests import clients
from tests.clients import Browser
from tests.distributor.identity.conftest import PASSWORD, Clock
from tests.distributor.identity.people import enrolled, half_in, is_in, seed_of, show, trail
from tests.factories import Story

PAGE = "/profile/security"
ANYWHERE = ["/", "/profile", "/reports", "/notifications", "/words", "/terms", "/trends"]


def enrol(browser: Browser, member: CurrentMember, clock: Clock) -> TestResponse:
    browser.post(f"{PAGE}/codes")
    return browser.post(f"{PAGE}/codes/confirm", data={"code": pyotp.TOTP(seed_of(member)).at(clock.at)})


def shown_codes(page: str) -> list[str]:
    return re.findall(r"<li><code>([a-z0-9-]+)</code>", page)


def test_enrolment_shows_a_picture_and_the_key_as_text(app: Flask, aoife: CurrentMember, clock: Clock) -> None:
    browser = clients.sign_in(app, aoife)
    assert browser.get(f"{PAGE}/codes.svg").status_code == 404
    browser.post(f"{PAGE}/codes")
    page = browser.get(PAGE).text
    assert seed_of(aoife)[:4] in page
    picture = browser.get(f"{PAGE}/codes.svg")
    assert picture.mimetype == "image/svg+xml"
    assert picture.headers["Cache-Control"] == "no-store"
    assert "style=" not in picture.text


def test_the_first_code_switches_codes_on_and_shows_ten_recovery_codes_once(
    app: Flask, aoife: CurrentMember, clock: Clock
) -> None:
    browser = clients.sign_in(app, aoife)
    answer = enrol(browser, aoife, clock)
    made = shown_codes(answer.text)
    assert len(made) == 10
    assert shown_codes(browser.get(PAGE).text) == []
    assert show(half_in(app, aoife), made[0]).location == "/"


def test_a_wrong_first_code_is_said_beside_its_field_and_switches_nothing_on(app: Flask, aoife: CurrentMember) -> None:
    browser = clients.sign_in(app, aoife)
    browser.post(f"{PAGE}/codes")
    answer = browser.post(f"{PAGE}/codes/confirm", data={"code": "000000"})
    assert answer.status_code == 422
    assert "code-error" in answer.text
    assert factors.of_user(aoife.user_id) == factors.NONE


def test_the_seed_that_waits_is_shown_after_a_fresh_proof_only(app: Flask, aoife: CurrentMember) -> None:
    clients.sign_in(app, aoife).post(f"{PAGE}/codes")
    old = clients.sign_in(app, aoife, proved=False)
    page = old.get(PAGE).text
    assert seed_of(aoife)[:4] not in page
    assert "Set up one-time codes" in page
    assert old.get(f"{PAGE}/codes.svg").status_code == 404
    assert old.post("/confirm", data={"confirm_password": PASSWORD}).status_code == 303
    assert seed_of(aoife)[:4] in old.get(PAGE).text
    assert old.get(f"{PAGE}/codes.svg").status_code == 200


def test_the_seed_is_never_shown_again(app: Flask, aoife: CurrentMember, clock: Clock) -> None:
    browser = clients.sign_in(app, aoife)
    enrol(browser, aoife, clock)
    assert seed_of(aoife)[:4] not in browser.get(PAGE).text
    assert browser.get(f"{PAGE}/codes.svg").status_code == 404


def test_asking_for_codes_twice_gives_a_new_seed_until_one_is_confirmed(
    app: Flask, aoife: CurrentMember, clock: Clock
) -> None:
    browser = clients.sign_in(app, aoife)
    browser.post(f"{PAGE}/codes")
    first = seed_of(aoife)
    enrol(browser, aoife, clock)
    second = seed_of(aoife)
    browser.post(f"{PAGE}/codes")
    assert first != second == seed_of(aoife)


def test_new_recovery_codes_are_shown_once_and_end_the_old(app: Flask, aoife: CurrentMember, clock: Clock) -> None:
    enrolled(aoife, clock)
    before = recovery.make(aoife.user_id, clock.at)
    made = shown_codes(clients.sign_in(app, aoife).post(f"{PAGE}/recovery").text)
    assert len(made) == 10
    assert not set(made) & set(before)
    assert show(half_in(app, aoife), before[0]).status_code == 422


def test_recovery_codes_need_a_factor_to_stand_in_for(app: Flask, aoife: CurrentMember) -> None:
    assert clients.sign_in(app, aoife).post(f"{PAGE}/recovery").status_code == 409


def test_after_a_change_the_page_offers_to_end_every_other_sign_in(
    app: Flask, aoife: CurrentMember, clock: Clock
) -> None:
    browser = clients.sign_in(app, aoife)
    assert "Other sign-ins" not in browser.get(PAGE).text
    other = clients.sign_in(app, aoife)
    assert "End the other sign-in" in enrol(browser, aoife, clock).text
    browser.post("/profile/sign-ins/revoke")
    assert (is_in(browser), is_in(other)) == (True, False)
    assert "Other sign-ins" not in browser.get(PAGE).text


def test_switching_off_needs_a_fresh_proof(app: Flask, aoife: CurrentMember, clock: Clock) -> None:
    enrolled(aoife, clock)
    old = clients.sign_in(app, aoife, proved=False)
    assert old.post(f"{PAGE}/codes/off").location.startswith("/confirm")
    assert factors.of_user(aoife.user_id).codes
    assert clients.sign_in(app, aoife).post(f"{PAGE}/codes/off").location == PAGE
    assert not factors.of_user(aoife.user_id)


@pytest.mark.parametrize("route", ["codes", "codes/confirm", "codes/off", "recovery", "passkeys"])
def test_every_change_needs_a_fresh_proof(app: Flask, aoife: CurrentMember, route: str) -> None:
    answer = clients.sign_in(app, aoife, proved=False).post(f"{PAGE}/{route}")
    assert answer.location.startswith("/confirm")
    assert db.session.scalars(select(CodeSeed)).all() == []


def test_lists_of_members_can_say_who_has_what(aoife: CurrentMember, niamh: CurrentMember, clock: Clock) -> None:
    enrolled(aoife, clock)
    assert factors.of_users([aoife.user_id, niamh.user_id]) == {aoife.user_id: Factors(codes=True)}
    assert factors.lacking(aoife.organization_id) == 0
    assert factors.lacking(niamh.organization_id) == 2


def demand(member: CurrentMember) -> None:
    db.session.get_one(Organization, member.organization_id).require_second_factor = True
    db.session.flush()


@pytest.mark.parametrize("page", ANYWHERE)
def test_who_lacks_what_everybody_needs_is_led_to_set_it_up(app: Flask, aoife: CurrentMember, page: str) -> None:
    browser = clients.sign_in(app, aoife)
    demand(aoife)
    answer = browser.get(page, follow_redirects=True)
    assert answer.request.path == PAGE
    assert "asks everybody for a second step" in answer.text


def test_who_lacks_it_can_change_nothing_and_their_tokens_wait(app: Flask, aoife: CurrentMember) -> None:
    browser, program = clients.sign_in(app, aoife), clients.api(app, aoife)
    demand(aoife)
    assert browser.post("/profile", data={"name": "Somebody Else"}).location == PAGE
    answer = program.get("/api/v1/reports")
    assert (answer.status_code, (answer.json or {})["type"]) == (403, "second-factor-required")


def test_once_it_is_set_up_everything_opens(app: Flask, aoife: CurrentMember, clock: Clock) -> None:
    browser = clients.sign_in(app, aoife)
    demand(aoife)
    assert len(shown_codes(enrol(browser, aoife, clock).text)) == 10
    assert is_in(browser)


def test_switching_the_only_factor_off_leads_back_to_setting_one_up(
    app: Flask, aoife: CurrentMember, clock: Clock
) -> None:
    enrolled(aoife, clock)
    demand(aoife)
    browser = clients.sign_in(app, aoife)
    browser.post(f"{PAGE}/codes/off")
    assert browser.get("/reports").location == PAGE


def test_an_admin_asks_everybody_for_a_second_step_and_leaves_it_again(app: Flask, niamh: CurrentMember) -> None:
    browser = clients.sign_in(app, niamh)
    assert "2 members have none" in browser.get(PAGE).text
    assert browser.post(f"{PAGE}/required", data={"on": "yes"}).location == PAGE
    assert factors.is_required(niamh.organization_id)
    browser.post(f"{PAGE}/required", data={"on": "no"})
    assert trail(niamh)[-2:] == ["second_factor.required", "second_factor.left_to_members"]


def test_only_admins_ask_and_only_their_own_organization(app: Flask, aoife: CurrentMember, story: Story) -> None:
    assert clients.sign_in(app, aoife).post(f"{PAGE}/required", data={"on": "yes"}).status_code == 403
    clients.sign_in(app, story.admin).post(f"{PAGE}/required", data={"on": "yes"})
    assert factors.is_required(story.distributor.id)
    assert not factors.is_required(story.msp.id)


def test_the_trail_names_what_was_switched(app: Flask, aoife: CurrentMember, clock: Clock) -> None:
    browser = clients.sign_in(app, aoife)
    enrol(browser, aoife, clock)
    browser.post(f"{PAGE}/codes/off")
    assert trail(aoife) == ["codes.switched_on", "recovery_codes.made", "codes.switched_off"]


def test_the_person_is_told_by_mail_in_words(app: Flask, aoife: CurrentMember, clock: Clock) -> None:
    enrol(clients.sign_in(app, aoife), aoife, clock)
    mail = db.session.scalars(select(Notification).filter_by(event="factors_changed")).one()
    assert mail.recipient == aoife.email
    assert "one-time codes were switched on for you" in " ".join(rendered(mail).text.split())


def test_half_an_enrolment_asks_for_no_code(app: Flask, aoife: CurrentMember, clock: Clock) -> None:
    codes.begin(aoife.user_id, clock.at)
    answer = clients.visitor(app).post("/sign-in", data={"email": aoife.email, "password": "correct horse battery"})
    assert answer.location == "/"
