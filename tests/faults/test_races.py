"""Two at once: whoever comes second waits, sees what the first did, and is refused or carries on, never both half."""

from __future__ import annotations

import random
import threading
from datetime import timedelta
from functools import partial
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import text

from distributor.database import db
from distributor.identity.acting import system
from distributor.scheduler import jobs
from distributor.usage_reports.operations import automatic, drafts, steps
from distributor.usage_reports.operations.drafts import LineDraft
from distributor.usage_reports.queries import ReportRow
from tests.factories import OPENED_AT, Story
from tests.faults.together import together

AT = OPENED_AT + timedelta(days=1)


@pytest.fixture
def story(app: Flask) -> Story:
    return Story()


def submit(story: Story, report: ReportRow) -> None:
    steps.submit(story.report(report), story.by(story.preparer), AT)


def save(story: Story, report: ReportRow, line: UUID) -> None:
    drafts.save_lines(story.report(report), [LineDraft(line, chargeable_units="1")], story.by(story.preparer), AT)


def edit_without_our_lock(report: ReportRow) -> None:
    """A saved draft as plain SQL that never locks the report before it writes."""
    for statement in (
        "UPDATE usage_report_lines SET chargeable_units = 1, version = version + 1 WHERE report_id = :report",
        """INSERT INTO report_actions (
             report_id, account_id, distributor_id, msp_id, version, step, from_status, to_status, at, actor_side,
             actor_name, via)
           SELECT id, account_id, distributor_id, msp_id, version + 1, 'save', status, status, now(), 'msp', 'x', 'web'
           FROM usage_reports WHERE id = :report""",
        "UPDATE usage_reports SET version = version + 1 WHERE id = :report",
    ):
        db.session.execute(text(statement), {"report": report.id})


def test_an_edit_against_a_submission_never_leaves_an_unexplained_line_under_review(app: Flask, story: Story) -> None:
    seed = random.Random(7)
    reports = [story.open_account() for _ in range(40)]
    db.session.commit()
    for report, line in reports:
        acts = [partial(submit, story, report), partial(save, story, report, line)]
        seed.shuffle(acts)
        with together(app, *acts) as raised:
            assert sum(error is not None for error in raised) == 1
    broken = "SELECT count(*) FROM usage_report_lines l JOIN usage_reports r ON r.id = l.report_id"
    where = " WHERE r.status = 'under_review' AND l.unexplained AND NOT l.penalised"
    assert db.session.scalar(text(broken + where)) == 0


def test_even_without_our_lock_the_database_keeps_an_edit_and_a_submission_apart(app: Flask, story: Story) -> None:
    reports = [story.open_account() for _ in range(20)]
    db.session.commit()
    for report, _line in reports:
        with together(app, partial(submit, story, report), partial(edit_without_our_lock, report)) as raised:
            assert sum(error is not None for error in raised) == 1
    broken = """SELECT count(*) FROM usage_report_lines l JOIN usage_reports r ON r.id = l.report_id
                WHERE r.status = 'under_review' AND l.unexplained AND NOT l.penalised"""
    assert db.session.scalar(text(broken)) == 0


def test_two_submissions_at_once_make_one(app: Flask, story: Story) -> None:
    report, _line = story.open_account()
    db.session.commit()
    with together(app, *[partial(submit, story, report)] * 2) as raised:
        assert sorted(type(error).__name__ for error in raised) == ["NoneType", "TransitionNotAllowed"]
    assert story.report(report).version == 2


def test_approval_and_rejection_at_once_leave_one_decision(app: Flask, story: Story) -> None:
    report, _line = story.open_account()
    steps.submit(story.report(report), story.by(story.preparer), AT)
    db.session.commit()
    with together(
        app,
        lambda: steps.approve(story.report(report), story.by(story.reviewer), AT),
        lambda: steps.reject(story.report(report), story.by(story.reviewer), AT, reason="No"),
    ) as raised:
        assert sum(error is None for error in raised) == 1
    actions = "SELECT count(*) FROM report_actions WHERE step IN ('approve', 'reject')"
    assert db.session.scalar(text(actions)) == 1


def test_two_schedulers_submit_each_due_report_once(app: Flask, story: Story) -> None:
    reports = [story.open_account(("40", "30")) for _ in range(30)]
    db.session.commit()
    due_at = reports[0][0].due_at
    with together(app, lambda: jobs.submit_due(due_at), lambda: jobs.submit_due(due_at)) as raised:
        assert raised == [None, None]
    counts = """SELECT count(*) AS actions, count(DISTINCT report_id) AS reports
                FROM report_actions WHERE step = 'auto_submit'"""
    assert tuple(db.session.execute(text(counts)).one()) == (30, 30)
    twice = """SELECT count(*) FROM (SELECT report_id, recipient FROM notifications WHERE event = 'auto_submitted'
               GROUP BY report_id, recipient HAVING count(*) > 1) twice"""
    assert db.session.scalar(text(twice)) == 0


def test_a_naive_scheduler_submits_twice_so_these_races_do_find_something(app: Flask, story: Story) -> None:
    """Read, then write by what was read: the same race catches it red-handed."""
    report, _line = story.open_account()
    db.session.commit()

    def naive() -> None:
        rows = automatic.due_reports(report.due_at, limit=10)
        db.session.rollback()
        found.append(len(rows))
        meet.wait()
        automatic.submit_automatically([stale], system(), report.due_at)

    meet, found, stale = threading.Barrier(2), list[int](), story.report(report)
    db.session.rollback()
    with together(app, naive, naive) as raised:
        assert found == [1, 1]
        assert sum(error is not None for error in raised) == 1, "the guards must stop the second writer"


def test_two_schedulers_open_each_cycle_once(app: Flask, story: Story) -> None:
    db.session.commit()
    at = OPENED_AT
    with together(app, lambda: jobs.open_reports(at), lambda: jobs.open_reports(at)) as raised:
        assert raised == [None, None]
    assert db.session.scalar(text("SELECT count(*) FROM usage_reports")) == 1
