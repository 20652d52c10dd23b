"""What the MSP writes: drafts, hand-counted lines, and taking over usage that arrived while the report was
locked.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import Response
from flask_babel import gettext

from distributor import clock
from distributor.api.answers import Answer, committed, once, versioned
from distributor.api.bodies import fields_of, json_body
from distributor.api.calls import IF_MATCH, KEY, call
from distributor.api.preconditions import etag, named_version
from distributor.errors import NotFound, VersionRequired
from distributor.identity.acting import CurrentMember, acting
from distributor.identity.current import require_member
from distributor.usage_reports import queries, schemas, shapes
from distributor.usage_reports.api.taking import Change, blueprint, change_of, present_header, take
from distributor.usage_reports.drafts_given import drafts_given
from distributor.usage_reports.operations import drafts, usage
from distributor.usage_reports.operations.drafts import NewLine
from distributor.usage_reports.queries import LINE, ReportRow
from workflows.usage_report import Step

PROBLEMS = (403, 404, 409, 411, 412, 413, 415, 422, 428)


@blueprint.route("/<uuid:uid>/lines", methods=["PATCH"])
@call(
    "saveLines", schemas.ReportWithLines, scope="reports:write", body=schemas.LineDraft(many=True),
    headers=[{**IF_MATCH, "description": "The version of the report; without it, each line needs its own."}], etag=True,
    problems=PROBLEMS,
)  # fmt: skip
def save(uid: UUID) -> Response:
    """Save a draft

    Chargeable units and comments, all of them or none. Send each line's `version`, so that two people can
    work on different lines at once, or the report's `If-Match`. The answer holds the lines that changed;
    nothing changed leaves the version.
    """
    member = require_member()
    report = queries.report_for_update(uid, member)
    who = acting(member, report)
    change = Change(report, named_version(report, Step.SAVE, who), member, who, clock.now())
    given = change.body(Step.SAVE, lambda: drafts_given(json_body()))
    if change.version is None and any(draft.version is None for draft in given):
        raise VersionRequired(
            gettext("Say which version you saw: of the report in If-Match, as its ETag gave it, or of each line.")
        )
    saved = drafts.save_lines(report, given, who, change.at, version=change.version)
    return committed(_saved(change, saved.version if saved.lines else None))


def _saved(change: Change, version: int | None) -> Answer:
    changed = queries.lines(change.report.id, LINE.c.version == version) if version else []
    return versioned({**present_header(change), "lines": shapes.lines(change.report, changed, change.member)})


@blueprint.route("/<uuid:uid>/lines", methods=["POST"])
@call(
    "addLine", schemas.Line, scope="reports:write", status=201, body=schemas.NewLineBody,
    headers=[IF_MATCH, KEY], etag=True, problems=PROBLEMS,
)  # fmt: skip
def add(uid: UUID) -> Response:
    """Add a hand-counted line

    A product of the catalogue for a customer, who may be new to the account. Products that the usage feed
    counts can be added only while its usage is missing, with a comment. The answer is the line; its ETag is
    the report's new version.
    """
    member = require_member()
    report = queries.report_for_update(uid, member)
    return once(member, lambda: _added(report, member))


def _added(report: ReportRow, member: CurrentMember) -> Answer:
    change = change_of(report, member, Step.SAVE)
    given = change.body(Step.SAVE, lambda: fields_of(schemas.NewLineBody))
    number, uid = drafts.add_line(report, NewLine(**given), change.acting, change.at, version=change.version)
    (line,) = queries.lines(report.id, LINE.c.uid == uid)
    return Answer(shapes.line(line), 201, {"ETag": etag(number)})


@blueprint.route("/<uuid:uid>/lines/<uuid:line>", methods=["DELETE"])
@call(
    "removeLine",
    schemas.ReportHeader,
    scope="reports:write",
    headers=[IF_MATCH],
    etag=True,
    problems=(404, 409, 412, 428),
)
def remove(uid: UUID, line: UUID) -> Response:
    """Remove a line

    Only lines that the MSP added itself, and that the distributor has not accepted.
    """
    member = require_member()
    report = queries.report_for_update(uid, member)
    check_line(report, line)
    change = change_of(report, member, Step.SAVE)
    drafts.remove_line(report, line, change.acting, change.at, version=change.version)
    return committed(versioned(present_header(change)))


@blueprint.route("/<uuid:uid>/apply-usage", methods=["POST"])
@call(
    "applyUsage", schemas.ReportHeader, scope="reports:write", body=schemas.NothingBody, body_optional=True,
    headers=[IF_MATCH, KEY], etag=True, problems=PROBLEMS,
)  # fmt: skip
def apply_usage(uid: UUID) -> Response:
    """Take over usage that arrived late

    Usage that came while the report was locked is offered as `pending_usage`; this takes it into the lines.
    """

    def act(change: Change, _body: Mapping[str, Any]) -> None:
        usage.apply_usage(change.report, change.acting, change.at, version=change.version)

    return take(uid, Step.SAVE, schemas.NothingBody, act)


def check_line(report: ReportRow, line: UUID) -> None:
    """Raises NotFound for a line that is not the report's, before anything else is judged."""
    if not queries.lines(report.id, LINE.c.uid == line):
        raise NotFound(gettext("This line"))
