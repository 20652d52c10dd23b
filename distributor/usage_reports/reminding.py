"""Reminding MSPs by hand: who still holds a report of the cycle, who was reminded today, mails to the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext
from sqlalchemy import Date, Row, cast, func, select
from sqlalchemy.dialects.postgresql import ARRAY, TEXT
from sqlalchemy.sql import literal

from distributor.database import db, one_of
from distributor.delivery.models import Notification
from distributor.errors import Forbidden, NotFound
from distributor.identity.acting import CurrentMember
from distributor.identity.models import Member, User
from distributor.usage_reports.notifications import REPORTING
from distributor.usage_reports.operations.recording import notify
from distributor.usage_reports.overview import waiting
from distributor.usage_reports.queries import REPORT
from workflows.usage_report import Role

NOTIFICATION = Notification.__table__
MEMBER = Member.__table__
USER = User.__table__
REMINDER = "reminder"
REMINDING = frozenset({Role.REVIEWER, Role.ADMIN})


@dataclass(frozen=True, slots=True)
class Nudge:
    """Who would hear of it now: reports whose preparers are `told`, those reminded `already` today, by hand or by the
    scheduler, and those with `nobody` to tell.
    """

    told: Sequence[Row[Any]]
    already: Sequence[Row[Any]]
    nobody: Sequence[Row[Any]]


def may_remind(member: CurrentMember) -> bool:
    return member.is_distributor and bool(member.roles & REMINDING)


def check_may_remind(member: CurrentMember) -> None:
    """Raises NotFound for who is no distributor, Forbidden for one who only reads."""
    if not member.is_distributor:
        raise NotFound
    if not may_remind(member):
        raise Forbidden(gettext("MSPs are reminded by the distributor's reviewers and admins."))


def nudge_of(member: CurrentMember, cycle: date, at: datetime) -> Nudge:
    """Who would be reminded at `at`. What submits itself any moment now is nobody's to remind of. Raises as above."""
    check_may_remind(member)
    rows = [row for row in waiting(member.organization_id, cycle) if row.due_at > at]
    ids = [row.id for row in rows]
    reminded, heard = _reminded_today(ids, at), _with_preparers([row.msp_id for row in rows])
    fresh = [row for row in rows if row.id not in reminded]
    return Nudge(
        told=[row for row in fresh if row.msp_id in heard],
        already=[row for row in rows if row.id in reminded],
        nobody=[row for row in fresh if row.msp_id not in heard],
    )


def still_to_remind(waiting: Sequence[Row[Any]], at: datetime) -> int:
    """How many MSPs hold one of these reports, still have time, and were not reminded today."""
    reminded = _reminded_today([row.id for row in waiting], at)
    return len({row.msp_id for row in waiting if row.due_at > at and row.id not in reminded})


def remind(member: CurrentMember, cycle: date, at: datetime) -> Nudge:
    """Queue a reminder to the preparers of every report of the cycle that its MSP still holds, at most one per report
    and local day; returns who was told. Two who remind at the same time tell nobody twice.
    """
    nudge = nudge_of(member, cycle, at)
    occasions = [f"nudge:{_local_day(row, at)}" for row in nudge.told]
    notify([row.id for row in nudge.told], REMINDER, occasions, [_details(row, member) for row in nudge.told], at)
    return nudge


def _local_day(row: Row[Any], at: datetime) -> date:
    return at.astimezone(ZoneInfo(row.time_zone)).date()


def _details(row: Row[Any], member: CurrentMember) -> dict[str, Any]:
    # The due instant binds the mail to it: should it move before the mail goes out, the mail stays unsent.
    absent = next((one.name for one in member.acts_for if one.roles & REMINDING), "")
    by = {"reminded_by": member.name} | ({} if member.own_roles & REMINDING or not absent else {"reminded_for": absent})
    return {"due_at": row.due_at.astimezone(UTC).isoformat(), **by}


def _reminded_today(report_ids: Sequence[int], at: datetime) -> set[int]:
    """Reports of which somebody was reminded on the present local day of their account."""
    query = (
        select(NOTIFICATION.c.report_id)
        .join_from(NOTIFICATION, REPORT, REPORT.c.id == NOTIFICATION.c.report_id)
        .where(
            one_of(NOTIFICATION.c.report_id, report_ids),
            NOTIFICATION.c.event == REMINDER,
            cast(func.timezone(REPORT.c.time_zone, NOTIFICATION.c.created_at), Date)
            == cast(func.timezone(REPORT.c.time_zone, at), Date),
        )
    )
    return set(db.session.scalars(query.distinct()))


def _with_preparers(msp_ids: Sequence[int]) -> set[int]:
    """Organizations in which somebody hears of reminders."""
    roles = literal([str(role) for role in REPORTING.roles], ARRAY(TEXT))
    query = (
        select(MEMBER.c.organization_id)
        .join_from(MEMBER, USER, USER.c.id == MEMBER.c.user_id)
        .where(
            one_of(MEMBER.c.organization_id, set(msp_ids)),
            MEMBER.c.roles.op("&&")(roles),
            MEMBER.c.removed_at.is_(None),
            USER.c.disabled_at.is_(None),
        )
    )
    return set(db.session.scalars(query.distinct()))
