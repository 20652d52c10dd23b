"""Opening, saving, submitting by hand and by the scheduler."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.workflows.builders import DUE, LINE, NOW, PREPARER, overdue, report
from workflows.errors import (
    CommentRequired,
    FiguresMissing,
    NilNotConfirmed,
    NotPermitted,
    PricesMissing,
    Refused,
    StaleVersion,
    TransitionNotAllowed,
)
from workflows.events import Opened, Priced, Refreshed, Saved, Submitted
from workflows.report_cycle import due_after
from workflows.usage_report import SYSTEM, Status, Step, SubmissionKind, fire, unopened


def test_an_opened_report_has_version_one_and_its_due_instant() -> None:
    due_at = due_after(NOW, 10, "Europe/Dublin")
    event = fire(unopened(due_at, "Europe/Dublin", 5), Step.OPEN, SYSTEM, NOW, opens_at=NOW)
    assert isinstance(event, Opened)
    assert (event.version, event.due_at, event.target) == (1, due_at, Status.MSP_PREPARING)


@pytest.mark.parametrize("opens_at", [NOW + timedelta(seconds=1), None])
def test_no_report_opens_before_its_opening_instant(opens_at: datetime | None) -> None:
    with pytest.raises(TransitionNotAllowed):
        fire(unopened(DUE, "Europe/Dublin", 5), Step.OPEN, SYSTEM, NOW, opens_at=opens_at)


@pytest.mark.parametrize(("step", "actor", "fact"), [(Step.SAVE, PREPARER, Saved), (Step.REFRESH, SYSTEM, Refreshed)])
def test_a_change_of_lines_raises_the_version_and_leaves_the_status(step, actor, fact) -> None:  # type: ignore[no-untyped-def]  # the table above types them
    event = fire(report(Status.REJECTED), step, actor, NOW)
    assert isinstance(event, fact)
    assert (event.version, event.target, event.clears_endorsement) == (4, Status.REJECTED, True)


def test_a_missing_price_is_filled_in_only_once() -> None:
    assert isinstance(fire(report(missing_prices=1), Step.PRICE, SYSTEM, NOW), Priced)
    with pytest.raises(TransitionNotAllowed, match="only once"):
        fire(report(), Step.PRICE, SYSTEM, NOW)


def test_a_submission_by_hand_is_manual() -> None:
    event = fire(report(), Step.SUBMIT, PREPARER, NOW, version=3)
    assert isinstance(event, Submitted)
    assert (event.kind, event.version, event.nil) == (SubmissionKind.MANUAL, 4, False)


def test_a_submission_by_hand_after_the_due_instant_is_still_manual() -> None:
    event = fire(overdue(), Step.SUBMIT, PREPARER, NOW)
    assert isinstance(event, Submitted)
    assert event.kind is SubmissionKind.MANUAL


@pytest.mark.parametrize(
    ("fault", "error", "question"),
    [
        ("missing_figures", FiguresMissing, "missing_figures"),
        ("missing_prices", PricesMissing, "missing_prices"),
        ("unexplained", CommentRequired, "unexplained"),
    ],
)
def test_a_submission_by_hand_names_the_lines_that_are_not_ready(
    fault: str, error: type[FiguresMissing], question: str
) -> None:
    faulty = report(Status.REJECTED, **{fault: 1}, offenders=lambda asked: (LINE,) if asked == question else ())
    with pytest.raises(error, match=r"Shannon Freight Group, Worry-Free Services Advanced \(WFS-ADV-S\)") as caught:
        fire(faulty, Step.SUBMIT, PREPARER, NOW)
    assert caught.value.lines == (LINE,)


def test_missing_figures_are_said_before_missing_prices_and_these_before_comments() -> None:
    def refusal(**faults: int) -> type[Refused]:
        with pytest.raises(Refused) as caught:
            fire(report(Status.REJECTED, **faults), Step.SUBMIT, PREPARER, NOW)
        return caught.type

    assert refusal(missing_figures=1, missing_prices=1, unexplained=1) is FiguresMissing
    assert refusal(missing_prices=1, unexplained=1) is PricesMissing


def test_lines_are_looked_up_only_to_refuse() -> None:
    def forbidden(_question: str) -> tuple[()]:
        raise AssertionError("nobody asked for lines")

    assert fire(report(offenders=forbidden), Step.SUBMIT, PREPARER, NOW).version == 4


def test_a_report_without_lines_is_submitted_by_hand_only_when_confirmed() -> None:
    with pytest.raises(NilNotConfirmed):
        fire(report(line_count=0), Step.SUBMIT, PREPARER, NOW)
    event = fire(report(line_count=0), Step.SUBMIT, PREPARER, NOW, nil=True)
    assert isinstance(event, Submitted)
    assert event.nil


def test_a_stale_version_is_refused_with_the_present_one() -> None:
    with pytest.raises(StaleVersion, match="version 2, it is now version 3") as caught:
        fire(report(), Step.SUBMIT, PREPARER, NOW, version=2)
    assert (caught.value.given, caught.value.current) == (2, 3)


def test_the_role_is_judged_before_the_version_and_the_version_before_the_status() -> None:
    approved = report(Status.APPROVED)
    with pytest.raises(NotPermitted):
        fire(approved, Step.SUBMIT, SYSTEM, NOW, version=2)
    with pytest.raises(StaleVersion):
        fire(approved, Step.SUBMIT, PREPARER, NOW, version=2)


def test_the_scheduler_submits_at_the_due_instant_and_not_a_moment_before() -> None:
    due = report(due_at=NOW)
    assert fire(due, Step.AUTO_SUBMIT, SYSTEM, NOW).target is Status.UNDER_REVIEW
    with pytest.raises(TransitionNotAllowed, match="2026-10-25 09:30 UTC"):
        fire(due, Step.AUTO_SUBMIT, SYSTEM, NOW - timedelta(microseconds=1))


@pytest.mark.parametrize("fault", [{"unexplained": 1}, {"missing_figures": 1}, {"line_count": 0}])
def test_an_automatic_submission_with_something_amiss_has_a_penalty(fault: dict[str, int]) -> None:
    event = fire(overdue(**fault), Step.AUTO_SUBMIT, SYSTEM, NOW)
    assert isinstance(event, Submitted)
    assert event.kind is SubmissionKind.AUTOMATIC_WITH_PENALTY


def test_an_automatic_submission_of_a_report_in_order_has_none_even_without_prices() -> None:
    event = fire(overdue(discrepancies=1, comments=1, missing_prices=1), Step.AUTO_SUBMIT, SYSTEM, NOW)
    assert isinstance(event, Submitted)
    assert event.kind is SubmissionKind.AUTOMATIC


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        fire(report(), Step.SUBMIT, PREPARER, datetime(2026, 10, 25, tzinfo=UTC).replace(tzinfo=None))
