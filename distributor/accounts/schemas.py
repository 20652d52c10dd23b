"""Accounts as the API's document shows them. What comes in is judged by `operations`, field by field."""

from __future__ import annotations

from marshmallow import fields

from distributor.api.fields import Exact, Text
from distributor.api.pages import PageQuery
from distributor.api.schemas import CURSOR, CYCLE, Named, Shape, cycle, instant
from workflows.usage_report import Role

NUMBER = {"description": "Best as text; a JSON number is taken when it is exact.", "examples": ["2.5"]}
CLOSING = {"minimum": 1, "maximum": 28, "description": "The day the account's cycles close on; null: calendar months."}
OPENING = {"minimum": 1, "maximum": 31, "description": "Reports open on this day of the cycle's last month."}
AFTER_END = {"minimum": 0, "maximum": 60, "description": "Or so many days after the cycle's end."}
ADDRESS = {"format": "email"}


ESCALATION = {
    "minimum": 1,
    "maximum": 30,
    "examples": [2],
    "description": "Days before the automatic submission of a report that nobody opened; null for never.",
}


class AutoApprove(Shape):
    """Reports without anything to look at are approved when their total moved no more than this."""

    max_change_percent = Exact(required=True, metadata=NUMBER)


class Terms(Shape):
    """What an account's reports follow; a change touches reports that open later. What is left out keeps its
    value.
    """

    auto_submit_after_days = fields.Integer(metadata={"minimum": 1, "maximum": 60, "examples": [10]})
    resubmit_after_days = fields.Integer(metadata={"minimum": 1, "maximum": 60, "examples": [7]})
    opens_on_day = fields.Integer(allow_none=True, metadata=OPENING)
    opens_days_after_end = fields.Integer(allow_none=True, metadata=AFTER_END)
    closing_day = fields.Integer(allow_none=True, metadata=CLOSING)
    tolerance_units = Exact(metadata=NUMBER)
    tolerance_percent = Exact(metadata=NUMBER)
    currency = fields.String(metadata={"examples": ["EUR"]})
    time_zone = fields.String(metadata={"examples": ["Europe/Dublin"]})
    usage_source = fields.String(metadata={"enum": ["feed", "manual"]})
    reports_from = cycle()
    reports_until = cycle(allow_none=True)
    approval_limit = Exact(allow_none=True, metadata={**NUMBER, "description": "Above it, two reviewers are needed."})
    corrections_allowed = fields.Boolean()
    auto_approve = fields.Nested(AutoApprove, allow_none=True)
    uplift_percent = Exact(metadata={**NUMBER, "description": "Added to the last figures where usage never came."})
    escalate_to_admins_days = fields.Integer(allow_none=True, metadata=ESCALATION)
    escalate_to_distributor_days = fields.Integer(allow_none=True, metadata=ESCALATION)


class Account(Shape):
    """The agreement between a distributor and an MSP."""

    id = fields.UUID(required=True)
    number = fields.String(required=True)
    region = fields.String()
    type = fields.String()
    po_number = fields.String(allow_none=True)
    usage_reports = fields.Boolean(metadata={"description": "Whether its region and type report usage."})
    distributor = fields.Nested(Named)
    msp = fields.Nested(Named)
    next_cycle = fields.String(metadata=CYCLE)
    next_opens_at = instant()
    terms = fields.Nested(Terms, required=True)


class Accounts(Shape):
    """A page of accounts, by number."""

    items = fields.List(fields.Nested(Account), required=True)
    next_cursor = fields.String(required=True, allow_none=True, metadata=CURSOR)


class Contact(Shape):
    """A person at the MSP who is to work on its reports; gets a link to set a password by mail."""

    name = fields.String(required=True)
    email = fields.String(required=True, metadata=ADDRESS)
    role = fields.String(
        metadata={"enum": [Role.ADMIN.value, Role.PREPARER.value, Role.VIEWER.value], "default": "preparer"}
    )


class MspGiven(Shape):
    """The MSP: by the id of one you have, or by name. A name that is new to you makes an organization."""

    id = fields.UUID()
    name = fields.String()


class AccountChange(Shape):
    """What to change."""

    number = fields.String(metadata={"maxLength": 50})
    region = fields.String(
        metadata={"maxLength": 100, "description": "A region and type that are new to you are switched on."}
    )
    type = fields.String(metadata={"maxLength": 100})
    po_number = fields.String(allow_none=True, metadata={"maxLength": 100})
    terms = fields.Nested(Terms)
    contacts = fields.List(fields.Nested(Contact))


class NewAccount(AccountChange):
    """A partner with its terms; what `terms` leaves out has defaults."""

    number = fields.String(required=True, metadata={"maxLength": 50})
    msp = fields.Nested(MspGiven, required=True)


class AccountsQuery(PageQuery):
    """What a list of accounts can be narrowed to."""

    search = Text(
        100, blank=True, load_default="", metadata={"description": "Words in the number or in a name of either side."}
    )
