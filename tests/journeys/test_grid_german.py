"""The grid for a reader who writes numbers with a comma: shown, typed, pasted and saved as they mean them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from playwright.sync_api import Page, expect

from distributor.database import db
from distributor.identity.models import User
from distributor.usage_reports.queries import ReportRow
from tests.factories import CYCLE, OPENED_AT, Story, customer, product, usage
from tests.journeys.grid import never_saves_by_itself, paste, units, values
from tests.journeys.site import Site


@pytest.fixture
def report(story: Story) -> ReportRow:
    """Two lines counted in tenths, so that "1.500" could mean two things, and one in whole units."""
    tenths = product(story.distributor, precision=1)
    rows = [(customer(story.account), tenths, units, None) for units in ("1234.5", "40")]
    whole = (customer(story.account), product(story.distributor), "2500", None)
    usage(story.account, [*rows, whole], cycle=CYCLE, at=OPENED_AT)
    return story.open_cycle()


@pytest.fixture
def page(site: Site, story: Story, report: ReportRow) -> Page:
    db.session.get_one(User, story.preparer.user_id).locale = "de"
    page = site.member(story.preparer, locale="de-DE")
    page.goto(f"/reports/{report.uid}")
    never_saves_by_itself(page)
    return page


def test_numbers_are_shown_typed_and_saved_with_a_comma(page: Page, story: Story, report: ReportRow) -> None:
    assert values(page) == ["1234,5", "40", "2500"]
    units(page).fill("1.230,5")
    units(page, 2).fill("2.499")  # whole units: this can only be thousands
    expect(page.locator(".difference").first).to_contain_text("−4")
    with page.expect_response("**/save"):
        page.keyboard.press("Control+s")
    assert [line.chargeable_units for line in story.lines(report)] == [Decimal("1230.5"), 40, 2499]


def test_a_number_that_could_be_two_is_asked_about(page: Page) -> None:
    units(page, 1).fill("1.500")
    expect(page.locator(".line-error")).to_contain_text("1.500")
    expect(page.locator(".line-error")).to_contain_text("1,5")


def test_pasted_numbers_are_read_as_the_reader_writes_them(page: Page) -> None:
    paste(units(page), "1.230,5\n1.500\n2.499,0\n")
    assert values(page) == ["1230,5", "40", "2499"]
