"""The approval policy's pages: who decides, what is said before it is done, what cannot be forged."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from flask import Flask

from distributor.database import db
from distributor.usage_reports.operations import steps
from distributor.usage_reports.policies import Policy, policy_of
from tests.clients import Browser, sign_in
from tests.distributor.api.calling import Counting
from tests.factories import CYCLE, OPENED_AT, Story, account, member
from workflows.usage_report import Role

AT = OPENED_AT + timedelta(days=33)


@pytest.fixture
def story(app: Flask) -> Story:
    """October approved, November clean and under review."""
    app.config["CLOCK"] = lambda: AT
    story = Story()
    report = story.open(("40", None))
    steps.submit(story.report(report), story.by(story.preparer), OPENED_AT)
    steps.approve(story.report(report), story.by(story.reviewer), OPENED_AT + timedelta(hours=1))
    newer = story.open(("41", None), cycle=CYCLE.next(), at=AT - timedelta(days=2))
    steps.submit(story.report(newer), story.by(story.preparer), AT - timedelta(days=1))
    return story


@pytest.fixture
def admin(app: Flask, story: Story) -> Browser:
    return sign_in(app, story.admin)


def percent_now(story: Story) -> Decimal | None:
    db.session.refresh(story.account)
    return story.account.auto_approve_max_change_percent


def test_the_policy_is_decided_by_admins_read_by_reviewers_and_nothing_to_msps(app: Flask, story: Story) -> None:
    reader, msp = sign_in(app, story.reviewer), sign_in(app, member(story.msp, Role.ADMIN))
    for path in ("/policy", "/policy/backtest"):
        assert (reader.get(path).status_code, msp.get(path).status_code) == (200, 404)
    for path in ("/policy", "/policy/automatic"):
        assert (reader.post(path).status_code, msp.post(path).status_code) == (403, 404)
    assert "Save policy" not in reader.get("/policy").text


def test_a_policy_is_saved_and_changed(story: Story, admin: Browser) -> None:
    for bulk, limit in (("5", Decimal(5)), ("", None)):
        form = {"bulk_max_change_percent": bulk, "marked_change_percent": "12.5"}
        assert admin.post("/policy", data=form).status_code == 302
        assert policy_of(story.distributor.id) == Policy(limit, Decimal("12.5"))


@pytest.mark.parametrize("wrong", ["-1", "1001", "many", ""])
def test_a_wrong_percent_is_refused_beside_its_field_and_kept(story: Story, admin: Browser, wrong: str) -> None:
    answer = admin.post("/policy", data={"bulk_max_change_percent": "7", "marked_change_percent": wrong})
    assert answer.status_code == 422
    assert 'id="marked_change_percent-error"' in answer.text
    assert 'value="7"' in answer.text
    assert policy_of(story.distributor.id) == Policy()


def test_the_backtest_says_its_result_in_a_sentence_with_links(story: Story, admin: Browser) -> None:
    page = admin.get("/policy/backtest?percent=5").text
    assert "This policy would have approved 1 of 2 reports (€ 116.85)" in page
    assert "did not reject it either" in page
    assert f"/accounts/{story.account.uid}" in page
    assert "none of the 2 reports" in admin.get("/policy/backtest?percent=1").text


def test_a_percent_that_is_none_is_said_and_kept(admin: Browser) -> None:
    answer = admin.get("/policy/backtest?percent=lots")
    assert answer.status_code == 422
    assert 'value="lots"' in answer.text


def test_nothing_submitted_is_nothing_to_judge(app: Flask, story: Story) -> None:
    page = sign_in(app, Story().admin).get("/policy/backtest").text
    assert "there is nothing to judge yet" in page


def test_switching_on_says_what_is_approved_at_once_before_it_is_done(story: Story, admin: Browser) -> None:
    form = {"percent": "5", "account": str(story.account.uid)}
    page = admin.post("/policy/automatic", data=form).text
    assert "1 report that is under review now is approved at once." in page
    assert percent_now(story) is None
    answer = admin.post("/policy/automatic", data={**form, "step": "confirm"}, follow_redirects=True)
    assert "Clean reports of 1 account approve themselves" in answer.text
    assert percent_now(story) == Decimal(5)


def test_switching_off_is_said_and_done(story: Story, admin: Browser) -> None:
    story.account.auto_approve_max_change_percent = Decimal(5)
    form = {"percent": "", "account": str(story.account.uid)}
    assert "every report of these accounts is approved by a person" in admin.post("/policy/automatic", data=form).text
    admin.post("/policy/automatic", data={**form, "step": "confirm"})
    assert percent_now(story) is None


def test_another_distributors_account_in_the_form_changes_nothing(story: Story, admin: Browser) -> None:
    stranger = Story()
    for uid in (stranger.account.uid, "nonsense"):
        form = {"percent": "5", "account": [str(story.account.uid), str(uid)], "step": "confirm"}
        assert admin.post("/policy/automatic", data=form).status_code == 404
    assert (percent_now(story), percent_now(stranger)) == (None, None)


def test_a_percent_out_of_reach_in_the_form_changes_nothing(story: Story, admin: Browser) -> None:
    form = {"percent": "5000", "account": str(story.account.uid), "step": "confirm"}
    assert admin.post("/policy/automatic", data=form).status_code == 422
    assert percent_now(story) is None


def test_no_account_is_said_to_be_none(admin: Browser) -> None:
    assert (
        "No account was chosen." in admin.post("/policy/automatic", data={"percent": "5"}, follow_redirects=True).text
    )


@pytest.mark.parametrize("accounts", [1, 40])
def test_pages_ask_the_database_a_fixed_number_of_times(story: Story, admin: Browser, accounts: int) -> None:
    for _ in range(accounts):
        account(story.distributor, story.msp, auto_approve_max_change_percent=Decimal(1))
    admin.get("/profile")
    for path in ("/policy", "/policy/backtest?percent=5"):
        with Counting() as counting:
            assert admin.get(path).status_code == 200
        assert len(counting.statements) <= 8, path
