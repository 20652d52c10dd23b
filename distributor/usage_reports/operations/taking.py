"""Asking the rules for a step, with the event's own type in the answer."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeVar

from distributor.identity.acting import Acting
from distributor.usage_reports.queries import ReportRow, state_of
from workflows.events import Event, Submitted
from workflows.usage_report import Step, fire

E = TypeVar("E", bound=Event)


def take(expected: type[E], report: ReportRow, step: Step, acting: Acting, at: datetime, **given: Any) -> E:
    """What the rules say happens; raises what `fire` raises."""
    event = fire(state_of(report), step, acting.actor, at, **given)
    if not isinstance(event, expected):
        raise TypeError(f"{step} came to {type(event).__name__}, not {expected.__name__}")
    return event


def submission(event: Submitted) -> dict[str, Any]:
    """What a submission, by hand or by the scheduler, sets on the report."""
    return {
        "submitted_at": event.at,
        "submitted_from": str(event.source),
        "submission_kind": str(event.kind),
    }
