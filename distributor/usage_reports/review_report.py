"""One report as its reviewer reads it: beside the last approved one, what needs a look first, largest money first."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask_babel import gettext
from sqlalchemy import BigInteger, Row, Select, and_, bindparam, false, func, not_, or_, select, true
from sqlalchemy.sql.elements import ColumnElement

from distributor.database import db, one_of
from distributor.errors import NotFound
from distributor.identity.acting import CurrentMember
from distributor.usage_reports.operations.roll_up_marks import CARRIED_INTO
from distributor.usage_reports.policies import MARKED_CHANGE_PERCENT, ApprovalPolicy
from distributor.usage_reports.queries import (
    LINE,
    MARK,
    MARKED_LINES,
    REPORT,
    REPORT_COLUMNS,
    WITH_ACCOUNT,
    ReportRow,
    in_sight,
)
from distributor.usage_reports.review_drafts import ReviewDraft
from distributor.usage_reports.review_queue import LAST

DRAFT = ReviewDraft.__table__
POLICY = ApprovalPolicy.__table__
EARLIER_LINE = LINE.alias("earlier_line")
MARKED = func.coalesce(POLICY.c.marked_change_percent, MARKED_CHANGE_PERCENT)

OWN_DRAFT = and_(DRAFT.c.report_id == REPORT.c.id, DRAFT.c.user_id == bindparam("user", type_=BigInteger))

# Built once, as `queries.ONE_REPORT`; the member's own draft and the distributor's policy come along.
REVIEWED: Select[Any] = (
    select(
        *REPORT_COLUMNS,
        LAST.c.id.label("last_id"),
        LAST.c.amount.label("last_amount"),
        LAST.c.cycle.label("last_cycle"),
        DRAFT.c.reason.label("draft_reason"),
        DRAFT.c.notes.label("draft_notes"),
        DRAFT.c.updated_at.label("draft_updated_at"),
        MARKED.label("marked_change_percent"),
        POLICY.c.bulk_max_change_percent,
        *CARRIED_INTO.c,
    )
    .select_from(
        WITH_ACCOUNT.join(CARRIED_INTO, true())
        .outerjoin(LAST, true())
        .outerjoin(POLICY, POLICY.c.distributor_id == REPORT.c.distributor_id)
        .outerjoin(DRAFT, OWN_DRAFT)
    )
    .where(REPORT.c.uid == bindparam("uid"), in_sight(bindparam("organization", type_=BigInteger)))
)


def reviewed(uid: UUID, member: CurrentMember) -> ReportRow:
    """One report in the member's sight with `last_id`, `last_amount` and `last_cycle` of the last approved one,
    the percents of the policy, and the member's own draft. Raises NotFound.
    """
    asked = {"uid": uid, "organization": member.organization_id, "user": member.user_id}
    row = db.session.execute(REVIEWED, asked).one_or_none()
    if row is None:
        raise NotFound(gettext("This usage report"))
    return row


NOTABLE = or_(
    LINE.c.discrepancy,
    LINE.c.comment.is_not(None),
    LINE.c.penalised,
    LINE.c.estimated,
    LINE.c.reviewer_note.is_not(None),
    LINE.c.chargeable_units.is_(None),
    LINE.c.unit_price.is_(None),
)
LARGEST_FIRST = (
    or_(LINE.c.discrepancy, LINE.c.penalised).desc(),
    LINE.c.at_risk.desc(),
    LINE.c.amount.desc(),
    LINE.c.id,
)
SUMMED = ("provisioned_units", "used_units", "chargeable_units", "difference", "at_risk", "amount")


@dataclass(frozen=True, slots=True)
class Lines:
    """Some lines of a report, each with `last_units` of the last approved one, and `sums` over all of their kind:
    number, discrepancies and a sum of each figure; None where there is no such line.
    """

    rows: list[Row[Any]]
    sums: Row[Any] | None
    start: int = 0

    @property
    def number(self) -> int:
        return self.sums.number if self.sums else 0

    @property
    def hidden(self) -> int:
        """How many more come after these."""
        return max(self.number - self.start - len(self.rows), 0)


def notable_lines(report: ReportRow, flagged: Collection[UUID], *, start: int = 0, most: int) -> Lines:
    """Lines that need a look, and those `flagged`: discrepancies first, most money first."""
    return _lines(report, or_(NOTABLE, _is_one_of(flagged)), start, most)


def agreeing_lines(report: ReportRow, flagged: Collection[UUID], *, start: int = 0, most: int) -> Lines:
    """All other lines, the largest amount first."""
    return _lines(report, not_(or_(NOTABLE, _is_one_of(flagged))), start, most)


def _is_one_of(flagged: Collection[UUID]) -> ColumnElement[bool]:
    return one_of(LINE.c.uid, flagged) if flagged else false()


def _lines(report: ReportRow, which: ColumnElement[bool], start: int, most: int) -> Lines:
    same = and_(
        EARLIER_LINE.c.report_id == report.last_id,
        EARLIER_LINE.c.product_id == LINE.c.product_id,
        func.coalesce(EARLIER_LINE.c.customer_id, 0) == func.coalesce(LINE.c.customer_id, 0),
    )
    last = EARLIER_LINE.c.chargeable_units
    query: Select[Any] = (
        select(
            *LINE.c,
            *MARK,
            last.label("last_units"),
            func.count().over().label("number"),
            func.count().filter(LINE.c.discrepancy).over().label("discrepancies"),
            func.sum(last).over().label("sum_last_units"),
            func.sum(LINE.c.chargeable_units - last).over().label("sum_change"),
            *(func.sum(LINE.c[name]).over().label(f"sum_{name}") for name in SUMMED),
        )
        .select_from(MARKED_LINES.outerjoin(EARLIER_LINE, same))
        .where(LINE.c.report_id == report.id, which)
        .order_by(*LARGEST_FIRST)
        .offset(start)
        .limit(most)
    )
    rows = list(db.session.execute(query))
    return Lines(rows, rows[0] if rows else None, start)
