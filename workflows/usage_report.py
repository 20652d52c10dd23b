"""The usage report's workflow: ``fire`` takes a step or says why not, ``actions_for`` says which to offer.

Actor, role and time are arguments. One machine is shared by all reports, since one per report would cost ten
times as much as the step itself; it moves a light ``Attempt``, never a database row.

``python -m workflows.usage_report`` prints the state diagram, ``… --write FILE`` renews it in a document.
"""

from datetime import datetime
from decimal import Decimal
from functools import lru_cache

from transitions import Machine

from workflows.conditions import Attempt, check_demands, obstacle
from workflows.drawing import Stage, Stepper, main, mermaid, stepper
from workflows.errors import NotPermitted, ReasonRequired, Refused, StaleVersion, TransitionNotAllowed
from workflows.events import Event
from workflows.outcomes import automatic_kind, outcome
from workflows.steps import EDGES, EDITABLE, RULES, STEPS, StepRule
from workflows.units import is_blank
from workflows.vocabulary import (
    SYSTEM,
    Absent,
    Actor,
    AutoApprovePolicy,
    LineRef,
    ReportState,
    Role,
    Side,
    Status,
    Step,
    SubmissionKind,
)
from workflows.words import either, words

__all__ = [
    "EDGES", "EDITABLE", "RULES", "STEPS", "SYSTEM",
    "Absent", "Actor", "AutoApprovePolicy", "LineRef", "ReportState", "Role", "Side", "Stage", "Status", "Step",
    "StepRule", "Stepper", "SubmissionKind",
    "actions_for", "automatic_kind", "fire", "machine", "mermaid", "stepper", "unopened",
]  # fmt: skip


@lru_cache(maxsize=1)
def machine() -> Machine:
    """The one machine, built from the table; its states are the statuses' values."""
    built = Machine(
        model=None,
        states=[status.value for status in Status],
        initial=Status.NOT_OPENED.value,
        auto_transitions=False,
    )
    for step, source, target in EDGES:
        built.add_transition(step.value, source.value, target.value, conditions=_condition(step, target))
    return built


def fire(
    report: ReportState,
    step: Step,
    actor: Actor,
    at: datetime,
    *,
    version: int | None = None,
    reason: str | None = None,
    nil: bool = False,
    penalised_line: bool = True,
    policy: AutoApprovePolicy | None = None,
    last_approved_amount: Decimal | None = None,
    opens_at: datetime | None = None,
) -> Event:
    """Take a step at the instant ``at`` (aware) and return what happened; the report itself is not changed.

    ``version``: the version the caller saw; None leaves it unchecked. ``nil``: the MSP confirms a report
    without lines. ``penalised_line``: whether the line to be waived carries a penalty. ``policy`` and
    ``last_approved_amount``: for automatic approval. ``opens_at``: the opening instant, for ``open``.

    Raises, in this order: NotPermitted, StaleVersion, TransitionNotAllowed, ReasonRequired, FiguresMissing,
    PricesMissing, CommentRequired, NilNotConfirmed, EndorsementRequired; ValueError for a time without zone.
    """
    if at.tzinfo is None:
        raise ValueError("a step's time needs a time zone")
    state = report.status.value
    attempt = Attempt(
        report, step, actor, at, reason, nil, penalised_line, policy, last_approved_amount, opens_at, state
    )
    _check_actor_and_version(attempt, version)
    if report.status not in RULES[step].sources:
        raise _not_allowed(attempt, _wrong_status(attempt))
    if not machine().events[step.value].trigger(attempt, attempt):
        raise ValueError("a report under review says which status it was submitted from")
    return outcome(attempt)


def actions_for(report: ReportState, actor: Actor, at: datetime) -> tuple[Step, ...]:
    """The steps this actor may try now, in the table's order: for buttons and ``allowed_actions``.

    Submit is among them while comments or figures are missing, because it then says what is missing; every
    other step is left out when only somebody else could make it possible.
    """
    return tuple(rule.step for rule in STEPS if _may_try(rule, report, actor, at))


def unopened(due_at: datetime, time_zone: str, resubmit_after_days: int) -> ReportState:
    """The state that ``open`` starts from; ``due_at`` as ``report_cycle.due_after`` gives it."""
    return ReportState(Status.NOT_OPENED, 0, due_at, time_zone, resubmit_after_days)


class _Condition:
    """What the machine asks before it moves: raises the refusal, or tells whether this is the edge."""

    def __init__(self, rule: StepRule, target: Status) -> None:
        self.rule, self.target = rule, target

    def __call__(self, attempt: Attempt) -> bool:
        if self.rule.returns and attempt.report.submitted_from is not self.target:
            return False
        why = obstacle(attempt)
        if why:
            raise _not_allowed(attempt, why)
        if self.rule.needs_reason and is_blank(attempt.reason):
            raise ReasonRequired(attempt.step)
        check_demands(attempt)
        return True


def _condition(step: Step, target: Status) -> _Condition:
    return _Condition(RULES[step], target)


def _check_actor_and_version(attempt: Attempt, version: int | None) -> None:
    rule = RULES[attempt.step]
    if not rule.permits(attempt.actor):
        raise NotPermitted(attempt.step, rule.performers)
    if version is not None and version != attempt.report.version:
        raise StaleVersion(version, attempt.report.version)


def _wrong_status(attempt: Attempt) -> str:
    rule = RULES[attempt.step]
    return words(
        "“%(step)s” is possible while the report's status is %(possible)s; it is “%(present)s”.",
        step=attempt.step.label,
        possible=either([words("“%(status)s”", status=source.label) for source in rule.sources]),
        present=attempt.report.status.label,
    )


def _not_allowed(attempt: Attempt, why: str) -> TransitionNotAllowed:
    allowed = actions_for(attempt.report, attempt.actor, attempt.at)
    return TransitionNotAllowed(attempt.step, attempt.report.status, allowed, why)


def _may_try(rule: StepRule, report: ReportState, actor: Actor, at: datetime) -> bool:
    if report.status not in rule.sources or not rule.permits(actor):
        return False
    attempt = Attempt(report, rule.step, actor, at)
    if obstacle(attempt):
        return False
    return rule.step is Step.SUBMIT or _demands_met(attempt)


def _demands_met(attempt: Attempt) -> bool:
    try:
        check_demands(attempt)
    except Refused:
        return False
    return True


if __name__ == "__main__":
    main()
