"""The search over any page, by keyboard alone; and the same without scripts."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from distributor.usage_reports.queries import ReportRow
from tests.factories import Story, customer, product, usage
from tests.journeys.axe import found_by_axe
from tests.journeys.site import Site


@pytest.fixture
def report(story: Story) -> ReportRow:
    """Two lines: Harbour Dental and Harbour Freight hold seats."""
    seats = product(story.distributor, "SEAT-1", name="Seats")
    usage(
        story.account,
        [(customer(story.account, f"Harbour {name}"), seats, "40", None) for name in ("Dental", "Freight")],
    )
    return story.open_cycle()


@pytest.fixture
def page(site: Site, story: Story, report: ReportRow) -> Page:
    page = site.member(story.preparer)
    page.goto("/words")
    return page


def chosen(page: Page) -> str:
    """The words of the option that the field points at."""
    active = page.get_by_role("combobox").get_attribute("aria-activedescendant")
    return page.locator(f"#{active} b").inner_text() if active else ""


def test_by_keyboard_from_anywhere_to_the_line(page: Page, story: Story, report: ReportRow) -> None:
    page.keyboard.press("Control+k")
    field = page.get_by_role("combobox")
    expect(field).to_be_focused()
    page.keyboard.insert_text("harb")  # at once: who pauses between letters is shown what matches the first ones
    expect(page.locator("[data-palette-said]")).to_have_text("2 results")
    assert chosen(page) == "Harbour Dental"
    page.keyboard.press("ArrowDown")
    assert chosen(page) == "Harbour Freight"
    page.keyboard.press("ArrowDown")
    assert chosen(page) == "Harbour Dental"
    page.keyboard.press("Enter")
    line = next(line for line in story.lines(report) if line.customer_name == "Harbour Dental")
    expect(page).to_have_url(re.compile(f"/reports/{report.uid}#l-{line.uid}$"))


def test_an_empty_box_suggests_what_waits_and_escape_leads_back(page: Page, report: ReportRow) -> None:
    page.get_by_role("button", name="Search").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("option")).to_have_count(1)
    expect(page.locator("[data-palette-said]")).to_have_text("1 report waits for you")
    assert chosen(page) == ""
    assert found_by_axe(page) == []
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("button", name="Search")).to_be_focused()


def test_enter_without_a_choice_opens_the_page_of_results(page: Page) -> None:
    page.keyboard.press("Control+k")
    page.keyboard.type("zzzz")
    expect(page.locator("[data-palette-said]")).to_contain_text("Nothing that you may see matches")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/search\\?q=zzzz$"))
    expect(page.get_by_text("Nothing that you may see matches “zzzz”.")).to_be_visible()


def test_a_search_that_fails_says_so_and_keeps_the_words(site: Site, page: Page) -> None:
    page.keyboard.press("Control+k")
    expect(page.get_by_role("option")).to_have_count(1)
    page.context.set_offline(True)
    page.keyboard.type("harb")
    expect(page.locator("[data-palette-said]")).to_contain_text("The search did not answer.")
    expect(page.get_by_role("combobox")).to_have_value("harb")
    site.complaints.clear()


def test_slash_stays_the_pages_own_search(page: Page) -> None:
    page.goto("/reports")
    page.keyboard.press("/")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_without_scripts_the_box_is_a_form(site: Site, story: Story, report: ReportRow) -> None:
    page = site.member(story.preparer, scripts=False)
    page.goto("/words")
    page.get_by_role("searchbox", name="Search everywhere").first.fill("october 2026")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="October 2026, Meridian Cloud Distribution").click()
    expect(page).to_have_url(re.compile(f"/reports/{report.uid}$"))
