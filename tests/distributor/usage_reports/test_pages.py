"""The pages of both sides, through the real application: what they show, take and refuse."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import event
from werkzeug.test import TestResponse

from distributor.database import db
from distributor.identity.acting import system
from distributor.usage_reports.operations import automatic, steps
from distributor.usage_reports.queries import ReportRow
from tests.clients import sign_in
from tests.factories import CYCLE, OPENED_AT, Story, customer, member, organization, product, usage
from workflows.usage_report import Role

AT = OPENED_AT + timedelta(days=1)
JSON = {"Accept": "application/json"}


@pytest.fixture
def story(app: Flask) -> Story:
    app.config["CLOCK"] = lambda: AT
    return Story(tolerance_units=2, tolerance_percent=2)


@pytest.fixture
def report(story: Story) -> ReportRow:
    return story.open(("400", "290"), ("40", None), ("12", None))


def said(answer: TestResponse, *words: str) -> bool:
    return all(word in answer.text for word in words)


@contextmanager
def counted_queries() -> Iterator[list[str]]:
    """The statements that run inside."""
    seen: list[str] = []

    def note(_c: object, _u: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def test_the_list_says_what_needs_the_msp(app: Flask, story: Story, report: ReportRow) -> None:
    answer = sign_in(app, story.preparer).get("/reports")
    assert answer.status_code == 200
    assert said(answer, "October 2026", "Add 1 comment", "MSP preparing", story.account.number)


def test_a_year_without_reports_is_said_to_be_empty(app: Flask, story: Story, report: ReportRow) -> None:
    answer = sign_in(app, story.preparer).get("/reports?year=2024")
    assert said(answer, "There are no reports in this time")


def test_the_report_page_says_what_doing_nothing_costs(app: Flask, story: Story, report: ReportRow) -> None:
    answer = sign_in(app, story.preparer).get(f"/reports/{report.uid}")
    assert said(answer, "If you do nothing", "Sat 31 Oct 2026 at 00:00 UTC", "313.50", "Submit needs 1 comment")


def test_saving_the_grid_as_json_answers_the_new_versions(app: Flask, story: Story, report: ReportRow) -> None:
    line = story.lines(report)[0]
    draft = {"id": str(line.uid), "version": 1, "chargeable_units": "300", "comment": "A trial"}
    answer = sign_in(app, story.preparer).post(f"/reports/{report.uid}/save", json={"lines": [draft]}, headers=JSON)
    assert answer.json == {"version": 2, "lines": [{"id": str(line.uid), "version": 2}]}
    assert story.lines(report)[0].comment == "A trial"


def test_a_line_that_a_colleague_changed_comes_back_with_both_values(
    app: Flask, story: Story, report: ReportRow
) -> None:
    line, browser = story.lines(report)[0], sign_in(app, story.preparer)
    for units in ("300", "310"):
        draft = {"id": str(line.uid), "version": 1, "chargeable_units": units, "comment": None}
        answer = browser.post(f"/reports/{report.uid}/save", json={"lines": [draft]}, headers=JSON)
    problem = answer.get_json()
    assert (answer.status_code, problem["type"].rsplit("/")[-1]) == (409, "stale-line")
    assert problem["lines"] == [
        {"id": str(line.uid), "version": 2, "chargeable_units": "300", "comment": None, "carried_until": None},
    ]


def test_the_plain_form_saves_and_submits_without_scripts(app: Flask, story: Story, report: ReportRow) -> None:
    line, browser = story.lines(report)[0], sign_in(app, story.preparer)
    form = {f"v-{line.uid}": "1", f"u-{line.uid}": "300", f"c-{line.uid}": "A trial that ended", "version": "1"}
    answer = browser.post(f"/reports/{report.uid}/save", data={**form, "step": "submit"}, follow_redirects=True)
    assert said(answer, "Submitted. Your distributor has been told.", "Under review")


def test_a_refused_submission_keeps_the_draft_and_names_the_line(app: Flask, story: Story, report: ReportRow) -> None:
    line, browser = story.lines(report)[0], sign_in(app, story.preparer)
    form = {"step": "submit", "version": "1", f"v-{line.uid}": "1", f"u-{line.uid}": "301", f"c-{line.uid}": "  "}
    answer = browser.post(f"/reports/{report.uid}/save", data=form)
    assert answer.status_code == 409
    assert said(answer, line.customer_name, "still to be explained")
    assert story.lines(report)[0].chargeable_units == 301


def test_a_wrong_number_comes_back_beside_its_field_with_what_was_typed(
    app: Flask, story: Story, report: ReportRow
) -> None:
    line, browser = story.lines(report)[0], sign_in(app, story.preparer)
    form = {f"v-{line.uid}": "1", f"u-{line.uid}": "3,5", f"c-{line.uid}": "kept words"}
    answer = browser.post(f"/reports/{report.uid}/save", data=form)
    assert answer.status_code == 422
    assert said(answer, "3,5", "kept words", "line-error")
    assert story.lines(report)[0].chargeable_units == 290


def test_every_line_is_reached_without_scripts_however_long_the_groups_are(app: Flask, story: Story) -> None:
    whole = [customer(story.account) for _ in range(4)]
    rows = [(one, product(story.distributor), "40", None) for one in whole for _ in range(60)]
    usage(story.account, rows)
    report, browser, seen = story.open_cycle(), sign_in(app, story.preparer), 0
    for page in range(1, 5):
        answer = browser.get(f"/reports/{report.uid}?page={page}")
        seen += answer.text.count('class="line')
        assert (f"page={page + 1}" in answer.text) == (page < 4)
    assert seen == 240


def test_the_rest_of_a_long_report_is_fetched_by_group(app: Flask, story: Story) -> None:
    report = story.open(*[("40", None)] * 130)
    browser = sign_in(app, story.preparer)
    first, rest = browser.get(f"/reports/{report.uid}"), browser.get(f"/reports/{report.uid}/rest")
    assert (first.text.count('class="line'), rest.text.count('class="line')) == (100, 30)
    assert said(browser.get(f"/reports/{report.uid}?page=2"), "Page 2")


@pytest.mark.parametrize("lines", [3, 120])
def test_a_page_asks_the_database_a_fixed_number_of_times(app: Flask, story: Story, lines: int) -> None:
    report = story.open(*[("40", "10")] * lines)
    browser = sign_in(app, story.preparer)
    with counted_queries() as seen:
        assert browser.get(f"/reports/{report.uid}").status_code == 200
    assert len(seen) <= 12, "\n".join(seen)


def test_another_companys_report_does_not_exist(app: Flask, story: Story, report: ReportRow) -> None:
    stranger = member(organization("Elsewhere"), Role.PREPARER)
    browser = sign_in(app, stranger)
    assert browser.get(f"/reports/{report.uid}").status_code == 404
    assert browser.post(f"/reports/{report.uid}/submit", data={"version": "1"}).status_code == 404
    assert browser.get(f"/reports/{report.uid}/history").status_code == 404


def test_a_hand_counted_line_is_added_and_removed(app: Flask, story: Story) -> None:
    from tests.factories import product

    manual = product(story.distributor, "HAND-1", usage_source="manual")
    report, browser = story.open(("40", None)), sign_in(app, story.preparer)
    form = {"sku": manual.sku, "customer_ref": "new-one", "customer_name": "New One Ltd", "chargeable_units": "7"}
    answer = browser.post(f"/reports/{report.uid}/add-line", data={**form, "version": "1"}, follow_redirects=True)
    assert said(answer, "Line added.", "New One Ltd", "HAND-1")
    added = story.lines(report)[-1]
    form = {"remove": str(added.uid), "version": "2"}
    answer = browser.post(f"/reports/{report.uid}/save", data=form, follow_redirects=True)
    assert "New One Ltd</span>" not in answer.text
    history = browser.get(f"/reports/{report.uid}/history")
    assert said(history, "Line removed", "New One Ltd")


def test_the_queue_orders_by_money_at_risk_and_lets_clean_reports_be_ticked(app: Flask, story: Story) -> None:
    risky, _ = story.open_account(("400", "290"))
    clean, _ = story.open_account(("40", None))
    automatic.submit_due([risky.id, clean.id], risky.due_at, system())
    answer = sign_in(app, story.reviewer).get("/review")
    assert answer.text.index(str(risky.uid)) < answer.text.index(str(clean.uid))
    assert said(answer, "Automatic, with penalty", "At risk")


def test_several_clean_reports_are_approved_together_and_a_stale_one_answers_for_itself(
    app: Flask, story: Story
) -> None:
    reports = [story.open_account()[0] for _ in range(3)]
    for report in reports:
        steps.submit(story.report(report), story.by(story.preparer), AT)
    ticked = [f"{reports[0].uid}~2", f"{reports[1].uid}~2", f"{reports[2].uid}~1"]
    browser = sign_in(app, story.reviewer)
    answer = browser.post("/review/approve", data={"report": ticked}, follow_redirects=True)
    assert said(answer, "2 reports approved.", "This report changed meanwhile")
    assert [story.report(report).status for report in reports] == ["approved", "approved", "under_review"]


def test_a_reviewer_rejects_with_a_note_and_the_msp_reads_it(app: Flask, story: Story) -> None:
    report, line = story.open_account()
    steps.submit(story.report(report), story.by(story.preparer), AT)
    browser = sign_in(app, story.reviewer)
    assert said(browser.get(f"/review/{report.uid}"), "Your decision", "Discrepancies first", "Approve")
    form = {"version": "2", "reason": "One line is open", f"n-{line}": "Please send the order"}
    assert said(browser.post(f"/review/{report.uid}/reject", data=form, follow_redirects=True), "Rejected")
    page = sign_in(app, story.preparer).get(f"/reports/{report.uid}")
    assert said(page, "One line is open", "Please send the order", "Note of your distributor")


def test_a_rejection_without_a_reason_keeps_the_notes(app: Flask, story: Story) -> None:
    report, line = story.open_account()
    steps.submit(story.report(report), story.by(story.preparer), AT)
    form = {"version": "2", "reason": " ", f"n-{line}": "Please send the order"}
    answer = sign_in(app, story.reviewer).post(f"/review/{report.uid}/reject", data=form)
    assert answer.status_code in (409, 422)
    assert said(answer, "Give a reason", "Please send the order")


def test_a_penalty_is_waived_and_the_report_approved_invoiced_and_closed(app: Flask, story: Story) -> None:
    report, line = story.open_account(("400", "290"))
    automatic.submit_due([report.id], report.due_at, system())
    reviewer, admin = sign_in(app, story.reviewer), sign_in(app, story.admin)
    form = {"version": "2", "reason": "Agreed by phone"}
    assert said(reviewer.post(f"/review/{report.uid}/lines/{line}/waive", data=form, follow_redirects=True), "waived")
    assert said(
        reviewer.post(f"/review/{report.uid}/approve", data={"version": "3"}, follow_redirects=True), "Approved"
    )
    invoiced = admin.post(f"/review/{report.uid}/invoice", data={"version": "4"}, follow_redirects=True)
    assert said(invoiced, "Marked as invoiced", "Nothing changes this report any more")


def test_an_msp_finds_no_review_queue(app: Flask, story: Story, report: ReportRow) -> None:
    assert sign_in(app, story.preparer).get("/review").status_code == 404


def test_a_viewer_reads_but_cannot_save(app: Flask, story: Story, report: ReportRow) -> None:
    viewer = sign_in(app, member(story.msp, Role.VIEWER))
    page = viewer.get(f"/reports/{report.uid}")
    assert page.status_code == 200
    assert "Save Draft" not in page.text
    line = story.lines(report)[0]
    draft = {"id": str(line.uid), "version": 1, "chargeable_units": "300", "comment": None}
    assert viewer.post(f"/reports/{report.uid}/save", json={"lines": [draft]}).status_code == 403


def test_usage_that_came_while_the_report_was_locked_is_offered_when_it_is_back(app: Flask, story: Story) -> None:
    from tests.factories import usage

    report = story.open(("40", None))
    line = story.lines(report)[0]
    steps.submit(story.report(report), story.by(story.preparer), AT)
    customer, product = line.customer_id, line.product_id
    rows = [(Kept(customer), Kept(product), "44", None)]
    usage(story.account, rows, cycle=CYCLE, at=AT)  # type: ignore[arg-type]  # only their ids are read
    steps.recall(story.report(report), story.by(story.preparer), AT)
    browser = sign_in(app, story.preparer)
    assert said(browser.get(f"/reports/{report.uid}"), "Newer usage arrived", "Apply this usage")
    answer = browser.post(f"/reports/{report.uid}/apply-usage", data={"version": "3"}, follow_redirects=True)
    assert said(answer, "The newer usage has been taken over.")
    assert story.lines(report)[0].provisioned_units == 44


def test_a_nil_report_submitted_automatically_is_called_an_estimate_on_both_pages(app: Flask, story: Story) -> None:
    report = story.open()
    automatic.submit_due([report.id], report.due_at, system())
    page = sign_in(app, story.preparer).get(f"/reports/{report.uid}")
    assert said(page, "automatically as a nil report: an estimate, which may require review")
    assert not said(page, "for lines nobody explained")
    review = sign_in(app, story.reviewer).get(f"/review/{report.uid}")
    assert said(review, "may require review", "nobody confirmed that nothing was used")


class Kept:
    """Something of which only the id matters."""

    def __init__(self, identity: int) -> None:
        self.id = identity
