"""Approving several reports at once: each is decided and answered by itself, none holds up the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from distributor.database import db
from distributor.errors import Conflict, NotFound
from distributor.identity.acting import CurrentMember, acting
from distributor.usage_reports.operations import steps
from distributor.usage_reports.queries import ReportRow, reports_in_sight_for_update
from workflows.errors import Refused
from workflows.events import Approved


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one report: approved by `event`, or refused. `report` is as it was before, None out of sight."""

    uid: UUID
    report: ReportRow | None = None
    event: Approved | None = None
    refused: Refused | None = None


def approve_all(wanted: Sequence[tuple[UUID, int]], member: CurrentMember, at: datetime) -> list[Answer]:
    """Approve the (uid, version) pairs, in the order asked for; a savepoint each, locks taken in the order of ids."""
    versions = dict(wanted)
    locked = reports_in_sight_for_update(list(versions), member)
    return [_approve(uid, locked.get(uid), version, member, at) for uid, version in versions.items()]


def _approve(uid: UUID, report: ReportRow | None, version: int, member: CurrentMember, at: datetime) -> Answer:
    if report is None:
        return Answer(uid, refused=NotFound("This usage report"))
    try:
        with db.session.begin_nested():
            event = steps.approve(report, acting(member, report), at, version=version)
    except Refused as refused:
        return Answer(uid, report, refused=refused)
    except IntegrityError:
        return Answer(uid, report, refused=Conflict("This report changed meanwhile. Reload it and try again."))
    return Answer(uid, report, event)
