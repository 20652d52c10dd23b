"""The MSP's way through a report: sign in, look, change, explain, submit, take it back."""

from __future__ import annotations

import re
from itertools import groupby

import pytest
from playwright.sync_api import Page, expect

from distributor.database import db
from distributor.identity import operations
from distributor.identity.models import User
from distributor.usage_reports.queries import ReportRow
from tests.factories import Story, product
from tests.journeys.grid import actions
from tests.journeys.site import Site, follow, press

SAVED = re.compile(r"^Saved at \d\d:\d\d$")
PASSWORD = "five seals on a rock"


@pytest.fixture
def report(story: Story) -> ReportRow:
    """Three lines: 400 provisioned of which 290 are used, 40, and 12."""
    return story.open(("400", "290"), ("40", None), ("12", None))


@pytest.fixture
def page(site: Site, story: Story, report: ReportRow) -> Page:
    page = site.member(story.preparer)
    page.goto(f"/reports/{report.uid}")
    return page


def units(page: Page, story: Story, report: ReportRow, number: int = 0) -> str:
    """Selector of the `number`-th line's chargeable units."""
    return f"[name='u-{story.lines(report)[number].uid}']"


def comment(page: Page, story: Story, report: ReportRow, number: int = 0) -> str:
    return f"[name='c-{story.lines(report)[number].uid}']"


def test_the_msp_signs_in_explains_submits_and_takes_it_back(site: Site, story: Story, report: ReportRow) -> None:
    operations.set_password(db.session.get_one(User, story.preparer.user_id), PASSWORD)
    db.session.commit()
    page = site.visitor()
    page.goto("/reports")
    sign_in(page, story.preparer.email)
    follow(page, "October 2026")
    explain_and_submit(page, story, report)
    expect(page.get_by_text("Submitted. Your distributor has been told.")).to_be_visible()
    expect(page.get_by_role("button", name="Submit")).to_have_count(0)
    page.get_by_role("button", name="Recall").click()
    expect(page.get_by_text("You can edit the report again.")).to_be_visible()
    # Whoever is slow is saved in between.
    assert [step for step, _repeated in groupby(actions(report))] == ["open", "save", "submit", "recall"]


def sign_in(page: Page, email: str) -> None:
    page.get_by_label("Work e-mail").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    press(page, "Sign in")


def explain_and_submit(page: Page, story: Story, report: ReportRow) -> None:
    """Change the first line, be led to its comment by Submit, write it, save and submit."""
    page.locator(units(page, story, report)).fill("300")
    expect(page.locator("[data-gate-text]")).to_have_text("Submit needs 1 comment")
    page.get_by_role("button", name="Submit").click()
    expect(page.locator(comment(page, story, report))).to_be_focused()
    page.keyboard.type("100 seats are reserved for a depot")
    expect(page.locator("[data-gate-text]")).to_have_text("Ready to submit")
    page.get_by_role("button", name="Save Draft").click()
    expect(page.locator("[data-changes-text]")).to_have_text(SAVED)
    page.get_by_role("button", name="Submit").click()


def test_a_changed_figure_shows_at_once_what_it_costs(page: Page, story: Story, report: ReportRow) -> None:
    page.locator(units(page, story, report, 1)).fill("30")
    line = page.locator(f"#l-{story.lines(report)[1].uid}")
    expect(line).to_have_attribute("data-state", "need")
    expect(line.locator(".difference")).to_contain_text("−10")
    expect(page.locator("[data-risk-penalty]")).to_have_text("+ 342.00")
    expect(page.locator("[data-figure=not_charged]")).to_have_text("342.00")
    expect(page.locator("[data-changes-text]")).to_have_text("1 unsaved change")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(units(page, story, report, 1))).to_have_value("40")


def test_a_double_click_on_submit_is_one_action(page: Page, story: Story, report: ReportRow) -> None:
    page.locator(comment(page, story, report)).fill("Reserved for a depot")
    page.get_by_role("button", name="Submit").dblclick()
    expect(page.get_by_text("Submitted. Your distributor has been told.")).to_be_visible()
    assert actions(report) == ["open", "save", "submit"]


def test_what_is_no_number_is_marked_and_nothing_is_saved(page: Page, story: Story, report: ReportRow) -> None:
    page.locator(units(page, story, report, 1)).fill("3,5")
    expect(page.get_by_text("Write a number of units, such as 40.")).to_be_visible()
    page.get_by_role("button", name="Save Draft").click()
    expect(page.get_by_text("Correct the marked figures first.")).to_be_visible()
    assert actions(report) == ["open"]


