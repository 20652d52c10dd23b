"""Numbers typed into the pages' forms in German: read as written, refused where they could be two numbers."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from flask import Flask
from flask_babel import force_locale
from sqlalchemy import select, update

from distributor.accounts.models import Account
from distributor.catalogue.models import Price, Product
from distributor.database import db
from distributor.formatting import for_typing
from distributor.identity.models import User
from tests.clients import Browser, api, sign_in
from tests.distributor.accounts.test_pages import form_of
from tests.factories import OPENED_AT, Story, product

AMBIGUOUS = "lässt sich als zwei verschiedene Zahlen lesen"


@pytest.fixture
def story(app: Flask) -> Story:
    app.config["CLOCK"] = lambda: OPENED_AT + timedelta(days=1)
    return Story()


@pytest.fixture
def mailbox(story: Story) -> Product:
    return product(story.distributor, "MBX", name="Mailbox")


@pytest.fixture
def german(app: Flask, story: Story) -> Browser:
    db.session.execute(update(User).where(User.id == story.admin.user_id).values(locale="de"))
    return sign_in(app, story.admin)


def price_of(mailbox: Product) -> Decimal | None:
    db.session.expire_all()
    return db.session.scalar(select(Price.unit_price).filter_by(product_id=mailbox.id, currency="EUR"))


def test_a_price_with_a_decimal_comma_is_taken(german: Browser, mailbox: Product) -> None:
    form = {"price": "1.003,10", "currency": "EUR"}
    shown = german.post(f"/catalogue/{mailbox.uid}/price", data=form)
    assert shown.status_code == 200
    german.post(f"/catalogue/{mailbox.uid}/price", data={**form, "step": "save", "seen": "2.85"})
    assert price_of(mailbox) == Decimal("1003.10")


def test_a_price_that_could_be_two_is_refused_and_changes_nothing(german: Browser, mailbox: Product) -> None:
    form = {"price": "1.003", "currency": "EUR", "step": "save", "seen": "2.85"}
    answer = german.post(f"/catalogue/{mailbox.uid}/price", data=form)
    assert answer.status_code == 422
    assert AMBIGUOUS in answer.text
    assert price_of(mailbox) == Decimal("2.85")


def test_a_new_product_s_price_is_read_the_same_way(german: Browser) -> None:
    form = {"sku": "NEW", "name": "New", "vendor": "", "unit": "seat", "precision": "0", "usage_source": "account"}
    made = german.post("/catalogue/new", data={**form, "price": "2,5", "currency": "EUR"})
    assert made.status_code == 302
    new = select(Product.id).where(Product.sku == "NEW").scalar_subquery()
    assert db.session.scalar(select(Price.unit_price).where(Price.product_id == new)) == Decimal("2.5")


def test_terms_stand_in_the_form_as_germans_write_them_and_come_back_unchanged(german: Browser, story: Story) -> None:
    terms = {"tolerance_percent": Decimal("0.125"), "approval_limit": Decimal("1234.5")}
    db.session.execute(update(Account).where(Account.id == story.account.id).values(**terms))
    form = form_of(german.get(f"/accounts/{story.account.uid}/terms").text)
    assert (form["tolerance_percent"], form["approval_limit"]) == ("0,125", "1234,5")
    answer = german.post(f"/accounts/{story.account.uid}/terms", data={**form, "step": "effect"})
    assert "Nichts weicht vom gespeicherten Stand ab." in answer.text


def test_a_limit_that_could_be_two_is_refused_beside_its_field(german: Browser, story: Story) -> None:
    form = form_of(german.get(f"/accounts/{story.account.uid}/terms").text)
    answer = german.post(f"/accounts/{story.account.uid}/terms", data={**form, "approval_limit": "50.000"})
    assert answer.status_code == 422
    assert AMBIGUOUS in answer.text
    assert 'id="approval_limit-error"' in answer.text


def test_the_approval_policy_takes_percents_with_a_comma(german: Browser) -> None:
    form = {"bulk_max_change_percent": "7,5", "marked_change_percent": "12,25"}
    assert german.post("/policy", data=form).status_code == 302
    assert 'value="7,5"' in german.get("/policy").text


def test_the_api_takes_plain_decimals_whatever_the_reader_s_language(
    app: Flask, german: Browser, mailbox: Product, story: Story
) -> None:
    program = api(app, story.admin, "catalogue:write")
    answer = program.put("/api/v1/products/MBX", json={"price": "3,10", "currency": "EUR"})
    assert answer.status_code == 422
    assert price_of(mailbox) == Decimal("2.85")


def test_a_number_to_type_over_has_no_grouping(app: Flask) -> None:
    with force_locale("de"):
        assert for_typing(Decimal("1234.50")) == "1234,5"
    assert (for_typing(Decimal("1234.50")), for_typing(None)) == ("1234.5", "")
