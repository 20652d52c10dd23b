"""A draft that saves itself: through reloads, lost connections, ended sessions, other tabs and other people."""

from __future__ import annotations

import re
from contextlib import suppress

import pytest
from playwright.sync_api import Error, Page, expect

from distributor import clock
from distributor.database import db
from distributor.usage_reports.operations import steps
from distributor.usage_reports.queries import ReportRow
from tests.factories import Story, member
from tests.journeys.grid import SAVED, actions, comment, never_saves_by_itself, said, saves_within, units
from tests.journeys.site import Site, follow, until_kept
from workflows.usage_report import Role

UNREACHABLE = re.compile(r"Failed to load resource: (net::|the server responded with a status of (400|401|409) )")


@pytest.fixture
def report(story: Story) -> ReportRow:
    return story.open(("400", "290"), ("40", None), ("12", None))


@pytest.fixture
def page(site: Site, story: Story, report: ReportRow) -> Page:
    site.expected = UNREACHABLE
    page = site.member(story.preparer)
    page.goto(f"/reports/{report.uid}")
    return page


def test_what_is_typed_saves_itself_and_is_there_after_a_reload(page: Page, story: Story, report: ReportRow) -> None:
    saves_within(page, 20)
    units(page, 1).fill("39")
    comment(page).fill("Reserved for a depot")
    said(page, SAVED)
    page.reload()
    expect(units(page, 1)).to_have_value("39")
    expect(comment(page)).to_have_value("Reserved for a depot")
    said(page, "All changes are saved")


def test_a_reload_before_anything_is_saved_loses_no_key(page: Page, story: Story, report: ReportRow) -> None:
    page.route("**/save", lambda route: route.abort())
    units(page, 1).press_sequentially("7")
    page.reload()
    expect(units(page, 1)).to_have_value("740")
    expect(page.locator("#announcer")).to_have_text("1 change that was not saved yet is back.")
    page.unroute("**/save")
    page.get_by_role("button", name="Save Draft").click()
    said(page, re.compile(r"^(Saved at .*|All changes are saved)$"))
    assert story.lines(report)[1].chargeable_units == 740


def test_a_page_that_is_left_takes_its_draft_along(page: Page, story: Story, report: ReportRow) -> None:
    never_saves_by_itself(page)
    units(page, 1).fill("39")
    page.get_by_role("link", name="Notifications").click()
    expect(page.get_by_role("heading", name="Notifications")).to_be_visible()
    until_kept(page, f"/reports/{report.uid}", 'value="39"')
    page.goto(f"/reports/{report.uid}")
    expect(units(page, 1)).to_have_value("39")


def test_without_a_connection_changes_are_kept_and_go_when_it_is_back(page: Page, report: ReportRow) -> None:
    saves_within(page, 20)
    page.context.set_offline(True)
    units(page, 1).fill("39")
    comment(page).fill("Reserved for a depot")
    said(page, re.compile(r"^No connection: your 2 changes are kept in this browser, next attempt in \d+ s$"))
    page.context.set_offline(False)
    said(page, SAVED)
    assert actions(report) == ["open", "save"]


def test_after_a_session_ended_the_changes_wait_and_are_put_back(
    site: Site, page: Page, story: Story, report: ReportRow
) -> None:
    session = next(cookie["value"] for cookie in page.context.cookies() if cookie["name"] == "sid")
    page.context.clear_cookies(name="sid")
    saves_within(page, 20)
    units(page, 1).fill("39")
    expect(page.get_by_text("Your session has ended. Your change is kept in this browser")).to_be_visible()
    follow(page, "Sign in and come back")
    page.context.add_cookies([{"name": "sid", "value": session, "url": site.url}])
    page.goto(page.url)  # to whom is signed in the door leads straight back
    expect(page.get_by_text("1 change that was not saved is still here.")).to_be_visible()
    page.get_by_role("button", name="Put them back").click()
    said(page, SAVED)
    assert story.lines(report)[1].chargeable_units == 39


def after_a_crash(page: Page) -> Page:
    """The same page in the same browser, after it ended without a chance to save."""
    address, again = page.url, page.context.new_page()
    with page.expect_event("crash"), suppress(Error):  # a page that crashes never arrives
        page.goto("chrome://crash")
    again.goto(address)
    return again


def test_changes_of_an_earlier_visit_can_be_thrown_away(page: Page) -> None:
    never_saves_by_itself(page)
    units(page, 1).fill("39")
    page = after_a_crash(page)
    page.get_by_role("button", name="Throw away").click()
    page = after_a_crash(page)
    expect(units(page, 1)).to_have_value("40")
    expect(page.get_by_role("button", name="Put them back")).to_have_count(0)


def test_a_line_that_moved_on_meanwhile_is_not_overwritten_when_changes_are_put_back(
    site: Site, page: Page, story: Story, report: ReportRow
) -> None:
    page.route("**/save", lambda route: route.abort())
    units(page, 1).fill("39")
    save_as_colleague(site, story, report, "38")
    page = after_a_crash(page)
    page.get_by_role("button", name="Put them back").click()
    expect(page.get_by_text("Now saved: 38")).to_be_visible()
    expect(units(page, 1)).to_have_value("39")


