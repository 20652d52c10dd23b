"""What holds for every report and every line, not only for the examples."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from tests.workflows.builders import ACTORS, NOW, POLICY, SECOND_REVIEWER
from workflows.errors import NotPermitted, Refused, TransitionNotAllowed
from workflows.events import Event, Recalled, Rejected, Reopened
from workflows.units import (
    LineState,
    charge_automatically,
    figure_in_question,
    is_unexplained,
    restore,
)
from workflows.usage_report import (
    EDGES,
    EDITABLE,
    Actor,
    ReportState,
    Status,
    Step,
    SubmissionKind,
    actions_for,
    fire,
)

few = st.integers(0, 2)
PEOPLE = (*ACTORS.values(), SECOND_REVIEWER)
people = st.sampled_from(PEOPLE)
due_instants = st.sampled_from([NOW - timedelta(days=1), NOW, NOW + timedelta(days=1)])

reports = st.builds(
    ReportState,
    status=st.sampled_from(Status),
    version=st.integers(0, 9),
    due_at=due_instants,
    time_zone=st.sampled_from(["UTC", "Pacific/Auckland"]),
    resubmit_after_days=st.integers(1, 60),
    submitted_from=st.sampled_from(EDITABLE),
    submission_kind=st.sampled_from(SubmissionKind),
    corrections_allowed=st.booleans(),
    invoiced=st.booleans(),
    endorsed_by=st.sampled_from([None, 7, 8]),
    amount=st.sampled_from([Decimal(0), Decimal(100)]),
    approval_limit=st.sampled_from([None, Decimal(50), Decimal(100)]),
    line_count=few,
    unexplained=few,
    missing_figures=few,
    missing_prices=few,
    penalised=few,
    estimated=few,
    discrepancies=few,
    comments=few,
    rejected_before=st.booleans(),
)


def attempt(report: ReportState, step: Step, actor: Actor) -> Event | Refused:
    try:
        return fire(
            report, step, actor, NOW, version=report.version, reason="because", policy=POLICY,
            last_approved_amount=Decimal(100), opens_at=NOW,
        )  # fmt: skip
    except Refused as refusal:
        return refusal


def outcomes(report: ReportState) -> list[Event]:
    """What happens to the report when everybody tries everything, each from the same state."""
    results = [attempt(report, step, actor) for step in Step for actor in PEOPLE]
    return [result for result in results if isinstance(result, Event)]


@given(reports)
def test_every_step_taken_is_an_edge_of_the_table_and_raises_the_version_by_one(report: ReportState) -> None:
    for event in outcomes(report):
        assert (event.step, event.source, event.target) in EDGES
        assert (event.version, event.source) == (report.version + 1, report.status)


@given(reports, people)
def test_what_is_offered_can_be_done_and_what_is_not_offered_is_refused(report: ReportState, actor: Actor) -> None:
    offered = actions_for(report, actor, NOW)
    # The scheduler's two need facts that a button has not; submit is offered while something is missing.
    for step in set(Step) - {Step.OPEN, Step.AUTO_APPROVE}:
        refused = (NotPermitted, TransitionNotAllowed) if step is Step.SUBMIT else Refused
        assert (step in offered) is not isinstance(attempt(report, step, actor), refused)


@given(reports)
def test_an_invoiced_report_never_moves(report: ReportState) -> None:
    assert not outcomes(replace(report, status=Status.APPROVED, invoiced=True))


@given(reports)
def test_whatever_comes_back_to_the_msp_has_time_left(report: ReportState) -> None:
    for event in outcomes(report):
        if isinstance(event, Recalled | Rejected | Reopened):
            assert event.due_at > NOW


units = st.integers(0, 50).map(Decimal)
maybe_units = st.none() | units
texts = st.sampled_from([None, "  ", "because"])
lines = st.builds(
    LineState,
    provisioned_units=maybe_units,
    used_units=maybe_units,
    chargeable_units=maybe_units,
    comment=texts,
    usage_source=st.sampled_from(["feed", "manual"]),
    reviewer_note=st.sampled_from([None, "Why?"]),
    note_answered=st.booleans(),
    waived_reason=st.sampled_from([None, "agreed"]),
    tolerance_units=st.integers(0, 3).map(Decimal),
    tolerance_percent=st.integers(0, 20).map(Decimal),
)
uplifts = st.integers(0, 30).map(Decimal)


@given(lines, maybe_units, uplifts, st.booleans())
def test_after_automatic_submission_every_unexplained_line_is_penalised_and_no_other(
    line: LineState, last: Decimal | None, uplift: Decimal, rejected_before: bool
) -> None:
    after = charge_automatically(line, last, uplift, rejected_before)
    assert after.penalised is is_unexplained(after) is is_unexplained(line)
    assert figure_in_question(after) == line.chargeable_units


@given(lines, maybe_units, uplifts, st.booleans())
def test_automatic_submission_never_lowers_a_bill_and_can_be_undone(
    line: LineState, last: Decimal | None, uplift: Decimal, rejected_before: bool
) -> None:
    after = charge_automatically(line, last, uplift, rejected_before)
    assert (after.chargeable_units or 0) >= (line.chargeable_units or 0)
    assert restore(after) == line


@given(lines, maybe_units, uplifts)
def test_a_report_once_rejected_always_comes_back_approvable(
    line: LineState, last: Decimal | None, uplift: Decimal
) -> None:
    assert charge_automatically(line, last, uplift, rejected_before=True).chargeable_units is not None
