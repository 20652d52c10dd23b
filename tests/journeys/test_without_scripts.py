"""The same pages in a browser that runs no scripts: plain forms, every one of them."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from distributor.identity.acting import system
from distributor.usage_reports.operations import automatic
from distributor.usage_reports.queries import ReportRow
from tests.factories import Story
from tests.journeys.site import Site, follow, press


@pytest.fixture
def report(story: Story) -> ReportRow:
    return story.open(("400", "290"), ("40", None))


@pytest.fixture
def page(site: Site, story: Story, report: ReportRow) -> Page:
    page = site.member(story.preparer, scripts=False)
    page.goto(f"/reports/{report.uid}")
    return page


def test_the_msp_saves_is_refused_with_the_line_named_explains_and_submits(page: Page, story: Story) -> None:
    page.locator(".units").first.fill("300")
    page.get_by_role("button", name="Save Draft").click()
    expect(page.get_by_text("Draft saved: 1 line changed.")).to_be_visible()
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_role("alert")).to_contain_text("1 line is still to be explained")
    page.get_by_role("alert").get_by_role("link").click()
    page.locator("tr.line:target textarea").fill("Reserved for a depot")
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_text("Submitted. Your distributor has been told.")).to_be_visible()


def test_a_wrong_number_comes_back_with_everything_that_was_typed(page: Page) -> None:
    page.locator(".units").first.fill("3,5")
    page.locator("textarea").first.fill("kept words")
    page.get_by_role("button", name="Save Draft").click()
    expect(page.locator(".units").first).to_have_value("3,5")
    expect(page.locator("textarea").first).to_have_value("kept words")
    expect(page.locator(".line-error")).to_be_visible()


def test_a_line_that_a_colleague_saved_is_shown_beside_what_was_typed(page: Page) -> None:
    other = page.context.new_page()
    other.goto(page.url)
    other.locator(".units").last.fill("39")
    press(other, "Save Draft")
    page.locator(".units").last.fill("41")
    page.get_by_role("button", name="Save Draft").click()
    expect(page.get_by_text("Somebody else saved 39, “no comment”.")).to_be_visible()
    page.get_by_role("button", name="Save Draft").click()
    expect(page.get_by_text("Draft saved: 1 line changed.")).to_be_visible()
    expect(page.locator(".units").last).to_have_value("41")


def test_a_long_report_has_pages(site: Site, story: Story) -> None:
    report = story.open(*[("40", None)] * 150)
    page = site.member(story.preparer, scripts=False)
    page.goto(f"/reports/{report.uid}")
    follow(page, "Next")
    page.locator(".units").first.fill("39")
    page.get_by_role("button", name="Save Draft").click()
    expect(page.get_by_text("Draft saved: 1 line changed.")).to_be_visible()
    expect(page.locator(".units")).to_have_count(50)


def test_the_distributor_rejects_and_approves_several(site: Site, story: Story) -> None:
    reports = [story.open_account()[0] for _ in range(2)]
    risky, _ = story.open_account(("400", "290"))
    automatic.submit_due([report.id for report in (*reports, risky)], risky.due_at, system())
    page = site.member(story.reviewer, scripts=False)
    page.goto("/review")
    for box in page.locator("[name=report]:enabled").all():
        box.check()
    page.get_by_role("button", name="Approve selected").click()
    expect(page.get_by_text("2 reports approved.")).to_be_visible()
    page.get_by_role("link", name="Kestrel IT Services").click()
    page.get_by_role("radio", name="Reject").check()
    page.locator("#reason").fill("One line is open")
    page.get_by_role("button", name="Reject").click()
    expect(page.get_by_text("Kestrel IT Services, October 2026: rejected.")).to_be_visible()
