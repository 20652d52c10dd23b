"""An organization in the middle rolls its partners' reports up, with and without scripts."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from distributor.database import db
from tests.distributor.roll_ups.tiers import AT, Partner, Tiers
from tests.journeys.axe import found_by_day_and_night
from tests.journeys.site import Site, follow, press


@pytest.fixture
def tiers(site: Site) -> Tiers:
    made = Tiers()
    made.sell("MAIL")
    made.partner("Harbour", "HAR-1", ("MAIL", "10"))
    return made


@pytest.fixture(autouse=True)
def fenland(tiers: Tiers) -> Partner:
    """Approved already, unlike Harbour's report."""
    partner = tiers.partner("Fenland", "FEN-1", ("MAIL", "40"))
    tiers.approve(partner)
    return partner


@pytest.mark.parametrize("scripts", [True, False])
def test_from_the_report_to_the_roll_up_and_back(site: Site, tiers: Tiers, scripts: bool) -> None:
    page = site.member(tiers.kestrel, scripts=scripts)
    page.goto(f"/reports/{tiers.above.uid}")
    follow(page, "Roll up")
    expect(page.get_by_role("row", name="Fenland FEN-1").first).to_contain_text("40")
    press(page, "Roll up 1 report")
    expect(page.locator(".flash")).to_contain_text("Rolled up: 1 line changed.")
    expect(page.get_by_text("from a partner", exact=True)).to_have_count(1)


def test_what_moved_while_somebody_looked_is_shown_before_it_is_done(
    site: Site, tiers: Tiers, fenland: Partner
) -> None:
    page = site.member(tiers.kestrel)
    page.goto(f"/reports/{tiers.above.uid}/roll-up")
    tiers.reopen(fenland)
    db.session.commit()
    press(page, "Roll up 1 report")
    expect(page.get_by_role("alert")).to_contain_text("no longer as it was: Fenland")
    expect(page.get_by_text("None of the reports below is approved yet.")).to_be_visible()


@pytest.mark.parametrize("rolled_up", [False, True])
def test_the_pages_are_accessible_on_desks_and_telephones(site: Site, tiers: Tiers, rolled_up: bool) -> None:
    if rolled_up:
        tiers.roll_up(AT)
    page = site.member(tiers.kestrel)
    for address in (f"/reports/{tiers.above.uid}/roll-up", f"/reports/{tiers.above.uid}"):
        page.goto(address)
        assert found_by_day_and_night(page) == []
