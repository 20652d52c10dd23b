"""The marks of lines that were rolled up: where they came from, for those who may see it, and if that still holds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select, text

from distributor.database import db
from distributor.usage_reports.queries import LINE, REPORT, ROLLED_UP, LineRow, ReportRow

# A report below has moved on since it was rolled up when it is no longer approved, or anything but its invoice came.
IS_CURRENT = """(below.status = 'approved' AND NOT EXISTS (
    SELECT FROM report_actions later
    WHERE later.report_id = below.id AND later.version > f.version AND later.step <> 'invoice'))"""


@dataclass(frozen=True, slots=True)
class Summary:
    """What of a report came from below: `lines` of `customers`, each one report of a partner; `at` of the last time."""

    lines: int
    customers: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Below:
    """The report that a line was rolled up from, for those who may see it."""

    uid: UUID
    version: int
    account: str
    is_current: bool


BELOW = text(f"""
SELECT m.line_id, below.uid, f.version, a.number AS account, {IS_CURRENT} AS is_current
FROM rolled_up_lines m
JOIN rolled_up_from f ON f.line_id = m.line_id
JOIN usage_reports below ON below.id = f.report_id
JOIN accounts a ON a.id = below.account_id
WHERE m.report_id = :report AND m.msp_id = :organization""")


def below(report: ReportRow, organization_id: int) -> dict[int, Below]:
    """By line id, where rolled-up lines came from; nothing for anybody but the report's own MSP."""
    rows = db.session.execute(BELOW, {"report": report.id, "organization": organization_id})
    return {row.line_id: Below(row.uid, row.version, row.account, row.is_current) for row in rows}


# To stand beside a report in a query of one.
CARRIED_INTO = (
    select(
        func.count().label("rolled_up_lines"),
        func.count(LINE.c.customer_id.distinct()).label("rolled_up_customers"),
        func.max(ROLLED_UP.c.at).label("rolled_up_last"),
    )
    .select_from(ROLLED_UP.join(LINE, LINE.c.id == ROLLED_UP.c.line_id))
    .where(ROLLED_UP.c.report_id == REPORT.c.id)
    .lateral("rolled_up")
)


def summary_in(row: Row[Any]) -> Summary | None:
    """What both sides of a report may know of what was rolled up into it, from a row that holds the columns of
    CARRIED_INTO; None where nothing was.
    """
    found = Summary(row.rolled_up_lines, row.rolled_up_customers, row.rolled_up_last)
    return found if found.lines else None


def summary_of(lines: Iterable[LineRow]) -> Summary | None:
    """The same from all lines of a report."""
    marked = [line for line in lines if line.rolled_up_units is not None]
    if not marked:
        return None
    return Summary(len(marked), len({line.customer_id for line in marked}), max(line.rolled_up_at for line in marked))


def was_edited(line: LineRow) -> bool:
    """Whether a line that was rolled up holds another figure of the MSP's now. Penalties and estimates are none."""
    if line.rolled_up_units is None:
        return False
    own = line.declared_units if line.penalised or line.estimated else line.chargeable_units
    return bool(own != line.rolled_up_units)
