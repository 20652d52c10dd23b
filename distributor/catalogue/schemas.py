"""Products as the API's document shows them. What comes in is judged by `operations`, field by field."""

from __future__ import annotations

from marshmallow import fields

from distributor.api.fields import Exact, Text
from distributor.api.pages import PageQuery
from distributor.api.schemas import CURSOR, Shape, units

PRICE = {"description": "Of one unit, with at most 6 decimals.", "examples": ["2.85"]}
PRECISION = {"minimum": 0, "maximum": 4, "description": "Decimals of its units."}
SOURCE = {"enum": ["feed", "manual", None], "description": "Overrules the account's; null follows it."}
CURRENCY = {"examples": ["EUR"]}


class PriceOfProduct(Shape):
    """A price in one currency."""

    currency = fields.String()
    price = fields.String(metadata=PRICE)


class Described(Shape):
    """What a product is."""

    name = fields.String(metadata={"maxLength": 300, "description": "Needed for a new product."})
    vendor = fields.String(metadata={"maxLength": 200})
    unit = fields.String(metadata={"maxLength": 50, "examples": ["seat"]})
    precision = fields.Integer(metadata=PRECISION)
    usage_source = fields.String(allow_none=True, metadata=SOURCE)
    reports_used_units = fields.Boolean()
    currency = fields.String(allow_none=True, metadata=CURRENCY)


class ProductFields(Described):
    """What to change; what is left out keeps its value. A price needs its currency."""

    price = Exact(allow_none=True, metadata=PRICE)


class Product(Described):
    """A catalogue item. `price` is that in `currency`; `prices` are all of them."""

    sku = fields.String(required=True)
    price = units()
    prices = fields.List(fields.Nested(PriceOfProduct))


class PutProduct(Product):
    """The product, and how many lines of open reports got the price they had waited for."""

    priced_lines = fields.Integer()


class Products(Shape):
    """A page of products, by SKU."""

    items = fields.List(fields.Nested(Product), required=True)
    next_cursor = fields.String(required=True, allow_none=True, metadata=CURSOR)


class ProductsQuery(PageQuery):
    """What a list of products can be narrowed to."""

    search = Text(
        100, blank=True, load_default="", metadata={"description": "Words in the SKU, the name or the vendor."}
    )
    currency = Text(3, metadata={"description": "The currency of `price`."})
