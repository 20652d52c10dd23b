"""A product's fields as people read them."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from flask_babel import gettext, ngettext

from distributor import formatting


def labels() -> Mapping[str, str]:
    """Names of the fields of a product."""
    return {
        "sku": gettext("SKU"),
        "name": gettext("Name"),
        "vendor": gettext("Vendor"),
        "unit": gettext("Unit"),
        "precision": gettext("Precision"),
        "usage_source": gettext("Usage"),
        "reports_used_units": gettext("Used units"),
    }


def price_label(currency: str) -> str:
    """The name of a price, such as "Price, EUR"."""
    return gettext("Price, %(currency)s", currency=currency)


def value_of(name: str, value: Any) -> str:
    """A value of a product's field in a few words."""
    if name == "price":
        return gettext("none") if value is None else price_text(value)
    if name == "precision":
        return precision_of(value)
    if name == "usage_source":
        return source_of(value)
    if name == "reports_used_units":
        return gettext("reported") if value else gettext("not reported")
    return str(value) if value else gettext("none")


def price_text(value: Decimal | str | None) -> str:
    """A price with its decimals, at least two: "2.85", "0.0125"."""
    if value is None:
        return formatting.UNKNOWN
    exact = Decimal(value).normalize()
    return formatting.money(exact, max(2, -int(exact.as_tuple().exponent)))


def precision_of(decimals: int) -> str:
    """How finely units are counted."""
    if not decimals:
        return gettext("whole units")
    return ngettext("%(num)s decimal", "%(num)s decimals", decimals)


def source_of(source: str | None) -> str:
    """Where a product's units come from."""
    words = {"feed": gettext("from a usage feed"), "manual": gettext("counted by hand")}
    return words.get(source or "", gettext("as the account says"))
