"""Which buttons a person sees, and what a refusal says."""

from datetime import timedelta
from decimal import Decimal

import pytest

from tests.workflows.builders import (
    ACTORS,
    NOW,
    PREPARER,
    REVIEWER,
    SECOND_REVIEWER,
    approved,
    report,
    under_review,
)
from workflows.errors import CommentRequired, TransitionNotAllowed
from workflows.usage_report import SYSTEM, LineRef, ReportState, Status, Step, actions_for, fire

OVER_LIMIT = under_review(approval_limit=Decimal(50))


def test_submit_is_offered_while_comments_and_figures_are_missing() -> None:
    assert actions_for(report(unexplained=3, missing_figures=2), PREPARER, NOW) == (Step.SAVE, Step.SUBMIT)


def test_a_preparer_may_recall_until_the_report_is_due() -> None:
    state = under_review()
    assert actions_for(state, PREPARER, state.due_at - timedelta(seconds=1)) == (Step.RECALL,)
    assert actions_for(state, PREPARER, state.due_at) == ()


@pytest.mark.parametrize("actor", ["MSP viewer", "distributor viewer", "other organization"])
@pytest.mark.parametrize("state", [report(), under_review(penalised=1), approved(corrections_allowed=True)])
def test_who_only_reads_is_offered_nothing(actor: str, state: ReportState) -> None:
    assert actions_for(state, ACTORS[actor], NOW) == ()


def test_a_reviewer_approves_and_rejects() -> None:
    assert actions_for(under_review(), REVIEWER, NOW) == (Step.APPROVE, Step.REJECT)


def test_waiving_is_offered_where_there_is_a_penalty() -> None:
    assert Step.WAIVE in actions_for(under_review(penalised=1), REVIEWER, NOW)


def test_over_the_limit_the_first_reviewer_endorses_and_the_second_approves() -> None:
    endorsed = under_review(approval_limit=Decimal(50), endorsed_by=REVIEWER.person)
    assert actions_for(OVER_LIMIT, REVIEWER, NOW) == (Step.ENDORSE, Step.REJECT)
    assert actions_for(endorsed, REVIEWER, NOW) == (Step.REJECT,)
    assert actions_for(endorsed, SECOND_REVIEWER, NOW) == (Step.APPROVE, Step.REJECT)


def test_the_scheduler_is_offered_what_is_due() -> None:
    state = report()
    assert actions_for(state, SYSTEM, NOW) == (Step.REFRESH,)
    assert actions_for(state, SYSTEM, state.due_at) == (Step.REFRESH, Step.AUTO_SUBMIT)


def test_a_refused_step_says_what_is_possible_instead() -> None:
    with pytest.raises(TransitionNotAllowed) as caught:
        fire(under_review(), Step.SUBMIT, PREPARER, NOW)
    refusal = caught.value
    assert (refusal.step, refusal.status, refusal.allowed) == (
        Step.SUBMIT,
        Status.UNDER_REVIEW,
        (Step.RECALL,),
    )
    assert refusal.message == refusal.why == str(refusal)
    assert "“MSP preparing” or “Rejected”; it is “Under review”" in refusal.message


def test_many_lines_are_counted_and_the_first_ones_named() -> None:
    lines = [LineRef(str(n), None, "Mailbox", f"M-{n}") for n in range(5)]
    message = CommentRequired(lines, 48).message
    assert message.startswith("48 lines are")
    assert message.endswith("Mailbox (M-4); and 43 more.")


def test_five_lines_are_named_and_the_others_counted() -> None:
    lines = [LineRef(str(n), None, "Mailbox", f"M-{n}") for n in range(7)]
    assert CommentRequired(lines).message.endswith("Mailbox (M-3); Mailbox (M-4); and 2 more.")


def test_one_line_is_named_in_the_singular() -> None:
    assert CommentRequired([LineRef("1", "Curragh Motors", "Mailbox", "M-1")]).message == (
        "1 line is still to be explained by a comment or another figure: Curragh Motors, Mailbox (M-1)."
    )
