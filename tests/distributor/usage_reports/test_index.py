"""The MSP's list of reports: what needs somebody, filters, order, sums, the drawing and the file."""

from __future__ import annotations

import io
import re
from datetime import timedelta
from decimal import Decimal

import pytest
from flask import Flask
from python_calamine import CalamineWorkbook

from distributor.database import db
from distributor.identity.acting import system
from distributor.usage_reports import lists
from distributor.usage_reports.index_chart import amounts
from distributor.usage_reports.index_page import entries
from distributor.usage_reports.operations import automatic, drafts, steps
from distributor.usage_reports.operations.drafts import LineDraft
from distributor.usage_reports.queries import ReportRow
from tests.clients import Browser, sign_in
from tests.distributor.usage_reports.counting import counted_queries
from tests.factories import CYCLE, OPENED_AT, Story, account, member, organization
from workflows.report_cycle import Cycle
from workflows.usage_report import Role

AT = OPENED_AT + timedelta(days=1)
SEPTEMBER, AUGUST = CYCLE.previous(), CYCLE.previous().previous()


@pytest.fixture
def story(app: Flask) -> Story:
    app.config["CLOCK"] = lambda: AT
    return Story(reports_from=AUGUST.first_day, corrections_allowed=True)


def approved(story: Story, cycle: Cycle, *lines: tuple[str, str | None]) -> ReportRow:
    """A report of an earlier cycle that submitted itself and was approved."""
    report = story.open(*lines, cycle=cycle, at=OPENED_AT.replace(year=cycle.year, month=cycle.month))
    automatic.submit_due([report.id], report.due_at, system())
    steps.approve(story.report(report), story.by(story.reviewer), report.due_at + timedelta(hours=1))
    return story.report(report)


def second_distributor(story: Story) -> None:
    """The same MSP with an account at another distributor."""
    story.distributor = organization("Halden Security Distribution", is_distributor=True)
    story.reviewer = member(story.distributor, Role.REVIEWER)
    story.account = account(story.distributor, story.msp, number="HAL-0311")


def words(browser: Browser, address: str) -> str:
    """The page's words, those of cells apart."""
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", browser.get(address).text))
    return text.replace("\u00a0", " ").replace(" ,", ",")


def rows(browser: Browser, address: str) -> list[str]:
    body = re.search(r"reports-list.*?<tbody>(.*?)</tbody>", browser.get(address).text, re.S)
    return re.findall(r"(\w+ \d{4})<span", body[1]) if body else []


def test_a_card_says_what_is_missing_by_when_and_what_waiting_costs(app: Flask, story: Story) -> None:
    story.open(("40", "30"), ("40", None))
    page = words(sign_in(app, story.preparer), "/reports")
    said = "1 comment missing. Submits itself on Sat 31 Oct 2026 at 00:00 UTC, with € 28.50 on top. Add 1 comment"
    assert said in page
    assert "1 comment missing by 31 Oct, 00:00" in page


def test_a_rejected_report_asks_for_its_notes(app: Flask, story: Story) -> None:
    report = story.open(("40", None), ("12", None))
    steps.submit(report, story.by(story.preparer), AT)
    notes = {line.uid: "Why?" for line in story.lines(report)}
    steps.reject(story.report(report), story.by(story.reviewer), AT, reason="See notes", notes=notes)
    page = words(sign_in(app, story.preparer), "/reports")
    assert "Rejected on 21 Oct with 2 open notes. Submits itself on" in page
    assert "Answer 2 notes" in page
    assert "2 notes to answer by 29 Oct, 00:00" in page


def test_a_report_without_anything_open_is_ready(app: Flask, story: Story) -> None:
    story.open(("40", None))
    page = words(sign_in(app, story.preparer), "/reports")
    assert "Ready to submit. Submits itself on Sat 31 Oct 2026 at 00:00 UTC. Check and submit" in page


def test_a_reopened_report_that_was_submitted_again_says_so(app: Flask, story: Story) -> None:
    report = story.open(("40", None))
    for step in (
        lambda now: steps.submit(now, story.by(story.preparer), AT),
        lambda now: steps.approve(now, story.by(story.reviewer), AT),
        lambda now: steps.reopen(now, story.by(story.preparer), AT, reason="One seat more", version=now.version),
        lambda now: steps.submit(now, story.by(story.preparer), AT),
    ):
        step(story.report(report))
    assert "Waits for review Reopened 21 Oct" in words(sign_in(app, story.preparer), "/reports")


def test_filters_narrow_and_keep_the_counts(app: Flask, story: Story) -> None:
    approved(story, AUGUST, ("40", "30"))
    approved(story, SEPTEMBER, ("40", None))
    story.open(("40", "30"))
    browser = sign_in(app, story.preparer)
    assert rows(browser, "/reports") == ["October 2026", "September 2026", "August 2026"]
    assert rows(browser, "/reports?only=todo") == ["October 2026"]
    assert rows(browser, "/reports?only=penalty") == ["August 2026"]
    assert rows(browser, "/reports?q=september") == ["September 2026"]
    assert rows(browser, "/reports?q=2026-08") == ["August 2026"]
    assert "With penalty 1" in words(browser, "/reports?only=todo")
    assert "No report matches." in browser.get("/reports?q=nothing").text


