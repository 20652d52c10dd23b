"""The two ways back to the MSP that are no rejection."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.workflows.builders import DUE, NOW, PREPARER, REVIEWER, approved, under_review
from workflows.errors import ReasonRequired, TransitionNotAllowed
from workflows.events import Recalled, Reopened
from workflows.usage_report import Status, Step, SubmissionKind, fire

AUTOMATIC = SubmissionKind.AUTOMATIC_WITH_PENALTY
PAST = NOW - timedelta(days=1)


@pytest.mark.parametrize("origin", [Status.MSP_PREPARING, Status.REJECTED])
def test_a_recalled_report_goes_back_to_where_it_was_submitted_from(origin: Status) -> None:
    event = fire(under_review(submitted_from=origin), Step.RECALL, PREPARER, NOW)
    assert isinstance(event, Recalled)
    assert (event.target, event.due_at, event.restores_declared) == (origin, DUE, True)


@pytest.mark.parametrize("state", [{"submission_kind": AUTOMATIC}, {"due_at": NOW}, {"due_at": PAST}])
def test_without_corrections_only_a_manual_submission_before_its_due_instant_is_recalled(
    state: dict[str, Any],
) -> None:
    with pytest.raises(TransitionNotAllowed, match="corrections"):
        fire(under_review(**state), Step.RECALL, PREPARER, NOW)


@pytest.mark.parametrize("due_at", [NOW, PAST])
def test_a_recall_after_the_due_instant_sets_a_new_one(due_at: datetime) -> None:
    state = under_review(submission_kind=AUTOMATIC, due_at=due_at, corrections_allowed=True)
    event = fire(state, Step.RECALL, PREPARER, NOW)
    assert isinstance(event, Recalled)
    assert event.due_at == datetime(2026, 10, 31, tzinfo=UTC)


def test_an_endorsed_report_is_not_recalled_even_where_corrections_are_allowed() -> None:
    with pytest.raises(TransitionNotAllowed, match="endorsed"):
        fire(under_review(endorsed_by=8, corrections_allowed=True), Step.RECALL, PREPARER, NOW)


def test_a_report_that_does_not_say_where_it_was_submitted_from_is_a_defect() -> None:
    with pytest.raises(ValueError, match="submitted from"):
        fire(replace(under_review(), submitted_from=None), Step.RECALL, PREPARER, NOW)


def test_a_reopened_report_starts_over_without_notes() -> None:
    event = fire(approved(), Step.REOPEN, REVIEWER, NOW, reason="credit agreed")
    assert isinstance(event, Reopened)
    assert (event.target, event.due_at) == (Status.MSP_PREPARING, datetime(2026, 10, 31, tzinfo=UTC))
    assert (event.restores_declared, event.clears_notes, event.reason) == (True, True, "credit agreed")


def test_the_msp_reopens_only_where_the_account_allows_corrections() -> None:
    with pytest.raises(TransitionNotAllowed, match="corrections"):
        fire(approved(), Step.REOPEN, PREPARER, NOW, reason="typing error")
    event = fire(approved(corrections_allowed=True), Step.REOPEN, PREPARER, NOW, reason="typing error")
    assert event.target is Status.MSP_PREPARING


def test_reopening_needs_a_reason() -> None:
    with pytest.raises(ReasonRequired):
        fire(approved(), Step.REOPEN, REVIEWER, NOW)
