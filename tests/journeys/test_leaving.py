"""Signing out leaves nothing typed behind in the browser, and throws nothing away unasked."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from distributor.usage_reports.queries import ReportRow
from tests.factories import Story
from tests.journeys.grid import never_saves_by_itself, units
from tests.journeys.site import Site

DRAFTS = "() => Object.keys(localStorage).filter((key) => /^(draft\\/|review-draft:)/.test(key)).length"
FOREIGN = "() => localStorage.setItem('draft/somebody-else/report/line', JSON.stringify({ at: Date.now() }))"
UNSAVED = "Something you typed on a report is not saved yet."


@pytest.fixture
def report(story: Story) -> ReportRow:
    return story.open(("400", "290"), ("40", None), ("12", None))


@pytest.fixture
def page(site: Site, story: Story, report: ReportRow) -> Page:
    site.expected = re.compile(r"Failed to load resource: (net::|the server responded with a status of (400|401|409) )")
    page = site.member(story.preparer)
    page.goto(f"/reports/{report.uid}")
    never_saves_by_itself(page)
    return page


def sign_out(page: Page) -> None:
    if not page.get_by_role("button", name="Sign out").first.is_visible():
        page.locator("details.me summary").first.click()
    page.get_by_role("button", name="Sign out").first.click()


def test_what_is_unsaved_is_saved_before_signing_out(page: Page, story: Story, report: ReportRow) -> None:
    units(page, 1).fill("39")
    assert page.evaluate(DRAFTS) == 1
    sign_out(page)
    expect(page).to_have_url(re.compile("/sign-in$"))
    assert story.lines(report)[1].chargeable_units == 39
    assert page.evaluate(DRAFTS) == 0


def test_what_cannot_be_saved_is_thrown_away_only_by_a_second_press(page: Page, report: ReportRow) -> None:
    units(page, 1).fill("4x")
    sign_out(page)
    expect(page.locator("#flashes")).to_contain_text(UNSAVED)
    expect(page).to_have_url(re.compile(f"/reports/{report.uid}$"))
    assert page.evaluate(DRAFTS) == 1
    sign_out(page)
    expect(page).to_have_url(re.compile("/sign-in$"))
    assert page.evaluate(DRAFTS) == 0


def test_somebody_elses_words_in_the_same_browser_stay(page: Page) -> None:
    page.evaluate(FOREIGN)
    sign_out(page)
    expect(page).to_have_url(re.compile("/sign-in$"))
    assert page.evaluate(DRAFTS) == 1


def test_a_reviewers_words_go_too(site: Site, story: Story, report: ReportRow) -> None:
    key = f"review-draft:{report.uid} {story.reviewer.email}"
    page = site.member(story.reviewer)
    page.goto("/review")
    page.evaluate("(key) => localStorage.setItem(key, JSON.stringify({ at: Date.now(), reason: 'Why' }))", key)
    sign_out(page)
    expect(page.locator("#flashes")).to_contain_text(UNSAVED)
    sign_out(page)
    expect(page).to_have_url(re.compile("/sign-in$"))
    assert page.evaluate(DRAFTS) == 0
