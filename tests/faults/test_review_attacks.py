"""Reports pushed to and fro: notes, freezes, waivers, endorsements, prices and policies hold all the same."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from distributor.catalogue.models import Customer, Product
from distributor.catalogue.operations import fill_late_prices, put_product
from distributor.database import db
from distributor.errors import InputRefused
from distributor.identity.acting import operator, system
from distributor.scheduler import jobs
from distributor.usage_reports.operations import drafts, steps
from distributor.usage_reports.operations.drafts import LineDraft, NewLine
from distributor.usage_reports.operations.usage import apply_usage, refresh
from distributor.usage_reports.queries import LineRow, ReportRow
from tests.factories import OPENED_AT, Story, customer, member, product, usage
from workflows.errors import (
    CommentRequired,
    EndorsementRequired,
    FiguresMissing,
    NilNotConfirmed,
    PricesMissing,
    TransitionNotAllowed,
)
from workflows.report_cycle import Cycle
from workflows.usage_report import Role

AT = OPENED_AT + timedelta(days=1)


@pytest.fixture
def story(app: Flask) -> Story:
    return Story()


class Desk:
    """One report with two lines on the desks of both sides; each call takes it as it stands then."""

    def __init__(self, story: Story, *lines: tuple[str, str | None]) -> None:
        self.story = story
        self.things = [(customer(story.account), product(story.distributor)) for _ in lines]
        self.deliver(*lines, refreshed=False)
        self.id = story.open_cycle().id

    @property
    def report(self) -> ReportRow:
        return self.story.report(self.id)

    @property
    def lines(self) -> list[LineRow]:
        return self.story.lines(self.report)

    def deliver(self, *lines: tuple[str, str | None], refreshed: bool = True) -> int:
        rows = [(who, what, *figures) for (who, what), figures in zip(self.things, lines, strict=True)]
        usage(self.story.account, rows, at=AT)
        return refresh(self.report, system(), AT) if refreshed else 0

    def save(self, line: int, **fields: Any) -> None:
        draft = LineDraft(self.lines[line].uid, **fields)
        drafts.save_lines(self.report, [draft], self.story.by(self.story.preparer), AT)

    def submit(self) -> None:
        steps.submit(self.report, self.story.by(self.story.preparer), AT)

    def submit_itself(self) -> None:
        assert jobs.submit_due(self.report.due_at) == 1

    def reject(self, *noted: int) -> None:
        notes = {self.lines[line].uid: f"Note on {line}" for line in noted}
        steps.reject(self.report, self.story.by(self.story.reviewer), AT, reason="See the notes", notes=notes)

    def waive(self, line: int) -> None:
        uid = self.lines[line].uid
        steps.waive(self.report, uid, self.story.by(self.story.reviewer), AT, reason="Agreed by phone")

    def approve(self, who: Any = None) -> None:
        steps.approve(self.report, self.story.by(who or self.story.reviewer), AT)


def test_an_open_note_that_was_answered_and_taken_back_is_open_again(story: Story) -> None:
    desk = Desk(story, ("40", None), ("7", None))
    desk.submit()
    desk.reject(0)
    desk.save(0, comment="It is all")
    assert desk.lines[0].note_answered
    desk.save(0, comment=None)
    with pytest.raises(CommentRequired):
        desk.submit()


def test_an_import_answers_no_note(story: Story) -> None:
    desk = Desk(story, ("40", None), ("7", None))
    desk.submit()
    desk.reject(0)
    assert desk.deliver(("44", None), ("7", None)) == 1
    assert (desk.lines[0].chargeable_units, desk.lines[0].note_answered) == (44, False)
    with pytest.raises(CommentRequired):
        desk.submit()


def test_an_import_answers_no_note_even_when_a_comment_came_and_went(story: Story) -> None:
    desk = Desk(story, ("40", None), ("7", None))
    desk.submit()
    desk.reject(0)
    desk.deliver(("44", None), ("7", None))
    desk.save(0, comment="A word")
    desk.save(0, comment=None)
    assert not desk.lines[0].note_answered


def test_an_import_leaves_an_answer_as_it_is(story: Story) -> None:
    desk = Desk(story, ("40", None), ("7", None))
    desk.submit()
    desk.reject(0)
    desk.save(0, chargeable_units="41", comment="One more")
    desk.deliver(("44", None), ("7", None))
    assert (desk.lines[0].chargeable_units, desk.lines[0].note_answered) == (41, True)


def test_an_accepted_line_is_out_of_reach_of_imports_and_drafts(story: Story) -> None:
    desk = Desk(story, ("40", None), ("7", None))
    desk.submit()
    desk.reject(0)
    desk.deliver(("40", None), ("9", None))
    assert (desk.lines[1].accepted, desk.lines[1].provisioned_units) == (True, 7)
    with pytest.raises(InputRefused):
        desk.save(1, chargeable_units="8")


def test_a_second_rejection_replaces_notes_and_freezes(story: Story) -> None:
    desk = Desk(story, ("40", None), ("7", None))
    desk.submit()
    desk.reject(0)
    desk.save(0, comment="It is all")
    desk.submit()
    desk.reject(1)
    first, second = desk.lines
    assert [(line.accepted, line.reviewer_note) for line in (first, second)] == [(True, None), (False, "Note on 1")]
    desk.save(1, comment="So is this")
    desk.submit()
    desk.reject()
    assert [(line.accepted, line.reviewer_note) for line in desk.lines] == [(False, None)] * 2


def test_an_untouched_note_is_charged_on_provisioned_units_and_no_report_goes_round_for_ever(story: Story) -> None:
    desk = Desk(story, ("40", "30"), ("7", None))
    desk.save(0, comment="A trial")
    desk.submit()
    desk.reject(0)
    desk.submit_itself()
    assert (desk.lines[0].chargeable_units, desk.lines[0].declared_units, desk.report.penalised) == (40, 30, 1)
    desk.approve()
    assert desk.report.status == "approved"


def test_a_waived_line_is_explained_until_its_figures_change(story: Story) -> None:
    desk = Desk(story, ("40", "30"), ("7", None))
    desk.submit_itself()
    desk.waive(0)
    desk.reject()
    desk.save(0, comment=None)
    assert (desk.lines[0].chargeable_units, desk.lines[0].unexplained) == (30, False)
    desk.save(0, chargeable_units="29")
    assert desk.lines[0].unexplained
    with pytest.raises(CommentRequired):
        desk.submit()


def test_an_import_that_changes_a_waived_line_ends_its_explanation(story: Story) -> None:
    desk = Desk(story, ("40", "30"), ("7", None))
    desk.submit_itself()
    desk.waive(0)
    desk.reject()
    desk.deliver(("50", "30"), ("7", None))
    assert (desk.lines[0].waived_reason, desk.lines[0].unexplained) == (None, True)


def second_reviewer(story: Story) -> Any:
    return member(story.distributor, Role.REVIEWER)


def limited(story: Story, limit: str) -> None:
    story.account.approval_limit = Decimal(limit)
    db.session.flush()


def endorsed(desk: Desk) -> None:
    steps.endorse(desk.report, desk.story.by(desk.story.reviewer), AT)
    assert desk.report.endorsed_by is not None


def test_an_endorsement_falls_when_a_penalty_is_waived(story: Story) -> None:
    limited(story, "50")
    desk = Desk(story, ("40", "30"), ("7", None))
    desk.submit_itself()
    endorsed(desk)
    desk.waive(0)
    with pytest.raises(EndorsementRequired):
        desk.approve(second_reviewer(story))


def test_an_endorsement_falls_when_a_price_is_filled_in(story: Story) -> None:
    limited(story, "50")
    desk = Desk(story, ("40", None), ("7", None))
    unpriced = product(story.distributor, "LATE", None, usage_source="manual")
    new = NewLine("LATE", "1", "late", "Late")
    drafts.add_line(desk.report, new, story.by(story.preparer), AT)
    jobs.submit_due(desk.report.due_at)
    endorsed(desk)
    put_product(story.distributor.id, unpriced.sku, {"price": "9.5", "currency": "EUR"}, operator(), AT)
    assert (desk.report.endorsed_by, desk.report.missing_prices) == (None, 0)
    with pytest.raises(EndorsementRequired):
        desk.approve(second_reviewer(story))


def test_an_endorsement_falls_with_a_rejection(story: Story) -> None:
    limited(story, "50")
    desk = Desk(story, ("40", None), ("7", None))
    desk.submit()
    endorsed(desk)
    with pytest.raises(TransitionNotAllowed):
        steps.recall(desk.report, story.by(story.preparer), AT)
    desk.reject()
    desk.submit()
    with pytest.raises(EndorsementRequired):
        desk.approve(second_reviewer(story))


def test_without_a_price_nothing_is_approved_and_a_late_one_fills_once(story: Story) -> None:
    late = product(story.distributor, "LATE", None)
    usage(story.account, [(customer(story.account), late, "40", None)])
    report = story.open_cycle()
    with pytest.raises(PricesMissing):
        steps.submit(report, story.by(story.preparer), AT)
    jobs.submit_due(report.due_at)
    with pytest.raises(PricesMissing):
        steps.approve(story.report(report), story.by(story.reviewer), AT)
    for price in ("2", "3"):
        put_product(story.distributor.id, "LATE", {"price": price, "currency": "EUR"}, operator(), AT)
    assert fill_late_prices(story.distributor.id, operator(), AT) == 0
    assert (story.report(report).amount, story.lines(report)[0].unit_price) == (80, 2)


def history(story: Story, cycle: date, units: str) -> ReportRow:
    """An approved report of an earlier cycle with one line, for the same customer and product each time."""
    month = Cycle.from_date(cycle)
    who, what = customer(story.account, "Harbour"), product(story.distributor, "MBX")
    usage(story.account, [(who, what, units, None)], cycle=month)
    report = story.open_cycle(month, OPENED_AT)
    steps.submit(report, story.by(story.preparer), OPENED_AT)
    steps.approve(story.report(report), story.by(story.reviewer), OPENED_AT)
    return report


def test_missing_usage_is_estimated_with_the_uplift_and_never_approved_by_itself(app: Flask) -> None:
    story = Story(
        uplift_percent=10, reports_from=date(2026, 9, 1), next_cycle=date(2026, 9, 1),
        auto_approve_max_change_percent=100,
    )  # fmt: skip
    history(story, date(2026, 9, 1), "41")
    report = story.open_cycle()
    line = story.lines(report)[0]
    assert (line.provisioned_units, line.chargeable_units) == (None, None)
    with pytest.raises(FiguresMissing):
        steps.submit(report, story.by(story.preparer), AT)
    jobs.submit_due(report.due_at)
    line = story.lines(report)[0]
    assert (line.chargeable_units, line.estimated, line.declared_units) == (46, True, None)
    assert jobs.approve_by_policy(report.due_at) == 0


def test_a_line_that_nobody_ever_counted_is_charged_nothing_after_a_rejection(app: Flask) -> None:
    story = Story(reports_from=date(2026, 9, 1), next_cycle=date(2026, 9, 1))
    usage(
        story.account, [(customer(story.account), product(story.distributor), "5", None)], cycle=Cycle.parse("2026-09")
    )
    story.open_cycle(Cycle.parse("2026-09"), OPENED_AT)
    report = story.open_cycle()
    jobs.submit_due(report.due_at)
    with pytest.raises(FiguresMissing):
        steps.approve(story.report(report), story.by(story.reviewer), AT)
    steps.reject(story.report(report), story.by(story.reviewer), AT, reason="Count it")
    jobs.submit_due(story.report(report).due_at)
    line = story.lines(report)[0]
    assert (line.chargeable_units, line.estimated) == (0, True)
    steps.approve(story.report(report), story.by(story.reviewer), AT)


def test_a_report_of_nothing_is_confirmed_by_hand_or_an_estimate(story: Story) -> None:
    by_hand = story.open_cycle()
    with pytest.raises(NilNotConfirmed):
        steps.submit(by_hand, story.by(story.preparer), AT)
    steps.submit(by_hand, story.by(story.preparer), AT, nil=True)
    assert story.report(by_hand).submission_kind == "manual"
    silent = Story().open_cycle()
    jobs.submit_due(silent.due_at)
    assert story.report(silent).submission_kind == "automatic_with_penalty"


def after_an_approved_one(story: Story, units: str) -> ReportRow:
    """The October report with this many units, after a September approved at 40."""
    history(story, date(2026, 9, 1), "40")
    who = db.session.scalars(select(Customer).filter_by(account_id=story.account.id)).one()
    what = db.session.scalars(select(Product).filter_by(distributor_id=story.distributor.id)).one()
    usage(story.account, [(who, what, units, None)])
    return story.open_cycle()


def no_policy(story: Story, _report: ReportRow) -> None:
    story.account.auto_approve_max_change_percent = None


def low_limit(story: Story, _report: ReportRow) -> None:
    story.account.approval_limit = Decimal("100")


def comment(story: Story, report: ReportRow) -> None:
    draft = LineDraft(story.lines(report)[0].uid, comment="By the way")
    drafts.save_lines(story.report(report), [draft], story.by(story.preparer), AT)


def discrepancy(story: Story, report: ReportRow) -> None:
    draft = LineDraft(story.lines(report)[0].uid, chargeable_units="39", comment="One left")
    drafts.save_lines(story.report(report), [draft], story.by(story.preparer), AT)


def rejected_once(story: Story, report: ReportRow) -> None:
    steps.submit(story.report(report), story.by(story.preparer), AT)
    steps.reject(story.report(report), story.by(story.reviewer), AT, reason="Sure?")


def nothing(story: Story, report: ReportRow) -> None:
    return None


VIOLATIONS: list[tuple[Callable[[Story, ReportRow], None], str, bool]] = [
    (nothing, "40", True),
    (nothing, "44", True),
    (nothing, "45", False),
    (nothing, "35", False),
    (no_policy, "40", False),
    (low_limit, "40", False),
    (comment, "40", False),
    (discrepancy, "40", False),
    (rejected_once, "40", False),
]


@pytest.mark.parametrize(
    ("violate", "units", "approved"), VIOLATIONS, ids=[f"{v.__name__}-{units}" for v, units, _ in VIOLATIONS]
)
def test_a_policy_approves_only_what_breaks_none_of_its_conditions(
    app: Flask, violate: Callable[[Story, ReportRow], None], units: str, approved: bool
) -> None:
    story = Story(reports_from=date(2026, 9, 1), next_cycle=date(2026, 9, 1), auto_approve_max_change_percent=10)
    report = after_an_approved_one(story, units)
    violate(story, report)
    steps.submit(story.report(report), story.by(story.preparer), AT)
    db.session.commit()
    assert jobs.approve_by_policy(AT) == int(approved)
    assert story.report(report).status == ("approved" if approved else "under_review")


def test_a_first_report_is_never_approved_by_itself(app: Flask) -> None:
    story = Story(auto_approve_max_change_percent=1000)
    report = story.open(("40", None))
    steps.submit(report, story.by(story.preparer), AT)
    assert jobs.approve_by_policy(AT) == 0


def test_usage_that_changes_nothing_makes_no_version_however_often_it_is_applied(story: Story) -> None:
    desk = Desk(story, ("40", None), ("7", None))
    for _ in range(2):
        assert apply_usage(desk.report, story.by(story.preparer), AT) == 0
    assert desk.report.version == 1
