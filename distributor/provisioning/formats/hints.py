"""Collecting what a file tells of its products, row by row."""

from dataclasses import replace
from decimal import Decimal

from distributor.provisioning.formats.own_layout import decimals_of
from distributor.provisioning.formats.shapes import ProductHint


def note_product(products: dict[str, ProductHint], hint: ProductHint, *units: Decimal) -> None:
    """Add what one row tells of a product: the first row's words and price, the most decimals of any row."""
    known = products.get(hint.sku, hint)
    products[hint.sku] = replace(
        known,
        precision=max(known.precision, hint.precision, *(decimals_of(value) for value in units)),
        price=hint.price if known.price is None else known.price,
        currency=hint.currency if known.price is None else known.currency,
        other_prices=known.other_prices + _differs(known, hint),
    )


def _differs(known: ProductHint, hint: ProductHint) -> bool:
    return None not in {known.price, hint.price} and (known.price, known.currency) != (
        hint.price,
        hint.currency,
    )
