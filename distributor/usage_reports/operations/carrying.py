"""Explanations carried forward: a comment that the lines of later cycles start with, until a date and while their
difference has the same direction and is no larger.

They are kept by account, customer and product, and follow from the lines that carry them: a line's `carried_until` sets
one, and taking it away, or a reviewer's note, drops it. An earlier cycle never overrules a later one.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from uuid import UUID

from flask_babel import gettext
from sqlalchemy import text

from distributor.database import db
from distributor.errors import InputRefused
from distributor.formatting import day
from distributor.identity.acting import Acting
from distributor.usage_reports.queries import LineRow, ReportRow
from workflows.report_cycle import Cycle
from workflows.units import is_discrepancy

MOST_MONTHS = 12
ISO_DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


class Kept(Enum):
    """Stands for a field that a draft leaves as it is."""

    KEPT = "kept"


KEPT = Kept.KEPT

# The words a line may start with. To stand in a LATERAL: {keys} are the account's, product's and customer's ids, {line}
# what else has to hold, asked before anything is looked up; LIMIT keeps the planner from making a join of it.
CARRIED_HERE = """
  SELECT e.comment, e.carried_until, e.difference AS carried_limit
  FROM carried_explanations e
  WHERE {line} AND e.account_id = r.account_id AND e.product_id = {product}
    AND coalesce(e.customer_id, 0) = coalesce({customer}, 0)
    AND e.cycle < r.cycle AND e.carried_until >= r.ends_on
    AND {difference} BETWEEN least(e.difference, 0) AND greatest(e.difference, 0)
  LIMIT 1"""


def day_of(text: str) -> date | None:
    """The day that "2026-10-31" is; None where a text is no day."""
    try:
        return date.fromisoformat(text) if ISO_DAY.fullmatch(text) else None
    except ValueError:
        return None


def last_days(cycle: date) -> list[date]:
    """Until when words can be carried from a cycle: the ends of the next months."""
    days = []
    month = Cycle.from_date(cycle)
    for _ in range(MOST_MONTHS):
        month = month.next()
        days.append(month.next().first_day - timedelta(days=1))
    return days


def until(
    report: ReportRow, line: LineRow, units: Decimal | None, comment: str | None, given: date | Kept | None
) -> date | None:
    """Until when the line carries its words, with these units and comment and what the draft gives.

    Words that have nothing left to explain are carried no further. Raises InputRefused for a date out of reach, or one
    that is new on a line without anything to carry.
    """
    carries = comment is not None and is_discrepancy(
        line.provisioned_units, units, line.tolerance_units, line.tolerance_percent
    )
    wanted: date | None = line.carried_until if given is KEPT else given
    if wanted is None or wanted == line.carried_until:
        return wanted if carries else None
    if not carries:
        raise InputRefused(gettext("Only a comment that explains a discrepancy can be carried forward."))
    _check_reach(report, wanted)
    return wanted


def _check_reach(report: ReportRow, wanted: date) -> None:
    last = last_days(report.cycle)[-1]
    if not report.ends_on < wanted <= last:
        raise InputRefused(
            gettext(
                "A comment can be carried forward to a day after %(first)s, and to %(last)s at the latest.",
                first=day(report.ends_on),
                last=day(last),
            )
        )


REMEMBER = text("""
WITH marked AS (
  SELECT l.*, r.cycle FROM usage_report_lines l JOIN usage_reports r ON r.id = l.report_id
  WHERE l.id = ANY(CAST(:lines AS bigint[]))
), dropped AS (
  DELETE FROM carried_explanations e USING marked l
  WHERE l.carried_until IS NULL AND e.account_id = l.account_id AND e.product_id = l.product_id
    AND coalesce(e.customer_id, 0) = coalesce(l.customer_id, 0) AND e.cycle <= l.cycle
)
INSERT INTO carried_explanations AS e (account_id, distributor_id, msp_id, customer_id, product_id, comment,
  carried_until, difference, report_id, line_uid, cycle, set_by, set_at)
SELECT l.account_id, l.distributor_id, l.msp_id, l.customer_id, l.product_id, l.comment, l.carried_until,
  -- words that were carried here cover what they were first given for, whatever the difference is now
  coalesce(l.carried_limit, l.difference), l.report_id, l.uid, l.cycle, :name, :at
FROM marked l WHERE l.carried_until IS NOT NULL
ORDER BY l.product_id, l.customer_id
ON CONFLICT (account_id, product_id, coalesce(customer_id, 0)) DO UPDATE
SET comment = excluded.comment, carried_until = excluded.carried_until, difference = excluded.difference,
    report_id = excluded.report_id, line_uid = excluded.line_uid, cycle = excluded.cycle, set_by = excluded.set_by,
    set_at = excluded.set_at
WHERE e.cycle <= excluded.cycle AND (e.comment, e.carried_until, e.difference)
  IS DISTINCT FROM (excluded.comment, excluded.carried_until, excluded.difference)""")

FORGET = text("""
DELETE FROM carried_explanations e USING usage_report_lines l
WHERE l.report_id = :report AND l.uid = ANY(CAST(:lines AS uuid[])) AND e.account_id = l.account_id
  AND e.product_id = l.product_id AND coalesce(e.customer_id, 0) = coalesce(l.customer_id, 0) AND e.cycle <= :cycle""")


def remember(lines: Sequence[int], acting: Acting, at: datetime) -> None:
    """Bring what is carried forward in step with lines of a locked report, by their ids: those that carry their words
    set it, the others drop it.
    """
    if lines:
        db.session.execute(REMEMBER, {"lines": list(lines), "name": acting.name, "at": at})


def forget(report: ReportRow, lines: Collection[UUID]) -> None:
    """Carry what was said on these lines no further: the reviewer has not accepted it."""
    if lines:
        db.session.execute(FORGET, {"report": report.id, "lines": list(lines), "cycle": report.cycle})
