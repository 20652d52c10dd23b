"""What all changes of a report have in common: the lock, the replayed key, the version, and the order of
refusals.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from flask import Response
from flask_smorest import Blueprint
from marshmallow import Schema
from werkzeug.exceptions import HTTPException

from distributor import clock
from distributor.api.answers import Answer, once, versioned
from distributor.api.bodies import fields_of
from distributor.api.preconditions import required_version
from distributor.errors import InputRefused
from distributor.identity.acting import Acting, CurrentMember, acting
from distributor.identity.current import require_member
from distributor.usage_reports import keyset, queries, shapes
from distributor.usage_reports.queries import ReportRow, state_of
from workflows.events import Approved, Event, Submitted
from workflows.usage_report import Step, fire

blueprint = Blueprint(
    "Reports",
    __name__,
    url_prefix="/api/v1/reports",
    description="Usage reports, their lines, and the steps of their workflow.",
)
Body = TypeVar("Body")
Check = Callable[[ReportRow, CurrentMember], None]


@dataclass(frozen=True, slots=True)
class Change:
    """A change somebody asks for: the report as it was read under its lock, in the version they saw."""

    report: ReportRow
    version: int | None
    member: CurrentMember
    acting: Acting
    at: datetime

    def body(self, step: Step, read: Callable[[], Body]) -> Body:
        """What was sent. When it is refused, whatever else stands in the way of the step is said first."""
        try:
            return read()
        except (InputRefused, HTTPException):
            state = state_of(self.report)
            fire(state, step, self.acting.actor, self.at, version=self.version, reason="…", nil=True)
            raise


Act = Callable[[Change, Mapping[str, Any]], Event | None]


def take(uid: UUID, step: Step, schema: type[Schema], act: Act, check: Check | None = None) -> Response:
    """Take a step on a report and answer with its header. `act` gets the change and the fields that were
    sent.

    `check` refuses (403, 404) as soon as the report is known. An event that touches no line answers without
    reading the report again.
    """
    member = require_member()
    report = queries.report_for_update(uid, member)
    if check:
        check(report, member)
    return once(member, lambda: _taken(report, member, step, schema, act))


def _taken(report: ReportRow, member: CurrentMember, step: Step, schema: type[Schema], act: Act) -> Answer:
    change = change_of(report, member, step)
    event = act(change, change.body(step, lambda: fields_of(schema)))
    if isinstance(event, Submitted | Approved):
        return versioned(shapes.header(shapes.after(report, event), member, change.at, _endorser(report, event)))
    return versioned(present_header(change))


def change_of(report: ReportRow, member: CurrentMember, step: Step) -> Change:
    """The change, once the version is known to be the present one. Raises NotPermitted, StaleVersion,
    VersionRequired.
    """
    who = acting(member, report)
    return Change(report, required_version(report, step, who), member, who, clock.now())


def present_header(change: Change) -> dict[str, Any]:
    """The report's header as it stands now, after the change."""
    now = queries.report(change.report.uid, change.member)
    return shapes.header(now, change.member, change.at, keyset.endorsers([now]).get(now.endorsed_by))


def _endorser(report: ReportRow, event: Submitted | Approved) -> Any:
    """Submitting ends an endorsement, approving leaves it as it is."""
    return keyset.endorsers([report]).get(report.endorsed_by) if isinstance(event, Approved) else None