def test_two_people_on_one_line_see_both_figures_and_choose(
    site: Site, page: Page, story: Story, report: ReportRow
) -> None:
    saves_within(page, 20)
    save_as_colleague(site, story, report, "39")
    units(page, 1).fill("41")
    expect(page.get_by_text("Now saved: 39, “no comment”.")).to_be_visible()
    units(page, 2).fill("11")  # other lines are not held up
    said(page, "1 unsaved change")
    page.get_by_role("button", name="Keep mine").click()
    said(page, SAVED)
    assert [line.chargeable_units for line in story.lines(report)] == [290, 41, 11]


def save_as_colleague(site: Site, story: Story, report: ReportRow, figure: str) -> None:
    """Somebody else of the same company saves the second line, and leaves."""
    other = site.member(member(story.msp, Role.PREPARER))
    other.goto(f"/reports/{report.uid}")
    units(other, 1).fill(figure)
    other.get_by_role("button", name="Save Draft").click()
    said(other, SAVED)
    other.close()


def test_two_people_on_two_lines_do_not_even_notice(site: Site, page: Page, story: Story, report: ReportRow) -> None:
    save_as_colleague(site, story, report, "39")
    saves_within(page, 20)
    units(page, 2).fill("11")
    said(page, SAVED)
    expect(page.get_by_text("Now saved")).to_have_count(0)
    assert [line.chargeable_units for line in story.lines(report)] == [290, 39, 11]


def test_another_tab_takes_over_what_was_saved_and_asks_where_it_was_typed_in(
    page: Page, story: Story, report: ReportRow
) -> None:
    other = page.context.new_page()
    other.goto(page.url)
    for tab in (page, other):
        never_saves_by_itself(tab)
    units(page, 1).fill("41")
    units(other, 1).fill("39")
    units(other, 2).fill("11")
    other.get_by_role("button", name="Save Draft").click()
    expect(units(page, 2)).to_have_value("11")
    expect(page.get_by_text("Now saved: 39")).to_be_visible()
    page.get_by_role("button", name="Take theirs").click()
    expect(units(page, 1)).to_have_value("39")


def test_a_report_that_is_submitted_while_one_edits_says_so_and_keeps_the_changes(
    page: Page, story: Story, report: ReportRow
) -> None:
    comment(page).fill("Reserved for a depot")
    page.get_by_role("button", name="Save Draft").click()
    said(page, SAVED)
    steps.submit(story.report(report), story.by(member(story.msp, Role.PREPARER)), clock.now())
    db.session.commit()
    saves_within(page, 20)
    units(page, 1).fill("39")
    expect(page.get_by_text(re.compile(r"submitted this report on .* Your change is kept here\."))).to_be_visible()
    page.get_by_role("link", name="Reload").click()
    expect(page.get_by_text("You had typed 39, “no comment”.")).to_be_visible()
    expect(page.get_by_text("What happens next")).to_be_visible()


def test_a_wrong_figure_waits_while_the_other_lines_are_saved(page: Page, story: Story, report: ReportRow) -> None:
    saves_within(page, 20)
    units(page, 1).fill("about forty")
    with page.expect_response("**/save"):
        units(page, 2).fill("11")
    said(page, "1 unsaved change")
    expect(page.get_by_text("Write a number of units, such as 40.")).to_be_visible()
    db.session.rollback()
    assert [line.chargeable_units for line in story.lines(report)] == [290, 40, 11]


def test_undo_works_after_the_draft_was_saved(page: Page, story: Story, report: ReportRow) -> None:
    saves_within(page, 20)
    units(page, 1).fill("39")
    said(page, SAVED)
    page.locator("h1").click()
    with page.expect_response("**/save"):
        page.keyboard.press("Control+z")
    expect(units(page, 1)).to_have_value("40")
    said(page, SAVED)


def test_a_form_whose_token_has_ended_gets_a_fresh_one_by_itself(page: Page, report: ReportRow) -> None:
    page.evaluate("document.querySelector('meta[name=csrf-token]').content = 'of yesterday'")
    units(page, 1).fill("39")
    page.get_by_role("button", name="Save Draft").click()
    said(page, SAVED)
    assert actions(report) == ["open", "save"]


def test_going_back_after_submit_shows_the_report_as_it_is(page: Page, report: ReportRow) -> None:
    comment(page).fill("Reserved for a depot")
    page.get_by_role("button", name="Submit").dblclick()
    expect(page.get_by_text("Submitted. Your distributor has been told.")).to_be_visible()
    follow(page, "Notifications")
    page.go_back()
    page.go_back()
    expect(page.get_by_text("What happens next")).to_be_visible()
    expect(page.get_by_role("button", name="Submit")).to_have_count(0)
    assert actions(report) == ["open", "save", "submit"]
