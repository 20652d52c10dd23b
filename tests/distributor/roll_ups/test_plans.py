"""What a roll-up would do, line by line, and why some units stay below."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import update

from distributor.catalogue.models import Product
from distributor.catalogue.operations import put_product
from distributor.database import db
from distributor.identity.acting import acting
from distributor.usage_reports.operations.roll_up_plans import Fate, Why
from tests.distributor.roll_ups.tiers import Tiers
from tests.factories import OPENED_AT, account, member, organization, product, usage
from workflows.usage_report import Role


def test_a_partner_is_one_customer_and_its_customers_units_are_summed(tiers: Tiers) -> None:
    tiers.approve(tiers.partner("Fenland", "FEN-1", ("MAIL", "40"), ("DISK", "3")))
    found = {(one.pair.source.partner, one.pair.ref, one.pair.sku, one.units, one.fate) for one in tiers.plan().carried}
    assert found == {
        ("Fenland", "FEN-1", "DISK", Decimal(3), Fate.NEW),
        ("Fenland", "FEN-1", "MAIL", Decimal(40), Fate.NEW),
    }


def test_money_is_at_the_prices_of_the_account_above(tiers: Tiers) -> None:
    tiers.approve(tiers.partner("Fenland", "FEN-1", ("MAIL", "40"), currency="USD"))
    assert tiers.plan().amount == Decimal("80.00")


def test_a_price_that_came_after_the_opening_and_was_corrected_is_not_charged(tiers: Tiers) -> None:
    tiers.sell("LATE", None)
    tiers.approve(tiers.partner("Fenland", "FEN-1", ("LATE", "10")))
    admin = acting(member(tiers.distributor, Role.ADMIN), tiers.above)
    for minutes, price in ((0, "285"), (5, "2.85")):
        at = OPENED_AT + timedelta(days=2, minutes=minutes)
        put_product(tiers.distributor.id, "LATE", {"price": price, "currency": "EUR"}, admin, at)
    assert tiers.plan().amount == Decimal("28.50")
    tiers.roll_up(at)
    assert tiers.lines()["FEN-1", "LATE"].unit_price == Decimal("2.85")


def test_reports_that_are_not_approved_and_accounts_that_have_not_opened_are_named_and_not_carried(
    tiers: Tiers,
) -> None:
    tiers.approve(tiers.partner("Fenland", "FEN-1", ("MAIL", "40")))
    tiers.partner("Harbour", "HAR-1", ("MAIL", "10"))
    account(tiers.middle, organization("Ardent"), number="ARD-1")
    plan = tiers.plan()
    assert [(one.partner, one.status) for one in plan.sources] == [
        ("Ardent", ""), ("Fenland", "approved"), ("Harbour", "msp_preparing"),
    ]  # fmt: skip
    assert {one.pair.source.partner for one in plan.carried} == {"Fenland"}


def test_an_account_that_does_not_report_for_the_cycle_is_no_source(tiers: Tiers) -> None:
    account(tiers.middle, organization("Later"), reports_from="2026-11-01")
    assert tiers.plan().sources == ()
    assert not tiers.plan().is_news


def why(tiers: Tiers) -> dict[str, Why | None]:
    return {one.pair.sku: one.why for one in tiers.plan().carried}


def test_what_the_catalogue_above_does_not_have_is_left_and_said(tiers: Tiers) -> None:
    product(tiers.middle, "OWN")
    tiers.approve(tiers.partner("Fenland", "FEN-1", ("OWN", "4"), ("MAIL", "2")))
    assert why(tiers) == {"OWN": Why.NO_PRODUCT, "MAIL": None}


@pytest.mark.parametrize(
    ("above", "units", "said"),
    [({"unit": "TB"}, "5", Why.OTHER_UNIT), ({"precision": 0}, "3", Why.TOO_PRECISE), ({}, "0", Why.NOTHING)],
)
def test_what_is_counted_otherwise_above_is_left_and_said(
    tiers: Tiers, above: dict[str, object], units: str, said: Why
) -> None:
    mine = (Product.distributor_id == tiers.distributor.id, Product.sku == "DISK")
    db.session.execute(update(Product).where(*mine).values(**{"precision": 1, **above}))
    below = tiers.partner("Fenland", "FEN-1", ("DISK", units))
    if said is Why.TOO_PRECISE:
        tiers.approve(below)
        tiers.correct(below, "DISK", "1.2")
    else:
        tiers.approve(below)
    assert why(tiers) == {"DISK": said}


@pytest.mark.parametrize(
    ("since", "units", "then"),
    [
        ({"unit": "TB"}, "5", (Fate.CHANGED, None)),
        ({"precision": 0}, "1.5", (Fate.CHANGED, None)),
        ({"precision": 2}, "1.25", (Fate.LEFT, Why.TOO_PRECISE)),
    ],
)
def test_a_line_counts_as_it_did_when_it_opened_whatever_became_of_its_product(
    tiers: Tiers, since: dict[str, object], units: str, then: tuple[Fate, Why | None]
) -> None:
    tiers.below("DISK").precision = 2
    below = tiers.partner("Fenland", "FEN-1", ("DISK", "4"))
    tiers.approve(below)
    tiers.roll_up()
    mine = (Product.distributor_id == tiers.distributor.id, Product.sku == "DISK")
    db.session.execute(update(Product).where(*mine).values(**since))
    tiers.correct(below, "DISK", units)
    (one,) = tiers.plan().carried
    assert (one.fate, one.why) == then


def test_what_the_feed_above_counts_itself_is_left_once_it_has_delivered(tiers: Tiers) -> None:
    feeding = Tiers()
    feeding.sell("MAIL", usage_source="feed")
    feeding.approve(feeding.partner("Fenland", "FEN-1", ("MAIL", "40")))
    assert [(one.fate, one.lacks_usage) for one in feeding.plan().carried] == [(Fate.NEW, True)]
    usage(feeding.account, [])
    assert why(feeding) == {"MAIL": Why.COUNTED_ABOVE}
