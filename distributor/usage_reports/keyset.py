"""Pages of reports and of their history for programs, each starting after the last row of the one before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from flask_babel import gettext
from sqlalchemy import Row, Select, func, or_, select, tuple_, union_all
from sqlalchemy.sql.elements import ColumnElement

from distributor.database import db
from distributor.errors import NotFound
from distributor.identity.acting import CurrentMember
from distributor.identity.models import User
from distributor.usage_reports.operations import usage
from distributor.usage_reports.queries import ACCOUNT, ACTION, CHANGE, REPORT, ReportRow, in_sight, reports

USER = User.__table__


@dataclass(frozen=True, slots=True)
class ReportFilter:
    """What a list of reports is narrowed to. `account` is an account's id or its number."""

    cycle: date | None = None
    status: str | None = None
    account: str | None = None


def report_page(member: CurrentMember, wanted: ReportFilter, after: UUID | None, limit: int) -> list[ReportRow]:
    """Up to `limit` reports in the member's sight, newest cycle first, after the one named. Raises NotFound
    for it.
    """
    start = _position(after, member) if after else None
    # Each side of the accounts has an index in this order; their rows never overlap.
    sides = union_all(
        *(_side(column, member, wanted, start, limit) for column in (REPORT.c.msp_id, REPORT.c.distributor_id))
    )
    ids = sides.subquery()
    query = reports().where(REPORT.c.id.in_(select(ids.c.id))).order_by(REPORT.c.cycle.desc(), REPORT.c.id.desc())
    return list(db.session.execute(query.limit(limit)))


def _position(uid: UUID, member: CurrentMember) -> Row[Any]:
    query: Select[Any] = select(REPORT.c.cycle, REPORT.c.id).where(
        REPORT.c.uid == uid, in_sight(member.organization_id)
    )
    row = db.session.execute(query).one_or_none()
    if row is None:
        raise NotFound(gettext("The report of this cursor"))
    return row


def _side(
    column: ColumnElement[int], member: CurrentMember, wanted: ReportFilter, start: Row[Any] | None, limit: int
) -> Select[Any]:
    query = select(REPORT.c.id).where(column == member.organization_id, *_conditions(wanted))
    if start is not None:
        query = query.where(tuple_(REPORT.c.cycle, REPORT.c.id) < tuple_(start.cycle, start.id))
    newest = query.order_by(REPORT.c.cycle.desc(), REPORT.c.id.desc()).limit(limit).subquery()
    return select(newest.c.id)


def _conditions(wanted: ReportFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.cycle is not None:
        found.append(REPORT.c.cycle == wanted.cycle)
    if wanted.status is not None:
        found.append(REPORT.c.status == wanted.status)
    if wanted.account is not None:
        named = or_(ACCOUNT.c.number == wanted.account, ACCOUNT.c.uid == _uid(wanted.account))
        found.append(REPORT.c.account_id.in_(select(ACCOUNT.c.id).where(named)))
    return found


def _uid(name: str) -> UUID | None:
    try:
        return UUID(name)
    except ValueError:
        return None


def endorsers(rows: Sequence[ReportRow]) -> dict[int, Row[Any]]:
    """Who endorsed these reports, by the user's internal id; asks nothing where nobody did."""
    ids = {row.endorsed_by for row in rows} - {None}
    if not ids:
        return {}
    query: Select[Any] = select(USER.c.id, USER.c.uid, USER.c.name).where(USER.c.id.in_(ids))
    return {person.id: person for person in db.session.execute(query)}


def pending_usages(rows: Sequence[ReportRow]) -> dict[int, datetime]:
    """Per report, when usage arrived that it has not taken over; reports without such usage are left out."""
    return usage.pending_usages([row.id for row in rows])


def history_page(report: ReportRow, before: int | None, limit: int) -> list[Row[Any]]:
    """Up to `limit` actions of the report, newest first, older than the version `before`."""
    query = select(ACTION).where(ACTION.c.report_id == report.id)
    if before is not None:
        query = query.where(ACTION.c.version < before)
    return list(db.session.execute(query.order_by(ACTION.c.version.desc()).limit(limit)))


def changes_between(report: ReportRow, oldest: int, newest: int) -> list[Row[Any]]:
    """The line changes of these versions of the report, in the order of the lines they concern."""
    query = (
        select(CHANGE)
        .where(CHANGE.c.report_id == report.id, CHANGE.c.version.between(oldest, newest))
        .order_by(CHANGE.c.version.desc(), func.lower(CHANGE.c.line_label), CHANGE.c.id)
    )
    return list(db.session.execute(query))
