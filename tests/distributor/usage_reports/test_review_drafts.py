"""A reviewer's unsent words: kept, found again, never mixed up, and gone once the decision is sent."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from distributor.database import db
from distributor.identity.acting import acting
from distributor.usage_reports.operations import steps
from distributor.usage_reports.queries import ReportRow
from distributor.usage_reports.review_drafts import ReviewDraft
from tests.clients import Browser, sign_in
from tests.distributor.usage_reports.reviewing import AT, submitted
from tests.distributor.usage_reports.test_pages import JSON, said
from tests.factories import Story, member, organization
from workflows.usage_report import Role


@pytest.fixture
def story(app: Flask) -> Story:
    app.config["CLOCK"] = lambda: AT
    return Story()


@pytest.fixture
def report(story: Story) -> ReportRow:
    return submitted(story, ("400", "290"), ("40", None))


@pytest.fixture
def browser(app: Flask, story: Story) -> Browser:
    return sign_in(app, story.reviewer)


def write(browser: Browser, report: ReportRow, reason: str = "", **notes: str) -> TestResponse:
    return browser.put(f"/review/{report.uid}/draft", json={"reason": reason, "notes": notes}, headers=JSON)


def kept() -> list[tuple[str, dict[str, str]]]:
    db.session.rollback()
    return [(draft.reason, draft.notes) for draft in db.session.scalars(select(ReviewDraft))]


def line_of(story: Story, report: ReportRow) -> str:
    return str(story.lines(report)[0].uid)


def test_words_are_kept_and_stand_on_the_page_again(story: Story, report: ReportRow, browser: Browser) -> None:
    line = line_of(story, report)
    answer = write(browser, report, "Two lines are open", **{line: "Send the order"})
    assert (answer.status_code, answer.json) == (
        200,
        {"said": "Kept as a draft at 00:00. Nothing was sent.", "decided": ""},
    )
    page = browser.get(f"/review/{report.uid}")
    assert said(page, "Two lines are open", "Send the order", "Reject with 1 note", "1 flagged")
    assert said(page, "1 line flagged by", "draft, not sent", "€ 1,254.00", "+ ")


def test_the_last_words_count_and_nothing_left_is_no_draft(story: Story, report: ReportRow, browser: Browser) -> None:
    line = line_of(story, report)
    write(browser, report, "First", **{line: "x"})
    write(browser, report, "Second", **{line: "  "})
    assert kept() == [("Second", {})]
    write(browser, report, " ")
    assert kept() == []


def test_the_plain_form_keeps_a_draft_too(story: Story, report: ReportRow, browser: Browser) -> None:
    line = line_of(story, report)
    form = {"reason": "Open", f"n-{line}": "Send the order", "version": "3"}
    answer = browser.post(f"/review/{report.uid}/draft", data=form, follow_redirects=True)
    assert said(answer, "Kept as a draft with 1 note. Nothing was sent.", "Send the order")
    assert story.report(report).status == "under_review"


def test_a_note_on_an_agreeing_line_brings_it_among_those_that_need_a_look(
    story: Story, report: ReportRow, browser: Browser
) -> None:
    agreeing = str(story.lines(report)[1].uid)
    assert f"l-{agreeing}" not in browser.get(f"/review/{report.uid}").text
    write(browser, report, **{agreeing: "Is that all?"})
    assert f"l-{agreeing}" in browser.get(f"/review/{report.uid}").text


@pytest.mark.parametrize("step", ["approve", "reject"])
def test_the_decision_drops_the_draft(story: Story, report: ReportRow, browser: Browser, step: str) -> None:
    write(browser, report, "Open")
    answer = browser.post(f"/review/{report.uid}/{step}", data={"version": str(report.version), "reason": "Open"})
    assert (answer.status_code, kept()) == (302, [])


def test_a_waiver_or_a_refused_decision_does_not(story: Story, report: ReportRow, browser: Browser) -> None:
    write(browser, report, "Open")
    browser.post(f"/review/{report.uid}/approve", data={"version": "1"})
    assert kept() == [("Open", {})]


def test_words_survive_a_colleagues_decision_and_can_be_discarded(
    app: Flask, story: Story, report: ReportRow, browser: Browser
) -> None:
    line = line_of(story, report)
    write(browser, report, "Two lines are open", **{line: "Send the order"})
    steps.approve(story.report(report), acting(member(story.distributor, Role.REVIEWER), report), AT)
    page = browser.get(f"/review/{report.uid}")
    assert said(page, "Written and not sent", "Two lines are open", "Send the order")
    answer = browser.post(f"/review/{report.uid}/draft/discard", follow_redirects=True)
    assert said(answer, "Your draft is discarded.")
    assert kept() == []


def test_a_rejection_that_comes_too_late_becomes_a_draft(story: Story, report: ReportRow, browser: Browser) -> None:
    colleague = member(story.distributor, Role.REVIEWER)
    steps.approve(story.report(report), acting(colleague, report), AT)
    form = {"version": str(report.version), "reason": "Too low", f"n-{line_of(story, report)}": "Send the order"}
    answer = browser.post(f"/review/{report.uid}/reject", data=form)
    assert answer.status_code == 409
    assert said(answer, f"{colleague.name} decided on this report", "Written and not sent", "Too low", "Send the order")


def test_a_draft_says_when_the_report_has_changed_since(
    app: Flask, story: Story, report: ReportRow, browser: Browser
) -> None:
    write(browser, report, "Two lines are open", **{line_of(story, report): "Send the order"})
    later = AT + timedelta(hours=1)
    steps.recall(story.report(report), acting(story.preparer, report), later)
    steps.submit(story.report(report), acting(story.preparer, report), later)
    app.config["CLOCK"] = lambda: later
    page = browser.get(f"/review/{report.uid}")
    assert said(page, "The report has changed since you wrote your draft.", "Two lines are open", "Send the order")


def test_writing_on_a_report_that_was_decided_meanwhile_keeps_the_words_and_says_so(
    story: Story, report: ReportRow, browser: Browser
) -> None:
    steps.approve(story.report(report), acting(member(story.distributor, Role.REVIEWER), report), AT)
    answer = write(browser, report, "Too low")
    assert "no longer under review" in str(answer.get_json()["decided"])
    assert kept() == [("Too low", {})]


def test_every_reviewer_has_words_of_their_own(app: Flask, story: Story, report: ReportRow, browser: Browser) -> None:
    write(browser, report, "Mine")
    colleague = sign_in(app, member(story.distributor, Role.REVIEWER))
    assert not said(colleague.get(f"/review/{report.uid}"), "Mine")
    write(colleague, report, "Theirs")
    assert sorted(reason for reason, _ in kept()) == ["Mine", "Theirs"]


WRONG: list[Any] = [
    [],
    {"reason": "x"},
    {"reason": 1, "notes": {}},
    {"reason": "x", "notes": {"not-a-line": "x"}},
    {"reason": "x", "notes": {str(uuid4()): 5}},
    {"reason": "x" * 2001, "notes": {}},
    {"reason": "a\x01b", "notes": {}},
    {"reason": "x", "notes": {str(uuid4()): "y" * 2001}},
    {"reason": "x", "notes": {str(UUID(int=n)): "y" for n in range(5001)}},
]


@pytest.mark.parametrize("body", WRONG, ids=range(len(WRONG)))
def test_words_that_cannot_be_kept_are_refused(report: ReportRow, browser: Browser, body: Any) -> None:
    answer = browser.put(f"/review/{report.uid}/draft", json=body, headers=JSON)
    assert (answer.status_code, answer.get_json()["type"]) == (422, "invalid-input")
    assert kept() == []


def test_words_that_come_in_after_the_decision_they_went_with_are_no_draft(
    story: Story, report: ReportRow, browser: Browser
) -> None:
    browser.post(f"/review/{report.uid}/reject", data={"version": str(report.version), "reason": "Open"})
    late = {"version": report.version, "reason": "Open", "notes": {}}
    assert browser.put(f"/review/{report.uid}/draft", json=late, headers=JSON).status_code == 200
    assert kept() == []


def test_only_reviewers_of_this_distributor_write(app: Flask, story: Story, report: ReportRow) -> None:
    rival = sign_in(app, member(organization("Rival", is_distributor=True), Role.REVIEWER))
    assert write(rival, report, "x").status_code == 404
    assert write(sign_in(app, story.preparer), report, "x").status_code == 404
    assert write(sign_in(app, member(story.distributor, Role.VIEWER)), report, "x").status_code == 403
    assert kept() == []


def test_a_form_of_another_site_writes_nothing(report: ReportRow, browser: Browser) -> None:
    body = {"reason": "x", "notes": {}}
    assert browser.put(f"/review/{report.uid}/draft", json=body, csrf=False).status_code == 400
    assert kept() == []
