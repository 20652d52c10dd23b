"""The columns of an exported report: stable keys for the reading, words for people, and the cells of one line."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from flask_babel import gettext

from distributor.formatting import plain
from distributor.usage_reports.grid import state_name
from distributor.usage_reports.queries import LineRow, ReportRow

KEYS = (
    "customer_ref", "customer_name", "sku", "product_name", "unit", "provisioned_units", "used_units",
    "chargeable_units", "difference", "unit_price", "amount", "comment", "reviewer_note", "rolled_up_units",
    "state",
    "report", "line", "line_version", "seen", "decimals",
)  # fmt: skip
# Nobody needs to see these; they tell the way back.
HIDDEN = KEYS[KEYS.index("report") :]
EDITABLE = ("chargeable_units", "comment")
# A row whose `line` begins with this is there for people: title, headings, sum.
NOTE = "#"
DIGEST = 8


@dataclass(frozen=True, slots=True)
class Cells:
    """One line's values by key. Numbers are Decimal, unknown figures None."""

    values: dict[str, Any]
    accepted: bool


def labels() -> dict[str, str]:
    """The columns' names for people."""
    return {
        "customer_ref": gettext("Customer reference"), "customer_name": gettext("Customer"), "sku": gettext("SKU"),
        "product_name": gettext("Product"), "unit": gettext("Unit"), "provisioned_units": gettext("Provisioned"),
        "used_units": gettext("Used"), "chargeable_units": gettext("Chargeable"), "difference": gettext("Difference"),
        "unit_price": gettext("Unit price"), "amount": gettext("Amount"), "comment": gettext("Comment"),
        "reviewer_note": gettext("Note of the distributor"), "rolled_up_units": gettext("Rolled up from a partner"),
        "state": gettext("State"),
    }  # fmt: skip


def state_words() -> dict[str, str]:
    """How a line stands, in words; the keys are those of the grid, and three of the review."""
    return {
        "need": gettext("Needs a comment"), "missing": gettext("Figure missing"), "explained": gettext("Explained"),
        "tolerance": gettext("Within tolerance"), "agree": gettext("Agrees"), "counted": gettext("Counted by hand"),
        "accepted": gettext("Accepted"), "note": gettext("Note to answer"), "penalised": gettext("Penalised"),
    }  # fmt: skip


def state_of(line: LineRow) -> str:
    """The key of the line's state: what the review says of it comes before what the figures say."""
    if line.penalised:
        return "penalised"
    if line.accepted:
        return "accepted"
    if line.reviewer_note is not None and not line.note_answered:
        return "note"
    return state_name(line)


def cells_of(report: ReportRow, line: LineRow) -> Cells:
    """A line as a row of the spreadsheet; `state` is its key."""
    known = line.chargeable_units is not None and line.unit_price is not None
    values = {name: getattr(line, name) for name in KEYS if name in line._mapping}
    values |= {
        "amount": line.amount if known else None,
        "state": state_of(line),
        "report": str(report.uid),
        "line": str(line.uid),
        "line_version": line.version,
        "seen": seen(line.chargeable_units, line.comment),
        "decimals": line.precision,
    }
    return Cells(values, line.accepted)


def seen(units: Decimal | None, comment: str | None) -> str:
    """What the two editable cells held, as two digests; it begins with a letter, so that no spreadsheet makes a number
    of it.
    """
    return f"s{digest(plain(units))}{digest(comment or '')}"


def digest(text: str) -> str:
    """A few letters that differ when the text does."""
    return hashlib.sha256(text.encode()).hexdigest()[:DIGEST]
