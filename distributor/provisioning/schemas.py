"""Usage as the API's document shows it; `formats` reads it."""

from __future__ import annotations

from marshmallow import fields

from distributor.api.fields import Choice, Exact, Fields, Flag
from distributor.api.schemas import Shape, instant, units
from distributor.provisioning.formats import FORMATS


class UsageQuery(Fields):
    """How to take the file."""

    dry_run = Flag(load_default=False, metadata={"description": "Tell what would change, and change nothing."})
    add_products = Flag(
        load_default=False,
        metadata={"description": "Take products that the catalogue lacks from the file (scope `catalogue:write`)."},
    )
    format = Choice(*FORMATS, metadata={"description": "Refuse a file that is in another format."})


class UsageLine(Shape):
    """Units of one customer and product; without a customer where an account reports totals only."""

    customer_ref = fields.String(metadata={"maxLength": 200})
    customer_name = fields.String(metadata={"maxLength": 300})
    sku = fields.String(required=True, metadata={"maxLength": 100})
    provisioned_units = Exact(required=True)
    used_units = Exact(allow_none=True)


class Usage(Shape):
    """Everything a source counted in the cycle: what it said before is replaced."""

    source = fields.String(metadata={"maxLength": 50})
    counted_at = instant()
    lines = fields.List(fields.Nested(UsageLine), required=True)


class RefusedRow(Shape):
    """A row that cannot be taken."""

    row = fields.Integer(allow_none=True)
    field = fields.String(allow_none=True)
    reason = fields.String(required=True)


class ReportOutcome(Shape):
    """What became of a report: `refreshed`, or `why` not."""

    id = fields.UUID(required=True)
    cycle = fields.String()
    status = fields.String()
    refreshed = fields.Boolean()
    lines = fields.Integer()
    why = fields.String(allow_none=True)


class AddedProduct(Shape):
    """A product taken from the file into the catalogue."""

    sku = fields.String()
    name = fields.String()
    vendor = fields.String()
    unit = fields.String()
    precision = fields.Integer()
    price = units()
    currency = fields.String(allow_none=True)


class ImportResult(Shape):
    """What an import did, or in a dry run would do, against what the source had delivered before."""

    rows = fields.Integer(required=True)
    added = fields.Integer(required=True)
    changed = fields.Integer(required=True)
    removed = fields.Integer(required=True)
    unchanged = fields.Integer(required=True)
    report = fields.Nested(ReportOutcome, allow_none=True)
    refused = fields.List(fields.Nested(RefusedRow), required=True)
    products_added = fields.List(fields.Nested(AddedProduct))
    warnings = fields.List(fields.String())
    other_reports = fields.List(fields.Nested(ReportOutcome))
