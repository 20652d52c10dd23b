"""What follows from a step: the event, with the new due instant and the kind of submission."""

from collections.abc import Callable
from datetime import datetime
from typing import TypedDict

from workflows.conditions import Attempt, in_name_of
from workflows.events import (
    Approved,
    Endorsed,
    Event,
    Invoiced,
    Opened,
    Priced,
    Recalled,
    Refreshed,
    Rejected,
    Reopened,
    Saved,
    Submitted,
    Waived,
)
from workflows.report_cycle import due_after
from workflows.vocabulary import Actor, ReportState, Status, Step, SubmissionKind


class Common(TypedDict):
    """The fields every event has."""

    step: Step
    source: Status
    target: Status
    at: datetime
    actor: Actor
    version: int
    in_name_of: int | None


def outcome(attempt: Attempt) -> Event:
    """The event of an attempt that the machine has let through; ``attempt.state`` is the status reached."""
    report = attempt.report
    common = Common(
        step=attempt.step,
        source=report.status,
        target=Status(attempt.state),
        at=attempt.at,
        actor=attempt.actor,
        version=report.version + 1,
        in_name_of=in_name_of(attempt),
    )
    return OUTCOMES[attempt.step](attempt, common)


def automatic_kind(report: ReportState) -> SubmissionKind:
    """A report without lines is an estimate too: silence is not a statement that nothing was used."""
    if report.unexplained or report.missing_figures or not report.line_count:
        return SubmissionKind.AUTOMATIC_WITH_PENALTY
    return SubmissionKind.AUTOMATIC


def _new_due(attempt: Attempt) -> datetime:
    return due_after(attempt.at, attempt.report.resubmit_after_days, attempt.report.time_zone)


def _opened(attempt: Attempt, common: Common) -> Event:
    return Opened(**common, due_at=attempt.report.due_at)


def _submitted(attempt: Attempt, common: Common) -> Event:
    manual = attempt.step is Step.SUBMIT
    kind = SubmissionKind.MANUAL if manual else automatic_kind(attempt.report)
    return Submitted(**common, kind=kind, nil=not attempt.report.line_count)


def _recalled(attempt: Attempt, common: Common) -> Event:
    still_ahead = attempt.report.due_at > attempt.at
    return Recalled(**common, due_at=attempt.report.due_at if still_ahead else _new_due(attempt))


def _waived(attempt: Attempt, common: Common) -> Event:
    return Waived(**common, reason=_reason(attempt))


def _endorsed(attempt: Attempt, common: Common) -> Event:
    if attempt.actor.person is None:
        raise ValueError("an endorsement has a person")
    return Endorsed(**common, endorsed_by=attempt.actor.person)


def _approved(attempt: Attempt, common: Common) -> Event:
    return Approved(**common, policy=attempt.policy if attempt.step is Step.AUTO_APPROVE else None)


def _rejected(attempt: Attempt, common: Common) -> Event:
    return Rejected(**common, reason=_reason(attempt), due_at=_new_due(attempt))


def _reopened(attempt: Attempt, common: Common) -> Event:
    return Reopened(**common, reason=_reason(attempt), due_at=_new_due(attempt))


def _reason(attempt: Attempt) -> str:
    return (attempt.reason or "").strip()


OUTCOMES: dict[Step, Callable[[Attempt, Common], Event]] = {
    Step.OPEN: _opened,
    Step.SAVE: lambda attempt, common: Saved(**common),
    Step.REFRESH: lambda attempt, common: Refreshed(**common),
    Step.PRICE: lambda attempt, common: Priced(**common),
    Step.SUBMIT: _submitted,
    Step.AUTO_SUBMIT: _submitted,
    Step.RECALL: _recalled,
    Step.WAIVE: _waived,
    Step.ENDORSE: _endorsed,
    Step.APPROVE: _approved,
    Step.AUTO_APPROVE: _approved,
    Step.REJECT: _rejected,
    Step.INVOICE: lambda attempt, common: Invoiced(**common),
    Step.REOPEN: _reopened,
}
