"""Many lines at once: blocks from a spreadsheet, filling down, one comment for several lines, a table to take along."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from distributor.usage_reports.queries import ReportRow
from tests.factories import Story
from tests.journeys.grid import SAVED, comment, never_saves_by_itself, paste, said, units, values
from tests.journeys.site import Site

COPIED = """() => new Promise((resume) => {
    document.addEventListener("copy", (event) => resume(event.clipboardData.getData("text/plain")), {once: true});
    document.execCommand("copy");
})"""


@pytest.fixture
def report(story: Story) -> ReportRow:
    return story.open(("400", "290"), ("40", None), ("12", None), ("9", None))


@pytest.fixture
def page(site: Site, story: Story, report: ReportRow) -> Page:
    page = site.member(story.preparer)
    page.goto(f"/reports/{report.uid}")
    never_saves_by_itself(page)
    return page


def test_a_block_fills_figures_and_comments(page: Page, story: Story, report: ReportRow) -> None:
    paste(units(page), '301\tTrial until May\n38\t"Two seats\nreturned ""late"""\n12\t\n')
    assert values(page) == ["301", "38", "12", "9"]
    expect(comment(page)).to_have_value("Trial until May")
    expect(comment(page, 1)).to_have_value('Two seats\nreturned "late"')
    page.get_by_role("button", name="Save Draft").click()
    said(page, SAVED)
    assert [line.comment for line in story.lines(report)][:2] == ["Trial until May", 'Two seats\nreturned "late"']


def test_text_for_a_number_is_refused_cell_by_cell_and_counted(page: Page) -> None:
    paste(units(page), "301\nabout forty\n-3\n8\n")
    assert values(page) == ["301", "40", "12", "8"]
    toast = page.locator("#toasts")
    expect(toast).to_contain_text("2 values pasted.")
    expect(toast).to_contain_text("2 values do not fit as numbers of units and were left out.")


def test_columns_and_rows_without_a_place_are_counted(page: Page) -> None:
    paste(units(page, 2), "11\t1.5\t17\n8\t2\t18\n7\t3\t19\n")
    assert values(page) == ["290", "40", "11", "8"]
    expect(page.locator("#toasts")).to_contain_text("2 columns have no place here and were left out. 1 row had no line")


def test_undo_takes_a_whole_block_back(page: Page) -> None:
    paste(units(page), "1\n2\n3\n4\n")
    page.get_by_role("button", name="Undo").click()
    assert values(page) == ["290", "40", "12", "9"]


def test_ten_thousand_pasted_rows_leave_the_page_fluent(site: Site, story: Story) -> None:
    report = story.open(*[("40", None)] * 600)
    page = site.member(story.preparer)
    page.goto(f"/reports/{report.uid}")
    expect(page.locator("tr.line")).to_have_count(600)
    never_saves_by_itself(page)
    paste(units(page), "\n".join(["41\tMore than planned"] * 10_000))
    expect(page.locator("#announcer")).to_contain_text("9,400 rows had no line left.")
    said(page, "1,200 unsaved changes")
    page.get_by_role("button", name="Save Draft").click()
    said(page, SAVED)
    assert {line.chargeable_units for line in story.lines(report)} == {41}


def test_one_comment_is_written_on_all_selected_lines(page: Page) -> None:
    units(page).focus()
    for _ in range(2):
        page.keyboard.press("Shift+ArrowDown")
    expect(page.get_by_role("group", name="Selected lines")).to_contain_text("3 lines selected")
    page.keyboard.press("c")
    page.keyboard.type("Moved to another contract")
    page.keyboard.press("Enter")
    for number in range(3):
        expect(comment(page, number)).to_have_value("Moved to another contract")
    expect(comment(page, 3)).to_have_value("")
    expect(page.get_by_role("group", name="Selected lines")).to_be_hidden()
    expect(comment(page)).to_be_focused()


def test_a_figure_is_filled_down_over_the_selection_or_from_the_line_above(page: Page) -> None:
    units(page, 1).fill("7")
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Control+d")
    assert values(page) == ["290", "7", "7", "7"]
    page.keyboard.press("Escape")
    units(page, 1).focus()
    page.keyboard.press("Control+d")
    assert values(page) == ["290", "290", "7", "7"]


def test_lines_are_selected_with_the_mouse(page: Page) -> None:
    names = page.locator("tr.line th a")
    names.nth(0).click(modifiers=["Control"])
    names.nth(2).click(modifiers=["Shift"])
    expect(page.locator("tr.line[aria-selected=true]")).to_have_count(3)
    names.nth(1).click(modifiers=["Control"])
    expect(page.locator("tr.line[aria-selected=true]")).to_have_count(2)
    page.get_by_role("button", name="Clear", exact=True).click()
    expect(page.locator("tr.line[aria-selected=true]")).to_have_count(0)


def test_selected_lines_are_copied_as_a_table(page: Page) -> None:
    comment(page).fill('A trial\tof "sorts"')
    units(page).focus()
    page.keyboard.press("Shift+ArrowDown")
    head, first, *rest = page.evaluate(COPIED).split("\n")
    assert head.split("\t")[3:] == ["Provisioned", "Used", "Chargeable", "Difference", "Amount", "Comment"]
    assert first.split("\t")[3:7] == ["400", "290", "290", "-110"]
    assert first.endswith('"A trial\tof ""sorts"""')
    assert len(rest) == 1


def test_the_list_of_keys_opens_and_letters_can_be_switched_off(page: Page) -> None:
    units(page).focus()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.get_by_label("Single letters are keys").uncheck()
    page.keyboard.press("Escape")
    expect(units(page)).to_be_focused()
    page.keyboard.press("c")
    expect(units(page)).to_be_focused()


def test_e_asks_for_the_evidence_of_the_line_and_the_focus_comes_back(page: Page) -> None:
    page.evaluate("document.addEventListener('line:open', (event) => { window.asked = event.detail.id; })")
    units(page, 1).focus()
    page.keyboard.press("e")
    asked = page.evaluate("window.asked")
    assert asked == page.locator("tr.line").nth(1).get_attribute("id").removeprefix("l-")  # type: ignore[union-attr]  # rows have ids
    page.evaluate("id => document.dispatchEvent(new CustomEvent('line:leave', {detail: {id}}))", asked)
    expect(comment(page, 1)).to_be_focused()
