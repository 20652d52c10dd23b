"""Whose calendar an address is, and what stands in it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Date, Row, cast, func, or_, select

from distributor import tenancy
from distributor.accounts.queries import DISTRIBUTOR, MSP, SCOPE
from distributor.calendars.models import CalendarLink
from distributor.database import db, one_of
from distributor.identity.acting import CurrentMember
from distributor.identity.sessions import digest, member_of, members_by
from distributor.usage_reports.queries import ACCOUNT, LINE, REPORT, LineRow, ReportRow, reports
from workflows.usage_report import EDITABLE, Status

MOST_EVENTS = 200
# Of a day on which more reports than this are due, one event names this many.
NAMED_A_DAY = 10


def link_of(member_id: int) -> Row[Any] | None:
    """When the member's address was made and last used."""
    query = select(CalendarLink.__table__).where(CalendarLink.member_id == member_id)
    return db.session.execute(query).one_or_none()


def member_by_link(token: str) -> tuple[CurrentMember, datetime | None] | None:
    """The member and the address's last use; nobody when it was replaced, or the member or user is gone.

    The secret is looked up by its digest, so how long that takes tells nothing of it.
    """
    query = members_by(CalendarLink.member_id, CalendarLink.last_used_at)
    row = db.session.execute(query.where(CalendarLink.token_hash == digest(token))).one_or_none()
    if row is None:
        return None
    tenancy.remember(row.organization_id)
    return member_of(row), row.last_used_at


def own_deadlines(organization_id: int) -> list[ReportRow]:
    """Reports that the organization has to hand in as an MSP, the next due first."""
    query = reports().where(REPORT.c.msp_id == organization_id, REPORT.c.status.in_(EDITABLE))
    return list(db.session.execute(query.order_by(REPORT.c.due_at, REPORT.c.id).limit(MOST_EVENTS)))


def unsettled_lines(report_ids: Sequence[int]) -> list[LineRow]:
    """Lines of these reports that automatic submission would charge otherwise than they stand."""
    unsettled = LINE.c.unexplained | LINE.c.chargeable_units.is_(None)
    return list(db.session.execute(select(LINE).where(one_of(LINE.c.report_id, report_ids), unsettled)))


def openings(organization_id: int, at: datetime) -> Sequence[Row[Any]]:
    """Accounts of which the organization is the MSP, with the `distributor_name`, by when their next report opens."""
    in_scope = (
        (SCOPE.c.distributor_id == ACCOUNT.c.distributor_id)
        & (SCOPE.c.region == ACCOUNT.c.region)
        & (SCOPE.c.account_type == ACCOUNT.c.account_type)
    )
    query = (
        select(ACCOUNT.c.uid, ACCOUNT.c.number, ACCOUNT.c.next_cycle, ACCOUNT.c.next_opens_at)
        .add_columns(ACCOUNT.c.auto_submit_after_days, DISTRIBUTOR.c.name.label("distributor_name"))
        .select_from(ACCOUNT.join(DISTRIBUTOR, DISTRIBUTOR.c.id == ACCOUNT.c.distributor_id).join(SCOPE, in_scope))
        .where(ACCOUNT.c.msp_id == organization_id, SCOPE.c.usage_reports, ACCOUNT.c.next_opens_at > at)
        .where(or_(ACCOUNT.c.reports_until.is_(None), ACCOUNT.c.next_cycle <= ACCOUNT.c.reports_until))
        .order_by(ACCOUNT.c.next_opens_at, ACCOUNT.c.id)
    )
    return db.session.execute(query.limit(MOST_EVENTS)).all()


def partners_deadlines(organization_id: int) -> Sequence[Row[Any]]:
    """Reports that the distributor's partners still hold, by the last `day` to hand them in, with how many are due that
    day (`many`): the first NAMED_A_DAY of each day with `number`, `msp_name`, `uid`, `cycle`, `due_at` and `version`.
    """
    day = cast(func.timezone(REPORT.c.time_zone, REPORT.c.due_at - timedelta(microseconds=1)), Date).label("day")
    place = func.row_number().over(partition_by=day, order_by=(ACCOUNT.c.number, REPORT.c.id)).label("place")
    columns = (REPORT.c.uid, REPORT.c.cycle, REPORT.c.due_at, REPORT.c.version, REPORT.c.time_zone)
    held = (
        select(*columns, ACCOUNT.c.number, MSP.c.name.label("msp_name"), day, place)
        .add_columns(func.count().over(partition_by=day).label("many"))
        .select_from(REPORT.join(ACCOUNT, ACCOUNT.c.id == REPORT.c.account_id).join(MSP, MSP.c.id == REPORT.c.msp_id))
        .where(REPORT.c.distributor_id == organization_id, REPORT.c.status.in_(EDITABLE))
        .subquery()
    )
    query = select(held).where(held.c.place <= NAMED_A_DAY).order_by(held.c.day, held.c.place)
    return db.session.execute(query.limit(MOST_EVENTS * NAMED_A_DAY)).all()


def waiting_for_review(organization_id: int, before: datetime) -> Row[Any]:
    """How `many` of the distributor's reports were submitted before this instant and wait, the first `since` when."""
    query = select(func.count().label("many"), func.min(REPORT.c.submitted_at).label("since")).where(
        REPORT.c.distributor_id == organization_id,
        REPORT.c.status == Status.UNDER_REVIEW,
        REPORT.c.submitted_at < before,
    )
    return db.session.execute(query).one()
