"""Numbers of the review queue: where a report stands in it, and what its reports come to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Subquery, and_, func, select, true, tuple_
from sqlalchemy.sql.elements import ColumnElement

from distributor.database import db
from distributor.usage_reports.operations.automatic import LAST_AMOUNT
from distributor.usage_reports.queries import REPORT, ReportRow
from distributor.usage_reports.review_queue import (
    LAST,
    VIEWS,
    Desk,
    QueueFilter,
    conditions,
    in_order,
    in_view,
    narrowed,
    sorting,
)
from workflows.usage_report import Status


@dataclass(frozen=True, slots=True)
class Place:
    """Where a report stands in the queue: uids of its neighbours, its number and how many there are; zeros where it is
    not in the queue, or the queue is too long to be counted.
    """

    before: UUID | None = None
    after: UUID | None = None
    number: int = 0
    of: int = 0


def place(desk: Desk, wanted: QueueFilter, report: ReportRow) -> Place:
    """Where the report stands. In a queue without bounds only its own cycle is walked."""
    walked = wanted if wanted.is_bounded else replace(wanted, cycle=report.cycle)
    sort, descending = sorting(walked.sort)
    among = narrowed(desk, walked, REPORT.c.id, REPORT.c.uid, sort.key.label("key")).cte("among")
    own = select(sort.key).where(REPORT.c.id == report.id)
    mine = (own.select_from(REPORT.outerjoin(LAST, true())) if sort.is_change else own).scalar_subquery()
    here, there = tuple_(among.c.key, among.c.id), tuple_(mine, report.id)
    earlier, later = (here > there, here < there) if descending else (here < there, here > there)
    found = db.session.execute(
        select(
            _nearest(among, earlier, descending=not descending).label("before"),
            _nearest(among, later, descending=descending).label("after"),
            select(func.count()).select_from(among).where(earlier).scalar_subquery().label("earlier"),
            select(func.count()).select_from(among).scalar_subquery().label("of"),
            select(among.c.id).where(among.c.id == report.id).exists().label("is_in"),
        )
    ).one()
    counted = found.is_in and wanted.is_bounded
    return Place(found.before, found.after, found.earlier + 1 if counted else 0, found.of if counted else 0)


def _nearest(among: Any, beyond: ColumnElement[bool], *, descending: bool) -> Any:
    query = select(among.c.uid).where(beyond).order_by(*in_order(among.c.key, among.c.id, descending=descending))
    return query.limit(1).scalar_subquery()


@dataclass(frozen=True, slots=True)
class Totals:
    """What a cycle's reports come to, by status and currency, and of those how many the filter and each view hold.

    `rows`: status, currency, number, amount, at_risk, penalty, clean, waiting, one column v<n> for each of the further
    filters, and of what the filter holds: matching, matching_amount, matching_at_risk, matching_discrepancies,
    matching_uncommented, compared_amount and last_amount of those that compare with an earlier approved report.
    """

    rows: Sequence[Row[Any]]
    is_complete: bool

    def number(self, status: Status | None, column: str = "number") -> int:
        """How many reports of a status (any when None) a column counts."""
        return sum(getattr(row, column) for row in self.rows if status is None or row.status == status)


def totals(desk: Desk, wanted: QueueFilter, also: Sequence[QueueFilter] = ()) -> Totals:
    """One query for all numbers of the page. Over all cycles approved reports are left out, being too many to count."""
    of_cycle = [REPORT.c.distributor_id == desk.member.organization_id]
    # Over all cycles only what is not approved is counted.
    of_cycle.append(REPORT.c.status != Status.APPROVED if wanted.cycle is None else REPORT.c.cycle == wanted.cycle)
    matching = and_(*conditions(replace(wanted, cycle=None), desk))
    compared = _compared(matching, *of_cycle)
    counted = (
        select(
            REPORT.c.status,
            REPORT.c.currency,
            func.count().label("number"),
            func.sum(REPORT.c.amount).label("amount"),
            func.sum(REPORT.c.at_risk).label("at_risk"),
            *(func.count().filter(*in_view(view, desk)).label(view) for view in VIEWS[1:]),
            *(func.count().filter(*conditions(one, desk)).label(f"v{n}") for n, one in enumerate(also)),
            func.count().filter(matching).label("matching"),
            func.sum(REPORT.c.amount).filter(matching).label("matching_amount"),
            func.sum(REPORT.c.at_risk).filter(matching).label("matching_at_risk"),
            func.sum(REPORT.c.discrepancies).filter(matching).label("matching_discrepancies"),
            func.sum(REPORT.c.uncommented).filter(matching).label("matching_uncommented"),
        )
        .where(*of_cycle)
        .group_by(REPORT.c.status, REPORT.c.currency)
        .subquery("counted")
    )
    alike = and_(compared.c.status == counted.c.status, compared.c.currency == counted.c.currency)
    query = select(counted, compared.c.compared_amount, compared.c.last_amount)
    rows = db.session.execute(query.outerjoin_from(counted, compared, alike).order_by(counted.c.currency)).all()
    return Totals(rows, wanted.is_bounded)


def _compared(*conditions: ColumnElement[bool]) -> Subquery:
    """What reports with an earlier approved one come to, then and now, by status and currency."""
    # Kept apart, or the database would look each earlier report up for every sum that asks for it.
    each = select(REPORT.c.status, REPORT.c.currency, REPORT.c.amount, LAST_AMOUNT.label("last_amount"))
    kept = each.where(*conditions).cte("each_compared").prefix_with("MATERIALIZED")
    return (
        select(
            kept.c.status,
            kept.c.currency,
            func.sum(kept.c.amount).filter(kept.c.last_amount.is_not(None)).label("compared_amount"),
            func.sum(kept.c.last_amount).label("last_amount"),
        )
        .group_by(kept.c.status, kept.c.currency)
        .subquery("compared")
    )
