"""The steps over the API, from a refused submission to an invoiced report, and the order of refusals."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from flask import Flask

from distributor.database import db
from distributor.identity.acting import CurrentMember, system
from distributor.usage_reports.operations import automatic
from distributor.usage_reports.queries import ReportRow
from tests.distributor.api.calling import Caller, kind, version
from tests.distributor.api.conftest import Clock
from tests.factories import CYCLE, OPENED_AT, Story, member
from workflows.usage_report import Role

Opened = Callable[..., ReportRow]


def test_a_report_goes_from_a_refused_submission_to_an_invoice(
    opened: Opened, story: Story, msp: Caller, reviewer: Caller, admin: Caller
) -> None:
    report = opened(("400", "290"), ("40", None))
    line = str(story.lines(report)[0].uid)
    path = f"/reports/{report.uid}"
    refused = msp.post(f"{path}/submit", **version(1))
    assert kind(refused) == (409, "comment-required")
    assert [error["line"] for error in refused.get_json()["errors"]] == [line]
    assert (
        msp.call("PATCH", f"{path}/lines", json=[{"id": line, "comment": "A trial"}], **version(1)).status_code == 200
    )
    submitted = msp.post(f"{path}/submit", **version(2))
    assert (submitted.status_code, submitted.headers["ETag"], submitted.get_json()["status"]) == (
        200,
        '"3"',
        "under_review",
    )
    body = {"reason": "One line", "lines": [{"id": line, "note": "Send the order."}]}
    rejected = reviewer.post(f"{path}/reject", body, **version(3)).get_json()
    assert (rejected["status"], rejected["due_at"]) == ("rejected", "2026-10-29T00:00:00Z")
    msp.call("PATCH", f"{path}/lines", json=[{"id": line, "chargeable_units": "400"}], **version(4))
    assert msp.post(f"{path}/submit", **version(5)).get_json()["version"] == 6
    assert reviewer.post(f"{path}/approve", **version(6)).get_json()["status"] == "approved"
    invoiced = admin.post(f"{path}/invoice", {"reason": "INV-7"}, **version(7)).get_json()
    assert (invoiced["invoiced_at"], invoiced["allowed_actions"]) == ("2026-10-21T00:00:00Z", [])


def test_the_answer_of_a_step_is_what_reading_the_report_shows(opened: Opened, msp: Caller, reviewer: Caller) -> None:
    report = opened(("40", None))
    for caller, step, number in ((msp, "submit", 1), (reviewer, "approve", 2)):
        answered = caller.post(f"/reports/{report.uid}/{step}", **version(number)).get_json()
        shown = caller.get(f"/reports/{report.uid}?lines=none").get_json()
        assert {key: shown[key] for key in answered} == answered


def test_a_submitted_report_is_recalled_and_an_approved_one_reopened(
    opened: Opened, msp: Caller, reviewer: Caller
) -> None:
    path = f"/reports/{opened(('40', None)).uid}"
    msp.post(f"{path}/submit", **version(1))
    assert msp.post(f"{path}/recall", **version(2)).get_json()["status"] == "msp_preparing"
    msp.post(f"{path}/submit", **version(3))
    reviewer.post(f"{path}/approve", **version(4))
    assert kind(reviewer.post(f"{path}/reopen", {"reason": " "}, **version(5))) == (422, "reason-required")
    assert kind(msp.post(f"{path}/reopen", {"reason": "Late"}, **version(5))) == (409, "transition-not-allowed")
    assert reviewer.post(f"{path}/reopen", {"reason": "Late"}, **version(5)).get_json()["status"] == "msp_preparing"


def test_a_penalty_is_waived_with_a_reason(opened: Opened, story: Story, clock: Clock, reviewer: Caller) -> None:
    report = opened(("400", "290"))
    clock.now = report.due_at
    automatic.submit_due([report.id], clock.now, system())
    db.session.commit()
    path = f"/reports/{report.uid}/lines/{story.lines(report)[0].uid}/waive"
    assert kind(reviewer.post(path, **version(2))) == (422, "reason-required")
    assert kind(reviewer.post(path, {"reason": "Agreed"}, **version(2))) == (403, "step-up-required")
    reviewer.sign_in()
    waived = reviewer.post(path, {"reason": "Agreed"}, **version(2)).get_json()
    assert (waived["totals"]["penalised"], waived["totals"]["amount"]) == (0, "826.50")
    (line,) = reviewer.get(f"/reports/{report.uid}").get_json()["lines"]
    assert (line["waived_reason"], line["chargeable_units"], line["penalised"]) == ("Agreed", "290", False)


def test_over_the_limit_two_reviewers_are_needed(
    app: Flask, story: Story, opened: Opened, msp: Caller, reviewer: Caller
) -> None:
    story.account.approval_limit = Decimal(100)
    path = f"/reports/{opened(('40', None)).uid}"
    msp.post(f"{path}/submit", **version(1))
    assert kind(reviewer.post(f"{path}/approve", **version(2))) == (409, "endorsement-required")
    assert reviewer.post(f"{path}/endorse", **version(2)).get_json()["endorsed_by"]["name"] == story.reviewer.name
    assert kind(reviewer.post(f"{path}/approve", **version(3))) == (409, "endorsement-required")
    second = Caller(app, member(story.distributor, Role.REVIEWER))
    assert second.post(f"{path}/approve", **version(3)).get_json()["endorsed_by"]["name"] == story.reviewer.name


def test_a_report_without_lines_is_submitted_with_a_confirmation(opened: Opened, msp: Caller) -> None:
    path = f"/reports/{opened().uid}/submit"
    assert kind(msp.post(path, **version(1))) == (409, "nil-not-confirmed")
    assert kind(msp.post(path, {"nil": "yes"}, **version(1))) == (422, "invalid-input")
    assert msp.post(path, {"nil": True}, **version(1)).status_code == 200


def test_lines_without_figures_are_named(opened: Opened, story: Story, msp: Caller) -> None:
    opened(("40", None))
    later = story.open_cycle(CYCLE.next(), OPENED_AT + timedelta(days=31))
    db.session.commit()
    refused = msp.post(f"/reports/{later.uid}/submit", **version(1))
    assert kind(refused) == (409, "figures-missing")
    assert (refused.get_json()["count"], len(refused.get_json()["errors"])) == (1, 1)


STEPS = ("submit", "recall", "endorse", "approve", "reject", "reopen", "invoice", "apply-usage")


@pytest.mark.parametrize("step", STEPS)
def test_each_step_needs_the_version_that_was_seen(step: str, app: Flask, story: Story, opened: Opened) -> None:
    caller = Caller(app, _somebody_for(step, story))
    path = f"/reports/{opened(('40', None)).uid}/{step}"
    assert kind(caller.post(path)) == (428, "version-required")
    assert kind(caller.post(path, If_Match="*")) == (428, "version-required")
    stale = caller.post(path, **version(7))
    assert (kind(stale), stale.get_json()["current_version"]) == ((412, "stale-version"), 1)
    assert kind(caller.post(path, If_Match="nonsense")) == (412, "stale-version")


def _somebody_for(step: str, story: Story) -> CurrentMember:
    if step == "invoice":
        return story.admin
    return story.preparer if step in {"submit", "recall", "apply-usage"} else story.reviewer


@pytest.mark.parametrize("given", ['"1"', 'W/"1"', '"1:gzip"', '"1--br"', '"9", "1"'])
def test_a_version_is_known_again_however_the_way_changed_it(given: str, opened: Opened, msp: Caller) -> None:
    report = opened(("40", None))
    assert msp.post(f"/reports/{report.uid}/submit", If_Match=given).status_code == 200


def test_refusals_come_in_one_order(app: Flask, story: Story, opened: Opened, msp: Caller, viewer: Caller) -> None:
    report, nobody = opened(("40", None)), "00000000-0000-0000-0000-000000000000"
    path = f"/reports/{report.uid}/submit"
    wrong = {"nil": "yes"}
    assert kind(msp.post(path, wrong, Authorization="Bearer no", **version(9))) == (401, "sign-in-required")
    reads_only = Caller(app, story.preparer, "reports:read")
    assert kind(reads_only.post(f"/reports/{nobody}/submit", wrong)) == (403, "forbidden")
    assert kind(msp.post(f"/reports/{nobody}/submit", wrong)) == (404, "not-found")
    assert kind(msp.post(path, wrong, **version(9))) == (412, "stale-version")
    assert kind(msp.post(path, wrong)) == (428, "version-required")
    assert kind(msp.post(path, wrong, **version(1))) == (422, "invalid-input")
    msp.post(path, **version(1))
    assert kind(msp.post(path, wrong, **version(2))) == (409, "transition-not-allowed")


def test_a_refused_step_tells_status_and_allowed_actions(opened: Opened, reviewer: Caller) -> None:
    report = opened(("40", None))
    refused = reviewer.post(f"/reports/{report.uid}/approve", **version(1))
    assert kind(refused) == (409, "transition-not-allowed")
    assert refused.get_json()["report_status"] == "msp_preparing"
    assert refused.get_json()["allowed_actions"] == []


def test_a_role_that_lacks_the_step_is_refused_before_the_version(app: Flask, story: Story, opened: Opened) -> None:
    report = opened(("40", None))
    both = Caller(app, member(story.distributor, Role.ADMIN), "reports:write")
    assert kind(both.post(f"/reports/{report.uid}/submit")) == (403, "not-permitted")


def test_a_viewer_changes_nothing(opened: Opened, viewer: Caller) -> None:
    path = f"/reports/{opened(('40', None)).uid}"
    assert kind(viewer.post(f"{path}/submit", **version(1))) == (403, "forbidden")
    assert kind(viewer.call("PATCH", f"{path}/lines", json=[], **version(1))) == (403, "forbidden")


def test_reopening_needs_the_scope_of_ones_side(app: Flask, story: Story, opened: Opened) -> None:
    report = opened(("40", None))
    both = member(story.distributor, Role.ADMIN, Role.REVIEWER)
    refused = Caller(app, both, "reports:write").post(f"/reports/{report.uid}/reopen", {"reason": "x"}, **version(1))
    assert kind(refused) == (403, "forbidden")
    nothing = Caller(app, both, "reports:read").post(f"/reports/{report.uid}/reopen", {"reason": "x"}, **version(1))
    assert kind(nothing) == (403, "forbidden")


def test_another_account_is_not_found_by_any_call(app: Flask, story: Story, opened: Opened) -> None:
    report = opened(("40", None))
    line = story.lines(report)[0].uid
    stranger = Story()
    caller = Caller(app, stranger.preparer)
    for step in ("submit", "recall", "apply-usage", "lines"):
        assert kind(caller.post(f"/reports/{report.uid}/{step}", {}, **version(1))) == (404, "not-found")
    assert kind(caller.call("PATCH", f"/reports/{report.uid}/lines", json=[], **version(1))) == (404, "not-found")
    assert kind(caller.call("DELETE", f"/reports/{report.uid}/lines/{line}", **version(1))) == (404, "not-found")
    for path in (f"/reports/{report.uid}", f"/reports/{report.uid}/history", f"/accounts/{story.account.uid}"):
        assert kind(caller.get(path)) == (404, "not-found")
    assert caller.get("/reports").get_json()["items"] == []


def test_a_line_of_another_report_is_not_found_before_the_version_is_looked_at(
    opened: Opened, reviewer: Caller, msp: Caller
) -> None:
    path = f"/reports/{opened(('40', None)).uid}/lines/00000000-0000-0000-0000-000000000000"
    assert kind(reviewer.post(f"{path}/waive", {"reason": "x"})) == (404, "not-found")
    assert kind(msp.call("DELETE", path)) == (404, "not-found")
