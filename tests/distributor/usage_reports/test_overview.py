"""The distributor's overview of a cycle: its numbers, proved against small known stories."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from flask import Flask

from distributor.database import db
from distributor.identity.acting import system
from distributor.usage_reports import overview
from distributor.usage_reports.operations import automatic, drafts, steps
from distributor.usage_reports.operations.drafts import LineDraft
from distributor.usage_reports.overview_chart import running
from distributor.usage_reports.queries import ReportRow
from tests.clients import sign_in
from tests.distributor.usage_reports.counting import counted_queries
from tests.factories import CYCLE, OPENED_AT, Story, account, member, organization
from workflows.usage_report import Role, Status

AT = OPENED_AT + timedelta(days=14)
EARLY = OPENED_AT + timedelta(days=2)


@pytest.fixture
def story(app: Flask) -> Story:
    app.config["CLOCK"] = lambda: AT
    return Story()


def another(story: Story, *lines: tuple[str, str | None], name: str = "Another MSP", **terms: object) -> ReportRow:
    """A report of a further MSP."""
    story.msp = organization(name)
    story.preparer = member(story.msp, Role.PREPARER)
    story.account = account(story.distributor, story.msp, **terms)
    return story.open(*lines)


def explain_and_submit(story: Story, report: ReportRow) -> ReportRow:
    who = story.by(story.preparer)
    said = [LineDraft(line.uid, line.version, line.chargeable_units, "A trial") for line in story.lines(report)]
    drafts.save_lines(story.report(report), said, who, EARLY)
    steps.submit(story.report(report), who, EARLY)
    return story.report(report)


def told(story: Story) -> tuple[ReportRow, ReportRow, ReportRow]:
    """One report still with its MSP (100 short), one under review (10 short, explained), one submitted by itself (5
    short, penalised) and approved.
    """
    review = explain_and_submit(story, story.open(("40", "30")))
    approved = another(story, ("20", "15"), name="Bluefin Systems")
    automatic.submit_due([approved.id], approved.due_at, system())
    steps.approve(story.report(approved), story.by(story.reviewer), AT)
    waiting = another(story, ("400", "300"), name="Slieve Digital", auto_submit_after_days=20)
    return story.report(waiting), review, story.report(approved)


def words_of(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_the_way_of_reports_and_the_money_are_those_of_the_cycle(story: Story) -> None:
    told(story)
    figures = overview.cycle_figures(story.distributor.id, CYCLE.first_day)
    assert (figures.number, figures.submitted, figures.decided, figures.of(Status.APPROVED)) == (3, 2, 1, 1)
    assert figures.money("EUR") == Decimal("997.50")  # 300, 30 and 20 units at 2.85
    assert figures.money("EUR", Status.UNDER_REVIEW) == Decimal("85.50")
    assert figures.money("EUR", Status.UNDER_REVIEW, column="at_risk") == Decimal("28.50")
    assert figures.before("EUR") == 0


def test_the_days_tell_what_came_by_hand_by_itself_and_was_due(story: Story) -> None:
    told(story)
    figures = overview.cycle_figures(story.distributor.id, None)
    days = running(figures.days, OPENED_AT.date(), AT.date())
    by_day = {str(step.day): (step.manual, step.automatic, step.due) for step in days}
    assert by_day["2026-10-21"] == (0, 0, 0)
    assert by_day["2026-10-22"] == (1, 0, 0)
    assert by_day["2026-10-31"] == (1, 1, 2)
    assert by_day["2026-11-10"] == (1, 1, 3)


def test_days_are_those_of_the_accounts_time_zone(story: Story) -> None:
    another(story, ("40", "30"), time_zone="Pacific/Auckland")
    figures = overview.cycle_figures(story.distributor.id, None)
    assert figures.zone == "Pacific/Auckland"
    assert [(str(day.day), day.due) for day in figures.days] == [("2026-10-31", 1)]


def test_penalties_to_come_stand_with_the_reports_that_submit_themselves_next(story: Story) -> None:
    waiting, _, _ = told(story)
    (row,) = overview.waiting(story.distributor.id, CYCLE.first_day)
    assert (row.uid, row.unexplained, row.penalty) == (waiting.uid, 1, Decimal("285.00"))


def test_reports_are_grouped_by_the_moment_they_submit_themselves(story: Story) -> None:
    for number in range(4):
        another(story, ("20", "10"), name=f"MSP {number}", auto_submit_after_days=10 if number < 3 else 12)
    rows = overview.waiting(story.distributor.id, CYCLE.first_day)
    shown, later = overview.moments(rows, 2)
    assert [(len(moment.reports), moment.others.number) for moment in shown] == [(2, 1)]
    assert shown[0].others.penalties == {"EUR": Decimal("28.50")}
    assert (later.number, later.open_lines) == (1, 1)


def test_the_largest_differences_are_those_under_review(story: Story) -> None:
    _, review, _ = told(story)
    (line,) = overview.largest_differences(story.distributor.id, CYCLE.first_day, "EUR")
    assert (line.report_uid, line.provisioned_units, line.chargeable_units) == (review.uid, 40, 30)
    assert line.at_risk == Decimal("28.50")


def test_the_page_says_it_all(app: Flask, story: Story) -> None:
    told(story)
    page = words_of(sign_in(app, story.reviewer).get("/overview").text)
    assert "3 opened 2 submitted 67 % 1 decided 33 % 1 approved 33 %" in page.replace("\u00a0", " ")
    for words in ("Review 1 report", "Remind 1 MSP", "997.50", "Penalties to come if nobody comments 285.00", "40 →"):
        assert words in page.replace("\u00a0", " "), words


def test_money_of_several_currencies_is_never_added(app: Flask, story: Story) -> None:
    story.open(("40", "30"))
    other = another(story, ("40", "30"), currency="USD")
    assert story.report(other).amount == 0  # no price in dollars
    page = words_of(sign_in(app, story.reviewer).get("/overview").text)
    assert "€ 85.50" in page
    assert "$ 0.00" in page
    chosen = words_of(sign_in(app, story.reviewer).get("/overview?currency=USD").text)
    assert "Also in € 85.50" in chosen


def test_a_cycle_without_reports_leads_to_the_newest(app: Flask, story: Story) -> None:
    story.open(("40", None))
    answer = sign_in(app, story.reviewer).get("/overview?cycle=2026-03")
    assert "No report was opened for March 2026." in answer.text
    assert "No report has been opened yet." in sign_in(app, Story().reviewer).get("/overview").text


def test_a_wrong_cycle_is_refused_in_words(app: Flask, story: Story) -> None:
    answer = sign_in(app, story.reviewer).get("/overview?cycle=October")
    assert answer.status_code == 422
    assert "2026-10" in answer.text


def test_only_a_distributor_sees_the_overview_and_only_its_own_partners(app: Flask, story: Story) -> None:
    told(story)
    assert sign_in(app, story.preparer).get("/overview").status_code == 404
    stranger = member(organization("Elsewhere", is_distributor=True), Role.REVIEWER)
    page = sign_in(app, stranger).get("/overview?cycle=2026-10").text
    assert "Slieve Digital" not in page
    assert "No report has been opened yet." in page


@pytest.mark.parametrize("partners", [1, 12])
def test_the_overview_asks_a_fixed_number_of_times(app: Flask, story: Story, partners: int) -> None:
    for number in range(partners):
        another(story, ("40", "30"), name=f"MSP {number}")
    browser = sign_in(app, story.reviewer)
    db.session.commit()
    with counted_queries() as seen:
        assert browser.get("/overview").status_code == 200
    assert len(seen) <= 8, "\n".join(seen)
