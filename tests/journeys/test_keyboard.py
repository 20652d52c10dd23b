"""Everything by keyboard alone, in real Chromium: the focus is never lost, and what changed is said."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, Route, expect
from sqlalchemy import select

from distributor.accounts.models import Account
from distributor.database import db
from distributor.usage_reports.queries import REPORT, ReportRow
from tests.distributor.usage_reports.reviewing import submitted
from tests.factories import Story
from tests.journeys.grid import SAVED, said
from tests.journeys.site import Site

FOCUSED = """() => {
  const at = document.activeElement;
  return (at.labels?.[0]?.textContent || at.getAttribute('aria-label') || at.textContent).replace(/\\s+/g, ' ').trim();
}"""
TABS = 90


def focused(page: Page) -> str:
    """What has the focus, as it is called. Fails where the focus was lost to the page."""
    assert page.evaluate("document.activeElement !== document.body"), "The focus is lost."
    return str(page.evaluate(FOCUSED)).replace("\u00a0", " ")


def tab_to(page: Page, name: str) -> None:
    """Go on with Tab until what is called `name` has the focus."""
    seen = []
    for _ in range(TABS):
        page.keyboard.press("Tab")
        seen.append(str(page.evaluate(FOCUSED)).replace("\u00a0", " "))
        if re.search(name, seen[-1]):
            return
    raise AssertionError(f"Tab never came to “{name}”, only to {seen}")


def press(page: Page, name: str, key: str = "Enter") -> None:
    tab_to(page, name)
    page.keyboard.press(key)


def status(report: ReportRow) -> str:
    db.session.rollback()
    return str(db.session.scalar(select(REPORT.c.status).where(REPORT.c.id == report.id)))


@pytest.fixture
def report(story: Story) -> ReportRow:
    return story.open(("400", "290"), ("40", "20"), ("12", None))


@pytest.fixture
def page(site: Site, story: Story, report: ReportRow) -> Page:
    """The report in front of the MSP, as its scripts have made it."""
    page = site.member(story.preparer)
    page.goto(f"/reports/{report.uid}")
    page.locator("[data-grid]").wait_for()
    return page


def test_the_msp_explains_all_and_submits(page: Page, report: ReportRow) -> None:
    for words in ("Reserved for a depot", "Twenty seats are spare"):
        page.keyboard.press("n")
        assert page.evaluate("document.activeElement.matches('textarea.comment')")
        page.keyboard.type(words)
        page.keyboard.press("Enter")
        page.keyboard.press("Escape")
        focused(page)
        page.evaluate("document.activeElement.closest('tr').querySelector('.units').focus()")
    press(page, "^Submit$")
    expect(page.get_by_text("Submitted. Your distributor has been told.")).to_be_visible()
    assert status(report) == "under_review"


def test_the_drawer_opens_with_e_and_gives_the_focus_back(page: Page) -> None:
    page.keyboard.press("n")
    expect(page.locator("textarea.comment").first).to_be_focused()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("e")
    expect(page.locator("#line-comment")).to_be_focused()
    page.keyboard.type("Reserved for a depot")
    press(page, "^Save$")
    expect(page.locator("#drawer-title")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#line-drawer")).to_be_hidden()
    assert page.evaluate("document.activeElement.closest('tr.line') !== null")


def test_the_focus_outlives_saving_filtering_grouping_and_dialogs(page: Page) -> None:
    page.keyboard.press("n")
    page.keyboard.type("Reserved for a depot")
    page.keyboard.press("Control+s")
    said(page, SAVED)
    expect(page.locator("#announcer")).to_have_text("Draft saved.")
    expect(page.locator("textarea.comment").first).to_be_focused()
    page.locator("body").press("Tab")
    page.get_by_role("button", name="Discrepancies").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#announcer")).to_contain_text("2 lines")
    assert "Discrepancies" in focused(page)
    press(page, "^Product$")
    assert focused(page) == "Product"
    press(page, "^All keys")
    page.keyboard.press("Escape")
    assert focused(page).startswith("All keys")


def test_what_a_search_finds_is_said_and_clearing_it_keeps_the_focus(page: Page) -> None:
    page.keyboard.press("/")
    page.keyboard.type("nothing of that name")
    expect(page.locator("#announcer")).to_have_text("0 lines shown")
    press(page, "^Clear filters$")
    assert focused(page) == "Search customer, product or SKU"


def test_a_conflict_is_said_and_answered(page: Page, site: Site, story: Story, report: ReportRow) -> None:
    colleague = site.member(story.preparer)
    colleague.goto(f"/reports/{report.uid}")
    colleague.locator("textarea.comment").first.fill("From a colleague")
    colleague.keyboard.press("Control+s")
    said(colleague, SAVED)
    page.keyboard.press("n")
    page.keyboard.type("Mine")
    page.keyboard.press("Control+s")
    expect(page.locator(".conflict[role=alert]")).to_be_visible()
    press(page, "^Take theirs$")
    expect(page.locator(".conflict")).to_have_count(0)
    assert page.evaluate("document.activeElement.closest('tr.line') !== null")


def test_the_skip_link_leads_past_the_navigation(page: Page) -> None:
    page.goto("/reports")
    page.keyboard.press("Tab")
    assert focused(page) == "Skip to content"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")


def test_a_reviewer_ticks_and_approves_from_the_queue(site: Site, story: Story) -> None:
    report = submitted(story, ("40", None))
    page = site.member(story.reviewer)
    page.goto("/review")
    press(page, "Select all clean reports", "Space")
    expect(page.locator("[data-bulk-count]")).to_have_text("1 clean report selected")
    press(page, "^Approve 1 report$")
    expect(page.get_by_text("1 report approved. Its figures are final")).to_be_visible()
    assert status(report) == "approved"


def test_a_reviewer_flags_a_line_and_rejects(site: Site, story: Story) -> None:
    report = submitted(story, ("400", "290"), ("40", None))
    page = site.member(story.reviewer)
    page.goto(f"/review/{report.uid}")
    press(page, "^Flag with a note")
    expect(page.locator("[data-note]").first).to_be_focused()
    page.keyboard.type("Send the order")
    tab_to(page, "^Show 1 line$")
    page.keyboard.press("Enter")
    expect(page.locator("tr.line")).to_have_count(2)
    focused(page)
    tab_to(page, "^Reason, shown to the MSP")
    page.keyboard.type("One line is open")
    press(page, "^Reject with 1 note$")
    expect(page.get_by_text("rejected with 1 note. The MSP")).to_be_visible()
    assert status(report) == "rejected"


def test_an_admin_changes_a_term(site: Site, story: Story) -> None:
    page = site.member(story.admin)
    page.goto(f"/accounts/{story.account.uid}")
    press(page, "^Change terms$")
    page.wait_for_url("**/terms")
    tab_to(page, "^Days until automatic submission")
    page.keyboard.press("Control+a")
    page.keyboard.type("14")
    press(page, "^See what this changes$")
    page.get_by_role("button", name="Save 1 change").wait_for()
    press(page, "^Save 1 change$")
    expect(page.get_by_text("1 change saved.")).to_be_visible()
    db.session.rollback()
    assert db.session.get_one(Account, story.account.id).auto_submit_after_days == 14


def test_single_letters_are_switched_off_for_every_page(page: Page, site: Site, story: Story) -> None:
    page.keyboard.press("?")
    page.get_by_label("Single letters are keys").uncheck()
    page.goto("/reports")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement === document.body")


def test_lines_on_their_way_are_told_of(site: Site, story: Story) -> None:
    report = story.open(("400", "290"), *[("40", None)] * 300)
    page = site.member(story.preparer)
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route(re.compile(r"/rest(\?|$)"), hold)
    with page.expect_request(re.compile(r"/rest(\?|$)")):
        page.goto(f"/reports/{report.uid}", wait_until="commit")
    expect(page.get_by_text("The other lines are being loaded")).to_be_visible()
    held[0].continue_()
    expect(page.get_by_text("The other lines are being loaded")).to_have_count(0)
    expect(page.locator("tr.line")).to_have_count(301)
