"""Confirming that it is you, before what weighs most: when it is asked for, and that nothing typed is lost."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask

from distributor.database import db
from distributor.identity import operations, step_up
from distributor.identity.acting import CurrentMember
from distributor.identity.tokens import of_member
from distributor.usage_reports.operations import steps
from tests import clients
from tests.authenticator import Authenticator
from tests.clients import Browser
from tests.distributor.identity.conftest import PASSWORD, Clock, user_of
from tests.distributor.identity.people import App, enrolled, trail
from tests.distributor.identity.test_passkeys import register
from tests.factories import Story, member
from workflows.usage_report import Role

OWN = {"Sec-Fetch-Site": "same-origin"}
TOKEN = {"token_name": "Billing, nightly", "days": "30", "scopes": "reports:read"}


@pytest.fixture
def old(app: Flask, aoife: CurrentMember) -> Browser:
    """A browser in which somebody signed in this morning."""
    return clients.sign_in(app, aoife, proved=False)


def confirm(browser: Browser, **fields: str) -> Any:
    return browser.post("/confirm", data=fields or {"confirm_password": PASSWORD})


def hidden_fields(page: str) -> dict[str, str]:
    """The hidden fields of the form that asks for the password."""
    form = page[: page.index('name="confirm_password"')].rpartition("<form")[2]
    return dict(re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', form))


def test_a_sign_in_counts_for_ten_minutes(aoife: CurrentMember, app: Flask, clock: Clock) -> None:
    browser = clients.sign_in(app, aoife)
    clock.forward(minutes=9, seconds=59)
    assert browser.get("/confirm?next=/reports").location == "/reports"
    clock.forward(seconds=1)
    assert browser.get("/confirm?next=/reports").status_code == 200


def test_the_page_says_why_and_comes_back(old: Browser, clock: Clock) -> None:
    page = old.get("/confirm?next=/profile").text
    assert "proved in the last 10 minutes" in page
    answer = confirm(old, confirm_password=PASSWORD, confirm_next="/profile")
    assert (answer.status_code, answer.location) == (303, "/profile")
    assert old.get("/confirm?next=/profile").location == "/profile"


def test_confirming_renews_the_cookie(app: Flask, old: Browser) -> None:
    before = old.get_cookie("sid")
    confirm(old)
    after = old.get_cookie("sid")
    assert before is not None
    assert after is not None
    assert before.value != after.value
    thief = clients.visitor(app)
    thief.set_cookie("sid", before.value)
    assert thief.get("/profile").location.startswith("/sign-in")


def test_a_wrong_password_confirms_nothing(old: Browser, aoife: CurrentMember) -> None:
    answer = confirm(old, confirm_password="wrong horse battery")
    assert answer.status_code == 422
    assert "The password is not right." in answer.text
    assert old.get("/confirm").status_code == 200
    assert trail(aoife) == ["identity.not_confirmed"]


def test_guessing_at_the_page_ends_soon(old: Browser) -> None:
    answers = [confirm(old, confirm_password="wrong horse battery").status_code for _ in range(12)]
    assert answers[-1] == 429


def test_who_guesses_elsewhere_keeps_nobody_from_confirming(
    app: Flask, old: Browser, aoife: CurrentMember, clock: Clock
) -> None:
    phone: App = enrolled(aoife, clock)
    stranger = clients.visitor(app)
    guesses = [stranger.post("/sign-in", data={"email": aoife.email, "password": "x"}).status_code for _ in range(11)]
    assert guesses[-1] == 429
    assert [confirm(old).status_code for _ in range(11)] == [303] * 11
    assert confirm(old, confirm_code=phone.code()).status_code == 303


def test_wrong_passwords_at_the_page_leave_the_second_step_open(
    old: Browser, aoife: CurrentMember, clock: Clock
) -> None:
    phone: App = enrolled(aoife, clock)
    assert [confirm(old, confirm_password="wrong").status_code for _ in range(11)] == [422] * 10 + [429]
    assert confirm(old, confirm_code=phone.code()).status_code == 303


def test_a_right_password_costs_no_try_to_sign_in(app: Flask, old: Browser, aoife: CurrentMember) -> None:
    for _ in range(11):
        assert confirm(old).status_code == 303
    assert clients.visitor(app).post("/sign-in", data={"email": aoife.email, "password": PASSWORD}).status_code == 302


def test_a_code_confirms_too(old: Browser, aoife: CurrentMember, clock: Clock) -> None:
    phone: App = enrolled(aoife, clock)
    assert confirm(old, confirm_code=phone.code(300)).status_code == 422
    assert confirm(old, confirm_code=phone.code()).status_code == 303


def test_a_passkey_confirms_too_but_only_the_members_own(
    app: Flask, aoife: CurrentMember, story: Story, settings: Any
) -> None:
    app.config["SETTINGS"] = type(settings)(**{**vars(settings), "public_url": "http://localhost:8000"})
    mine, foreign = Authenticator(), Authenticator()
    register(clients.sign_in(app, aoife), mine)
    register(clients.sign_in(app, story.reviewer), foreign)
    browser = clients.sign_in(app, aoife, proved=False)
    for device, status in ((foreign, 422), (mine, 303)):
        options = browser.post("/confirm/passkey/options").json or {}
        assert confirm(browser, confirm_answer=device.sign(options)).status_code == status


def test_a_form_that_was_refused_is_kept_and_sent_on(old: Browser, aoife: CurrentMember) -> None:
    asked = old.post("/profile/tokens", data=TOKEN, headers=OWN)
    assert asked.status_code == 403
    assert "What you sent is kept." in asked.text
    fields = hidden_fields(asked.text)
    assert fields.items() >= TOKEN.items()
    sent = {**fields, "confirm_password": PASSWORD}
    on = old.post("/confirm", data=sent)
    assert (on.status_code, on.location) == (307, "/profile/tokens")
    assert "dst_" in old.post(on.location, data=sent).text  # what a browser does with a 307 (RFC 9110, 15.4.8)
    assert [row.name for row in of_member(aoife.member_id)] == [TOKEN["token_name"]]


def test_a_wrong_password_keeps_the_form_for_the_next_try(old: Browser) -> None:
    fields = hidden_fields(old.post("/profile/tokens", data=TOKEN, headers=OWN).text)
    again = old.post("/confirm", data={**fields, "confirm_password": "wrong horse battery"})
    assert hidden_fields(again.text).items() >= TOKEN.items()


def test_a_form_of_an_unknown_origin_is_led_to_the_page_without_its_fields(old: Browser) -> None:
    answer = old.post("/profile/tokens", data=TOKEN, headers={"Referer": "http://localhost/profile"})
    assert answer.location == "/confirm?next=/profile"


def test_the_page_leads_to_this_host_only(old: Browser) -> None:
    answer = confirm(old, confirm_password=PASSWORD, confirm_next="https://evil.example/", confirm_resend="yes")
    assert answer.location == "/"


def test_htmx_is_led_to_the_page(old: Browser) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "http://localhost/profile"}
    answer = old.post("/profile/tokens", data=TOKEN, headers=headers)
    assert answer.headers["HX-Redirect"] == "/confirm?next=/profile"


def test_a_proof_counts_for_its_own_sign_in_alone(app: Flask, old: Browser, aoife: CurrentMember) -> None:
    clients.sign_in(app, aoife)
    assert old.get("/confirm").status_code == 200


def test_a_token_waits_until_its_person_has_just_proved_who_they_are(app: Flask, story: Story, clock: Clock) -> None:
    program = clients.api(app, story.admin, proved=False)
    address = f"/api/v1/accounts/{story.account.uid}"
    refused = program.patch(address, json={"terms": {"approval_limit": "1000.00"}})
    assert (refused.status_code, (refused.json or {})["type"]) == (403, "step-up-required")
    assert "/confirm" in (refused.json or {})["detail"]
    clients.sign_in(app, story.admin)
    assert program.patch(address, json={"terms": {"approval_limit": "1000.00"}}).status_code == 200


def test_changing_terms_asks_when_the_form_is_opened_and_again_when_it_is_saved(app: Flask, story: Story) -> None:
    page = f"/accounts/{story.account.uid}/terms"
    browser = clients.sign_in(app, story.admin, proved=False)
    assert browser.get(page).location == f"/confirm?next={page}"
    assert clients.sign_in(app, story.admin).get(page).status_code == 200


def decision(app: Flask, member: CurrentMember, path: str, **fields: str) -> Any:
    return clients.sign_in(app, member, proved=False).post(path, data=fields, headers=OWN)


@pytest.mark.parametrize("step", ["endorse", "approve"])
def test_a_report_above_the_limit_asks_both_reviewers(app: Flask, step: str, clock: Clock) -> None:
    story = Story(approval_limit=10)
    report = submitted(story, clock)
    if step == "approve":
        endorse(story, report, clock)
    who = story.reviewer if step == "endorse" else second_reviewer(story)
    operations.set_password(user_of(who), PASSWORD)
    path = f"/review/{report.uid}/{step}"
    answer = decision(app, who, path, version=str(story.report(report.id).version))
    assert answer.status_code == 403
    assert "Confirm that it is you" in answer.text
    assert hidden_fields(answer.text)["version"] == str(story.report(report.id).version)


def submitted(story: Story, clock: Clock) -> Any:
    report = story.open(("40", None))
    steps.submit(report, story.by(story.preparer), clock.at)
    return story.report(report.id)


def endorse(story: Story, report: Any, clock: Clock) -> None:
    steps.endorse(story.report(report.id), story.by(story.reviewer), clock.at)


def second_reviewer(story: Story) -> CurrentMember:
    return member(story.distributor, Role.REVIEWER)


def test_a_report_within_the_limit_asks_nobody(app: Flask, clock: Clock) -> None:
    story = Story(approval_limit=1_000_000)
    report = submitted(story, clock)
    answer = decision(app, story.reviewer, f"/review/{report.uid}/approve", version=str(report.version))
    assert answer.status_code == 302
    assert story.report(report.id).status == "approved"


def test_who_may_not_decide_is_told_so_and_asked_nothing(app: Flask, clock: Clock) -> None:
    story = Story(approval_limit=10)
    report = submitted(story, clock)
    answer = decision(app, story.admin, f"/review/{report.uid}/endorse", version=str(report.version))
    assert answer.status_code == 403
    assert "Confirm that it is you" not in answer.text


def test_step_up_is_asked_of_the_sign_in(aoife: CurrentMember, clock: Clock) -> None:
    with pytest.raises(step_up.StepUpRequired):
        step_up.require(aoife, clock.at)
    db.session.rollback()
