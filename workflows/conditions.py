"""What must hold before a step, beyond status and role. Source: the "must hold" column of docs/workflow.md.

Two kinds: *obstacles* say why the report can't take the step now (``TransitionNotAllowed``); *demands* raise
an error of their own, because somebody can meet them: a comment, a figure, a price, a second person.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from workflows.errors import (
    CommentRequired,
    EndorsementRequired,
    FiguresMissing,
    NilNotConfirmed,
    PricesMissing,
)
from workflows.report_cycle import zone
from workflows.steps import RULES
from workflows.vocabulary import Actor, AutoApprovePolicy, ReportState, Side, Step, SubmissionKind
from workflows.words import Words, words


@dataclass(slots=True)
class Attempt:
    """One try at a step: the light object the shared machine moves. ``state`` is a status' value."""

    report: ReportState
    step: Step
    actor: Actor
    at: datetime
    reason: str | None = None
    nil: bool = False
    penalised_line: bool = True
    policy: AutoApprovePolicy | None = None
    last_approved_amount: Decimal | None = None
    opens_at: datetime | None = None
    state: str = ""


def obstacle(attempt: Attempt) -> Words | None:
    """Why the report can't take the step now, as a sentence; None when nothing stands in the way."""
    check = OBSTACLES.get(attempt.step)
    return check(attempt) if check else None


def check_demands(attempt: Attempt) -> None:
    """Raise what is still missing.

    Raises FiguresMissing, PricesMissing, CommentRequired, NilNotConfirmed, EndorsementRequired.
    """
    check = DEMANDS.get(attempt.step)
    if check:
        check(attempt)


def in_name_of(attempt: Attempt) -> int | None:
    """The absent colleague in whose name the step is taken; None: in the actor's own."""
    taken = attempt.report.endorsers if attempt.step is Step.APPROVE else frozenset()
    return RULES[attempt.step].in_name_of(attempt.actor, taken)


def _local(attempt: Attempt, at: datetime) -> datetime:
    return at.astimezone(zone(attempt.report.time_zone))


def _opening(attempt: Attempt) -> Words | None:
    if attempt.opens_at is None:
        return words("The report has no opening day.")
    if attempt.at < attempt.opens_at:
        return words("The report opens on %(at)s.", at=_local(attempt, attempt.opens_at))
    return None


def _due(attempt: Attempt) -> Words | None:
    if attempt.at < attempt.report.due_at:
        due_at = _local(attempt, attempt.report.due_at)
        return words("The report submits itself on %(at)s, not before.", at=due_at)
    return None


def _unpriced(attempt: Attempt) -> Words | None:
    if attempt.report.missing_prices:
        return None
    return words("Every line has its price, and a price is filled in only once.")


def _recallable(attempt: Attempt) -> Words | None:
    report = attempt.report
    if report.endorsed_by is not None:
        return words("A reviewer has endorsed the report already; ask your distributor to reject it.")
    if report.corrections_allowed:
        return None
    if report.submission_kind is not SubmissionKind.MANUAL:
        return words("The report was submitted automatically and this account does not allow corrections.")
    if attempt.at >= report.due_at:
        return words("The report was due meanwhile and this account does not allow corrections.")
    return None


def _penalty_to_waive(attempt: Attempt) -> Words | None:
    if attempt.report.penalised and attempt.penalised_line:
        return None
    return words("There is no penalty to waive.")


def _endorsable(attempt: Attempt) -> Words | None:
    report = attempt.report
    if not report.over_limit:
        return words("The total is within the account's approval limit, so no endorsement is needed.")
    if report.endorsed_by is not None:
        return words("The report is endorsed already.")
    if attempt.actor.person is None:
        return words("Only a person can endorse.")
    return None


def _invoiced(attempt: Attempt) -> Words | None:
    return words("The report is invoiced; nothing moves it any more.") if attempt.report.invoiced else None


def _reopenable(attempt: Attempt) -> Words | None:
    if attempt.actor.side is Side.MSP and not attempt.report.corrections_allowed:
        return words("This account does not allow corrections; ask your distributor to reopen the report.")
    return _invoiced(attempt)


def _automatically_approvable(attempt: Attempt) -> Words | None:
    if attempt.policy is None:
        return words("Automatic approval is not switched on for this account.")
    return _needs_a_look(attempt.report) or _changed_too_much(attempt)


def _needs_a_look(report: ReportState) -> Words | None:
    findings = (
        (report.submission_kind is SubmissionKind.AUTOMATIC_WITH_PENALTY, words("it was submitted with penalties")),
        (report.rejected_before, words("it was rejected before")),
        (not report.line_count, words("it has no lines")),
        (report.penalised, words("it has penalised lines")),
        (report.estimated, words("it has estimated lines")),
        (report.discrepancies, words("it has discrepancies")),
        (report.comments, words("it has comments")),
    )
    why = next((words for found, words in findings if found), None)
    return why and words("The report is not approved automatically: %(why)s.", why=why)


def _changed_too_much(attempt: Attempt) -> Words | None:
    last, policy = attempt.last_approved_amount, attempt.policy
    if last is None or policy is None:
        return words("The report is not approved automatically: the account has no earlier approved report.")
    limit = policy.max_change_percent
    if abs(attempt.report.amount - last) * 100 > limit * last:
        return words(
            "The report is not approved automatically: its total moved more than %(percent)s\u00a0%%.", percent=limit
        )
    return None


def _complete(attempt: Attempt) -> None:
    report = attempt.report
    if report.missing_figures:
        raise FiguresMissing(report.offenders("missing_figures"), report.missing_figures)
    if report.missing_prices:
        raise PricesMissing(report.offenders("missing_prices"), report.missing_prices)


def _submittable(attempt: Attempt) -> None:
    report = attempt.report
    _complete(attempt)
    if report.unexplained:
        raise CommentRequired(report.offenders("unexplained"), report.unexplained)
    if not report.line_count and not attempt.nil:
        raise NilNotConfirmed


def _approvable(attempt: Attempt) -> None:
    _complete(attempt)
    if not attempt.report.over_limit:
        return
    # Two people look at what is over the limit; the system is none.
    if attempt.actor.person is None or attempt.report.endorsed_by is None:
        raise EndorsementRequired
    if attempt.actor.person in attempt.report.endorsers:
        raise EndorsementRequired(words("you endorsed it, so somebody else has to approve it"))
    if in_name_of(attempt) in attempt.report.endorsers:
        raise EndorsementRequired(
            words("it is endorsed in the name of the colleague you act for, so somebody else has to approve it")
        )


OBSTACLES: dict[Step, Callable[[Attempt], Words | None]] = {
    Step.OPEN: _opening,
    Step.PRICE: _unpriced,
    Step.AUTO_SUBMIT: _due,
    Step.RECALL: _recallable,
    Step.WAIVE: _penalty_to_waive,
    Step.ENDORSE: _endorsable,
    Step.AUTO_APPROVE: _automatically_approvable,
    Step.INVOICE: _invoiced,
    Step.REOPEN: _reopenable,
}

DEMANDS: dict[Step, Callable[[Attempt], None]] = {
    Step.SUBMIT: _submittable,
    Step.APPROVE: _approvable,
    Step.AUTO_APPROVE: _approvable,
}
