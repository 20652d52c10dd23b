"""Reading what a line has been: the same customer and product in earlier cycles, its place among the report's lines,
and what was done with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask_babel import gettext
from sqlalchemy import Row, and_, func, or_, select

from distributor.database import db
from distributor.errors import NotFound
from distributor.usage_reports.queries import (
    ACTED_FOR,
    ACTION,
    CHANGE,
    LINE,
    REPORT,
    LineRow,
    ReportRow,
    lines_with_marks,
)
from workflows.usage_report import Step

# What sends a report back: each rejection replaces all notes, reopening clears them.
SENDS_BACK = (Step.REJECT, Step.REOPEN)
NEEDS = or_(and_(LINE.c.unexplained, LINE.c.penalised.is_(False)), LINE.c.chargeable_units.is_(None))


@dataclass(frozen=True, slots=True)
class Place:
    """Where a line stands in its report: the lines before and after it, and which of the `waiting` ones it is."""

    before: UUID | None
    after: UUID | None
    number: int
    waiting: int


def line_of(report: ReportRow, uid: UUID) -> LineRow:
    """A line of the report. Raises NotFound."""
    query = lines_with_marks().where(LINE.c.report_id == report.id, LINE.c.uid == uid)
    row = db.session.execute(query).one_or_none()
    if row is None:
        raise NotFound(gettext("This line"))
    return row


def place_of(line: LineRow) -> Place:
    """The line's place among what needs something, most money first, then the discrepancies, then the rest by name."""
    order = (
        NEEDS.desc(), LINE.c.at_risk.desc(), LINE.c.discrepancy.desc(), func.lower(LINE.c.customer_name),
        func.lower(LINE.c.product_name), LINE.c.id,
    )  # fmt: skip
    needs = func.count().filter(NEEDS)
    ordered = (
        select(
            LINE.c.id,
            func.lag(LINE.c.uid).over(order_by=order).label("before"),
            func.lead(LINE.c.uid).over(order_by=order).label("after"),
            needs.over(order_by=order).label("number"),
            needs.over().label("waiting"),
        )
        .where(LINE.c.report_id == line.report_id)
        .subquery()
    )
    row = db.session.execute(select(ordered).where(ordered.c.id == line.id)).one()
    return Place(row.before, row.after, row.number, row.waiting)


def same_lines(report: ReportRow, line: LineRow, most: int) -> Sequence[Row[Any]]:
    """Lines of the same customer and product of the account's earlier cycles, newest first, `most` at most; with their
    report's `cycle`, `status` and `decided_at`.
    """
    query = (
        select(LINE, REPORT.c.cycle, REPORT.c.status, REPORT.c.decided_at)
        .join_from(LINE, REPORT, REPORT.c.id == LINE.c.report_id)
        .where(
            REPORT.c.account_id == report.account_id,
            REPORT.c.cycle < report.cycle,
            LINE.c.product_id == line.product_id,
            LINE.c.customer_id.is_not_distinct_from(line.customer_id),
        )
        .order_by(REPORT.c.cycle.desc())
        .limit(most)
    )
    return db.session.execute(query).all()


def deeds(line: LineRow) -> Sequence[Any]:
    """What was done with the line, oldest first: its changes with `at`, `step`, `actor_name` and `actor_side` of their
    action; and each action that sent the report back, whether or not it changed the line (its `field` is None then).
    """
    own = and_(
        CHANGE.c.report_id == ACTION.c.report_id, CHANGE.c.version == ACTION.c.version, CHANGE.c.line_id == line.id
    )
    query = (
        select(
            ACTION.c.version, ACTION.c.step, ACTION.c.at, ACTION.c.actor_name, ACTION.c.actor_side, ACTED_FOR,
            CHANGE.c.field, CHANGE.c.old, CHANGE.c.new,
        )
        .join_from(ACTION, CHANGE, own, isouter=True)
        .where(
            ACTION.c.report_id == line.report_id,
            or_(CHANGE.c.id.is_not(None), ACTION.c.step.in_([str(step) for step in SENDS_BACK])),
        )
        .order_by(ACTION.c.version, CHANGE.c.id)
    )  # fmt: skip
    return db.session.execute(query).all()
