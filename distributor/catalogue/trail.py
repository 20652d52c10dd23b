"""What changes of the catalogue are in the distributor's audit trail: one fact per product and per price."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from distributor.audit.changes import changed
from distributor.audit.operations import Fact
from distributor.list_plans import Plan, Planned


def of_plan(distributor_id: int, planned: Plan) -> Iterator[Fact]:
    """All that a file changed."""
    for one in planned.planned:
        yield from _of_row(distributor_id, one)


def of_product(
    distributor_id: int, sku: str, before: Mapping[str, Any] | None, fields: Mapping[str, Any]
) -> Iterator[Fact]:
    """A product made (`before` is None) or changed; nothing where all fields had these values already."""
    changes = changed(before or {}, fields)
    if before is None or changes:
        what = "product.created" if before is None else "product.changed"
        yield Fact(what, organization_id=distributor_id, subject=sku, details={"changes": changes})


def of_price(distributor_id: int, sku: str, currency: str, before: Decimal | None, price: Decimal) -> Iterator[Fact]:
    """A price set; nothing where it was this already."""
    changes = changed({"unit_price": before}, {"unit_price": price})
    if changes:
        details = {"currency": currency, "changes": changes}
        yield Fact("price.changed", organization_id=distributor_id, subject=sku, details=details)


def _of_row(distributor_id: int, one: Planned) -> Iterator[Fact]:
    fields, prices = one.columns["fields"], one.columns["prices"]
    before = None if one.present is None else {name: getattr(one.present, name) for name in fields}
    yield from of_product(distributor_id, one.key, before, fields)
    earlier = {code: Decimal(price) for code, price in (one.present.prices or ())} if one.present is not None else {}
    for currency, price in prices.items():
        yield from of_price(distributor_id, one.key, currency, earlier.get(currency), price)
