"""What the catalogue's pages read: products with prices and vendors, a price's history, lines without a price."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select, text

from distributor.catalogue.models import Product
from distributor.catalogue.queries import ProductRow, of_distributor
from distributor.database import db
from distributor.identity.acting import CurrentMember

PRODUCT = Product.__table__
MOST_VENDORS = 200


@dataclass(frozen=True, slots=True)
class ProductFilter:
    """What the catalogue is narrowed to; it is the address of the page."""

    search: str = ""
    vendor: str = ""

    @property
    def narrows(self) -> bool:
        return bool(self.search or self.vendor)


def listed(
    member: CurrentMember, wanted: ProductFilter, *, after: tuple[str, int] | None = None, limit: int = 50
) -> list[ProductRow]:
    """The distributor's own products by SKU, with `prices` of every currency."""
    query = of_distributor(member.organization_id, search=wanted.search, after=after)
    if wanted.vendor:
        query = query.where(PRODUCT.c.vendor == wanted.vendor)
    return list(db.session.execute(query.limit(limit)))


def every_product(distributor_id: int) -> list[ProductRow]:
    """All products of a distributor by SKU, for files and imports."""
    return list(db.session.execute(of_distributor(distributor_id)))


def lock_products(distributor_id: int, skus: Sequence[str]) -> None:
    """Hold these products, in the order of their ids; rows that only refer to them are not kept waiting.

    Prices are changed by whoever holds their product, so they stand still, too. Read after it, not with it: a
    statement that had to wait would still see the prices of before.
    """
    wanted = (PRODUCT.c.distributor_id == distributor_id, PRODUCT.c.sku.in_(skus))
    db.session.execute(select(PRODUCT.c.id).where(*wanted).order_by(PRODUCT.c.id).with_for_update(key_share=True))


# One query for what the page says around the list: vendors, currencies, open lines without a price.
AROUND = text("""
SELECT
  ARRAY(SELECT DISTINCT vendor FROM products WHERE distributor_id = :distributor AND vendor <> ''
        ORDER BY vendor LIMIT :most) AS vendors,
  ARRAY(SELECT DISTINCT currency FROM prices WHERE distributor_id = :distributor
        UNION SELECT DISTINCT currency FROM accounts WHERE distributor_id = :distributor ORDER BY 1) AS currencies,
  (SELECT coalesce(sum(missing_prices), 0) FROM usage_reports WHERE distributor_id = :distributor
     AND missing_prices > 0 AND status IN ('msp_preparing', 'rejected', 'under_review')) AS unpriced""")


def around(distributor_id: int) -> Row[Any]:
    """`vendors`, `currencies` (of prices and accounts) and `unpriced`: lines of open reports without a price."""
    return db.session.execute(AROUND, {"distributor": distributor_id, "most": MOST_VENDORS}).one()


UNPRICED = text("""
SELECT p.uid, l.sku, l.product_name, r.currency, count(*) AS lines, count(DISTINCT r.id) AS reports
FROM usage_reports r JOIN usage_report_lines l ON l.report_id = r.id AND l.unit_price IS NULL
JOIN products p ON p.id = l.product_id
WHERE r.distributor_id = :distributor AND r.missing_prices > 0
  AND r.status IN ('msp_preparing', 'rejected', 'under_review')
GROUP BY p.uid, l.sku, l.product_name, r.currency ORDER BY count(*) DESC, l.sku, r.currency LIMIT 50""")


def unpriced(distributor_id: int) -> list[Row[Any]]:
    """Products that open reports wait to be priced, with their currency and how many `lines` and `reports` wait."""
    return list(db.session.execute(UNPRICED, {"distributor": distributor_id}))


PRICES = text("""
SELECT currency, unit_price, updated_at AS since, NULL::timestamptz AS until FROM prices WHERE product_id = :product
UNION ALL
SELECT currency, unit_price,
       coalesce(valid_from, lag(valid_until) OVER (PARTITION BY currency ORDER BY valid_until, id)), valid_until
FROM past_prices WHERE product_id = :product
ORDER BY currency, until DESC NULLS FIRST""")


def price_history(product_id: int) -> list[Row[Any]]:
    """Prices of a product, by currency and newest first: `unit_price`, `since` (None: ever), `until` (None: now)."""
    return list(db.session.execute(PRICES, {"product": product_id}))


USE = text("""
SELECT count(*) FILTER (WHERE l.unit_price IS NOT NULL) AS priced,
       count(*) FILTER (WHERE l.unit_price IS NULL) AS waiting,
       count(DISTINCT r.id) AS reports
FROM usage_reports r JOIN usage_report_lines l ON l.report_id = r.id AND l.product_id = :product
WHERE r.distributor_id = :distributor AND r.status IN ('msp_preparing', 'rejected', 'under_review')
  AND (CAST(:currency AS text) IS NULL OR r.currency = :currency)""")


def use_in_open_reports(distributor_id: int, product_id: int, currency: str | None = None) -> Row[Any]:
    """Lines of open reports that hold the product: `priced`, `waiting` for a price, and in how many `reports`."""
    given = {"distributor": distributor_id, "product": product_id, "currency": currency}
    return db.session.execute(USE, given).one()
