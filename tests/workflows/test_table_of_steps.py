"""Every status × step × actor: allowed, or refused with which error. What is expected stands here by hand."""

from decimal import Decimal
from typing import Any

import pytest

from tests.workflows.builders import ACTORS, DUE, NOW, POLICY, report
from workflows.errors import NotPermitted, TransitionNotAllowed
from workflows.events import Event
from workflows.usage_report import EDGES, Status, Step, SubmissionKind, fire, machine, unopened

MSP = {"MSP preparer", "MSP admin"}
REVIEWER, DISTRIBUTOR_ADMIN, SCHEDULER = {"distributor reviewer"}, {"distributor admin"}, {"scheduler"}

NONE, PREPARING, REVIEW = Status.NOT_OPENED, Status.MSP_PREPARING, Status.UNDER_REVIEW
APPROVED, REJECTED = Status.APPROVED, Status.REJECTED
SAME_WHILE_EDITABLE = {PREPARING: PREPARING, REJECTED: REJECTED}

TABLE: dict[Step, tuple[set[str], dict[Status, Status]]] = {
    Step.OPEN: (SCHEDULER, {NONE: PREPARING}),
    Step.SAVE: (MSP, SAME_WHILE_EDITABLE),
    Step.REFRESH: (REVIEWER | DISTRIBUTOR_ADMIN | SCHEDULER, SAME_WHILE_EDITABLE),
    Step.PRICE: (DISTRIBUTOR_ADMIN | SCHEDULER, SAME_WHILE_EDITABLE | {REVIEW: REVIEW}),
    Step.SUBMIT: (MSP, {PREPARING: REVIEW, REJECTED: REVIEW}),
    Step.AUTO_SUBMIT: (SCHEDULER, {PREPARING: REVIEW, REJECTED: REVIEW}),
    Step.RECALL: (MSP, {REVIEW: REJECTED}),
    Step.WAIVE: (REVIEWER, {REVIEW: REVIEW}),
    Step.ENDORSE: (REVIEWER, {REVIEW: REVIEW}),
    Step.APPROVE: (REVIEWER, {REVIEW: APPROVED}),
    Step.AUTO_APPROVE: (SCHEDULER, {REVIEW: APPROVED}),
    Step.REJECT: (REVIEWER, {REVIEW: REJECTED}),
    Step.INVOICE: (DISTRIBUTOR_ADMIN | SCHEDULER, {APPROVED: APPROVED}),
    Step.REOPEN: (MSP | REVIEWER, {APPROVED: PREPARING}),
}

# What a report needs, beside its status, to be ready for the step.
READY: dict[Step, dict[str, Any]] = {
    Step.PRICE: {"missing_prices": 1},
    Step.AUTO_SUBMIT: {"due_at": NOW},
    Step.RECALL: {"submitted_from": REJECTED, "submission_kind": SubmissionKind.MANUAL},
    Step.WAIVE: {"penalised": 1},
    Step.ENDORSE: {"approval_limit": 10},
    Step.REOPEN: {"corrections_allowed": True},
}
ARGUMENTS: dict[Step, dict[str, Any]] = {
    Step.OPEN: {"opens_at": NOW},
    Step.AUTO_APPROVE: {"policy": POLICY, "last_approved_amount": 100},
}


# These change no figure that somebody could have endorsed.
KEEP_ENDORSEMENT = {Step.OPEN, Step.ENDORSE, Step.APPROVE, Step.AUTO_APPROVE, Step.INVOICE}


def take(status: Status, step: Step, actor: str) -> Event:
    ready = report(status, **READY.get(step, {}))
    return fire(ready, step, ACTORS[actor], NOW, version=3, reason="as agreed", **ARGUMENTS.get(step, {}))


def attempt(status: Status, step: Step, actor: str) -> Status:
    event = take(status, step, actor)
    assert (event.step, event.source, event.at, event.actor) == (step, status, NOW, ACTORS[actor])
    return event.target


@pytest.mark.parametrize("actor", ACTORS)
@pytest.mark.parametrize("step", Step)
@pytest.mark.parametrize("status", Status)
def test_a_step_is_taken_or_refused_as_the_table_says(status: Status, step: Step, actor: str) -> None:
    who, targets = TABLE[step]
    if actor not in who:
        with pytest.raises(NotPermitted):
            attempt(status, step, actor)
    elif status not in targets:
        with pytest.raises(TransitionNotAllowed, match=status.label):
            attempt(status, step, actor)
    else:
        assert attempt(status, step, actor) is targets[status]


@pytest.mark.parametrize("step", Step)
def test_an_endorsement_falls_with_every_step_that_may_change_the_figures(step: Step) -> None:
    who, targets = TABLE[step]
    event = take(next(iter(targets)), step, min(who))
    assert event.clears_endorsement is (step not in KEEP_ENDORSEMENT)


def test_the_edges_for_the_database_are_those_of_the_table_and_both_ends_of_a_recall() -> None:
    expected = {(step, a, b) for step, (_, targets) in TABLE.items() for a, b in targets.items()}
    assert set(EDGES) == expected | {(Step.RECALL, REVIEW, PREPARING)}
    assert len(EDGES) == len(set(EDGES))


def test_one_machine_is_built_for_all_reports_and_takes_the_tables_steps_only() -> None:
    assert machine() is machine()
    assert set(machine().events) == set(Step)


def test_a_report_that_is_not_opened_holds_nothing() -> None:
    empty = unopened(DUE, "Europe/Dublin", 5)
    assert (empty.version, empty.line_count, empty.amount) == (0, 0, Decimal(0))


def test_the_fixture_report_is_not_due_so_that_time_matters_where_it_should() -> None:
    assert report().due_at == DUE > NOW
