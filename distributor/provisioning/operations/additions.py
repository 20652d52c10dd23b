"""What an import adds beside units: customers new to the account, and, where it may, products new to the catalogue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from flask_babel import gettext, ngettext
from sqlalchemy import Row, text

from distributor.catalogue.queries import products_by_sku
from distributor.database import db
from distributor.errors import Forbidden
from distributor.formatting import units
from distributor.identity.acting import Acting
from distributor.provisioning.formats import ProductHint
from distributor.provisioning.operations.resolving import Meaning
from distributor.provisioning.operations.snapshots import keys_of
from workflows.usage_report import Role, Side

AccountRow = Row[Any]
PRICE_STEP = Decimal("0.000001")
NAMED = 5


@dataclass(frozen=True, slots=True)
class AddedProduct:
    """A product taken from the file into the catalogue; `price` is of one unit, None where the file tells none."""

    sku: str
    name: str
    vendor: str
    unit: str
    precision: int
    price: Decimal | None
    currency: str | None

    def __str__(self) -> str:
        return ngettext(
            "%(sku)s: %(name)s (%(unit)s, %(num)s decimal, %(price)s)",
            "%(sku)s: %(name)s (%(unit)s, %(num)s decimals, %(price)s)",
            self.precision,
            sku=self.sku,
            name=self.name,
            unit=self.unit,
            price=gettext("no price") if self.price is None else f"{units(self.price)} {self.currency}",
        )

    def as_dict(self) -> dict[str, Any]:
        price = None if self.price is None else f"{self.price.normalize():f}"
        return {
            "sku": self.sku, "name": self.name, "vendor": self.vendor, "unit": self.unit, "precision": self.precision,
            "price": price, "currency": self.currency,
        }  # fmt: skip


def check_may_add(hints: Sequence[ProductHint], acting: Acting) -> None:
    """The catalogue is for the distributor's admins. Raises Forbidden."""
    if hints and acting.actor.side is not Side.SYSTEM and Role.ADMIN not in acting.actor.roles:
        raise Forbidden(
            gettext("This file would add products, and the catalogue is changed by the distributor's admins only.")
        )


def add(account: AccountRow, meaning: Meaning, at: datetime) -> tuple[dict[str, int], list[AddedProduct], list[str]]:
    """Write new products and customers; returns product ids by SKU, the products added, and remarks."""
    added = [_product(hint, account.currency) for hint in meaning.new_products]
    _insert_products(account, added, at)
    _put_customers(account, meaning)
    skus = meaning.skus
    ids = {sku: product.id for sku, product in products_by_sku(account.distributor_id, skus).items()}
    return ids, added, [*_about_prices(meaning.new_products), *_unpriced(account, ids)]


def _product(hint: ProductHint, currency: str) -> AddedProduct:
    price = hint.price if hint.currency == currency else None
    if price is not None:
        price = price.quantize(PRICE_STEP, ROUND_HALF_UP)
    priced_in = currency if price is not None else None
    return AddedProduct(hint.sku, hint.name, hint.vendor or "", hint.unit or "seat", hint.precision, price, priced_in)


# In one order whatever the file's: two accounts may bring the same products at once, and would wait for each other.
PRODUCTS = text("""
INSERT INTO products (distributor_id, sku, vendor, name, unit, "precision")
SELECT :distributor, x.sku, x.vendor, x.name, x.unit, x.decimals
FROM unnest(CAST(:skus AS text[]), CAST(:vendors AS text[]), CAST(:names AS text[]), CAST(:units AS text[]),
            CAST(:decimals AS smallint[])) AS x (sku, vendor, name, unit, decimals)
ORDER BY x.sku
ON CONFLICT (distributor_id, sku) DO NOTHING""")

PRICES = text("""
INSERT INTO prices (product_id, distributor_id, currency, unit_price, updated_at)
SELECT p.id, p.distributor_id, :currency, x.price, :at
FROM unnest(CAST(:skus AS text[]), CAST(:prices AS numeric[])) AS x (sku, price)
JOIN products p ON p.distributor_id = :distributor AND p.sku = x.sku
WHERE x.price IS NOT NULL
ORDER BY x.sku
ON CONFLICT (product_id, currency) DO NOTHING""")


def _insert_products(account: AccountRow, added: Sequence[AddedProduct], at: datetime) -> None:
    if not added:
        return
    columns = {
        "skus": [product.sku for product in added],
        "vendors": [product.vendor for product in added],
        "names": [product.name for product in added],
        "units": [product.unit for product in added],
        "decimals": [product.precision for product in added],
    }
    db.session.execute(PRODUCTS, {"distributor": account.distributor_id, **columns})
    prices = {"skus": columns["skus"], "prices": [product.price for product in added]}
    given = {"distributor": account.distributor_id, "currency": account.currency, "at": at}
    db.session.execute(PRICES, {**given, **prices})


# A file that knows no names makes customers named by their reference and renames nobody.
CUSTOMERS = text("""
INSERT INTO customers (account_id, distributor_id, msp_id, ref, name)
SELECT :account, :distributor, :msp, x.ref, coalesce(x.name, x.ref)
FROM unnest(CAST(:refs AS text[]), CAST(:names AS text[])) AS x (ref, name)
LEFT JOIN customers c ON c.account_id = :account AND c.ref = x.ref
WHERE c.id IS NULL OR c.name <> x.name
ORDER BY x.ref
ON CONFLICT (account_id, ref) DO UPDATE SET name = excluded.name WHERE customers.name <> excluded.name""")


def _put_customers(account: AccountRow, meaning: Meaning) -> None:
    given = {"refs": list(meaning.customers), "names": list(meaning.customers.values())}
    db.session.execute(CUSTOMERS, {**keys_of(account), **given})


def _about_prices(hints: Sequence[ProductHint]) -> list[str]:
    said = [hint for hint in hints if hint.other_prices and hint.price is not None]
    return [
        ngettext(
            "%(sku)s: %(num)s row of the file has another price; the first was taken.",
            "%(sku)s: %(num)s rows of the file have another price; the first was taken.",
            hint.other_prices,
            sku=hint.sku,
        )
        for hint in said
    ]


def _unpriced(account: AccountRow, ids: dict[str, int]) -> list[str]:
    query = text("""
SELECT p.sku FROM products p WHERE p.id = ANY(CAST(:ids AS bigint[]))
  AND NOT EXISTS (SELECT FROM prices x WHERE x.product_id = p.id AND x.currency = :currency)
ORDER BY p.sku""")
    skus = list(db.session.scalars(query, {"ids": list(ids.values()), "currency": account.currency}))
    if not skus:
        return []
    named = ", ".join(skus[:NAMED])
    if len(skus) > NAMED:
        named = gettext("%(names)s and %(rest)s more", names=named, rest=units(len(skus) - NAMED))
    warning = gettext(
        "Without a price in %(currency)s: %(skus)s. Until then their reports can't be submitted by hand.",
        currency=account.currency,
        skus=named,
    )
    return [warning]
