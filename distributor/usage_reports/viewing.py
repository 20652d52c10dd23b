"""Which members of an MSP have looked at a report, so that silence is told from nobody having noticed."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, exists, literal, or_, select
from sqlalchemy.dialects.postgresql import insert

from distributor.database import db
from distributor.identity.acting import CurrentMember
from distributor.usage_reports.models import ReportView
from distributor.usage_reports.queries import ACTION, REPORT, ReportRow
from workflows.usage_report import Side

VIEW = ReportView.__table__
# When somebody last looked is known to the hour, which spares a write per page.
NOTED_EVERY = timedelta(hours=1)


def note_view(report: ReportRow, member: CurrentMember, at: datetime) -> bool:
    """Note that a member of the report's MSP has it open; whether anything was written.

    What was seen before the report came back with a new date does not count as seen since.
    """
    recent = exists().where(
        VIEW.c.report_id == report.id,
        VIEW.c.member_id == member.member_id,
        VIEW.c.last_at > at - NOTED_EVERY,
        VIEW.c.last_at >= report.due_set_at,
    )
    keys = {name: getattr(report, name) for name in ("account_id", "distributor_id", "msp_id")}
    given = {"report_id": report.id, **keys, "member_id": member.member_id, "first_at": at, "last_at": at}
    row = select(*(literal(value, VIEW.c[name].type) for name, value in given.items())).where(~recent)
    noting = insert(ReportView).from_select(list(given), row)
    later = noting.on_conflict_do_update(
        index_elements=["report_id", "member_id"],
        set_={"last_at": noting.excluded.last_at},
        where=VIEW.c.last_at < noting.excluded.last_at,
    )
    return db.session.scalar(later.returning(VIEW.c.report_id)) is not None


def unopened() -> ColumnElement[bool]:
    """Whether nobody of the MSP has opened the report, or done anything with it, since its date was set."""
    seen = exists().where(VIEW.c.report_id == REPORT.c.id, VIEW.c.last_at >= REPORT.c.due_set_at)
    acted = exists().where(
        ACTION.c.report_id == REPORT.c.id, ACTION.c.actor_side == Side.MSP, ACTION.c.at >= REPORT.c.due_set_at
    )
    return ~or_(seen.correlate(REPORT), acted.correlate(REPORT))
