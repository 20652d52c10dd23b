"""What a policy would have done with reports, judged on the figures they were first submitted with."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from flask import Flask

from distributor.identity.acting import acting, system
from distributor.policies import backtest
from distributor.policies.backtest import Backtest, Judged, Left
from distributor.usage_reports.operations import automatic, drafts, steps
from distributor.usage_reports.operations.drafts import LineDraft, NewLine
from distributor.usage_reports.queries import ReportRow
from tests.distributor.api.calling import Counting
from tests.factories import CYCLE, OPENED_AT, Story, product
from workflows.report_cycle import Cycle

NEXT = CYCLE.next()
NEXT_AT = OPENED_AT + timedelta(days=31)
NOW = NEXT_AT + timedelta(days=9)
HOUR = timedelta(hours=1)


@pytest.fixture
def story(app: Flask) -> Story:
    """An account whose October report of 40 units was approved."""
    story = Story()
    approve(story, submit(story, story.open(("40", None)), OPENED_AT + HOUR), OPENED_AT + 2 * HOUR)
    return story


def submit(story: Story, report: ReportRow, at: datetime) -> ReportRow:
    steps.submit(story.report(report), story.by(story.preparer), at)
    return story.report(report)


def approve(story: Story, report: ReportRow, at: datetime) -> None:
    steps.approve(story.report(report), story.by(story.reviewer), at)


def reject(story: Story, report: ReportRow, at: datetime) -> None:
    steps.reject(story.report(report), story.by(story.reviewer), at, reason="Please look again")


def draft(story: Story, report: ReportRow, units: str, comment: str | None, at: datetime) -> None:
    line = story.lines(report)[0]
    drafts.save_lines(
        story.report(report), [LineDraft(line.uid, line.version, units, comment)], story.by(story.preparer), at
    )


def november(story: Story, units: str = "40") -> ReportRow:
    return story.open((units, None), cycle=NEXT, at=NEXT_AT)


def tried(story: Story, percent: str = "5", at: datetime = NOW) -> Backtest:
    return backtest.run(story.distributor.id, Decimal(percent), at)


def of_november(story: Story, percent: str = "5") -> Judged:
    return next(one for one in tried(story, percent).judged if Cycle.from_date(one.row.cycle) == NEXT)


def test_a_clean_report_within_the_limit_would_have_been_approved(story: Story) -> None:
    submit(story, november(story, "41"), NEXT_AT + HOUR)
    found = tried(story)
    assert [Cycle.from_date(one.row.cycle) for one in found.approved] == [NEXT]
    assert found.money == {"EUR": Decimal("116.85")}
    assert found.wrong == []


def test_the_verdict_is_that_of_automatic_approval_itself(story: Story) -> None:
    reports = [submit(story, november(story, units), NEXT_AT + HOUR) for units in ("42",)]
    for percent in ("4.9999", "5"):
        story.account.auto_approve_max_change_percent = Decimal(percent)
        covered = automatic.approvable_reports(NOW, limit=9)
        assert of_november(story, percent).approved is (covered == [reports[0].id])


def test_a_report_without_an_earlier_approved_one_is_left(story: Story) -> None:
    (first,) = tried(story).judged
    assert first.left is Left.FIRST


def test_an_earlier_report_that_was_approved_only_later_does_not_count(app: Flask) -> None:
    story = Story()
    october = submit(story, story.open(("40", None)), OPENED_AT + HOUR)
    submit(story, november(story), NEXT_AT + HOUR)
    approve(story, october, NEXT_AT + 2 * HOUR)
    assert of_november(story).left is Left.FIRST


def test_the_figures_are_those_of_the_first_submission_not_todays(story: Story) -> None:
    report = november(story)
    draft(story, report, "30", "Ten have left", NEXT_AT)
    submit(story, report, NEXT_AT + HOUR)
    reject(story, report, NEXT_AT + 2 * HOUR)
    draft(story, report, "40", None, NEXT_AT + 3 * HOUR)
    approve(story, submit(story, report, NEXT_AT + 4 * HOUR), NEXT_AT + 5 * HOUR)
    assert story.report(report).discrepancies == 0
    judged = of_november(story)
    assert (judged.left, judged.was_rejected, judged.row.amount) == (Left.DISCREPANCIES, True, Decimal("85.50"))


def test_a_comment_that_was_taken_out_later_still_counts(story: Story) -> None:
    report = november(story)
    draft(story, report, "40", "As agreed", NEXT_AT)
    submit(story, report, NEXT_AT + HOUR)
    reject(story, report, NEXT_AT + 2 * HOUR)
    draft(story, report, "40", None, NEXT_AT + 3 * HOUR)
    assert story.report(report).commented == 0
    assert of_november(story).left is Left.COMMENTS


def test_a_report_it_would_have_approved_and_a_reviewer_rejected_is_named(story: Story) -> None:
    report = submit(story, november(story), NEXT_AT + HOUR)
    reject(story, report, NEXT_AT + 2 * HOUR)
    draft(story, report, "20", "Only half of them", NEXT_AT + 3 * HOUR)
    submit(story, report, NEXT_AT + 4 * HOUR)
    (wrong,) = tried(story).wrong
    assert (wrong.row.uid, wrong.row.amount, wrong.row.rejected_because) == (
        report.uid,
        Decimal("114.00"),
        "Please look again",
    )


def test_a_line_removed_since_leaves_the_report_unknown(story: Story) -> None:
    report, manual = november(story, "40"), product(story.distributor, usage_source="manual", price="0.01")
    who = story.by(story.preparer)
    drafts.add_line(story.report(report), NewLine(manual.sku, "1", "x", "X"), who, NEXT_AT)
    submit(story, report, NEXT_AT + HOUR)
    reject(story, report, NEXT_AT + 2 * HOUR)
    added = next(line for line in story.lines(report) if line.added_by_msp)
    drafts.remove_line(story.report(report), added.uid, who, NEXT_AT + 3 * HOUR)
    judged = of_november(story)
    assert judged.is_unknown
    assert tried(story).unknown == [judged]


def test_a_line_added_since_does_not_count(story: Story) -> None:
    report, manual = november(story), product(story.distributor, usage_source="manual")
    submit(story, report, NEXT_AT + HOUR)
    reject(story, report, NEXT_AT + 2 * HOUR)
    added = NewLine(manual.sku, "9", "x", "X", "Counted by hand")
    drafts.add_line(story.report(report), added, story.by(story.preparer), NEXT_AT + 3 * HOUR)
    assert of_november(story).approved


def test_what_moved_too_much_or_is_over_the_limit_is_left(story: Story) -> None:
    submit(story, november(story, "43"), NEXT_AT + HOUR)
    assert of_november(story, "5").left is Left.CHANGED
    assert of_november(story, "8").approved
    story.account.approval_limit = Decimal(100)
    assert of_november(story, "8").left is Left.OVER_LIMIT


def test_a_penalty_is_left_even_where_it_was_waived_later(story: Story) -> None:
    report = november(story)
    draft(story, report, "39", None, NEXT_AT)
    automatic.submit_due([report.id], story.report(report).due_at, system())
    line = story.lines(report)[0]
    at = story.report(report).due_at + HOUR
    steps.waive(story.report(report), line.uid, story.by(story.reviewer), at, reason="Agreed")
    found = backtest.run(story.distributor.id, Decimal(50), at)
    assert [one.left for one in found.judged if Cycle.from_date(one.row.cycle) == NEXT] == [Left.PENALTY]


def test_a_report_that_submitted_itself_clean_would_have_been_approved(story: Story) -> None:
    report = november(story)
    automatic.submit_due([report.id], report.due_at, system())
    found = backtest.run(story.distributor.id, Decimal(5), report.due_at + HOUR)
    assert len(found.approved) == 1


def test_a_missing_price_is_left(story: Story) -> None:
    from tests.factories import customer, usage

    free = product(story.distributor, price=None)
    usage(story.account, [(customer(story.account), free, "3", None)], cycle=NEXT, at=NEXT_AT)
    report = story.open_cycle(NEXT, NEXT_AT)
    automatic.submit_due([report.id], report.due_at, system())
    found = backtest.run(story.distributor.id, Decimal(1000), report.due_at + HOUR)
    assert [one.left for one in found.judged if one.row.missing_prices] == [Left.MISSING]


def test_reports_not_submitted_too_old_or_of_others_are_not_judged(story: Story) -> None:
    november(story)
    stranger = Story()
    steps.submit(stranger.open(("40", None)), acting(stranger.preparer, stranger.account), OPENED_AT + HOUR)
    found = tried(story)
    assert (len(found.judged), found.not_submitted) == (1, 1)
    assert tried(story, at=NOW + timedelta(days=400)).judged == []


@pytest.mark.parametrize("accounts", [1, 12])
def test_it_takes_two_queries_whatever_the_number_of_reports(story: Story, accounts: int) -> None:
    for _ in range(accounts):
        report, _line = story.open_account()
        submit(story, report, OPENED_AT + HOUR)
    with Counting() as counting:
        assert len(tried(story).judged) == accounts + 1
    assert len(counting.statements) == 2
