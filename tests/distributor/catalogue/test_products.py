"""The catalogue: products put and found, prices, and lines that waited for one."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from distributor.catalogue import queries
from distributor.catalogue.models import Price, Product
from distributor.catalogue.operations import PutProduct, fill_late_prices, put_product
from distributor.database import db
from distributor.errors import Conflict, Forbidden, InputRefused, NotFound
from distributor.identity.acting import Acting, acting_upstream, operator, system
from distributor.usage_reports import queries as report_queries
from distributor.usage_reports.operations import automatic, steps
from tests.factories import CYCLE, OPENED_AT, Story, account, customer, organization, product, usage


@pytest.fixture
def story(app: Flask) -> Story:
    return Story()


def put(story: Story, sku: str = "E3", by: Acting | None = None, **fields: Any) -> PutProduct:
    return put_product(story.distributor.id, sku, fields, by or operator(), OPENED_AT)


def wrong_fields(story: Story, sku: str = "E3", **fields: Any) -> list[str | None]:
    with pytest.raises(InputRefused) as refused:
        put(story, sku, **fields)
    assert db.session.scalar(select(func.count()).select_from(Product)) == 0
    return [error.field for error in refused.value.errors]


def test_a_new_product_needs_only_a_name(story: Story) -> None:
    made = put(story, name="Microsoft 365 E3")
    assert made.created
    assert queries.product_shape(made.product) == {
        "sku": "E3", "name": "Microsoft 365 E3", "vendor": "", "unit": "seat", "precision": 0, "usage_source": None,
        "reports_used_units": False, "price": None, "currency": None, "prices": [],
    }  # fmt: skip


def test_fields_left_out_keep_their_values(story: Story) -> None:
    put(story, name="Microsoft 365 E3", vendor="Microsoft", price="36.75", currency="EUR")
    changed = put(story, unit="licence")
    assert (changed.created, changed.product.vendor, changed.product.unit) == (False, "Microsoft", "licence")
    assert queries.product_shape(changed.product)["price"] == "36.75"


def test_a_product_put_back_as_it_was_read_stays_the_same(story: Story) -> None:
    shape = queries.product_shape(put(story, name="Microsoft 365 E3").product)
    fields = {name: value for name, value in shape.items() if name not in {"sku", "prices"}}
    assert queries.product_shape(put(story, **fields).product) == shape


def test_prices_stand_side_by_side_by_currency(story: Story) -> None:
    put(story, name="E3", price="36.75", currency="USD")
    put(story, price="33.1", currency="EUR")
    shape = queries.product_shape(queries.product(story.distributor.id, "E3", "USD"))
    assert (shape["price"], shape["currency"]) == ("36.75", "USD")
    assert shape["prices"] == [{"currency": "EUR", "price": "33.1"}, {"currency": "USD", "price": "36.75"}]


def test_every_wrong_field_is_named_at_once(story: Story) -> None:
    fields: dict[str, Any] = {
        "vendor": "Micro\nsoft",
        "precision": 5,
        "usage_source": "guess",
        "price": "-1",
        "currency": "EURO",
        "colour": 1,
    }
    assert wrong_fields(story, **fields) == [
        "vendor",
        "precision",
        "usage_source",
        "price",
        "currency",
        "colour",
        "name",
    ]


@pytest.mark.parametrize("price", ["1,5", "1.1234567", "NaN", "Infinity", "1_000", "", "1E+99", True, "٣"])
def test_a_price_is_a_plain_number_with_at_most_six_decimals(story: Story, price: Any) -> None:
    assert wrong_fields(story, name="E3", price=price, currency="EUR") == ["price"]


def test_a_price_needs_its_currency(story: Story) -> None:
    assert wrong_fields(story, name="E3", price="1") == ["currency"]


@pytest.mark.parametrize("sku", ["", "x" * 101, "a\nb"])
def test_a_sku_has_1_to_100_characters_on_one_line(story: Story, sku: str) -> None:
    assert wrong_fields(story, sku, name="E3") == ["sku"]


def test_only_the_distributors_admins_change_the_catalogue(story: Story) -> None:
    for who in (story.reviewer, story.preparer):
        with pytest.raises(Forbidden):
            put(story, by=acting_upstream(who), name="E3")
    assert put(story, by=acting_upstream(story.admin), name="E3").created


def unpriced(story: Story, status: str = "msp_preparing") -> Product:
    """A product without a price, on one line of an open report."""
    row = product(story.distributor, "E3", price=None)
    usage(story.account, [(customer(story.account), row, "10", None)])
    report = story.open_cycle()
    if status == "under_review":
        automatic.submit_due([report.id], report.due_at, system())
    return row


@pytest.mark.parametrize("status", ["msp_preparing", "under_review"])
def test_a_price_reaches_the_open_lines_that_waited_for_it(story: Story, status: str) -> None:
    unpriced(story, status)
    assert put(story, price="2.85", currency="EUR").priced == 1
    (report,) = report_queries.reports_for_update(list(db.session.scalars(select(report_queries.REPORT.c.id))))
    assert (report.status, report.amount, report.missing_prices) == (status, Decimal("28.50"), 0)
    assert report_queries.history(report.id)[0].step == "price"
    db.session.commit()


def test_a_second_price_leaves_open_lines_alone(story: Story) -> None:
    unpriced(story)
    put(story, price="2.85", currency="EUR")
    assert put(story, price="9.99", currency="EUR").priced == 0
    assert db.session.scalar(select(report_queries.REPORT.c.amount)) == Decimal("28.50")


def test_a_price_in_another_currency_fills_nothing(story: Story) -> None:
    unpriced(story)
    assert put(story, price="2.85", currency="USD").priced == 0


def test_prices_that_slipped_past_an_opening_are_filled_in_later(story: Story) -> None:
    row = unpriced(story)
    db.session.add(Price(product_id=row.id, distributor_id=row.distributor_id, currency="EUR", unit_price=Decimal(2)))
    db.session.flush()
    assert fill_late_prices(story.distributor.id, system(), OPENED_AT) == 1
    assert fill_late_prices(story.distributor.id, system(), OPENED_AT) == 0


def test_precision_stays_while_open_reports_hold_the_product(story: Story) -> None:
    row = product(story.distributor, "E3")
    usage(story.account, [(customer(story.account), row, "10", None)])
    report = story.open_cycle()
    with pytest.raises(Conflict, match="1 open report"):
        put(story, precision=2)
    steps.submit(report, story.by(story.preparer), OPENED_AT)
    steps.approve(story.report(report), story.by(story.reviewer), OPENED_AT)
    assert put(story, precision=2).product.precision == 2


def test_precision_is_not_lowered_below_usage_that_waits_for_its_report(story: Story) -> None:
    row = product(story.distributor, "E3", precision=2)
    usage(story.account, [(customer(story.account), row, "10.25", None)], cycle=CYCLE.next())
    with pytest.raises(Conflict, match="more than 1 decimals"):
        put(story, precision=1)


def test_products_are_found_by_any_of_their_words(story: Story) -> None:
    put(story, "A:1", name="Microsoft 365 E3", vendor="Microsoft")
    put(story, "B:2", name="Backup", vendor="Veeam")
    assert [row.sku for row in queries.products(story.admin, search="microsoft e3")] == ["A:1"]
    assert [row.sku for row in queries.products(story.admin, search="b:")] == ["B:2"]
    assert queries.products(story.admin, search="100%") == []


def test_pages_of_products_go_on_where_the_last_ended(story: Story) -> None:
    for number in range(5):
        put(story, f"SKU-{number}", name="x")
    first = queries.products(story.admin, limit=3)
    rest = queries.products(story.admin, after=queries.keyset(first[-1]))
    assert [row.sku for row in first + rest] == [f"SKU-{number}" for number in range(5)]


def test_an_msp_sees_the_catalogues_it_reports_to_and_no_other(story: Story) -> None:
    put(story, name="E3")
    stranger = Story()
    put(stranger, "SECRET", name="x")
    assert [row.sku for row in queries.products(story.preparer)] == ["E3"]
    with pytest.raises(NotFound):
        queries.product(story.distributor.id, "SECRET")


def test_customers_of_an_account_are_found_by_name_and_reference(story: Story) -> None:
    for name in ("Zed", "Acme Ltd", "acme west"):
        customer(story.account, name)
    customer(account(story.distributor, organization()), "Acme elsewhere")
    assert [row.name for row in queries.customers(story.account.id)] == ["Acme Ltd", "acme west", "Zed"]
    found = queries.customers(story.account.id, search="acme west")
    assert [queries.customer_shape(row) for row in found] == [{"ref": "acme west", "name": "acme west"}]
