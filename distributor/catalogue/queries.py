"""Reading the catalogue: products with their prices, customers of an account."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from flask_babel import gettext
from sqlalchemy import Row, Select, String, and_, cast, func, or_, select, text, true
from sqlalchemy.dialects.postgresql import JSONB, aggregate_order_by
from sqlalchemy.sql.elements import ColumnElement

from distributor.accounts.models import Account
from distributor.catalogue.models import Customer, Price, Product
from distributor.database import db
from distributor.errors import NotFound
from distributor.identity.acting import CurrentMember

PRODUCT = Product.__table__
PRICE = Price.__table__
CUSTOMER = Customer.__table__
ACCOUNT = Account.__table__

ProductRow = Row[Any]
CustomerRow = Row[Any]
MOST_FOUND = 200


def products_by_sku(distributor_id: int, skus: Iterable[str]) -> Mapping[str, ProductRow]:
    """The distributor's products with these SKUs, by SKU; those it does not have are left out."""
    wanted = list(dict.fromkeys(skus))
    query = select(PRODUCT).where(PRODUCT.c.distributor_id == distributor_id, PRODUCT.c.sku.in_(wanted))
    return {row.sku: row for row in db.session.execute(query)}


def unit_price(product_id: int, currency: str) -> Decimal | None:
    """The product's price in this currency, where it has one."""
    query = select(PRICE.c.unit_price).where(PRICE.c.product_id == product_id, PRICE.c.currency == currency)
    found: Decimal | None = db.session.scalar(query)
    return found


def in_sight(member: CurrentMember) -> ColumnElement[bool]:
    """Products of the member's own catalogue and of the distributors it reports to."""
    upstream = select(ACCOUNT.c.distributor_id).where(ACCOUNT.c.msp_id == member.organization_id)
    return or_(PRODUCT.c.distributor_id == member.organization_id, PRODUCT.c.distributor_id.in_(upstream))


def products(
    member: CurrentMember,
    *,
    search: str = "",
    currency: str | None = None,
    distributor_id: int | None = None,
    after: tuple[str, int] | None = None,
    limit: int = 50,
) -> list[ProductRow]:
    """Products in the member's sight by SKU, at most `limit` after the keyset `after` (`keyset` of the last row seen).

    `search` looks into SKU, name and vendor. `price` and `currency` of a row are those in `currency`; without one,
    those of the product's first currency. `prices` are all of them.
    """
    query = _products(currency).where(in_sight(member), *_matching(search)).order_by(PRODUCT.c.sku, PRODUCT.c.id)
    if distributor_id is not None:
        query = query.where(PRODUCT.c.distributor_id == distributor_id)
    if after is not None:
        sku, identity = after
        query = query.where(or_(PRODUCT.c.sku > sku, and_(PRODUCT.c.sku == sku, PRODUCT.c.id > identity)))
    return list(db.session.execute(query.limit(min(limit, MOST_FOUND + 1))))


def of_distributor(distributor_id: int, *, search: str = "", after: tuple[str, int] | None = None) -> Select[Any]:
    """The distributor's own products by SKU, in the shape of `products`."""
    query = _products(None).where(PRODUCT.c.distributor_id == distributor_id, *_matching(search))
    if after is not None:
        sku, identity = after
        query = query.where(or_(PRODUCT.c.sku > sku, and_(PRODUCT.c.sku == sku, PRODUCT.c.id > identity)))
    return query.order_by(PRODUCT.c.sku, PRODUCT.c.id)


def keyset(row: ProductRow) -> tuple[str, int]:
    """Where a page of products that ends with this row goes on."""
    return row.sku, row.id


def product(distributor_id: int, sku: str, currency: str | None = None) -> ProductRow:
    """One product with its prices. Raises NotFound."""
    query = _products(currency).where(PRODUCT.c.distributor_id == distributor_id, PRODUCT.c.sku == sku)
    row = db.session.execute(query).one_or_none()
    if row is None:
        raise NotFound(gettext("This product"))
    return row


