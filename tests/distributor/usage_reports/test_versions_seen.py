"""A form names the version of the report that its reader saw; without it, or with an older one, nothing happens."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from distributor.database import db
from distributor.identity.acting import system
from distributor.usage_reports.operations import automatic, drafts, steps
from distributor.usage_reports.operations.drafts import LineDraft
from distributor.usage_reports.queries import ReportRow
from tests.clients import sign_in
from tests.factories import OPENED_AT, Story, product

AT = OPENED_AT + timedelta(days=1)


@pytest.fixture
def story(app: Flask) -> Story:
    app.config["CLOCK"] = lambda: AT
    return Story()


@pytest.fixture
def browser(app: Flask, story: Story) -> FlaskClient:
    return sign_in(app, story.preparer)


def fields(story: Story, report: ReportRow, **typed: str) -> dict[str, str]:
    """The grid's form as a page without scripts sends it, with the first line's `units` and `comment` as typed."""
    lines = story.lines(report)
    form = {f"v-{line.uid}": str(line.version) for line in lines}
    return {**form, **{f"{name[0]}-{lines[0].uid}": words for name, words in typed.items()}}


@pytest.mark.parametrize("step", ["submit", "recall", "reopen", "apply-usage", "add-line"])
def test_a_step_of_the_msp_without_a_version_changes_nothing(story: Story, browser: FlaskClient, step: str) -> None:
    report = story.open(("40", None))
    product(story.distributor, "HAND-1", usage_source="manual")
    answer = browser.post(
        f"/reports/{report.uid}/{step}", data={"reason": "x", "sku": "HAND-1", "chargeable_units": "1"}
    )
    assert answer.status_code == 422
    assert "which version of the report" in answer.text
    assert (story.report(report).version, story.report(report).status) == (1, "msp_preparing")


@pytest.mark.parametrize("step", ["approve", "endorse", "reject", "reopen", "invoice", "lines/{line}/waive"])
def test_a_step_of_the_distributor_without_a_version_changes_nothing(app: Flask, story: Story, step: str) -> None:
    report, line = story.open_account(("400", "290"))
    automatic.submit_due([report.id], report.due_at, system())
    path = f"/review/{report.uid}/{step.format(line=line)}"
    answer = sign_in(app, story.reviewer).post(path, data={"reason": "See the call"})
    assert answer.status_code == 422
    assert "which version of the report" in answer.text
    assert story.report(report).version == 2


@pytest.mark.parametrize("pressed", ["submit", "remove"])
def test_the_grid_as_a_plain_form_needs_a_version_for_more_than_saving(
    story: Story, browser: FlaskClient, pressed: str
) -> None:
    report = story.open(("40", None))
    line = story.lines(report)[0].uid
    button = {"step": "submit"} if pressed == "submit" else {"remove": str(line)}
    answer = browser.post(f"/reports/{report.uid}/save", data={**fields(story, report, units="38"), **button})
    assert answer.status_code == 422
    assert story.report(report).version == 1


def test_a_stale_page_submits_nothing_and_keeps_what_was_typed(story: Story, browser: FlaskClient) -> None:
    report = story.open(("40", None), ("50", None))
    seen, other = fields(story, report, units="38", comment="Two left"), story.lines(report)[1].uid
    del seen[f"v-{other}"]  # the colleague's line stands on another page of a long report
    save(story, report, other, "49")
    answer = browser.post(f"/reports/{report.uid}/save", data={**seen, "step": "submit", "version": "1"})
    assert answer.status_code == 412
    assert all(words in answer.text for words in ("changed meanwhile", "Two left", 'value="38"'))
    assert (story.report(report).version, story.lines(report)[0].chargeable_units) == (2, 40)


def test_a_stale_page_shows_what_a_colleague_wrote_before_it_can_be_submitted(
    story: Story, browser: FlaskClient
) -> None:
    report = story.open(("40", None))
    seen = fields(story, report, units="38", comment="Two left")
    save(story, report, story.lines(report)[0].uid, "39")
    answer = browser.post(f"/reports/{report.uid}/save", data={**seen, "step": "submit", "version": "1"})
    assert answer.status_code == 409
    assert "Somebody else saved 39" in answer.text
    assert story.report(report).status == "msp_preparing"


def test_a_stale_new_line_is_not_added_and_comes_back_as_it_was_typed(story: Story, browser: FlaskClient) -> None:
    report = story.open(("40", None))
    product(story.distributor, "HAND-1", usage_source="manual")
    save(story, report, story.lines(report)[0].uid, "39")
    form = {"sku": "HAND-1", "chargeable_units": "7", "customer_ref": "kept-words", "version": "1"}
    answer = browser.post(f"/reports/{report.uid}/add-line", data=form)
    assert answer.status_code == 412
    assert all(words in answer.text for words in ("changed meanwhile", "kept-words"))
    assert len(story.lines(report)) == 1


def test_every_form_of_a_page_names_the_version(app: Flask, story: Story, browser: FlaskClient) -> None:
    report = story.open(("40", None))
    product(story.distributor, "HAND-1", usage_source="manual")
    assert forms_without_version(browser.get(f"/reports/{report.uid}").text) == []
    steps.submit(story.report(report), story.by(story.preparer), AT)
    assert forms_without_version(browser.get(f"/reports/{report.uid}").text) == []
    assert forms_without_version(sign_in(app, story.reviewer).get(f"/review/{report.uid}").text) == []


def test_removing_a_line_saves_what_else_stood_on_the_page(story: Story, browser: FlaskClient) -> None:
    report, hand = with_a_line_by_hand(story)
    form = {**fields(story, report, units="38", comment="Two left"), f"u-{hand}": "no number", "version": "2"}
    answer = browser.post(f"/reports/{report.uid}/save", data={**form, "remove": str(hand)})
    assert answer.status_code == 302
    (line,) = story.lines(report)
    assert (line.chargeable_units, line.comment) == (38, "Two left")


def test_a_wrong_figure_keeps_the_line_that_was_to_be_removed(story: Story, browser: FlaskClient) -> None:
    report, hand = with_a_line_by_hand(story)
    form = {**fields(story, report, units="3,8"), "version": "2", "remove": str(hand)}
    answer = browser.post(f"/reports/{report.uid}/save", data=form)
    assert (answer.status_code, 'value="3,8"' in answer.text) == (422, True)
    assert len(story.lines(report)) == 2


def test_a_stale_page_removes_nothing(story: Story, browser: FlaskClient) -> None:
    report, hand = with_a_line_by_hand(story)
    answer = browser.post(f"/reports/{report.uid}/save", data={"remove": str(hand), "version": "1"})
    assert answer.status_code == 412
    assert len(story.lines(report)) == 2


def save(story: Story, report: ReportRow, line: UUID, units: str) -> None:
    draft = LineDraft(line, chargeable_units=units, comment="By a colleague")
    drafts.save_lines(story.report(report), [draft], story.by(story.preparer), AT)
    db.session.commit()


def with_a_line_by_hand(story: Story) -> tuple[ReportRow, UUID]:
    """A report at version 2 with a line of the feed and one counted by hand."""
    product(story.distributor, "HAND-1", usage_source="manual")
    report = story.open(("40", None))
    new = drafts.NewLine("HAND-1", "7", "new", "New Ltd")
    _, uid = drafts.add_line(story.report(report), new, story.by(story.preparer), AT)
    db.session.commit()
    return report, uid


def forms_without_version(page: str) -> list[str]:
    """The forms on the report that a page posts without saying which version it shows."""
    forms = [part.partition("</form>")[0] for part in page.split("<form")[1:]]
    about_the_report = [form for form in forms if 'method="post"' in form and "/re" in form.partition(">")[0]]
    assert about_the_report
    return [form for form in about_the_report if 'name="version"' not in form]
