"""Steps on a real database: what changes, what is written down, who is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from distributor.database import db
from distributor.delivery.models import Notification
from distributor.identity.acting import system
from distributor.usage_reports import queries
from distributor.usage_reports.operations import automatic, drafts, steps
from distributor.usage_reports.operations.drafts import LineDraft
from distributor.usage_reports.queries import ReportRow
from tests.factories import OPENED_AT, Story
from workflows.errors import CommentRequired, EndorsementRequired, StaleVersion, TransitionNotAllowed

AT = OPENED_AT + timedelta(days=1)


@pytest.fixture
def story(app: Flask) -> Story:
    return Story()


def submit_due(at: datetime) -> list[ReportRow]:
    return automatic.submit_due(automatic.due_reports(at, limit=100), at, system())


def told(event: str) -> list[str]:
    return list(db.session.scalars(select(Notification.recipient).where(Notification.event == event)))


def test_a_report_opens_with_used_units_as_chargeable_and_is_due_after_its_days(story: Story) -> None:
    report = story.open(("400", "290"), ("40", None))
    assert [line.chargeable_units for line in story.lines(report)] == [290, 40]
    assert report.due_at == datetime(2026, 10, 31, tzinfo=UTC)
    assert (report.amount, report.discrepancies, report.unexplained) == (Decimal("940.50"), 1, 1)
    assert told("opened") == [story.preparer.email]


def test_submitting_with_an_unexplained_discrepancy_names_the_line(story: Story) -> None:
    report = story.open(("400", "290"), ("40", None))
    with pytest.raises(CommentRequired) as refused:
        steps.submit(report, story.by(story.preparer), AT)
    assert [line.id for line in refused.value.lines] == [str(story.lines(report)[0].uid)]


def test_a_comment_lets_the_report_through_and_reviewers_hear_of_it(story: Story) -> None:
    report = story.open(("400", "290"))
    line = story.lines(report)[0]
    drafts.save_lines(report, [LineDraft(line.uid, 1, "300", "A trial that ended")], story.by(story.preparer), AT)
    report = story.report(report)
    assert (report.version, report.uncommented) == (2, 0)
    steps.submit(report, story.by(story.preparer), AT, version=2)
    report = story.report(report)
    assert (report.status, report.version, report.submission_kind) == ("under_review", 3, "manual")
    assert told("submitted") == [story.reviewer.email]
    changed = {(change.field, change.old, change.new) for change in queries.changes(report.id)}
    assert changed == {("chargeable_units", "290", "300"), ("comment", None, "A trial that ended")}
    db.session.commit()


def test_automatic_submission_charges_what_nobody_explained(story: Story) -> None:
    report = story.open(("400", "290"), ("40", None))
    due = submit_due(report.due_at)
    assert [row.id for row in due] == [report.id]
    report, line = story.report(report), story.lines(report)[0]
    assert (line.chargeable_units, line.declared_units, line.penalised, line.unexplained) == (400, 290, True, True)
    assert (report.status, report.submission_kind) == ("under_review", "automatic_with_penalty")
    assert (report.penalty, report.at_risk) == (Decimal("313.50"), Decimal("313.50"))
    assert sorted(told("auto_submitted")) == sorted([story.preparer.email, story.reviewer.email])
    assert submit_due(report.due_at) == []
    db.session.commit()


def test_nothing_is_submitted_before_it_is_due(story: Story) -> None:
    report = story.open(("40", None))
    assert submit_due(report.due_at - timedelta(microseconds=1)) == []


def test_rejecting_with_a_note_restores_the_figures_and_freezes_the_other_lines(story: Story) -> None:
    report = story.open(("400", "290"), ("40", None))
    submit_due(report.due_at)
    report = story.report(report)
    flagged, clean = story.lines(report)
    steps.reject(
        report, story.by(story.reviewer), report.due_at, reason="One line", notes={flagged.uid: "Send the order."}
    )
    flagged, clean = story.lines(report)
    assert (flagged.chargeable_units, flagged.penalised, flagged.reviewer_note) == (290, False, "Send the order.")
    assert (flagged.accepted, clean.accepted) == (False, True)
    assert story.report(report).due_at == datetime(2026, 11, 8, tzinfo=UTC)
    db.session.commit()


def test_an_untouched_note_keeps_the_line_unexplained_until_the_msp_answers(story: Story) -> None:
    report = story.open(("40", None))
    steps.submit(report, story.by(story.preparer), AT)
    line = story.lines(report)[0]
    steps.reject(story.report(report), story.by(story.reviewer), AT, reason="Why", notes={line.uid: "Is that all?"})
    with pytest.raises(CommentRequired):
        steps.submit(story.report(report), story.by(story.preparer), AT)
    drafts.save_lines(story.report(report), [LineDraft(line.uid, comment="Yes")], story.by(story.preparer), AT)
    steps.submit(story.report(report), story.by(story.preparer), AT)
    assert story.report(report).status == "under_review"
    db.session.commit()


def test_waiving_a_penalty_returns_the_declared_units(story: Story) -> None:
    report = story.open(("400", "290"))
    submit_due(report.due_at)
    line = story.lines(report)[0]
    steps.waive(story.report(report), line.uid, story.by(story.reviewer), report.due_at, reason="Agreed by phone")
    line, report = story.lines(report)[0], story.report(report)
    assert (line.chargeable_units, line.declared_units, line.penalised, line.unexplained) == (290, None, False, False)
    assert (report.penalised, report.status) == (0, "under_review")
    steps.approve(report, story.by(story.reviewer), report.due_at)
    db.session.commit()
    assert story.report(report).status == "approved"


def test_over_the_limit_two_people_are_needed(story: Story) -> None:
    story.account.approval_limit = Decimal("100")
    db.session.flush()
    report = story.open(("40", None))
    steps.submit(report, story.by(story.preparer), AT)
    with pytest.raises(EndorsementRequired):
        steps.approve(story.report(report), story.by(story.reviewer), AT)
    steps.endorse(story.report(report), story.by(story.reviewer), AT)
    with pytest.raises(EndorsementRequired):
        steps.approve(story.report(report), story.by(story.reviewer), AT)


def test_a_recalled_report_is_editable_again(story: Story) -> None:
    report = story.open(("40", None))
    steps.submit(report, story.by(story.preparer), AT)
    steps.recall(story.report(report), story.by(story.preparer), AT)
    assert story.report(report).status == "msp_preparing"
    db.session.commit()


def test_a_reopened_report_goes_back_and_an_invoiced_one_never(story: Story) -> None:
    report = story.open(("40", None))
    steps.submit(report, story.by(story.preparer), AT)
    steps.approve(story.report(report), story.by(story.reviewer), AT)
    steps.reopen(story.report(report), story.by(story.reviewer), AT, reason="A late order")
    assert story.report(report).status == "msp_preparing"
    steps.submit(story.report(report), story.by(story.preparer), AT)
    steps.approve(story.report(report), story.by(story.reviewer), AT)
    steps.invoice(story.report(report), story.by(story.admin), AT)
    with pytest.raises(TransitionNotAllowed):
        steps.reopen(story.report(report), story.by(story.reviewer), AT, reason="Too late")
    db.session.commit()


def test_a_stale_version_is_refused(story: Story) -> None:
    report = story.open(("40", None))
    with pytest.raises(StaleVersion):
        steps.submit(report, story.by(story.preparer), AT, version=7)


def test_every_version_has_its_action(story: Story) -> None:
    report = story.open(("40", None))
    steps.submit(report, story.by(story.preparer), AT)
    db.session.commit()
    assert [(action.version, action.step) for action in queries.history(report.id)] == [(2, "submit"), (1, "open")]
    db.session.execute(text("UPDATE usage_reports SET version = version + 1, status = 'approved', decided_at = now()"))
    with pytest.raises(IntegrityError, match="every_version_has_its_action"):
        db.session.commit()