def test_a_column_from_a_spreadsheet_fills_downwards(page: Page, story: Story, report: ReportRow) -> None:
    first = page.locator(".units").first
    first.focus()
    first.evaluate("""field => {
        const clipboardData = new DataTransfer();
        clipboardData.setData("text/plain", "301\\n38\\n11\\n");
        field.dispatchEvent(new ClipboardEvent("paste", {clipboardData, bubbles: true, cancelable: true}));
    }""")
    assert [field.input_value() for field in page.locator(".units").all()] == ["301", "38", "11"]


def test_save_and_submit_need_nothing_but_a_keyboard(page: Page, story: Story, report: ReportRow) -> None:
    page.keyboard.press("n")
    expect(page.locator(comment(page, story, report))).to_be_focused()
    page.keyboard.type("Reserved for a depot")
    press_until_focused(page, "Save Draft")
    page.keyboard.press("Enter")
    expect(page.locator("[data-changes-text]")).to_have_text(SAVED)
    press_until_focused(page, "Submit")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Submitted. Your distributor has been told.")).to_be_visible()


def press_until_focused(page: Page, button: str) -> None:
    """Tab onwards until `button` has the focus."""
    for _ in range(40):
        if page.evaluate("document.activeElement.textContent.trim()") == button:
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab never came to {button}")


def test_arrows_and_enter_walk_the_column(page: Page, story: Story, report: ReportRow) -> None:
    fields = page.locator(".units")
    fields.first.focus()
    page.keyboard.press("ArrowDown")
    expect(fields.nth(1)).to_be_focused()
    page.keyboard.press("Enter")
    expect(fields.nth(2)).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(fields.nth(1)).to_be_focused()


def test_a_phone_shows_lines_as_cards_without_scrolling_sideways(site: Site, story: Story, report: ReportRow) -> None:
    page = site.member(story.preparer, width=390)
    page.goto(f"/reports/{report.uid}")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.locator(comment(page, story, report)).fill("Reserved for a depot")
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_text("Submitted. Your distributor has been told.")).to_be_visible()


def test_a_long_report_is_usable_before_all_its_lines_are_here(site: Site, story: Story) -> None:
    report = story.open(("400", "290"), *[("40", None)] * 300)
    page = site.member(story.preparer)
    page.goto(f"/reports/{report.uid}")
    expect(page.locator("tr.line")).to_have_count(301)
    page.locator("[data-filter=need]").click()
    expect(page.locator("tr.line:visible")).to_have_count(1)
    page.locator("[data-filter=all]").click()
    name = story.lines(report)[-1].customer_name
    page.get_by_label("Search customer, product or SKU").fill(str(name))
    expect(page.locator("tr.line:visible")).to_have_count(1)
    page.get_by_label("Search customer, product or SKU").fill("nobody has this name")
    page.get_by_role("button", name="Clear filters").click()
    expect(page.locator("[data-no-match]")).to_be_hidden()


def test_lines_stand_below_their_customer_or_product_as_one_likes(page: Page) -> None:
    page.get_by_role("button", name="Customer", exact=True).click()
    expect(page.locator(".group-row:visible")).to_have_count(3)
    expect(page.get_by_text("1 needs a comment")).to_be_visible()
    page.get_by_role("button", name="None", exact=True).click()
    expect(page.locator(".group-row:visible")).to_have_count(0)
    expect(page.locator("tr.line:visible")).to_have_count(3)


def test_a_line_counted_by_hand_comes_and_goes(site: Site, story: Story) -> None:
    product(story.distributor, "HAND-1", usage_source="manual")
    report = story.open(("40", None))
    page = site.member(story.preparer)
    page.goto(f"/reports/{report.uid}")
    page.get_by_text("Add a line counted by hand").click()
    page.get_by_label("Customer", exact=True).fill("new-one")
    page.get_by_label("Name of a new customer").fill("New One Ltd")
    page.get_by_label("Chargeable units").last.fill("7,5")
    page.get_by_role("button", name="Add line").click()
    expect(page.get_by_label("Name of a new customer")).to_have_value("New One Ltd")
    page.get_by_label("Chargeable units").last.fill("7")
    page.get_by_role("button", name="Add line").click()
    expect(page.get_by_text("Line added.")).to_be_visible()
    page.get_by_role("button", name=re.compile("Remove line")).click()
    expect(page.locator("tr.line", has_text="New One Ltd")).to_have_count(0)
