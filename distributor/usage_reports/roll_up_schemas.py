"""Roll-ups over the API: what may be sent, and what the answers look like in the document."""

from __future__ import annotations

from marshmallow import fields

from distributor.api.fields import Fields, Text
from distributor.api.schemas import Shape, day, instant, money, units
from distributor.usage_reports.operations.roll_up_plans import Fate, Why
from workflows.usage_report import Status

STATUSES = tuple(status.value for status in Status if status is not Status.NOT_OPENED)


class ReportBelow(Shape):
    """The approved report of the MSP's own partner that a line was rolled up from."""

    id = fields.UUID()
    version = fields.Integer(metadata={"description": "Of that report, as it was carried."})
    account = fields.String(metadata={"description": "The number of the partner's account."})
    is_current = fields.Boolean(metadata={"description": "False where that report was reopened or changed since."})


class RolledUp(Shape):
    """What a line carries of a report below."""

    units = units(description="The chargeable units that were carried.")
    at = instant(allow_none=False)
    edited = fields.Boolean(metadata={"description": "Whether the MSP wrote another figure over them since."})
    report = fields.Nested(
        ReportBelow, allow_none=True, metadata={"description": "For the MSP of this report alone; null for others."}
    )


class RollUpBody(Fields):
    """What the dry run answered, to be done."""

    plan = Text(64, required=True, metadata={"description": "`plan` of the dry run: exactly what it showed is done."})
    comment = Text(
        10_000,
        blank=True,
        allow_none=True,
        load_default=None,
        metadata={
            "description": "For new lines of products whose usage feed has not delivered; needed where "
            "`comment_required`. At most 2,000 characters are kept."
        },
    )


class Source(Shape):
    """A partner's account that reports for the cycle."""

    account = fields.String(metadata={"description": "Its number, by which the partner is known above."})
    partner = fields.String()
    report = fields.UUID(allow_none=True, metadata={"description": "null until it opens."})
    version = fields.Integer(allow_none=True)
    status = fields.String(allow_none=True, metadata={"enum": [*STATUSES, None]})
    starts_on = day(allow_none=True)
    ends_on = day(allow_none=True)


class Carried(Shape):
    """A partner's units of one product."""

    fate = fields.String(required=True, metadata={"enum": [str(fate) for fate in Fate]})
    reason = fields.String(allow_none=True, metadata={"enum": [*map(str, Why), None], "description": "Why it is left."})
    report = fields.UUID()
    line = fields.UUID(allow_none=True, metadata={"description": "The line above, where there is one already."})
    customer_ref = fields.String()
    customer_name = fields.String()
    sku = fields.String()
    product_name = fields.String()
    units_below = units()
    units_from = units(description="Chargeable units above now.")
    units_to = units(description="Chargeable units above then; null where they are left.")
    unit_price = units(description="The price of the account above.")
    amount_from = money()
    amount_to = money()
    edited = fields.Boolean(metadata={"description": "Somebody wrote another figure over the one carried last time."})
    needs_comment = fields.Boolean(metadata={"description": "Has to be explained before the report is submitted."})


class RollUp(Shape):
    """What a roll-up would do now."""

    plan = fields.String(required=True, metadata={"description": "Send it to do this and nothing else."})
    version = fields.Integer(required=True)
    changes = fields.Boolean(required=True, metadata={"description": "False where there is nothing left to do."})
    comment_required = fields.Boolean(required=True)
    amount_from = money()
    amount_to = money()
    sources = fields.List(fields.Nested(Source), required=True)
    lines = fields.List(fields.Nested(Carried), required=True)
