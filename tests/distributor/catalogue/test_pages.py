"""The catalogue's pages: who sees and changes them, products, prices with their effect, imports."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from distributor.catalogue import importing, operations
from distributor.catalogue.models import Price, Product
from distributor.database import db
from distributor.identity.acting import operator
from distributor.list_files import read_list
from tests.clients import Browser, sign_in
from tests.distributor.api.calling import Counting
from tests.factories import OPENED_AT, Story, customer, member, product, usage
from workflows.usage_report import Role

AT = OPENED_AT + timedelta(days=1)
PAGES = ("/catalogue", "/catalogue/{uid}", "/catalogue/products.csv", "/catalogue/template.xlsx")
CHANGING = ("/catalogue/new", "/catalogue/import")
FORM = {"name": "Mailbox", "vendor": "Acme", "unit": "mailbox", "precision": "0", "usage_source": "account"}


@pytest.fixture
def story(app: Flask) -> Story:
    app.config["CLOCK"] = lambda: AT
    return Story()


@pytest.fixture
def mailbox(story: Story) -> Product:
    return product(story.distributor, "MBX", name="Mailbox")


@pytest.fixture
def admin(app: Flask, story: Story) -> Browser:
    return sign_in(app, story.admin)


def price_of(of: Product, currency: str = "EUR") -> Decimal | None:
    db.session.expire_all()
    return db.session.scalar(select(Price.unit_price).filter_by(product_id=of.id, currency=currency))


def send(browser: Browser, content: bytes, name: str = "products.csv") -> Any:
    boundary, body = encode_multipart({"file": FileStorage(BytesIO(content), name)})
    return browser.post("/catalogue/import", data=body, content_type=f'multipart/form-data; boundary="{boundary}"')


def confirm(browser: Browser, page: str) -> Any:
    (file,) = re.findall(r'name="file" value="([0-9a-f-]+)"', page)
    (seen,) = re.findall(r'name="seen" value="([0-9a-f]+)"', page)
    return browser.post("/catalogue/import/confirm", data={"file": file, "seen": seen}, follow_redirects=True)


@pytest.mark.parametrize(("role", "opens"), [(Role.VIEWER, 403), (Role.REVIEWER, 403), (Role.ADMIN, 200)])
def test_members_read_and_admins_change(app: Flask, story: Story, mailbox: Product, role: Role, opens: int) -> None:
    browser = sign_in(app, member(story.distributor, role))
    assert {browser.get(path.format(uid=mailbox.uid)).status_code for path in PAGES} == {200}
    assert {browser.get(path).status_code for path in CHANGING} == {opens}


def test_nobody_but_an_admin_posts_a_change(app: Flask, story: Story, mailbox: Product) -> None:
    paths = ("/new", f"/{mailbox.uid}", f"/{mailbox.uid}/price", "/import", "/import/confirm", "/fill-prices")
    for who, status in ((story.reviewer, 403), (member(story.msp, Role.ADMIN), 404)):
        browser = sign_in(app, who)
        assert {browser.post(f"/catalogue{path}", data=FORM).status_code for path in paths} == {status}
    assert sign_in(app, story.preparer).get("/catalogue").status_code == 404


def test_another_distributors_product_does_not_exist(story: Story, admin: Browser) -> None:
    strange = product(Story().distributor, "SECRET")
    assert admin.get(f"/catalogue/{strange.uid}").status_code == 404
    assert admin.post(f"/catalogue/{strange.uid}", data=FORM).status_code == 404
    assert admin.post(f"/catalogue/{strange.uid}/price", data={"price": "1", "currency": "EUR"}).status_code == 404
    assert "SECRET" not in admin.get("/catalogue").text


def test_the_list_is_searched_narrowed_and_goes_on(story: Story, admin: Browser) -> None:
    for number in range(52):
        product(story.distributor, f"P-{number:02}", vendor="Acme" if number else "Other")
    first = admin.get("/catalogue").text
    (after,) = re.findall(r"after=([0-9a-f-]{36})", first)
    assert admin.get(f"/catalogue?after={after}").text.count('<th scope="row">') == 2
    assert admin.get("/catalogue?vendor=Other").text.count('<th scope="row">') == 1
    assert "No product matches." in admin.get("/catalogue?q=nothing").text


@pytest.mark.parametrize("products", [1, 60])
def test_pages_ask_the_database_a_fixed_number_of_times(
    story: Story, mailbox: Product, admin: Browser, products: int
) -> None:
    for _ in range(products):
        product(story.distributor)
    admin.get("/profile")
    for path in (*PAGES, *CHANGING):
        with Counting() as counting:
            assert admin.get(path.format(uid=mailbox.uid)).status_code == 200
        assert len(counting.statements) <= 8, path


def test_a_new_product_comes_with_its_price(story: Story, admin: Browser) -> None:
    answer = admin.post("/catalogue/new", data={**FORM, "sku": "MBX", "price": "1.6", "currency": "eur"})
    assert answer.status_code == 302
    made = db.session.scalars(select(Product).filter_by(sku="MBX")).one()
    assert (made.unit, made.usage_source, price_of(made)) == ("mailbox", None, Decimal("1.6"))


def test_a_refused_product_keeps_what_was_typed(story: Story, mailbox: Product, admin: Browser) -> None:
    wrong = admin.post("/catalogue/new", data={**FORM, "sku": " ", "name": "", "price": "cheap", "currency": "EUR"})
    assert wrong.status_code == 422
    assert all(f'id="{field}-error"' in wrong.text for field in ("sku", "name", "price"))
    assert 'value="cheap"' in wrong.text
    taken = admin.post("/catalogue/new", data={**FORM, "sku": "MBX"})
    assert (taken.status_code, 'id="sku-error"' in taken.text) == (409, True)


def test_a_products_fields_change_and_its_precision_waits_for_open_reports(
    story: Story, mailbox: Product, admin: Browser
) -> None:
    usage(story.account, [(customer(story.account), mailbox, "3", None)])
    story.open_cycle()
    assert admin.post(f"/catalogue/{mailbox.uid}", data={**FORM, "name": "Postbox"}).status_code == 302
    refused = admin.post(f"/catalogue/{mailbox.uid}", data={**FORM, "precision": "2"})
    assert (refused.status_code, 'id="precision-error"' in refused.text) == (409, True)
    db.session.expire_all()
    assert (mailbox.name, mailbox.precision) == ("Postbox", 0)


def test_the_effect_of_a_price_is_said_before_it_is_saved(story: Story, mailbox: Product, admin: Browser) -> None:
    usage(story.account, [(customer(story.account), mailbox, "3", None)])
    story.open_cycle()
    path, typed = f"/catalogue/{mailbox.uid}/price", {"price": "3.10", "currency": "EUR"}
    page = admin.post(path, data=typed).text
    assert "Open reports keep the price copied at opening: 1 line stays as it is." in page
    assert price_of(mailbox) == Decimal("2.85")
    assert admin.post(path, data={**typed, "step": "save", "seen": "2.85"}).status_code == 302
    assert price_of(mailbox) == Decimal("3.10")
    history = admin.get(f"/catalogue/{mailbox.uid}").text
    assert history.index("€ 3.10") < history.index("Earlier prices") < history.index("€ 2.85")
    assert "Wed 1 Jan 2020" in history[history.index("Earlier prices") :]


def test_lines_that_waited_get_their_price_and_the_list_says_how_many_wait(story: Story, admin: Browser) -> None:
    free = product(story.distributor, "FREE", price=None)
    usage(story.account, [(customer(story.account), free, "3", None), (customer(story.account), free, "4", None)])
    report = story.open_cycle()
    assert "2 open lines have no price" in admin.get("/catalogue").text
    typed = {"price": "2", "currency": "EUR"}
    assert "2 lines without a price are filled now." in admin.post(f"/catalogue/{free.uid}/price", data=typed).text
    saved = {**typed, "step": "save", "seen": ""}
    page = admin.post(f"/catalogue/{free.uid}/price", data=saved, follow_redirects=True).text
    assert "2 open lines that had none have it now." in page
    assert story.report(report).amount == 14


def test_a_price_changed_meanwhile_is_shown_beside_ones_own(story: Story, mailbox: Product, admin: Browser) -> None:
    saved = {"price": "3.10", "currency": "EUR", "step": "save", "seen": "2.50"}
    answer = admin.post(f"/catalogue/{mailbox.uid}/price", data=saved)
    assert answer.status_code == 409
    assert "Somebody else changed this price meanwhile." in answer.text
    assert price_of(mailbox) == Decimal("2.85")


@pytest.mark.parametrize("typed", [{"price": "-1", "currency": "EUR"}, {"price": "1", "currency": "EURO"}, {}])
def test_a_wrong_price_is_refused_and_kept(mailbox: Product, admin: Browser, typed: dict[str, str]) -> None:
    answer = admin.post(f"/catalogue/{mailbox.uid}/price", data=typed)
    assert answer.status_code == 422
    assert "-error" in answer.text


def test_a_file_adds_and_changes_products_and_fills_waiting_lines(
    story: Story, mailbox: Product, admin: Browser
) -> None:
    free = product(story.distributor, "FREE", price=None)
    usage(story.account, [(customer(story.account), free, "3", None)])
    story.open_cycle()
    content = b"sku,name,price_EUR,price_USD\nMBX,Postbox,3.1,\nNEW,New one,,4\nFREE,,2,\n"
    page = send(admin, content).text
    assert re.search(r"Price, EUR:</span> 2\.85 .*<b>3\.10</b>", page)
    assert "1 open line that had no price has one now." in confirm(admin, page).text
    made = db.session.scalars(select(Product).filter_by(sku="NEW")).one()
    assert (price_of(mailbox), price_of(made, "USD"), price_of(free)) == (Decimal("3.1"), Decimal(4), Decimal(2))
    assert made.unit == "seat"


def test_refused_rows_are_named_and_nothing_is_changed(story: Story, mailbox: Product, admin: Browser) -> None:
    content = b"sku,name,precision,price_EUR\nMBX,Postbox,9,\nNEW,,0,\nMBX,Postbox,0,1\nOK,Fine,0,cheap\n"
    answer = send(admin, content)
    assert answer.status_code == 422
    rows = re.findall(r'data-label="Row">(\d+)</td><td data-label="Field">(\w+)', answer.text)
    assert rows == [("2", "precision"), ("3", "name"), ("4", "sku"), ("5", "price_EUR")]
    assert db.session.scalar(select(func.count()).select_from(Product)) == 1


def test_what_somebody_else_changed_after_the_plan_stays(story: Story, mailbox: Product) -> None:
    given = read_list(b"sku,name,unit,price_EUR,price_USD\nMBX,Postbox,seat,2.85,4\n", "x.csv", importing.LAYOUT)
    plan = importing.plan(story.distributor.id, given, operator())
    fields = {"vendor": "Acme", "unit": "mailbox", "price": "3.5", "currency": "EUR"}
    operations.put_product(story.distributor.id, "MBX", fields, operator(), AT)
    importing.carry_out(story.distributor.id, plan, operator(), AT)
    db.session.expire_all()
    assert (mailbox.name, mailbox.vendor, mailbox.unit) == ("Postbox", "Acme", "mailbox")
    assert (price_of(mailbox), price_of(mailbox, "USD")) == (Decimal("3.5"), Decimal(4))


def test_a_file_with_the_prices_there_are_writes_none(story: Story, mailbox: Product) -> None:
    given = read_list(b"sku,name,price_EUR\nMBX,Postbox,2.850\n", "x.csv", importing.LAYOUT)
    (planned,) = importing.plan(story.distributor.id, given, operator()).planned
    assert planned.columns == {"fields": {"name": "Postbox"}, "prices": {}}


def test_products_with_other_fields_to_change_are_each_changed_in_theirs(story: Story, mailbox: Product) -> None:
    backup = product(story.distributor, "BK", name="Backup", usage_source="manual")
    content = b"sku,name,unit,usage_source\nMBX,Postbox,,\nBK,,GB,account\n"
    plan = importing.plan(story.distributor.id, read_list(content, "x.csv", importing.LAYOUT), operator(), lock=True)
    importing.carry_out(story.distributor.id, plan, operator(), AT)
    db.session.expire_all()
    assert (mailbox.name, mailbox.unit) == ("Postbox", "seat")
    assert (backup.name, backup.unit, backup.usage_source) == ("Backup", "GB", None)


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_what_was_exported_changes_nothing(story: Story, mailbox: Product, admin: Browser, kind: str) -> None:
    product(story.distributor, "+A", name="=A1", precision=2, usage_source="manual", price="0.012345")
    content = admin.get(f"/catalogue/products.{kind}").data
    page = send(admin, content, f"products.{kind}").text
    assert "This file changes nothing" in page, re.findall(r'data-label="Reason">([^<]*)', page)


@pytest.mark.parametrize("rows", [2, 300])
def test_an_import_takes_a_fixed_number_of_statements(story: Story, mailbox: Product, rows: int) -> None:
    lines = "".join(f"P-{n},Product {n},1,2\n" for n in range(rows))
    content = f"sku,name,precision,price_EUR\nMBX,Postbox,1,3\n{lines}".encode()
    with Counting() as counting:
        plan = importing.plan(
            story.distributor.id, read_list(content, "x.csv", importing.LAYOUT), operator(), lock=True
        )
        importing.carry_out(story.distributor.id, plan, operator(), AT)
    assert len(counting.statements) <= 10
    assert db.session.scalar(select(func.count()).select_from(Product)) == rows + 1
