"""Explanations carried forward: what the next month's line starts with, and when the words no longer do."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from distributor.database import db
from distributor.errors import InputRefused
from distributor.identity.acting import system
from distributor.usage_reports import queries
from distributor.usage_reports.models import CarriedExplanation
from distributor.usage_reports.operations import automatic, carrying, drafts, steps
from distributor.usage_reports.operations.drafts import LineDraft
from distributor.usage_reports.operations.usage import refresh
from distributor.usage_reports.queries import LineRow, ReportRow
from tests.factories import CYCLE, OPENED_AT, Story, customer, product, usage
from workflows.errors import CommentRequired
from workflows.report_cycle import Cycle

AT = OPENED_AT + timedelta(days=1)
NOVEMBER, DECEMBER = CYCLE.next(), CYCLE.next().next()
UNTIL = date(2026, 12, 31)
WORDS = "100 seats are reserved for a depot"


class Line(Story):
    """An account whose one customer holds one product, with its usage cycle by cycle."""

    def __init__(self, **terms: Any) -> None:
        super().__init__(**terms)
        self.customer = customer(self.account, "Shannon Freight")
        self.product = product(self.distributor, "WFS")

    def count(self, provisioned: str, used: str | None, cycle: Cycle = CYCLE) -> None:
        usage(self.account, [(self.customer, self.product, provisioned, used)], cycle=cycle, at=opens(cycle))

    def opened(self, provisioned: str, used: str | None, cycle: Cycle = CYCLE) -> ReportRow:
        self.count(provisioned, used, cycle)
        return self.open_cycle(cycle, opens(cycle))

    def line(self, report: ReportRow) -> LineRow:
        (line,) = self.lines(report)
        return line

    def save(self, report: ReportRow, **draft: Any) -> LineRow:
        given = [LineDraft(self.line(report).uid, **draft)]
        drafts.save_lines(self.report(report), given, self.by(self.preparer), AT)
        return self.line(report)


def opens(cycle: Cycle) -> datetime:
    return OPENED_AT.replace(year=cycle.year, month=cycle.month)


@pytest.fixture
def story(app: Flask) -> Line:
    return Line()


@pytest.fixture
def october(story: Line) -> ReportRow:
    """400 provisioned, 300 used; the difference of −100 is explained and carried forward until the end of the year."""
    report = story.opened("400", "300")
    story.save(report, comment=WORDS, carry_until=UNTIL)
    return report


def kept() -> list[CarriedExplanation]:
    db.session.expire_all()
    return list(db.session.scalars(select(CarriedExplanation)))


def said(line: LineRow) -> tuple[str | None, date | None, int | None]:
    return line.comment, line.carried_until, line.carried_limit


def test_a_line_that_is_carried_forward_says_so_and_is_kept(story: Line, october: ReportRow) -> None:
    assert said(story.line(october)) == (WORDS, UNTIL, None)
    (explanation,) = kept()
    assert (explanation.comment, explanation.carried_until) == (WORDS, UNTIL)
    assert explanation.difference == -100
    assert (explanation.set_by, explanation.cycle) == (story.preparer.name, CYCLE.first_day)


@pytest.mark.parametrize(("provisioned", "used"), [("400", "300"), ("396", "300"), ("400", "399")])
def test_next_months_line_starts_with_the_words_while_the_difference_is_no_larger(
    story: Line, october: ReportRow, provisioned: str, used: str
) -> None:
    november = story.opened(provisioned, used, NOVEMBER)
    assert said(story.line(november)) == (WORDS, UNTIL, -100)
    assert (november.uncommented, november.unexplained, november.commented) == (0, 0, 1)


@pytest.mark.parametrize(("provisioned", "used"), [("401", "300"), ("400", "410"), ("400", "400"), ("400", None)])
def test_a_larger_difference_another_direction_or_none_starts_without_words(
    story: Line, october: ReportRow, provisioned: str, used: str | None
) -> None:
    november = story.opened(provisioned, used, NOVEMBER)
    assert said(story.line(november)) == (None, None, None)


def test_words_are_carried_to_the_last_cycle_that_ends_by_their_date_and_no_further(
    story: Line, october: ReportRow
) -> None:
    december = story.opened("400", "300", DECEMBER)
    january = story.opened("400", "300", DECEMBER.next())
    assert (story.line(december).comment, story.line(january).comment) == (WORDS, None)


def test_the_same_product_of_another_customer_starts_without_words(story: Line, october: ReportRow) -> None:
    story.customer = customer(story.account, "Curragh Motors")
    assert story.line(story.opened("400", "300", NOVEMBER)).comment is None


def test_a_line_of_totals_only_is_carried_too(story: Line) -> None:
    rows = [(None, story.product, "400", "300")]
    usage(story.account, rows)
    story.save(story.open_cycle(), comment=WORDS, carry_until=UNTIL)
    usage(story.account, rows, cycle=NOVEMBER, at=opens(NOVEMBER))
    assert story.line(story.open_cycle(NOVEMBER, opens(NOVEMBER))).comment == WORDS


@pytest.mark.parametrize(
    "draft", [{"carry_until": None}, {"comment": ""}, {"chargeable_units": "400"}], ids=["date", "comment", "figure"]
)
def test_what_has_nothing_to_carry_any_more_is_dropped(story: Line, october: ReportRow, draft: dict[str, Any]) -> None:
    assert story.save(october, **draft).carried_until is None
    assert kept() == []


def test_a_note_of_the_reviewer_ends_the_carrying(story: Line, october: ReportRow) -> None:
    steps.submit(story.report(october), story.by(story.preparer), AT)
    notes = {story.line(october).uid: "Third month with the same reason."}
    steps.reject(story.report(october), story.by(story.reviewer), AT, reason="One line", notes=notes)
    assert said(story.line(october)) == (WORDS, None, None)
    assert kept() == []
    assert story.line(story.opened("400", "300", NOVEMBER)).comment is None


def test_a_rejection_for_other_lines_leaves_the_words_carried(story: Line, october: ReportRow) -> None:
    steps.submit(story.report(october), story.by(story.preparer), AT)
    steps.reject(story.report(october), story.by(story.reviewer), AT, reason="The PO number")
    assert (story.line(october).carried_until, len(kept())) == (UNTIL, 1)


def test_usage_that_arrives_late_brings_the_words_with_it(story: Line, october: ReportRow) -> None:
    november = story.open_cycle(NOVEMBER, opens(NOVEMBER))
    assert story.line(november).comment is None
    story.count("400", "310", NOVEMBER)
    refresh(story.report(november), system(), opens(NOVEMBER) + timedelta(hours=1))
    assert said(story.line(november)) == (WORDS, UNTIL, -100)
    assert {(c.field, c.new) for c in queries.changes(november.id)} >= {
        ("comment", WORDS),
        ("carried_until", "2026-12-31"),
    }


def test_a_line_that_comes_with_late_usage_starts_with_its_words(story: Line, october: ReportRow) -> None:
    usage(story.account, [(story.customer, product(story.distributor, "M365"), "1", None)], cycle=NOVEMBER)
    november = story.open_cycle(NOVEMBER, opens(NOVEMBER))
    assert story.line(november).sku == "M365"
    story.count("390", "300", NOVEMBER)
    refresh(story.report(november), system(), opens(NOVEMBER) + timedelta(hours=1))
    assert (story.line(november).sku, *said(story.line(november))) == ("WFS", WORDS, UNTIL, -100)


def test_usage_that_settles_the_difference_takes_the_words_back(story: Line, october: ReportRow) -> None:
    november = story.opened("400", "300", NOVEMBER)
    story.count("300", "300", NOVEMBER)
    refresh(story.report(november), system(), AT)
    assert said(story.line(november)) == (None, None, None)
    assert len(kept()) == 1


def test_usage_never_overwrites_what_the_msp_said_itself(story: Line, october: ReportRow) -> None:
    november = story.opened("450", "300", NOVEMBER)
    story.save(november, comment="50 more for a trial")
    story.count("400", "300", NOVEMBER)
    refresh(story.report(november), system(), AT)
    assert said(story.line(november)) == ("50 more for a trial", None, None)


def test_a_difference_that_grows_beyond_the_words_needs_new_ones(story: Line, october: ReportRow) -> None:
    november = story.opened("400", "300", NOVEMBER)
    outgrown = story.save(november, chargeable_units="290")
    assert (outgrown.unexplained, outgrown.comment) == (True, WORDS)
    assert (story.report(november).uncommented, story.report(november).unexplained) == (1, 1)
    with pytest.raises(CommentRequired):
        steps.submit(story.report(november), story.by(story.preparer), AT)


def test_automatic_submission_charges_a_line_that_outgrew_its_words(story: Line, october: ReportRow) -> None:
    november = story.opened("400", "300", NOVEMBER)
    story.count("450", "300", NOVEMBER)
    refresh(story.report(november), system(), AT)
    automatic.submit_due([november.id], story.report(november).due_at, system())
    line = story.line(november)
    assert (line.penalised, line.chargeable_units, line.declared_units) == (True, 450, 300)
    assert story.report(november).unexplained_unpenalised == 0


def test_words_of_ones_own_explain_what_the_carried_ones_did_not(story: Line, october: ReportRow) -> None:
    november = story.opened("400", "300", NOVEMBER)
    line = story.save(november, chargeable_units="290", comment="10 more for a second depot", carry_until=UNTIL)
    assert (line.unexplained, line.carried_limit) == (False, None)
    (explanation,) = kept()
    assert (explanation.comment, explanation.cycle) == ("10 more for a second depot", NOVEMBER.first_day)
    assert explanation.difference == -110


def test_words_that_are_carried_on_cover_no_more_than_they_were_given_for(story: Line, october: ReportRow) -> None:
    november = story.opened("350", "300", NOVEMBER)
    story.save(november, carry_until=date(2027, 1, 31))
    (explanation,) = kept()
    assert explanation.carried_until == date(2027, 1, 31)
    assert explanation.difference == -100


def test_an_earlier_cycle_does_not_overrule_a_later_one(story: Line, october: ReportRow) -> None:
    november = story.opened("400", "300", NOVEMBER)
    story.save(november, comment="Newer words", carry_until=UNTIL)
    story.save(october, comment="Older words")
    story.save(october, carry_until=None)
    assert [e.comment for e in kept()] == ["Newer words"]


@pytest.mark.parametrize("until", [date(2026, 10, 31), date(2026, 10, 1), date(2027, 11, 1)])
def test_a_date_out_of_reach_is_refused(story: Line, october: ReportRow, until: date) -> None:
    with pytest.raises(InputRefused) as refused:
        story.save(october, carry_until=until)
    assert [(error.field, error.line) for error in refused.value.errors] == [
        ("carry_until", str(story.line(october).uid))
    ]


@pytest.mark.parametrize("draft", [{"chargeable_units": "400", "comment": WORDS}, {"comment": " "}])
def test_only_an_explained_discrepancy_can_be_carried_forward(story: Line, draft: dict[str, Any]) -> None:
    report = story.opened("400", "300")
    with pytest.raises(InputRefused):
        story.save(report, **draft, carry_until=UNTIL)


def test_a_carried_line_is_never_approved_as_clean(story: Line, october: ReportRow) -> None:
    november = story.opened("400", "300", NOVEMBER)
    assert (november.commented, november.discrepancies) == (1, 1)


def test_the_choices_end_with_the_months() -> None:
    days = carrying.last_days(date(2026, 10, 1))
    assert (days[0], days[3], days[-1], len(days)) == (date(2026, 11, 30), date(2027, 2, 28), date(2027, 10, 31), 12)


def write(statement: str) -> None:
    db.session.execute(text(statement))
    db.session.commit()


def refused(statement: str, words: str) -> None:
    with pytest.raises(DBAPIError, match=words):
        write(statement)
    db.session.rollback()


def test_under_review_nobody_moves_a_limit(story: Line, october: ReportRow) -> None:
    steps.submit(story.report(october), story.by(story.preparer), AT)
    db.session.commit()
    refused("UPDATE usage_report_lines SET carried_limit = -500, version = 4", "cannot change this way")


def test_words_have_to_be_there_to_be_carried(story: Line, october: ReportRow) -> None:
    db.session.commit()
    refused("UPDATE usage_report_lines SET comment = NULL, version = 3", "only_words_are_carried")


def test_an_outgrown_line_does_not_slip_under_review(story: Line, october: ReportRow) -> None:
    november = story.opened("400", "300", NOVEMBER)
    story.save(november, chargeable_units="290")
    db.session.commit()
    act = """INSERT INTO report_actions (report_id, account_id, distributor_id, msp_id, version, step, from_status,
               to_status, at, actor_side, actor_name, via)
             SELECT id, account_id, distributor_id, msp_id, version + 1, 'submit', 'msp_preparing', 'under_review',
               now(), 'msp', 'x', 'command' FROM usage_reports WHERE cycle = '2026-11-01'"""
    db.session.execute(text(act))
    refused(
        """UPDATE usage_reports SET version = version + 1, status = 'under_review', submitted_at = now(),
           submission_kind = 'manual', submitted_from = 'msp_preparing' WHERE cycle = '2026-11-01'""",
        "nothing_unexplained_under_review",
    )
