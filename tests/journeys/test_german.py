"""The same way in German: the pages, the numbers that are typed, and the mail at its end."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import update

from distributor.database import db
from distributor.identity.acting import CurrentMember
from distributor.identity.models import User
from distributor.usage_reports.queries import ReportRow
from tests.factories import Story
from tests.journeys.demo_site import PREPARER, REVIEWER, DemoSite
from tests.journeys.site import Site

# Words that stand on every English page and on no German one.
ENGLISH = re.compile(r"\b(the|this|and|with|report|reports|submitted|approved|review|accounts|search|profile)\b", re.I)
# Names of people's things, which nobody translates.
NAMES = re.compile(r"[\w.]+@[\w.]+|API|Distributor|Report-[\w-]+", re.I)


def in_german(who: CurrentMember) -> CurrentMember:
    db.session.execute(update(User).where(User.id == who.user_id).values(locale="de"))
    return who


@pytest.fixture
def report(story: Story) -> ReportRow:
    return story.open(("1400", "290"), ("40", None))


def test_a_report_is_explained_submitted_and_approved_in_german(site: Site, story: Story, report: ReportRow) -> None:
    msp = site.member(in_german(story.preparer))
    msp.goto(f"/reports/{report.uid}")
    expect(msp.locator("html")).to_have_attribute("lang", "de")
    msp.locator(".units").first.fill("1300")
    msp.locator("textarea.comment").first.fill("100 Plätze sind für ein Lager reserviert")
    msp.get_by_role("button", name="Einreichen").click()
    expect(msp.get_by_text("Eingereicht. Ihr Distributor ist benachrichtigt.")).to_be_visible()
    reviewer = site.member(in_german(story.reviewer))
    reviewer.goto(f"/review/{report.uid}")
    expect(reviewer.get_by_text("1.300").first).to_be_visible()
    reviewer.get_by_role("button", name="genehmigen").click()
    expect(reviewer.get_by_text("Die Angaben sind endgültig").first).to_be_visible()
    assert [line.chargeable_units for line in story.lines(report)] == [Decimal(1300), Decimal(40)]


@pytest.mark.parametrize(
    ("who", "address"),
    [
        *((PREPARER, address) for address in ("/reports", "/trends", "/terms", "/profile", "/words", "/search?q=x")),
        *((REVIEWER, address) for address in ("/overview", "/review", "/accounts", "/catalogue", "/usage/coverage")),
    ],
)
def test_no_english_is_left_on_a_german_page(demo_site: DemoSite, who: str, address: str) -> None:
    page = demo_site.person(who, locale="de-DE")
    page.goto(address)
    assert ENGLISH.findall(NAMES.sub("", words_of(page))) == []


def words_of(page: Page) -> str:
    """What stands in the page's own words: headings, labels, buttons and hints, not the names of the demo's things."""
    own = page.locator("h1, h2, th, label, button, .page-meta, .crumbs, nav, caption, .quiet, legend, dt, .panel-note")
    return "\n".join(own.all_inner_texts())
