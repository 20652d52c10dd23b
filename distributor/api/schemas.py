"""Shapes that several calls share, as the document shows them. Answers are built as plain dictionaries, not
dumped.
"""

from __future__ import annotations

import marshmallow as ma
from marshmallow import fields

UNITS = {"description": "A decimal string without trailing zeros; null where unknown.", "examples": ["300", "2.85"]}
MONEY = {"description": "A decimal string with the decimals of the currency.", "examples": ["855.00"]}
INSTANT = {"description": "RFC 3339 in UTC.", "format": "date-time", "examples": ["2026-10-31T00:00:00Z"]}
DAY = {"format": "date"}
CYCLE = {"description": "The report cycle, named after its month.", "examples": ["2026-10"]}
CURSOR = {"description": "`cursor` of the next page; null at the end."}


def units(**more: object) -> fields.String:
    return fields.String(allow_none=True, metadata={**UNITS, **more})


def money(**more: object) -> fields.String:
    return fields.String(metadata={**MONEY, **more})


def instant(*, allow_none: bool = True) -> fields.String:
    return fields.String(allow_none=allow_none, metadata=INSTANT)


def day(*, allow_none: bool = False) -> fields.String:
    return fields.String(allow_none=allow_none, metadata=DAY)


def cycle(*, allow_none: bool = False) -> fields.String:
    return fields.String(allow_none=allow_none, metadata=CYCLE)


class Shape(ma.Schema):
    """Base of every answer."""


class Named(Shape):
    """An organization or a person, by name."""

    id = fields.UUID(required=True)
    name = fields.String(required=True)


class Place(Shape):
    """One thing that was wrong: where it stands, and why it was refused."""

    line = fields.String(metadata={"description": "The id of a line of the report."})
    row = fields.Integer(metadata={"description": "The number of a row of the file."})
    field = fields.String(metadata={"description": "The name of a field, such as `contacts.0.email`."})
    reason = fields.String(required=True)


class PresentLine(Shape):
    """A line as it stands, for somebody whose copy of it is stale."""

    id = fields.UUID(required=True)
    version = fields.Integer(required=True)
    chargeable_units = units()
    comment = fields.String(allow_none=True)
    carried_until = day(allow_none=True)


class Problem(Shape):
    """Why a call was refused (RFC 9457). `type` never changes; `title` and `detail` are for people."""

    type = fields.String(required=True, metadata={"format": "uri-reference"})
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String()
    instance = fields.String(metadata={"format": "uri-reference"})
    errors = fields.List(fields.Nested(Place))
    count = fields.Integer(metadata={"description": "How many lines stand in the way."})
    current_version = fields.Integer(metadata={"description": "With `stale-version`."})
    lines = fields.List(fields.Nested(PresentLine), metadata={"description": "With `stale-line`."})
    report_status = fields.String(metadata={"description": "With `transition-not-allowed`."})
    allowed_actions = fields.List(fields.String(), metadata={"description": "With `transition-not-allowed`."})
    error_id = fields.String(metadata={"description": "Under which it was recorded."})
