"""What the page's scripts rely on when a draft meets an obstacle: fresh tokens, sentences, days, numbers as typed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from distributor.usage_reports.operations import steps
from distributor.usage_reports.queries import ReportRow
from tests.clients import sign_in, visitor
from tests.factories import OPENED_AT, Story

AT = OPENED_AT + timedelta(days=1)
JSON = {"Accept": "application/json"}


@pytest.fixture
def story(app: Flask) -> Story:
    app.config["CLOCK"] = lambda: AT
    return Story()


@pytest.fixture
def report(story: Story) -> ReportRow:
    return story.open(("40", None), ("1200", None))


def draft(story: Story, report: ReportRow, **fields: object) -> dict[str, object]:
    line = story.lines(report)[0]
    return {"lines": [{"id": str(line.uid), "version": line.version, **fields}]}


def test_a_fresh_token_is_given_to_who_is_signed_in_and_to_nobody_else(app: Flask, story: Story) -> None:
    assert sign_in(app, story.preparer).get("/reports/form-token", headers=JSON).get_json()["csrf_token"]
    assert visitor(app).get("/reports/form-token", headers=JSON).status_code == 401


def test_a_draft_that_comes_too_late_is_told_who_moved_the_report_on(
    app: Flask, story: Story, report: ReportRow
) -> None:
    steps.submit(report, story.by(story.preparer), AT)
    browser = sign_in(app, story.preparer)
    body = draft(story, report, chargeable_units="39", comment=None)
    answer = browser.post(f"/reports/{report.uid}/save", json=body, headers=JSON)
    assert answer.status_code == 409
    assert answer.get_json()["detail"].startswith(f"{story.preparer.name} submitted this report on Wed 21 Oct 2026")


def test_a_day_that_is_none_is_refused_and_nothing_is_saved(app: Flask, story: Story, report: ReportRow) -> None:
    body = draft(story, report, chargeable_units="39", comment="A trial", carry_until="soon")
    answer = sign_in(app, story.preparer).post(f"/reports/{report.uid}/save", json=body, headers=JSON)
    assert answer.status_code == 422
    assert story.lines(report)[0].chargeable_units == 40


def test_a_form_without_scripts_takes_numbers_as_its_reader_writes_them(
    app: Flask, story: Story, report: ReportRow
) -> None:
    line, browser = story.lines(report)[1], sign_in(app, story.preparer)
    form = {f"v-{line.uid}": "1", f"u-{line.uid}": "1,199", f"c-{line.uid}": ""}
    assert browser.post(f"/reports/{report.uid}/save", data=form).status_code == 302
    assert story.lines(report)[1].chargeable_units == 1199


def test_the_page_says_what_happens_after_submission(app: Flask, story: Story, report: ReportRow) -> None:
    steps.submit(report, story.by(story.preparer), AT)
    page = sign_in(app, story.preparer).get(f"/reports/{report.uid}").text
    assert "checks this report and approves it or sends it back with notes" in page
    assert "Until Sat 31 Oct 2026 at 00:00 UTC you can recall it" in page
    assert "If you do nothing" not in page


def test_a_page_that_is_edited_is_never_kept_by_the_browser(app: Flask, story: Story, report: ReportRow) -> None:
    answer = sign_in(app, story.preparer).get(f"/reports/{report.uid}")
    assert answer.headers["Cache-Control"] == "no-store"
