"""What the rows of a usage file mean: products of the catalogue, units they may have, and each row that is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import Any

from sqlalchemy import Row

from distributor.catalogue.queries import products_by_sku
from distributor.provisioning.formats import ProductHint, RefusedRow, SubscriptionRow, UsageFile, UsageRow
from distributor.provisioning.formats.connect import sku_alias
from workflows.errors import InvalidUnits
from workflows.units import parse_units
from workflows.words import words

AccountRow = Row[Any]
FINEST = 4


@dataclass(frozen=True, slots=True)
class Target:
    """The product that a SKU of the file means; `id` is None while it is still to be added to the catalogue."""

    sku: str
    precision: int
    by_hand: bool
    id: int | None = None


@dataclass(slots=True)
class Units:
    """Units of one customer and product, several rows of the file added up. No `ref`: the account's total."""

    ref: str | None
    sku: str
    provisioned: Decimal
    used: Decimal | None


@dataclass(slots=True)
class Meaning:
    """A file as the catalogue understands it. `units` and `charges` hold only rows that were not refused.

    `customers`: name by reference, None where the file knows none. `skus`: the catalogue's SKU by the file's.
    """

    targets: dict[str, Target] = field(default_factory=dict)
    new_products: list[ProductHint] = field(default_factory=list)
    units: list[Units] = field(default_factory=list)
    charges: list[SubscriptionRow] = field(default_factory=list)
    customers: dict[str, str | None] = field(default_factory=dict)
    refused: list[RefusedRow] = field(default_factory=list)

    @property
    def rows(self) -> int:
        return len(self.charges) or len(self.units)

    @property
    def skus(self) -> set[str]:
        return {target.sku for target in self.targets.values()}


def resolve(account: AccountRow, file: UsageFile, *, add_products: bool) -> Meaning:
    """Find every row's product and judge its units; what is wrong stands in `refused`, in the order of the rows."""
    meaning = Meaning(refused=[*file.refused, *_other_currencies(account, file)])
    _find_products(meaning, account, file, add_products)
    judge = _Judge(meaning)
    meaning.charges = [charge for charge in file.subscriptions if judge.accepts_charge(charge)]
    _add_up(meaning, (row for row in file.rows if judge.accepts_row(row)))
    meaning.customers = _customers([*file.rows, *file.subscriptions])
    meaning.refused.sort(key=lambda refused: refused.row or 0)
    return meaning


def _other_currencies(account: AccountRow, file: UsageFile) -> Iterator[RefusedRow]:
    for currency, row in file.currencies.items():
        if currency != account.currency:
            reason = words(
                "is %(given)s, but this account is charged in %(currency)s; nothing is converted",
                given=currency,
                currency=account.currency,
            )
            yield RefusedRow(row, "currency", reason)


def _find_products(meaning: Meaning, account: AccountRow, file: UsageFile, add_products: bool) -> None:
    wanted = _skus(file)
    known = products_by_sku(account.distributor_id, [*wanted, *filter(None, wanted.values())])
    adding: dict[str, ProductHint] = {}
    for sku, alias in wanted.items():
        product = known.get(sku) or known.get(alias or sku)
        if product is not None:
            by_hand = (product.usage_source or account.usage_source) == "manual"
            meaning.targets[sku] = Target(product.sku, product.precision, by_hand, product.id)
        elif add_products:
            hint = adding.setdefault(alias or sku, file.products.get(sku) or ProductHint(sku, name=sku))
            meaning.targets[sku] = Target(alias or sku, min(hint.precision, FINEST), account.usage_source == "manual")
    meaning.new_products = [_named(hint, sku) for sku, hint in adding.items()]


def _named(hint: ProductHint, sku: str) -> ProductHint:
    unit, precision = hint.unit or "seat", min(hint.precision, FINEST)
    return ProductHint(sku, hint.name, hint.vendor or "", unit, precision, hint.price, hint.currency, hint.other_prices)


def _skus(file: UsageFile) -> dict[str, str | None]:
    """Every SKU of the file with the shorter one that Connect's three-part id is an alias of."""
    rows = {row.sku: row.sku_alias or sku_alias(row.sku) for row in file.rows}
    return {**rows, **{charge.sku: None for charge in file.subscriptions}}


class _Judge:
    """Refuses rows whose product is unknown or counted by hand, or whose units that product does not take."""

    def __init__(self, meaning: Meaning) -> None:
        self.targets: Mapping[str, Target] = meaning.targets
        self.refused = meaning.refused

    def accepts_row(self, row: UsageRow) -> bool:
        figures = (("provisioned_units", row.provisioned_units), ("used_units", row.used_units))
        return self._accepts(row.row, row.sku, figures)

    def accepts_charge(self, charge: SubscriptionRow) -> bool:
        return self._accepts(charge.row, charge.sku, (("quantity", charge.quantity),))

    def _accepts(self, row: int, sku: str, figures: tuple[tuple[str, Decimal | None], ...]) -> bool:
        target = self.targets.get(sku)
        if target is None:
            why = words("the catalogue has no product %(sku)s: add it, or import with new products allowed", sku=sku)
            return self._refuse(row, "sku", why)
        if target.by_hand:
            why = words("%(sku)s is counted by hand: its units come from the MSP, not from a file", sku=sku)
            return self._refuse(row, "sku", why)
        judged = [(name, _why_not(value, target.precision)) for name, value in figures]
        wrong = [(name, reason) for name, reason in judged if reason is not None]
        for name, reason in wrong:
            self._refuse(row, name, reason)
        return not wrong

    def _refuse(self, row: int, name: str, reason: str) -> bool:
        self.refused.append(RefusedRow(row, name, reason))
        return False


@lru_cache(maxsize=8192)
def _why_not(value: Decimal | None, precision: int) -> str | None:
    try:
        if value is not None:
            parse_units(value, precision, "units")
    except InvalidUnits as error:
        return error.message
    return None


def _add_up(meaning: Meaning, rows: Iterable[UsageRow]) -> None:
    sums: dict[tuple[str | None, str], Units] = {}
    for row in rows:
        sku, ref = meaning.targets[row.sku].sku, row.customer_ref or None
        known = sums.get((ref, sku))
        if known is None:
            sums[ref, sku] = Units(ref, sku, row.provisioned_units, row.used_units)
            continue
        known.provisioned += row.provisioned_units
        known.used = None if known.used is None or row.used_units is None else known.used + row.used_units
    meaning.units = list(sums.values())


def _customers(rows: Iterable[UsageRow | SubscriptionRow]) -> dict[str, str | None]:
    """Where a file gives one customer several names, the last one stands."""
    names: dict[str, str | None] = {}
    for row in rows:
        if row.customer_ref:
            names[row.customer_ref] = row.customer_name or names.get(row.customer_ref)
    return names
