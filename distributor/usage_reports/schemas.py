"""Reports over the API: what may be sent, and what the answers look like in the document (`shapes` builds
them).
"""

from __future__ import annotations

from marshmallow import fields

from distributor.api.fields import Choice, CycleField, Day, Exact, Fields, Flag, Identity, Items, Part, Text, Whole
from distributor.api.figures import WITHOUT_A_CALL
from distributor.api.pages import PageQuery
from distributor.api.schemas import CURSOR, DAY, MONEY, Problem, Shape, cycle, day, instant, money, units
from distributor.usage_reports.roll_up_schemas import RolledUp
from workflows.usage_report import Side, Status, Step, SubmissionKind

MOST_LINES = 20_000
MOST_TOGETHER = 200
STATUSES = tuple(status.value for status in Status if status is not Status.NOT_OPENED)
WHICH_LINES = ("all", "discrepancies", "needs-comment", "none")
UNITS_GIVEN = {"description": 'Best as text, such as "300" or "2.85"; a JSON number is taken when it is exact.'}


class ReportsQuery(PageQuery):
    """What a list of reports can be narrowed to."""

    cycle = CycleField(metadata={"examples": ["2026-10"]})
    status = Choice(*STATUSES)
    account = Text(50, metadata={"description": "The id or the number of an account."})


class ReportQuery(Fields):
    """Which lines of a report to show."""

    lines = Choice(*WHICH_LINES, load_default="all")


class LineDraft(Fields):
    """What the MSP makes of one line; fields left out stay as they are."""

    id = Identity(required=True)
    version = Whole(1, 999_999_999, metadata={"description": "The line's version as you read it."})
    chargeable_units = Exact(allow_none=True, metadata=UNITS_GIVEN)
    comment = Text(10_000, blank=True, allow_none=True, metadata={"description": "At most 2,000 characters are kept."})
    carry_until = Day(
        allow_none=True,
        metadata={
            "description": "Until when later cycles start with the comment, while their difference has the same "
            "direction and is no larger; null carries it no further."
        },
    )


class NewLineBody(Fields):
    """A hand-counted line."""

    sku = Text(100, required=True)
    customer_ref = Text(
        200, allow_none=True, metadata={"description": "A customer that is new to the account is made."}
    )
    customer_name = Text(300, allow_none=True)
    chargeable_units = Exact(required=True, metadata=UNITS_GIVEN)
    comment = Text(10_000, blank=True, allow_none=True)


class NothingBody(Fields):
    """Nothing: the call takes no fields."""


class SubmitBody(Fields):
    """Submitting a report without lines needs a confirmation that nothing was used."""

    nil = Flag(load_default=False)


class ReasonBody(Fields):
    """Why; the other side reads it."""

    reason = Text(10_000, blank=True, load_default="", metadata={"description": "Required; at most 2,000 characters."})


class InvoiceBody(Fields):
    """Why, where there is something to say."""

    reason = Text(2_000, blank=True, allow_none=True, load_default=None)


class NoteBody(Fields):
    """A reviewer's remark on a line."""

    id = Identity(required=True)
    note = Text(10_000, required=True)


class RejectBody(ReasonBody):
    """Why the report goes back, and the lines it is about; lines without a note are accepted."""

    lines = Items(Part(NoteBody), MOST_LINES, load_default=[])


class Wanted(Fields):
    """A report to approve, in the version that was seen."""

    id = Identity(required=True)
    version = Whole(1, 999_999_999, required=True)


class Totals(Shape):
    """Sums and counts over the lines; unknown figures add nothing."""

    lines = fields.Integer()
    provisioned_units = units()
    chargeable_units = units()
    amount = money()
    penalty = money()
    discrepancies = fields.Integer()
    uncommented = fields.Integer(
        metadata={"description": "Discrepancies without a comment, or with one that was carried from a smaller one."}
    )
    unexplained = fields.Integer(metadata={"description": "Lines that have to be explained before submission."})
    penalised = fields.Integer()
    estimated = fields.Integer()
    missing_figures = fields.Integer()
    missing_prices = fields.Integer()


class Endorser(Shape):
    """Who endorsed a report over the account's limit."""

    id = fields.UUID()
    name = fields.String()


class AccountOfReport(Shape):
    """Whose report it is."""

    id = fields.UUID()
    number = fields.String()


