"""Products from a file: what it would add and change, by the rules that judge a single product, then all or nothing.

Each currency has a price column of its own, such as `price_EUR`; a blank cell leaves the price as it is.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeGuard, cast

from flask_babel import gettext, lazy_gettext
from sqlalchemy import Table, bindparam, insert, update

from distributor.audit.operations import record_all
from distributor.catalogue import lists, operations, trail
from distributor.catalogue.models import Product
from distributor.catalogue.queries import ProductRow
from distributor.catalogue.wording import labels, price_label, value_of
from distributor.database import db
from distributor.errors import FieldError, InputRefused
from distributor.identity.acting import Acting
from distributor.list_files import Column, GivenList, GivenRow, Layout
from distributor.list_plans import Change, Plan, Planned
from distributor.saying import said
from distributor.usage_reports.operations.usage import fill_missing_prices
from distributor.usage_reports.queries import ReportRow
from workflows.money import MINOR_UNITS

PRODUCT = cast(Table, Product.__table__)
PRICE = re.compile(r"price_([A-Za-z]{3})")
FIELDS = ("name", "vendor", "unit", "precision", "usage_source", "reports_used_units")
# What a new product has where the file says nothing.
DEFAULTS: Mapping[str, Any] = {
    "vendor": "", "unit": "seat", "precision": 0, "usage_source": None, "reports_used_units": False,
}  # fmt: skip
FOLLOWS_ACCOUNT = "account"
COLUMNS = (
    Column("sku", "text", lazy_gettext("The product's SKU; it tells which product a row is about."), 100),
    Column("name", "text", lazy_gettext("Name of the product."), 300),
    Column("vendor", "text", lazy_gettext("Who makes it; may be blank."), 200),
    Column("unit", "text", lazy_gettext("What is counted, such as seat or mailbox."), 50),
    Column("precision", "whole", lazy_gettext("Decimals of its units, 0 to 4.")),
    Column(
        "usage_source", "text",
        lazy_gettext("feed or manual; account (or blank for a new product) follows the account."), 20,
    ),
    Column("reports_used_units", "flag", lazy_gettext("yes or no: does the vendor report used units?")),
)  # fmt: skip


def price_column(name: str) -> Column | None:
    """The column of a currency's prices, "price_EUR"; None for another name."""
    match = PRICE.fullmatch(name)
    code = match[1].upper() if match else ""
    if code not in MINOR_UNITS:
        return None
    return Column(f"price_{code}", "number", gettext("Price of one unit in %(currency)s.", currency=code))


LAYOUT = Layout(COLUMNS, ("sku",), price_column)


def columns_for(currencies: Iterable[str]) -> list[Column]:
    """The layout with a price column for each currency."""
    return [*COLUMNS, *(column for code in currencies if (column := price_column(f"price_{code}")) is not None)]


def exported(rows: Iterable[ProductRow]) -> list[dict[str, Any]]:
    """Products as rows of the file."""
    return [
        {
            "sku": row.sku,
            **{name: getattr(row, name) for name in FIELDS},
            "vendor": row.vendor or None,
            "usage_source": row.usage_source or FOLLOWS_ACCOUNT,
            **{f"price_{code}": Decimal(price).normalize() for code, price in row.prices or ()},
        }
        for row in rows
    ]


@dataclass(slots=True)
class _Known:
    """What the catalogue has before the file, why precisions cannot change, and the SKUs seen so far."""

    products: Mapping[str, ProductRow]
    conflicts: Mapping[str, str]
    seen: dict[str, int] = field(default_factory=dict)


def plan(distributor_id: int, given: GivenList, acting: Acting, *, lock: bool = False) -> Plan:
    """What the file would change. Raises Forbidden.

    `lock` holds the products until the end of the transaction, and before them the reports that wait for a price.
    """
    operations.check_may_change(acting)
    held = _lock(distributor_id, given) if lock else None
    products = {row.sku: row for row in lists.every_product(distributor_id)}
    wanted = [(products[row.values["sku"]], row.values.get("precision")) for row in given.rows if _is_in(row, products)]
    conflicts = operations.precision_conflicts(distributor_id, [(row, new) for row, new in wanted if _decimals(new)])
    known = _Known(products, conflicts)
    found = Plan(refused=list(given.refused), held=held)
    for row in given.rows:
        _plan_row(found, known, row)
    found.refused.sort(key=lambda one: one.row or 0)
    return found


def _lock(distributor_id: int, given: GivenList) -> Sequence[ReportRow]:
    """Hold what the file may change; returns the reports."""
    # Reports first: whoever imports usage holds them when it adds products.
    held = operations.waiting_reports(distributor_id) if any(_has_price(row) for row in given.rows) else []
    lists.lock_products(distributor_id, [row.values["sku"] for row in given.rows if row.values.get("sku")])
    return held


def _has_price(row: GivenRow) -> bool:
    return any(value is not None and PRICE.fullmatch(name) for name, value in row.values.items())


def _is_in(row: GivenRow, products: Mapping[str, ProductRow]) -> bool:
    return row.values.get("sku") in products


def _decimals(given: Any) -> TypeGuard[int]:
    return isinstance(given, int) and 0 <= given <= operations.FINEST


