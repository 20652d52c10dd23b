"""Reminders go up: when nobody of the MSP has opened a report near its date, its admins hear of it, then the
distributor's contact for the account. Each rung has its own distance from the date, a term of the account that is read
live, as it binds nobody.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import DateTime, cast, func, select

from distributor.database import db
from distributor.delivery.events import ESCALATIONS, TO_ADMINS, TO_DISTRIBUTOR
from distributor.delivery.models import Notification
from distributor.usage_reports.operations.recording import notify
from distributor.usage_reports.queries import ACCOUNT, REPORT, WITH_ACCOUNT
from distributor.usage_reports.viewing import unopened
from workflows.report_cycle import reminder_due
from workflows.usage_report import EDITABLE

NOTIFICATION = Notification.__table__
FURTHEST = timedelta(days=30)
DAYS = {TO_ADMINS: "escalate_to_admins_days", TO_DISTRIBUTOR: "escalate_to_distributor_days"}

# The highest rung that was told of the present date: 0 for none.
TOLD = (
    select(func.coalesce(func.max(func.array_position(list(ESCALATIONS), NOTIFICATION.c.event)), 0))
    .where(
        NOTIFICATION.c.report_id == REPORT.c.id,
        NOTIFICATION.c.event.in_(ESCALATIONS),
        cast(NOTIFICATION.c.details["due_at"].as_string(), DateTime(timezone=True)) == REPORT.c.due_at,
    )
    .correlate(REPORT)
    .scalar_subquery()
)


def escalate(at: datetime) -> int:
    """Queue what is due to be told by now of reports that nobody opened; returns how many mails were queued.

    Of the rungs whose moment has passed since the date was set only the latest is told, none once the report is due,
    and none below one that was told: asking twice, or with a clock that goes back, changes nothing.
    """
    columns = (ACCOUNT.c[name] for name in DAYS.values())
    query = (
        select(REPORT.c.id, REPORT.c.due_at, REPORT.c.due_set_at, *columns, TOLD.label("told"))
        .select_from(WITH_ACCOUNT)
        .where(REPORT.c.status.in_(EDITABLE), REPORT.c.due_at > at, REPORT.c.due_at <= at + FURTHEST, unopened())
    )
    rows = db.session.execute(query).all()
    return sum(_tell(rung, rows, at) for rung in ESCALATIONS)


def _tell(rung: str, rows: Any, at: datetime) -> int:
    due = [row for row in rows if _is_due(rung, row, at)]
    instants = [row.due_at.astimezone(UTC).isoformat() for row in due]
    occasions = [f"{rung}:{instant}" for instant in instants]
    return notify([row.id for row in due], rung, occasions, [{"due_at": instant} for instant in instants], at)


def _is_due(rung: str, row: Any, at: datetime) -> bool:
    if row.told > ESCALATIONS.index(rung):
        return False
    offsets = {name: timedelta(days=days) for name, column in DAYS.items() if (days := getattr(row, column))}
    latest = reminder_due(row.due_set_at, row.due_at, at, tuple(offsets.values()))
    return latest is not None and offsets.get(rung) == latest