def product_shape(row: ProductRow) -> dict[str, Any]:
    """`product` of the REST API; `prices` has every currency."""
    fields = ("sku", "name", "vendor", "unit", "precision", "usage_source", "reports_used_units", "currency")
    return {
        **{name: getattr(row, name) for name in fields},
        "price": plain(row.price),
        "prices": [{"currency": code, "price": plain(Decimal(price))} for code, price in row.prices or ()],
    }


def customers(account_id: int, *, search: str = "", limit: int = MOST_FOUND) -> list[CustomerRow]:
    """The account's customers by name, for the dialogue that adds a line; `search` looks into name and reference."""
    query = select(CUSTOMER).where(CUSTOMER.c.account_id == account_id)
    for column in _words(search, CUSTOMER.c.name, CUSTOMER.c.ref):
        query = query.where(column)
    return list(db.session.execute(query.order_by(func.lower(CUSTOMER.c.name), CUSTOMER.c.id).limit(limit)))


def customer_shape(row: CustomerRow) -> dict[str, str]:
    """A customer as programs and pages name it."""
    return {"ref": row.ref, "name": row.name}


def plain(value: Decimal | None) -> str | None:
    """A decimal as text without an exponent or trailing zeros."""
    return None if value is None else f"{value.normalize():f}"


def _products(currency: str | None) -> Select[Any]:
    pair = func.jsonb_build_array(PRICE.c.currency, cast(PRICE.c.unit_price, String))
    by_currency = aggregate_order_by(pair, PRICE.c.currency)
    every = select(func.jsonb_agg(by_currency, type_=JSONB)).where(PRICE.c.product_id == PRODUCT.c.id).scalar_subquery()
    wanted = [PRICE.c.currency == currency] if currency else []
    shown = (
        select(PRICE.c.currency, PRICE.c.unit_price)
        .where(PRICE.c.product_id == PRODUCT.c.id, *wanted)
        .order_by(PRICE.c.currency)
        .limit(1)
        .lateral("shown")
    )
    columns = (*PRODUCT.c, shown.c.currency, shown.c.unit_price.label("price"), every.label("prices"))
    return select(*columns).select_from(PRODUCT.outerjoin(shown, true()))


def _matching(search: str) -> list[ColumnElement[bool]]:
    return _words(search, PRODUCT.c.sku, PRODUCT.c.name, PRODUCT.c.vendor)


def _words(search: str, *columns: ColumnElement[str]) -> list[ColumnElement[bool]]:
    """Every word of `search` stands in one of the columns, whatever its case."""
    return [or_(*(column.icontains(word, autoescape=True) for column in columns)) for word in search.split()]


def own_product(uid: UUID, member: CurrentMember) -> ProductRow:
    """One product of the member's own catalogue, with its prices. Raises NotFound."""
    query = _products(None).where(PRODUCT.c.uid == uid, PRODUCT.c.distributor_id == member.organization_id)
    row = db.session.execute(query).one_or_none()
    if row is None:
        raise NotFound(gettext("This product"))
    return row


def product_by_uid(uid: UUID, member: CurrentMember) -> ProductRow:
    """One product in the member's sight, to go on after it. Raises NotFound."""
    row = db.session.execute(select(PRODUCT).where(PRODUCT.c.uid == uid, in_sight(member))).one_or_none()
    if row is None:
        raise NotFound(gettext("This product"))
    return row


PRICED_SINCE = text("""
SELECT DISTINCT r.distributor_id FROM usage_reports r
JOIN usage_report_lines l ON l.report_id = r.id AND l.unit_price IS NULL
JOIN prices p ON p.product_id = l.product_id AND p.currency = r.currency
WHERE r.missing_prices > 0 AND r.status IN ('msp_preparing', 'rejected', 'under_review')
  AND r.distributor_id <> ALL(CAST(:but AS bigint[]))
ORDER BY r.distributor_id LIMIT :limit""")


def priced_since(at: datetime, *, limit: int, but: Sequence[int] = ()) -> list[int]:
    """Distributors whose open reports miss prices that the catalogue has by now; `at` is not asked."""
    return list(db.session.scalars(PRICED_SINCE, {"limit": limit, "but": list(but)}))
