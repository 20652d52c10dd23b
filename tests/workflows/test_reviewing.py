"""Waiving, endorsing, approving, rejecting and invoicing."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.workflows.builders import (
    ACTORS,
    NOW,
    POLICY,
    REVIEWER,
    SECOND_REVIEWER,
    approved,
    under_review,
)
from workflows.errors import (
    EndorsementRequired,
    FiguresMissing,
    PricesMissing,
    ReasonRequired,
    StaleVersion,
    TransitionNotAllowed,
)
from workflows.events import Approved, Endorsed, Event, Invoiced, Rejected, Waived
from workflows.usage_report import SYSTEM, Status, Step, SubmissionKind, fire

OVER_LIMIT: dict[str, Any] = {"amount": Decimal("100.01"), "approval_limit": Decimal(100)}


@pytest.mark.parametrize("step", [Step.WAIVE, Step.REJECT])
@pytest.mark.parametrize("reason", [None, "", " \t\n", "\u00a0\u200b"])
def test_a_blank_reason_is_no_reason(step: Step, reason: str | None) -> None:
    with pytest.raises(ReasonRequired):
        fire(under_review(penalised=1), step, REVIEWER, NOW, reason=reason)


def test_a_waiver_keeps_its_reason_and_the_status() -> None:
    event = fire(under_review(penalised=1), Step.WAIVE, REVIEWER, NOW, reason="  agreed by phone ")
    assert isinstance(event, Waived)
    assert (event.reason, event.target) == ("agreed by phone", Status.UNDER_REVIEW)


@pytest.mark.parametrize(("penalised", "line"), [(0, True), (1, False)])
def test_only_a_penalised_line_can_be_waived(penalised: int, line: bool) -> None:
    with pytest.raises(TransitionNotAllowed, match="no penalty"):
        fire(under_review(penalised=penalised), Step.WAIVE, REVIEWER, NOW, reason="x", penalised_line=line)


def test_a_rejection_gives_a_new_due_instant_in_the_accounts_zone() -> None:
    event = fire(under_review(time_zone="Pacific/Auckland"), Step.REJECT, REVIEWER, NOW, reason="see notes")
    assert isinstance(event, Rejected)
    assert event.due_at == datetime(2026, 10, 30, 11, tzinfo=UTC)
    assert (event.restores_declared, event.clears_endorsement) == (True, True)


def test_a_report_of_exactly_the_limit_takes_one_person() -> None:
    event = fire(under_review(amount=Decimal(100), approval_limit=Decimal(100)), Step.APPROVE, REVIEWER, NOW)
    assert isinstance(event, Approved)
    assert (event.target, event.policy) == (Status.APPROVED, None)


def test_over_the_limit_another_person_endorses_first() -> None:
    with pytest.raises(EndorsementRequired):
        fire(under_review(**OVER_LIMIT), Step.APPROVE, REVIEWER, NOW)
    endorsed = fire(under_review(**OVER_LIMIT), Step.ENDORSE, REVIEWER, NOW)
    assert isinstance(endorsed, Endorsed)
    state = under_review(**OVER_LIMIT, endorsed_by=endorsed.endorsed_by)
    assert fire(state, Step.APPROVE, SECOND_REVIEWER, NOW).target is Status.APPROVED


def test_the_endorser_may_not_approve() -> None:
    with pytest.raises(EndorsementRequired, match="somebody else"):
        fire(under_review(**OVER_LIMIT, endorsed_by=REVIEWER.person), Step.APPROVE, REVIEWER, NOW)


def test_what_is_no_person_neither_endorses_nor_approves_over_the_limit() -> None:
    nobody = replace(REVIEWER, person=None)
    with pytest.raises(TransitionNotAllowed, match="person"):
        fire(under_review(**OVER_LIMIT), Step.ENDORSE, nobody, NOW)
    with pytest.raises(EndorsementRequired):
        fire(under_review(**OVER_LIMIT, endorsed_by=8), Step.APPROVE, nobody, NOW)


@pytest.mark.parametrize("state", [{"amount": Decimal(100), "approval_limit": None}, {**OVER_LIMIT, "endorsed_by": 8}])
def test_an_endorsement_is_refused_where_none_is_needed(state: dict[str, Any]) -> None:
    with pytest.raises(TransitionNotAllowed):
        fire(under_review(**state), Step.ENDORSE, REVIEWER, NOW)


@pytest.mark.parametrize(("fault", "error"), [("missing_figures", FiguresMissing), ("missing_prices", PricesMissing)])
def test_a_report_with_something_unknown_can_be_rejected_but_not_approved(fault: str, error: type[Exception]) -> None:
    state = under_review(**{fault: 2})
    with pytest.raises(error):
        fire(state, Step.APPROVE, REVIEWER, NOW)
    assert fire(state, Step.REJECT, REVIEWER, NOW, reason="no figures").target is Status.REJECTED


def test_a_report_charged_with_penalties_can_be_approved() -> None:
    state = under_review(unexplained=2, penalised=2, discrepancies=2)
    assert fire(state, Step.APPROVE, REVIEWER, NOW, version=3).target is Status.APPROVED


def test_approving_an_old_version_is_refused() -> None:
    with pytest.raises(StaleVersion):
        fire(under_review(), Step.APPROVE, REVIEWER, NOW, version=4)


def auto_approve(last: Decimal | None = Decimal(100), **changes: Any) -> Event:
    return fire(under_review(**changes), Step.AUTO_APPROVE, SYSTEM, NOW, policy=POLICY, last_approved_amount=last)


@pytest.mark.parametrize("amount", ["90", "110"])
def test_automatic_approval_within_the_policy_names_it(amount: str) -> None:
    event = auto_approve(amount=Decimal(amount))
    assert isinstance(event, Approved)
    assert event.policy is POLICY


@pytest.mark.parametrize("amount", ["89.99", "110.01"])
def test_automatic_approval_is_refused_when_the_total_moved_too_much(amount: str) -> None:
    with pytest.raises(TransitionNotAllowed, match="10\u00a0%"):
        auto_approve(amount=Decimal(amount))


@pytest.mark.parametrize(
    "finding",
    [
        {"comments": 1},
        {"discrepancies": 1},
        {"penalised": 1},
        {"estimated": 1},
        {"line_count": 0},
        {"rejected_before": True},
        {"submission_kind": SubmissionKind.AUTOMATIC_WITH_PENALTY},
    ],
)
def test_automatic_approval_leaves_what_needs_a_look_to_people(finding: dict[str, Any]) -> None:
    with pytest.raises(TransitionNotAllowed, match="not approved automatically"):
        auto_approve(**finding)


def test_automatic_approval_needs_an_earlier_approved_report() -> None:
    with pytest.raises(TransitionNotAllowed, match="no earlier approved"):
        auto_approve(last=None)


def test_automatic_approval_is_off_without_a_policy() -> None:
    with pytest.raises(TransitionNotAllowed, match="not switched on"):
        fire(under_review(), Step.AUTO_APPROVE, SYSTEM, NOW, last_approved_amount=Decimal(100))


def test_automatic_approval_never_replaces_one_of_two_people() -> None:
    with pytest.raises(EndorsementRequired):
        auto_approve(amount=Decimal(105), approval_limit=Decimal(100), endorsed_by=7)


@pytest.mark.parametrize("fault", ["missing_figures", "missing_prices"])
def test_automatic_approval_needs_figures_and_prices(fault: str) -> None:
    with pytest.raises((FiguresMissing, PricesMissing)):
        auto_approve(Decimal(100), **{fault: 1})


def test_an_approval_after_nothing_was_charged_last_time_needs_the_same_total() -> None:
    assert auto_approve(last=Decimal(0), amount=Decimal(0)).target is Status.APPROVED
    with pytest.raises(TransitionNotAllowed):
        auto_approve(last=Decimal(0), amount=Decimal("0.01"))


def test_an_invoiced_report_is_final() -> None:
    admin = ACTORS["distributor admin"]
    assert isinstance(fire(approved(), Step.INVOICE, admin, NOW), Invoiced)
    for step, actor in ((Step.INVOICE, admin), (Step.REOPEN, REVIEWER)):
        with pytest.raises(TransitionNotAllowed, match="invoiced"):
            fire(approved(invoiced=True), step, actor, NOW, reason="late credit")