class ReportHeader(Shape):
    """A usage report without its lines."""

    id = fields.UUID(required=True)
    account = fields.Nested(AccountOfReport)
    cycle = cycle()
    starts_on = day()
    ends_on = day()
    status = fields.String(required=True, metadata={"enum": list(STATUSES)})
    version = fields.Integer(required=True)
    opened_at = instant(allow_none=False)
    due_at = instant(allow_none=False)
    submitted_at = instant()
    submission_kind = fields.String(allow_none=True, metadata={"enum": [*map(str, SubmissionKind), None]})
    decided_at = instant()
    endorsed_by = fields.Nested(Endorser, allow_none=True)
    invoiced_at = instant()
    currency = fields.String()
    time_zone = fields.String()
    po_number = fields.String(allow_none=True)
    totals = fields.Nested(Totals)
    allowed_actions = fields.List(
        fields.String(metadata={"enum": [step.value for step in Step if step not in WITHOUT_A_CALL]}),
        required=True,
        metadata={"description": "Steps that you may try now."},
    )


class ListedReport(ReportHeader):
    """A report in a list."""

    pending_usage = instant()


class Line(Shape):
    """One customer and product of a report. Unknown figures are null, never 0."""

    id = fields.UUID(required=True)
    version = fields.Integer(required=True)
    customer_ref = fields.String(allow_none=True)
    customer_name = fields.String(allow_none=True)
    sku = fields.String()
    product_name = fields.String()
    unit = fields.String()
    provisioned_units = units()
    used_units = units()
    chargeable_units = units()
    declared_units = units(description="The MSP's own figure where the system charged another.")
    difference = units(description="Chargeable − provisioned.")
    discrepancy = fields.Boolean()
    unexplained = fields.Boolean(metadata={"description": "Has to be explained before the report can be submitted."})
    unit_price = units()
    amount = fields.String(allow_none=True, metadata={**MONEY, "description": "null while units or price are unknown."})
    comment = fields.String(allow_none=True)
    carried_until = fields.String(
        allow_none=True, metadata={**DAY, "description": "Until when later cycles start with this comment."}
    )
    system_note = fields.String(allow_none=True)
    reviewer_note = fields.String(allow_none=True)
    accepted = fields.Boolean(metadata={"description": "Accepted with a rejection: it stays as it is."})
    penalised = fields.Boolean()
    estimated = fields.Boolean()
    waived_reason = fields.String(allow_none=True)
    added_by_msp = fields.Boolean()
    rolled_up = fields.Nested(
        RolledUp,
        allow_none=True,
        metadata={"description": "Where the units came from an approved report of the MSP's own partner."},
    )


class Report(ListedReport):
    """A usage report with its lines."""

    pending_usage = instant()
    lines = fields.List(fields.Nested(Line), required=True)


class ReportWithLines(ReportHeader):
    """A report with the lines that the call was about, as they are now."""

    lines = fields.List(fields.Nested(Line), required=True)


class Reports(Shape):
    """A page of reports."""

    items = fields.List(fields.Nested(ListedReport), required=True)
    next_cursor = fields.String(required=True, allow_none=True, metadata=CURSOR)


class Outcome(Shape):
    """What became of one report: its header, or the problem that stood in the way."""

    id = fields.UUID(required=True)
    status = fields.Integer(
        required=True, metadata={"description": "The status this report alone would be answered with."}
    )
    report = fields.Nested(ReportHeader)
    problem = fields.Nested(Problem)


class Outcomes(Shape):
    """Each report's outcome, in the order in which they were given."""

    items = fields.List(fields.Nested(Outcome), required=True)


class ActorOfAction(Shape):
    """Who acted, and the colleague in whose name, where the person stood in for one."""

    name = fields.String()
    acting_for = fields.String(allow_none=True)
    side = fields.String(metadata={"enum": [side.value for side in Side if side is not Side.OUTSIDE]})


class ChangedLine(Shape):
    """The line as it was called then; it may be gone by now."""

    id = fields.UUID()
    label = fields.String()


class Change(Shape):
    """A field of a line that an action changed."""

    line = fields.Nested(ChangedLine)
    field = fields.String()
    old = fields.String(allow_none=True)
    new = fields.String(allow_none=True)


class Action(Shape):
    """What made a version of the report."""

    id = fields.UUID(required=True)
    version = fields.Integer(required=True)
    step = fields.String(metadata={"enum": [step.value for step in Step]})
    from_status = fields.String(allow_none=True)
    to_status = fields.String()
    at = instant(allow_none=False)
    actor = fields.Nested(ActorOfAction)
    via = fields.String(metadata={"enum": ["web", "api", "command", "scheduler"]})
    reason = fields.String(allow_none=True)
    details = fields.Dict()
    changes = fields.List(fields.Nested(Change))


class History(Shape):
    """A page of a report's history, newest first."""

    items = fields.List(fields.Nested(Action), required=True)
    next_cursor = fields.String(required=True, allow_none=True, metadata=CURSOR)
