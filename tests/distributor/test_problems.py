"""Which status, type and members a refusal is answered with."""

from __future__ import annotations

import inspect

import pytest
from werkzeug.exceptions import BadRequest, UnprocessableEntity

from distributor import errors as ours
from distributor.identity.current import SignInRequired
from distributor.problems import STATUSES, TITLES, problem_of, problem_of_http
from workflows import errors as rules
from workflows.errors import Refused
from workflows.usage_report import LineRef, Status, Step

LINE = LineRef("b0a1", "Harbour Dental", "Mailbox", "MBX-1")


def kinds() -> list[type[Refused]]:
    found = [kind for module in (ours, rules) for _, kind in inspect.getmembers(module, inspect.isclass)]
    return [kind for kind in found if issubclass(kind, Refused) and kind not in {Refused, rules.LinesRefused}]


@pytest.mark.parametrize("kind", kinds())
def test_every_kind_of_refusal_has_a_status_and_a_title_of_its_own(kind: type[Refused]) -> None:
    assert any(parent in STATUSES for parent in kind.__mro__)
    assert kind.type in TITLES


@pytest.mark.parametrize(
    ("refused", "status"),
    [
        (SignInRequired("Sign in."), 401),
        (ours.Forbidden("No."), 403),
        (rules.NotPermitted(Step.APPROVE), 403),
        (ours.NotFound(), 404),
        (rules.CommentRequired([LINE]), 409),
        (rules.FiguresMissing([LINE]), 409),
        (rules.PricesMissing([LINE]), 409),
        (rules.NilNotConfirmed(), 409),
        (rules.EndorsementRequired(), 409),
        (rules.StaleVersion(1, 2), 412),
        (rules.ReasonRequired(Step.REJECT), 422),
        (rules.InvalidUnits("No.", "units"), 422),
    ],
)
def test_state_is_409_version_412_and_input_422(refused: Refused, status: int) -> None:
    assert problem_of(refused).status == status


def test_a_missing_comment_names_the_lines_and_how_many_there_are() -> None:
    found = problem_of(rules.CommentRequired([LINE], count=3)).as_dict("/api/v1/reports/1/submit")
    assert [error["line"] for error in found["errors"]] == ["b0a1"]
    assert "Harbour Dental, Mailbox (MBX-1)" in found["errors"][0]["reason"]
    assert (found["type"], found["count"], found["instance"]) == ("comment-required", 3, "/api/v1/reports/1/submit")


def test_a_step_that_does_not_fit_tells_the_status_and_what_does() -> None:
    found = problem_of(rules.TransitionNotAllowed(Step.SUBMIT, Status.APPROVED, (Step.REOPEN,), "It is approved."))
    assert found.as_dict() == {
        "type": "transition-not-allowed", "title": "Step not possible now", "status": 409, "detail": "It is approved.",
        "report_status": "approved", "allowed_actions": ["reopen"],
    }  # fmt: skip


def test_a_stale_version_gives_the_current_one() -> None:
    assert problem_of(rules.StaleVersion(3, 5)).as_dict()["current_version"] == 5


def test_what_a_schema_refused_is_named_by_its_place() -> None:
    error = UnprocessableEntity()
    error.data = {  # type: ignore[attr-defined]  # put there by webargs
        "messages": {"json": {"lines": {0: {"units": ["Not a number.", "Too long."]}}, "_schema": ["Unknown."]}}
    }
    found = problem_of_http(error)
    assert (found.status, found.type) == (422, "invalid-input")
    assert found.errors == [
        {"field": "lines.0.units", "reason": "Not a number."},
        {"field": "lines.0.units", "reason": "Too long."},
        {"reason": "Unknown."},
    ]


def test_a_body_that_is_no_json_keeps_its_status() -> None:
    error = BadRequest()
    error.data = {"messages": {"json": ["Invalid JSON body."]}}  # type: ignore[attr-defined]  # put there by webargs
    found = problem_of_http(error)
    assert (found.status, found.errors) == (400, [{"reason": "Invalid JSON body."}])