def _plan_row(found: Plan, known: _Known, row: GivenRow) -> None:
    errors: list[FieldError] = []
    sku = row.values.get("sku") or ""
    first = known.seen.setdefault(sku, row.number)
    if sku and first != row.number:
        errors.append(FieldError(gettext("The same SKU as row %(row)s.", row=first), "sku"))
    present = known.products.get(sku)
    fields = operations.checked_fields(sku, _fields(row.values), errors)
    prices = _prices(row.values, errors)
    if present is None and "name" not in fields and not any(error.field == "name" for error in errors):
        errors.append(FieldError(gettext("A new product needs a name."), "name"))
    if sku in known.conflicts:
        errors.append(FieldError(known.conflicts[sku], "precision"))
    if errors:
        found.refuse(row.number, errors)
    else:
        _take(found, row, present, fields, prices)


def _fields(values: Mapping[str, Any]) -> dict[str, Any]:
    fields = {name: values[name] for name in FIELDS if values.get(name) is not None}
    if fields.get("usage_source") == FOLLOWS_ACCOUNT:
        fields["usage_source"] = None
    return fields


def _prices(values: Mapping[str, Any], errors: list[FieldError]) -> dict[str, Decimal]:
    prices = {}
    for name, value in values.items():
        if not PRICE.fullmatch(name) or value is None:
            continue
        try:
            price = operations.checked_price(value)
        except InputRefused as refused:
            errors.append(FieldError(said(refused), name))
        else:
            if price is not None:
                prices[name.removeprefix("price_")] = price
    return prices


def _take(
    found: Plan, row: GivenRow, present: ProductRow | None, fields: Mapping[str, Any], prices: Mapping[str, Decimal]
) -> None:
    # Only what differs is written, as only that was shown.
    whole = {**DEFAULTS, **fields} if present is None else _differing(present, fields)
    before = {code: Decimal(price) for code, price in (present.prices or ())} if present is not None else {}
    prices = {code: price for code, price in prices.items() if before.get(code) != price}
    changes = (*_field_changes(present, whole), *_price_changes(before, prices))
    if not changes:
        found.unchanged += 1
        return
    sku, columns = row.values["sku"], {"fields": whole, "prices": prices}
    name = fields.get("name") or (present.name if present else sku)
    found.planned.append(Planned(row.number, sku, name, present is None, changes, columns, present))


def _differing(present: ProductRow, fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if getattr(present, name) != value}


def _field_changes(present: ProductRow | None, fields: Mapping[str, Any]) -> list[Change]:
    before = {name: None if present is None else value_of(name, getattr(present, name)) for name in fields}
    return [
        Change(labels()[name], before[name], value_of(name, value))
        for name, value in fields.items()
        if present is not None or value not in {None, ""}
    ]


def _price_changes(before: Mapping[str, Decimal], prices: Mapping[str, Decimal]) -> list[Change]:
    return [
        Change(price_label(code), value_of("price", before.get(code)), value_of("price", price))
        for code, price in prices.items()
    ]


def carry_out(distributor_id: int, planned: Plan, acting: Acting, at: datetime) -> int:
    """Do what the plan says, all of it; returns how many lines of open reports got the price they had waited for.

    Raises InputRefused where a row was refused.
    """
    planned.check()
    priced = any(one.columns["prices"] for one in planned.planned)
    waiting: Sequence[ReportRow] = ()
    if priced:
        # With a lock the reports are held since before the products; to ask for more of them now could be a deadlock.
        waiting = operations.waiting_reports(distributor_id) if planned.held is None else planned.held
    ids = _insert(distributor_id, planned.added) | {one.key: one.present.id for one in planned.changed}
    _update(planned.changed)
    _write_prices(distributor_id, planned.planned, ids, at)
    record_all(trail.of_plan(distributor_id, planned), by=acting, at=at)
    return sum(fill_missing_prices(report, acting, at) for report in waiting)


def _insert(distributor_id: int, added: Sequence[Planned]) -> dict[str, int]:
    rows = [{"distributor_id": distributor_id, "sku": one.key, **one.columns["fields"]} for one in added]
    if not rows:
        return {}
    made = db.session.execute(insert(Product).returning(Product.id, Product.sku), rows)
    return {row.sku: row.id for row in made}


def _update(changed: Sequence[Planned]) -> None:
    """Write the fields that differ, with one statement for all products in which the same ones do."""
    alike: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
    for one in changed:
        if fields := one.columns["fields"]:
            alike[tuple(sorted(fields))].append({"product": one.present.id, **fields})
    statement = update(PRODUCT).where(PRODUCT.c.id == bindparam("product"))
    for rows in alike.values():
        db.session.connection().execute(statement, rows)


def _write_prices(distributor_id: int, planned: Sequence[Planned], ids: Mapping[str, int], at: datetime) -> None:
    rows = [
        {"product": ids[one.key], "distributor": distributor_id, "currency": code, "price": price, "at": at}
        for one in planned
        for code, price in one.columns["prices"].items()
    ]
    if rows:
        db.session.execute(operations.WRITE_PRICE, rows)
