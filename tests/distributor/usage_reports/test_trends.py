"""Trends of an MSP: what was charged and what was not, month by month; unknown figures are gaps, never zero."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from decimal import Decimal

import pytest
from flask import Flask

from distributor.catalogue.models import Customer, Product
from distributor.database import db
from distributor.usage_reports import trends
from distributor.usage_reports.trends import Series, Total, Wanted
from tests.clients import sign_in
from tests.distributor.usage_reports.counting import counted_queries
from tests.factories import CYCLE, OPENED_AT, Story, account, customer, member, organization, product, usage
from workflows.report_cycle import Cycle
from workflows.usage_report import Role

AT = OPENED_AT + timedelta(days=1)
AUGUST, SEPTEMBER, OCTOBER = CYCLE.previous().previous(), CYCLE.previous(), CYCLE
Held = tuple[Customer, Product, str, str | None]


@pytest.fixture
def story(app: Flask) -> Story:
    app.config["CLOCK"] = lambda: AT
    return Story(reports_from=AUGUST.first_day)


def month(story: Story, cycle: Cycle, *held: Held) -> None:
    """A report of the cycle with these (customer, product, provisioned, used)."""
    at = OPENED_AT.replace(year=cycle.year, month=cycle.month)
    if held:
        usage(story.account, held, cycle=cycle, at=at)
    story.open_cycle(cycle, at)


def looked_at(story: Story, measure: str = "amount", kind: str = "product") -> tuple[list[Total], list[Series]]:
    wanted = Wanted(measure, kind, AUGUST, OCTOBER)  # type: ignore[arg-type]  # the test names its own
    totals = trends.totals(story.preparer, wanted)
    return totals, trends.series(story.preparer, wanted, totals[0], None)[0] if totals else []


def told(story: Story) -> None:
    """Two customers over three months: seats grow, mailboxes come in September and go in October."""
    foyle, tarbert = customer(story.account, "Foyle"), customer(story.account, "Tarbert")
    seats = product(story.distributor, "SEAT", price="10.00")
    boxes = product(story.distributor, "BOX", price="2.00", unit="mailbox")
    month(story, AUGUST, (foyle, seats, "10", None))
    month(story, SEPTEMBER, (foyle, seats, "12", "11"), (tarbert, boxes, "5", None))
    month(story, OCTOBER, (foyle, seats, "12", None), (tarbert, seats, "3", None))


def test_amounts_by_product_start_with_the_first_and_end_with_zero_when_nothing_is_held(story: Story) -> None:
    told(story)
    totals, found = looked_at(story)
    assert [(total.scale, total.values) for total in totals] == [("EUR", [Decimal(100), Decimal(120), Decimal(150)])]
    assert [(each.second, each.values) for each in found] == [
        ("SEAT", [Decimal(100), Decimal(110), Decimal(150)]),
        ("BOX", [None, Decimal(10), Decimal(0)]),
    ]
    assert [each.change for each in found] == [Decimal(50), Decimal(-100)]


def test_customers_sum_up_their_products(story: Story) -> None:
    told(story)
    _, found = looked_at(story, kind="customer")
    assert [(each.name, each.values[-1]) for each in found] == [("Foyle", Decimal(120)), ("Tarbert", Decimal(30))]


def test_seats_are_never_added_to_mailboxes(story: Story) -> None:
    told(story)
    totals, found = looked_at(story, "units")
    assert [(total.scale, total.values) for total in totals] == [
        ("seat", [Decimal(10), Decimal(11), Decimal(15)]),
        ("mailbox", [None, Decimal(5), Decimal(0)]),
    ]
    assert [each.second for each in found] == ["SEAT"]


def test_what_was_provisioned_and_not_charged_has_its_price(story: Story) -> None:
    told(story)
    totals, _ = looked_at(story, "not_charged")
    assert totals[0].values == [Decimal(0), Decimal(10), Decimal(0)]


def test_a_missing_figure_is_a_gap_and_not_zero(story: Story) -> None:
    told_so_far = customer(story.account, "Foyle"), product(story.distributor, "SEAT")
    month(story, AUGUST, (*told_so_far, "10", None))
    month(story, SEPTEMBER)  # no usage arrived
    totals, found = looked_at(story)
    assert totals[0].values == [Decimal("28.50"), None, None]
    assert totals[0].reported == [True, True, False]
    assert found[0].values == [Decimal("28.50"), None, None]


def test_what_is_counted_by_hand_is_not_left_uncharged(story: Story) -> None:
    story.account.usage_source = "manual"
    manual = product(story.distributor, usage_source="manual")
    month(story, AUGUST, (customer(story.account), manual, "10", None))
    assert looked_at(story, "not_charged")[0] == []


def test_currencies_stand_apart(story: Story) -> None:
    told(story)
    story.account = account(story.distributor, story.msp, currency="USD", reports_from=AUGUST.first_day)
    month(story, AUGUST, (customer(story.account), product(story.distributor, "SEAT-US", price=None), "7", None))
    totals, _ = looked_at(story)
    assert [total.scale for total in totals] == ["EUR", "USD"]
    assert totals[1].values[0] is None  # no price, so nobody knows


def test_months_before_the_first_report_are_left_out_but_a_year_is_kept(story: Story) -> None:
    told(story)
    wanted = Wanted("amount", "product", Cycle(2024, 11), OCTOBER)
    shorter, totals = trends.without_lead(wanted, trends.totals(story.preparer, wanted))
    assert (str(shorter.first), len(totals[0].values)) == ("2025-11", 12)


def test_the_page_draws_the_whole_and_a_line_for_each(app: Flask, story: Story) -> None:
    told(story)
    page = sign_in(app, story.preparer).get("/trends").text
    assert "Amount (€) by month, from 100.00 in August 2026 to 150.00 in October 2026." in page
    assert page.count("spark-line") == 2
    assert "+50.0\u00a0%" in page


def test_a_month_that_is_left_out_is_named(app: Flask, story: Story) -> None:
    month(story, AUGUST, (customer(story.account), product(story.distributor), "10", None))
    month(story, SEPTEMBER)
    assert "September 2026 is left out: a figure is still missing." in sign_in(app, story.preparer).get("/trends").text


def test_one_account_is_chosen(app: Flask, story: Story) -> None:
    told(story)
    other = account(story.distributor, story.msp, number="EMPTY-1", reports_from=AUGUST.first_day)
    page = sign_in(app, story.preparer).get(f"/trends?account={other.number}").text
    assert "There is nothing to compare yet." in page


def test_the_file_has_a_column_for_each_month_and_blanks_for_gaps(app: Flask, story: Story) -> None:
    told(story)
    answer = sign_in(app, story.preparer).get("/trends/export.csv?measure=units&scale=mailbox")
    (row,) = csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig")))
    assert (row["sku"], row["scale"], row["2026-08"], row["2026-09"]) == ("BOX", "mailbox", "", "5.0000")
    assert "trends-units-by-product.csv" in answer.headers["Content-Disposition"]


def test_nobody_sees_the_trends_of_another_company(app: Flask, story: Story) -> None:
    told(story)
    stranger = sign_in(app, member(organization("Elsewhere"), Role.PREPARER))
    assert "There is nothing to compare yet." in stranger.get("/trends").text
    assert "SEAT" not in stranger.get("/trends/export.csv").text
    assert stranger.get(f"/trends?account={story.account.number}").text.count("SEAT") == 0


def test_a_distributor_has_trends_only_where_it_reports_itself(app: Flask, story: Story) -> None:
    told(story)
    assert sign_in(app, story.reviewer).get("/trends").status_code == 404
    upstream = organization("Vendor Hub", is_distributor=True)
    account(upstream, story.distributor)
    assert sign_in(app, story.reviewer).get("/trends").status_code == 200


@pytest.mark.parametrize("products", [1, 30])
def test_trends_ask_a_fixed_number_of_times(app: Flask, story: Story, products: int) -> None:
    month(story, AUGUST, *[(customer(story.account), product(story.distributor), "4", None) for _ in range(products)])
    browser = sign_in(app, story.preparer)
    db.session.commit()
    with counted_queries() as seen:
        assert browser.get("/trends").status_code == 200
    assert len(seen) <= 8, "\n".join(seen)
