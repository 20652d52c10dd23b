"""Accounts, products and the token itself over the API."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from distributor.database import db
from tests.distributor.api.calling import Caller, kind
from tests.factories import Story, account, organization, product

NEW: dict[str, Any] = {
    "number": "MER-7", "region": "Europe", "type": "MSP", "msp": {"name": "Harbour IT"},
    "terms": {
        "currency": "EUR", "time_zone": "Europe/Dublin", "auto_submit_after_days": 12, "tolerance_percent": "2.5",
    },
    "contacts": [{"name": "Aoife Brennan", "email": "aoife@example.com", "role": "preparer"}],
}  # fmt: skip


def test_a_token_tells_who_it_is(story: Story, reviewer: Caller) -> None:
    me = reviewer.get("/me").get_json()
    assert (me["member"]["email"], me["member"]["roles"]) == (story.reviewer.email, ["reviewer"])
    assert me["organization"] == {
        "id": str(story.distributor.uid),
        "name": story.distributor.name,
        "is_distributor": True,
    }
    assert me["scopes"] == ["reports:read", "reports:review", "usage:write"]


def test_a_partner_is_taken_on_with_its_terms_and_people(app: Flask, admin: Caller) -> None:
    made = admin.post("/accounts", NEW)
    assert made.status_code == 201
    body = made.get_json()
    assert made.headers["Location"] == f"/api/v1/accounts/{body['id']}"
    assert (body["msp"]["name"], body["terms"]["tolerance_percent"], body["terms"]["opens_on_day"]) == (
        "Harbour IT",
        "2.5",
        20,
    )
    assert admin.get(f"/accounts/{body['id']}").get_json() == body


def test_terms_change_only_where_they_are_named(admin: Caller) -> None:
    made = admin.post("/accounts", NEW).get_json()
    path = f"/accounts/{made['id']}"
    changed = admin.call(
        "PATCH", path, json={"terms": {"approval_limit": "5000.50", "auto_approve": {"max_change_percent": 5}}}
    )
    terms = changed.get_json()["terms"]
    assert terms == {**made["terms"], "approval_limit": "5000.5", "auto_approve": {"max_change_percent": "5"}}


def test_every_wrong_term_is_named(admin: Caller) -> None:
    terms = {"time_zone": "Mars/Olympus", "closing_day": 31, "currency": "EURO", "uplift_percent": "NaN", "surprise": 1}
    refused = admin.post("/accounts", {**NEW, "terms": terms})
    assert kind(refused) == (422, "invalid-input")
    assert {error["field"] for error in refused.get_json()["errors"]} == set(terms)


def test_a_number_is_taken_once(admin: Caller) -> None:
    admin.post("/accounts", NEW)
    assert kind(admin.post("/accounts", {**NEW, "contacts": []})) == (409, "conflict")


@pytest.mark.parametrize("body", [[], "x", {"number": "A\u0000"}, {}])
def test_an_account_that_is_none_is_refused(body: Any, admin: Caller) -> None:
    assert kind(admin.post("/accounts", body))[0] in {400, 422}


def test_only_the_distributors_admins_change_accounts(app: Flask, story: Story, reviewer: Caller, msp: Caller) -> None:
    for caller in (reviewer, msp):
        assert kind(caller.post("/accounts", NEW)) == (403, "forbidden")
        assert kind(caller.call("PATCH", f"/accounts/{story.account.uid}", json={})) == (403, "forbidden")
    stranger = Caller(app, Story().admin)
    assert kind(stranger.call("PATCH", f"/accounts/{story.account.uid}", json={})) == (404, "not-found")


def test_accounts_come_in_pages_by_number(story: Story, admin: Caller) -> None:
    numbers = sorted([story.account.number, *(account(story.distributor, organization()).number for _ in range(2))])
    db.session.commit()
    first = admin.get("/accounts?limit=2").get_json()
    second = admin.get(f"/accounts?limit=2&cursor={first['next_cursor']}").get_json()
    assert [item["number"] for page in (first, second) for item in page["items"]] == numbers
    assert second["next_cursor"] is None
    assert kind(admin.get("/accounts?cursor=abc")) == (422, "invalid-input")


def test_each_side_sees_the_accounts_it_stands_on(app: Flask, story: Story, msp: Caller, admin: Caller) -> None:
    other = account(story.distributor, organization())
    db.session.commit()
    assert [item["number"] for item in msp.get("/accounts").get_json()["items"]] == [story.account.number]
    assert kind(msp.get(f"/accounts/{other.uid}")) == (404, "not-found")
    assert len(admin.get("/accounts").get_json()["items"]) == 2


def test_a_product_is_made_and_then_changed_where_it_is_named(admin: Caller) -> None:
    body = {"name": "Backup", "vendor": "Acme", "unit": "GB", "precision": 2, "price": "2.850000", "currency": "EUR"}
    made = admin.call("PUT", "/products/ACME:1/GB", json=body)
    assert (made.status_code, made.get_json()["sku"], made.get_json()["price"]) == (201, "ACME:1/GB", "2.85")
    changed = admin.call("PUT", "/products/ACME:1/GB", json={"price": 3.1, "currency": "EUR"})
    assert (changed.status_code, changed.get_json()["price"], changed.get_json()["unit"]) == (200, "3.1", "GB")


def test_a_product_names_its_wrong_fields(admin: Caller) -> None:
    wrong = {
        "name": " ",
        "precision": 9,
        "price": "1e9999",
        "currency": "XXQ",
        "usage_source": "guess",
        "colour": "red",
    }
    refused = admin.call("PUT", "/products/A", json=wrong)
    assert kind(refused) == (422, "invalid-input")
    assert {error["field"] for error in refused.get_json()["errors"]} == set(wrong)


def test_a_sku_with_a_line_break_is_no_address(admin: Caller) -> None:
    assert kind(admin.call("PUT", "/products/A%0A", json={"name": "A"})) == (404, "not-found")


def test_products_come_in_pages_by_sku_to_both_sides(app: Flask, story: Story, msp: Caller, admin: Caller) -> None:
    for sku in ("A-1", "B-2", "C-3"):
        product(story.distributor, sku)
    product(Story().distributor, "D-4")
    db.session.commit()
    for caller in (msp, admin):
        first = caller.get("/products?limit=2").get_json()
        second = caller.get(f"/products?limit=2&cursor={first['next_cursor']}").get_json()
        assert [item["sku"] for page in (first, second) for item in page["items"]] == ["A-1", "B-2", "C-3"]
    assert [item["sku"] for item in msp.get("/products?search=b-2&currency=EUR").get_json()["items"]] == ["B-2"]


def test_only_the_distributors_admins_change_products(app: Flask, story: Story, reviewer: Caller, msp: Caller) -> None:
    for caller in (reviewer, msp):
        assert kind(caller.call("PUT", "/products/A", json={"name": "A"})) == (403, "forbidden")
