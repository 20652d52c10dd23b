"""Approving several reports at once: each is decided and answered by itself, none holds up the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from distributor.database import db
from distributor.errors import Conflict, NotFound
from distributor.identity.acting import CurrentMember, acting
from distributor.usage_reports.operations import steps
from distributor.usage_reports.queries import REPORT, ReportRow, in_sight, reports_for_update
from workflows.errors import Refused


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one report: approved as `version`, or refused."""

    uid: UUID
    version: int | None = None
    refused: Refused | None = None


def approve_all(wanted: Sequence[tuple[UUID, int]], member: CurrentMember, at: datetime) -> list[Answer]:
    """Approve the (uid, version) pairs, in the order asked for; a savepoint each, locks taken in the order of ids."""
    versions = dict(wanted)
    query = select(REPORT.c.id).where(REPORT.c.uid.in_(versions), in_sight(member.organization_id))
    rows = {row.uid: row for row in reports_for_update(list(db.session.scalars(query)))}
    return [_approve(uid, rows.get(uid), version, member, at) for uid, version in versions.items()]


def _approve(uid: UUID, report: ReportRow | None, version: int, member: CurrentMember, at: datetime) -> Answer:
    if report is None:
        return Answer(uid, refused=NotFound("This usage report"))
    try:
        with db.session.begin_nested():
            event = steps.approve(report, acting(member, report), at, version=version)
    except Refused as refused:
        return Answer(uid, refused=refused)
    except IntegrityError:
        return Answer(uid, refused=Conflict("This report changed meanwhile. Reload it and try again."))
    return Answer(uid, version=event.version)