def test_the_list_is_ordered_as_asked(app: Flask, story: Story) -> None:
    approved(story, AUGUST, ("30", None))
    approved(story, SEPTEMBER, ("10", None))
    story.open(("20", None))
    browser = sign_in(app, story.preparer)
    assert rows(browser, "/reports?sort=amount") == ["August 2026", "October 2026", "September 2026"]
    assert rows(browser, "/reports?sort=amount&order=asc") == ["September 2026", "October 2026", "August 2026"]
    assert rows(browser, "/reports?sort=nonsense") == ["October 2026", "September 2026", "August 2026"]


def test_the_foot_adds_up_what_is_shown_and_the_change_is_against_the_report_before(app: Flask, story: Story) -> None:
    approved(story, SEPTEMBER, ("40", "30"))
    story.open(("50", None))
    page = words(sign_in(app, story.preparer), "/reports")
    assert "+25.0 %" in page  # 40 units charged with the penalty, then 50
    assert "2 reports 1 28.50 256.50" in page


def test_one_account_of_several_is_chosen(app: Flask, story: Story) -> None:
    first = story.account.number
    story.open(("40", None))
    second_distributor(story)
    story.open(("20", None))
    browser = sign_in(app, story.preparer)
    assert len(rows(browser, "/reports")) == 2
    shown = browser.get(f"/reports?account={first}").text
    assert shown.count("<tr") - shown.count("<thead><tr") - shown.count("<tfoot><tr") == 1
    assert len(rows(browser, "/reports?account=HAL-0311")) == 1


def test_sums_of_several_currencies_stand_apart(app: Flask, story: Story) -> None:
    story.open(("40", None))
    story.account = account(story.distributor, story.msp, currency="USD")
    story.open(("20", None))
    page = words(sign_in(app, story.preparer), "/reports")
    assert "€ 114.00 $ 0.00" in page or "$ 0.00 € 114.00" in page


def test_the_drawing_stacks_distributors_and_marks_penalties(app: Flask, story: Story) -> None:
    approved(story, SEPTEMBER, ("40", "30"))
    story.open(("50", None))
    second_distributor(story)
    story.open(("10", None))
    found = list(entries(lists.msp_reports(story.preparer, AUGUST.first_day, CYCLE.first_day)).values())
    (chart,) = amounts(found, AUGUST, CYCLE)
    assert [(str(column.cycle), column.total) for column in chart.columns] == [
        ("2026-09", Decimal("114.00")),
        ("2026-10", Decimal("171.00")),
    ]
    assert [bar.fill for bar in chart.wide.bars] == ["fill-brand", "fill-brand-soft", "fill-teal-soft"]
    assert [mark.label for mark in chart.wide.marks] == ["+ 28.50"]
    assert chart.label.startswith(
        "Amount per cycle in EUR, from September 2026 with 114.00 to October 2026 with 171.00."
    )


def test_one_cycle_alone_is_no_course_worth_drawing(app: Flask, story: Story) -> None:
    story.open(("40", None))
    assert 'role="img"' not in sign_in(app, story.preparer).get("/reports").text


def test_the_list_goes_out_as_a_workbook_as_it_is_narrowed(app: Flask, story: Story) -> None:
    approved(story, SEPTEMBER, ("40", "30"))
    story.open(("40", "30"))
    browser = sign_in(app, story.preparer)
    answer = browser.get("/reports/export.xlsx?only=todo")
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(answer.data)).get_sheet_by_name("reports").to_python()
    (row,) = [dict(zip(sheet[0], cells, strict=True)) for cells in sheet[1:]]
    assert (row["cycle"], row["status"], row["account"]) == ("2026-10", "msp_preparing", story.account.number)
    assert (row["amount"], row["cost_of_waiting"], row["open_comments"]) == (85.5, 28.5, 1)
    assert "usage-reports-" in answer.headers["Content-Disposition"]


def test_an_msp_sees_no_reports_of_others(app: Flask, story: Story) -> None:
    story.open(("40", None))
    stranger = member(organization("Elsewhere"), Role.PREPARER)
    browser = sign_in(app, stranger)
    assert "There are no reports in this time." in browser.get("/reports").text
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(browser.get("/reports/export.xlsx").data)).get_sheet_by_index(0)
    assert len(sheet.to_python()) == 1


def test_what_waits_from_an_older_year_is_still_among_the_cards(app: Flask, story: Story) -> None:
    story.open(("40", "30"))
    assert "Add 1 comment" in sign_in(app, story.preparer).get("/reports?year=2025").text


@pytest.mark.parametrize("reports", [1, 8])
def test_the_list_asks_a_fixed_number_of_times(app: Flask, story: Story, reports: int) -> None:
    for _ in range(reports):
        story.open_account(("40", "30"))
    browser = sign_in(app, story.preparer)
    db.session.commit()
    with counted_queries() as seen:
        assert browser.get("/reports").status_code == 200
    assert len(seen) <= 8, "\n".join(seen)


def test_a_comment_takes_a_line_off_the_card(app: Flask, story: Story) -> None:
    report = story.open(("40", "30"))
    (line,) = story.lines(report)
    drafts.save_lines(
        report, [LineDraft(line.uid, line.version, line.chargeable_units, "A trial")], story.by(story.preparer), AT
    )
    assert "Ready to submit." in sign_in(app, story.preparer).get("/reports").text
