"""The steps of the workflow over the API. Each needs the version that the caller saw, in If-Match."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Response
from flask_babel import gettext

from distributor import clock
from distributor.api.answers import Answer, once
from distributor.api.bodies import json_body, load_list, refused
from distributor.api.calls import IF_MATCH, KEY, call
from distributor.errors import FieldError, Forbidden, NotFound
from distributor.identity import step_up
from distributor.identity.acting import CurrentMember
from distributor.identity.current import require_member
from distributor.problems import Problem, problem_of
from distributor.saying import said
from distributor.usage_reports import keyset, schemas, shapes
from distributor.usage_reports.api.lines import PROBLEMS, check_line
from distributor.usage_reports.api.taking import Change, blueprint, take
from distributor.usage_reports.operations import bulk, steps
from distributor.usage_reports.proving import require_above_limit
from distributor.usage_reports.queries import ReportRow
from workflows.events import Event
from workflows.usage_report import Side, Step
from workflows.words import either

Given = Mapping[str, Any]
SENT: dict[str, Any] = {"headers": [IF_MATCH, KEY], "etag": True, "problems": PROBLEMS}
EITHER_SIDE = ("reports:write", "reports:review")


@blueprint.route("/<uuid:uid>/submit", methods=["POST"])
@call("submitReport", schemas.ReportHeader, scope="reports:write", body=schemas.SubmitBody, body_optional=True, **SENT)
def submit(uid: UUID) -> Response:
    """Submit

    The MSP hands the report in. Refused with the lines named while figures, prices or comments are missing.
    """

    def act(c: Change, body: Given) -> Event:
        return steps.submit(c.report, c.acting, c.at, version=c.version, nil=body["nil"])

    return take(uid, Step.SUBMIT, schemas.SubmitBody, act)


@blueprint.route("/<uuid:uid>/recall", methods=["POST"])
@call("recallReport", schemas.ReportHeader, scope="reports:write", body=schemas.NothingBody, body_optional=True, **SENT)
def recall(uid: UUID) -> Response:
    """Recall

    The MSP takes a submitted report back, while nobody endorsed it and it is not due, or where corrections
    are allowed.
    """

    def act(c: Change, _body: Given) -> Event:
        return steps.recall(c.report, c.acting, c.at, version=c.version)

    return take(uid, Step.RECALL, schemas.NothingBody, act)


@blueprint.route("/<uuid:uid>/endorse", methods=["POST"])
@call(
    "endorseReport", schemas.ReportHeader, scope="reports:review", body=schemas.NothingBody, body_optional=True, **SENT
)
def endorse(uid: UUID) -> Response:
    """Endorse

    The first of two reviewers of a report over the account's approval limit. Refused with `step-up-required`
    unless the token's person has signed in or confirmed in the browser within the last ten minutes.
    """

    def act(c: Change, _body: Given) -> Event:
        event = steps.endorse(c.report, c.acting, c.at, version=c.version)
        require_above_limit(c.report, c.member, c.at)
        return event

    return take(uid, Step.ENDORSE, schemas.NothingBody, act)


@blueprint.route("/<uuid:uid>/approve", methods=["POST"])
@call(
    "approveReport", schemas.ReportHeader, scope="reports:review", body=schemas.NothingBody, body_optional=True, **SENT
)
def approve(uid: UUID) -> Response:
    """Approve

    The distributor accepts the figures. Over the account's approval limit, somebody else has to endorse them
    first, and the token's person has to have signed in or confirmed in the browser within the last ten minutes
    (else `step-up-required`).
    """

    def act(c: Change, _body: Given) -> Event:
        event = steps.approve(c.report, c.acting, c.at, version=c.version)
        require_above_limit(c.report, c.member, c.at)
        return event

    return take(uid, Step.APPROVE, schemas.NothingBody, act)


@blueprint.route("/<uuid:uid>/reject", methods=["POST"])
@call("rejectReport", schemas.ReportHeader, scope="reports:review", body=schemas.RejectBody, **SENT)
def reject(uid: UUID) -> Response:
    """Reject

    The report goes back to the MSP with a reason and, where given, notes on lines. Lines without a note are
    accepted then.
    """

    def act(c: Change, body: Given) -> Event:
        return steps.reject(
            c.report, c.acting, c.at, reason=body["reason"], notes=_notes(body["lines"]), version=c.version
        )

    return take(uid, Step.REJECT, schemas.RejectBody, act)


def _notes(given: Sequence[Mapping[str, Any]]) -> dict[UUID, str]:
    notes = {item["id"]: item["note"] for item in given}
    if len(notes) < len(given):
        raise refused([FieldError(gettext("A line is named twice."), "lines")])
    return notes


@blueprint.route("/<uuid:uid>/reopen", methods=["POST"])
@call("reopenReport", schemas.ReportHeader, scope=EITHER_SIDE, body=schemas.ReasonBody, **SENT)
def reopen(uid: UUID) -> Response:
    """Reopen

    An approved report that is not invoiced goes back to the MSP: by the MSP (scope `reports:write`) where the
    account allows corrections, or by a reviewer (scope `reports:review`).
    """
    _check_scope(EITHER_SIDE)

    def act(c: Change, body: Given) -> Event:
        return steps.reopen(c.report, c.acting, c.at, reason=body["reason"], version=c.version)

    return take(uid, Step.REOPEN, schemas.ReasonBody, act, _check_side)


def _check_side(report: ReportRow, member: CurrentMember) -> None:
    _check_scope(("reports:write",) if member.side_of(report) is Side.MSP else ("reports:review",))


def _check_scope(any_of: tuple[str, ...]) -> None:
    if not any(require_member().may(scope) for scope in any_of):
        scopes = said(either(any_of))
        raise Forbidden(gettext("This call needs a token with the scope %(scopes)s.", scopes=scopes))


@blueprint.route("/<uuid:uid>/lines/<uuid:line>/waive", methods=["POST"])
@call("waivePenalty", schemas.ReportHeader, scope="reports:review", body=schemas.ReasonBody, **SENT)
def waive(uid: UUID, line: UUID) -> Response:
    """Waive a penalty

    The line's chargeable units return to what the MSP had declared; the reason explains it. Refused with
    `step-up-required` unless the token's person has signed in or confirmed in the browser within the last ten
    minutes.
    """

    def act(c: Change, body: Given) -> Event:
        event = steps.waive(c.report, line, c.acting, c.at, reason=body["reason"], version=c.version)
        step_up.require(c.member, c.at)
        return event

    return take(uid, Step.WAIVE, schemas.ReasonBody, act, lambda report, _member: check_line(report, line))


@blueprint.route("/<uuid:uid>/invoice", methods=["POST"])
@call(
    "invoiceReport", schemas.ReportHeader, scope="reports:invoice", body=schemas.InvoiceBody, body_optional=True, **SENT
)
def invoice(uid: UUID) -> Response:
    """Mark as invoiced

    For billing systems: an approved report is closed for good.
    """

    def act(c: Change, body: Given) -> Event:
        return steps.invoice(c.report, c.acting, c.at, reason=body["reason"] or None, version=c.version)

    return take(uid, Step.INVOICE, schemas.InvoiceBody, act)


@blueprint.route("/approve", methods=["POST"])
@call(
    "approveReports", schemas.Outcomes, scope="reports:review", body=schemas.Wanted(many=True), headers=[KEY],
    problems=(409, 411, 413, 415, 422),
)  # fmt: skip
def approve_together() -> Response:
    """Approve several

    At most 200 reports, each in the version you saw and each answered by itself: one that is refused does not
    stop the others.
    """
    member = require_member()
    return once(member, lambda: _approved(member))


def _approved(member: CurrentMember) -> Answer:
    wanted = load_list(schemas.Wanted, json_body(), schemas.MOST_TOGETHER)
    versions = {item["id"]: item["version"] for item in wanted}
    if len(versions) < len(wanted):
        raise refused([FieldError(gettext("A report is named twice."), "id")])
    at = clock.now()
    answers = bulk.approve_all(list(versions.items()), member, at)
    endorsers = keyset.endorsers([answer.report for answer in answers if answer.report is not None])
    return Answer({"items": [_outcome(answer, member, at, endorsers) for answer in answers]})


def _outcome(answer: bulk.Answer, member: CurrentMember, at: datetime, endorsers: Mapping[int, Any]) -> dict[str, Any]:
    if answer.report is None or answer.event is None:
        return _refusal(answer.uid, problem_of(answer.refused or NotFound(gettext("This usage report"))))
    endorser = endorsers.get(answer.report.endorsed_by)
    header = shapes.header(shapes.after(answer.report, answer.event), member, at, endorser)
    return {"id": str(answer.uid), "status": 200, "report": header}


def _refusal(uid: UUID, found: Problem) -> dict[str, Any]:
    return {"id": str(uid), "status": found.status, "problem": found.as_dict(f"/api/v1/reports/{uid}")}
