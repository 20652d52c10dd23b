"""The drawer: what speaks for a line is opened with a key, answered, carried forward, and left where one came from."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from distributor.database import db
from distributor.usage_reports.operations import drafts, steps
from distributor.usage_reports.operations.drafts import LineDraft
from distributor.usage_reports.queries import ReportRow
from tests.factories import CYCLE, OPENED_AT, Story, customer, product, usage
from tests.journeys.site import Site
from workflows.report_cycle import Cycle

WORDS = "100 seats are reserved for a depot"
NOVEMBER = CYCLE.next()
AT = OPENED_AT + timedelta(days=1)


class TwoLines(Story):
    """Two customers with one product each, both charged on less than is provisioned."""

    def __init__(self) -> None:
        super().__init__(tolerance_units=2, tolerance_percent=2)
        self.held = [
            (customer(self.account, name), product(self.distributor, sku), *figures)
            for name, sku, figures in (
                ("Shannon Freight", "WFS", ("400", "300")),
                ("Curragh Motors", "M365", ("64", "58")),
            )
        ]

    def open_in(self, cycle: Cycle) -> ReportRow:
        usage(self.account, self.held, cycle=cycle)
        return self.open_cycle(cycle, OPENED_AT.replace(month=cycle.month))


@pytest.fixture
def story(site: Site) -> TwoLines:
    return TwoLines()


@pytest.fixture
def report(story: TwoLines) -> ReportRow:
    return story.open_in(CYCLE)


@pytest.fixture
def page(site: Site, story: TwoLines, report: ReportRow) -> Page:
    page = site.member(story.preparer)
    page.goto(f"/reports/{report.uid}")
    page.locator("[data-grid]").wait_for()
    return page


def units(page: Page, story: TwoLines, report: ReportRow, number: int = 0) -> str:
    return f"[name='u-{story.lines(report)[number].uid}']"


def save(page: Page) -> None:
    """Leave nothing unsaved behind that the page would still send while the test ends."""
    page.get_by_role("button", name="Save Draft").click()
    expect(page.locator("[data-changes]")).not_to_have_class(re.compile("is-unsaved"))


def open_with_e(page: Page, field: str) -> None:
    page.locator(field).focus()
    page.keyboard.press("e")
    expect(page.locator("#drawer-title")).to_be_visible()


def test_a_line_is_explained_carried_forward_and_left_without_a_mouse(
    page: Page, story: TwoLines, report: ReportRow
) -> None:
    first = units(page, story, report)
    open_with_e(page, first)
    expect(page.get_by_text("Comment needed, 1 of 2")).to_be_visible()
    expect(page.locator("#line-comment")).to_be_focused()
    page.keyboard.type(WORDS)
    expect(page.locator(f"[name='c-{story.lines(report)[0].uid}']")).to_have_value(WORDS)
    page.locator("#line-carry").check()
    page.locator("#line-until").select_option(label="31 Dec 2026")
    page.locator("#line-comment").focus()
    page.keyboard.press("Control+Enter")
    expect(page.locator("#drawer-title")).to_have_text("Product M365")
    expect(page.locator("#line-comment")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#line-drawer")).to_be_hidden()
    expect(page.locator("tr.line", has_text="Curragh").locator("textarea")).to_be_focused()
    assert carried(story, report) == [(WORDS, "2026-12-31"), (None, None)]


def carried(story: TwoLines, report: ReportRow) -> list[tuple[str | None, str | None]]:
    db.session.rollback()
    lines = story.lines(report)
    return [(line.comment, line.carried_until and line.carried_until.isoformat()) for line in lines]


def test_next_months_line_starts_with_the_words_and_their_mark(site: Site, story: TwoLines, report: ReportRow) -> None:
    line = story.lines(report)[0]
    draft = LineDraft(line.uid, comment=WORDS, carry_until=AT.date().replace(month=12, day=31))
    drafts.save_lines(story.report(report), [draft], story.by(story.preparer), AT)
    november = story.open_in(NOVEMBER)
    page = site.member(story.preparer)
    page.goto(f"/reports/{november.uid}")
    row = page.locator("tr.line", has_text="Shannon")
    expect(row).to_have_attribute("data-state", "explained")
    expect(row.get_by_text("until 31 Dec")).to_be_visible()
    page.locator(units(page, story, november)).fill("250")
    expect(row).to_have_attribute("data-state", "need")
    save(page)


def test_figures_typed_beside_the_drawer_show_in_its_sum(page: Page, story: TwoLines, report: ReportRow) -> None:
    first = units(page, story, report)
    open_with_e(page, first)
    page.locator(first).fill("290")
    expect(page.locator("[data-sum=difference]")).to_have_text("110")
    expect(page.locator("[data-sum=worth]")).to_contain_text("313.50")
    page.get_by_role("button", name="Close").click()
    save(page)


def test_the_reviewer_reads_the_evidence_beside_the_report(site: Site, story: TwoLines, report: ReportRow) -> None:
    given = [LineDraft(line.uid, comment=WORDS) for line in story.lines(report)]
    drafts.save_lines(story.report(report), given, story.by(story.preparer), AT)
    steps.submit(story.report(report), story.by(story.preparer), AT)
    page = site.member(story.reviewer)
    page.goto(f"/review/{report.uid}")
    link = page.get_by_role("link", name="Show evidence Shannon Freight")
    link.click()
    drawer = page.locator("#line-drawer")
    expect(drawer.get_by_role("heading", name="Product WFS")).to_be_focused()
    expect(drawer.get_by_text(WORDS, exact=True)).to_be_visible()
    expect(drawer.locator("textarea")).to_have_count(0)
    drawer.get_by_role("button", name="Next line").click()
    expect(drawer.get_by_role("heading", name="Product M365")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="Show evidence Curragh Motors")).to_be_focused()


def test_a_line_that_cannot_be_loaded_says_so_and_can_be_asked_for_again(
    site: Site, page: Page, story: TwoLines, report: ReportRow
) -> None:
    page.route("**/lines/**", lambda route: route.abort())
    page.locator(units(page, story, report)).focus()
    page.keyboard.press("e")
    expect(page.get_by_role("button", name="Try again")).to_be_focused()
    page.unroute("**/lines/**")
    page.keyboard.press("Enter")
    expect(page.locator("#drawer-title")).to_have_text("Product WFS")
    site.complaints.clear()  # the browser's own word on the request that was cut


def test_a_phone_gives_the_whole_width_to_the_line(site: Site, story: TwoLines, report: ReportRow) -> None:
    page = site.member(story.preparer, width=390)
    page.goto(f"/reports/{report.uid}")
    page.locator("tr.line th a").first.click()
    expect(page.locator("#drawer-title")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("button", name="Close").click()
    expect(page.locator("#line-drawer")).to_be_hidden()


def test_without_scripts_the_line_is_a_page_that_saves(site: Site, story: TwoLines, report: ReportRow) -> None:
    page = site.member(story.preparer, scripts=False)
    page.goto(f"/reports/{report.uid}")
    page.locator("tr.line th a", has_text="Shannon").click()
    page.get_by_label("Your comment").fill(WORDS)
    page.get_by_label("Carry forward until", exact=True).check()
    page.get_by_role("button", name="Save line").click()
    expect(page.get_by_text("Line saved.")).to_be_visible()
    assert carried(story, report)[0] == (WORDS, "2026-11-30")
