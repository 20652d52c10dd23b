"""Reading reports: lists, one report with its lines, its history."""

from __future__ import annotations

from itertools import groupby
from typing import Any
from uuid import UUID

from flask import Response

from distributor import clock
from distributor.api.answers import Answer, respond, versioned
from distributor.api.bodies import query_of
from distributor.api.calls import call
from distributor.api.figures import instant
from distributor.api.pages import PageQuery, mark_of, page, uid_of, wrong_cursor
from distributor.errors import NotFound
from distributor.identity.acting import CurrentMember
from distributor.identity.current import require_member
from distributor.usage_reports import keyset, queries, schemas, shapes
from distributor.usage_reports.api.taking import blueprint
from distributor.usage_reports.keyset import ReportFilter
from distributor.usage_reports.queries import LINE, ReportRow

NARROWED: dict[str, tuple[Any, ...]] = {
    "all": (),
    "discrepancies": (LINE.c.discrepancy,),
    "needs-comment": (LINE.c.unexplained, LINE.c.penalised.is_(False)),
}


@blueprint.route("", methods=["GET"])
@call("listReports", schemas.Reports, scope="reports:read", query=schemas.ReportsQuery, problems=(422,))
def index() -> Response:
    """List reports

    Reports of every account in sight, newest cycle first. Lines are left out.
    """
    member, wanted = require_member(), query_of(schemas.ReportsQuery)
    rows = _page(member, wanted)
    at = clock.now()
    endorsers, pending = keyset.endorsers(rows), keyset.pending_usages(rows)

    def shape(row: ReportRow) -> dict[str, Any]:
        header = shapes.header(row, member, at, endorsers.get(row.endorsed_by))
        return {**header, "pending_usage": instant(pending.get(row.id))}

    return respond(Answer(page(rows, wanted["limit"], shape, lambda row: row.uid)))


def _page(member: CurrentMember, wanted: dict[str, Any]) -> list[ReportRow]:
    cycle = wanted.get("cycle")
    chosen = ReportFilter(cycle and cycle.first_day, wanted.get("status"), wanted.get("account"))
    try:
        return keyset.report_page(member, chosen, uid_of(wanted.get("cursor")), wanted["limit"] + 1)
    except NotFound as error:
        raise wrong_cursor() from error


@blueprint.route("/<uuid:uid>", methods=["GET"])
@call(
    "getReport", schemas.Report, scope="reports:read", query=schemas.ReportQuery, etag=True,
    problems=(404, 422),
)  # fmt: skip
def show(uid: UUID) -> Response:
    """Read a report

    The header, its totals, its lines by customer, the steps you may try now, and since when usage waits.
    """
    member = require_member()
    report = queries.report(uid, member)
    which = query_of(schemas.ReportQuery)["lines"]
    body = shapes.header(report, member, clock.now(), keyset.endorsers([report]).get(report.endorsed_by))
    body["pending_usage"] = instant(keyset.pending_usages([report]).get(report.id))
    shown = [] if which == "none" else queries.lines(report.id, *NARROWED[which])
    return respond(versioned({**body, "lines": shapes.lines(report, shown, member)}))


@blueprint.route("/<uuid:uid>/history", methods=["GET"])
@call("getReportHistory", schemas.History, scope="reports:read", query=PageQuery, problems=(404, 422))
def history(uid: UUID) -> Response:
    """Read a report's history

    Every action, newest first, with the line changes it made: who, when, through what, why.
    """
    member = require_member()
    report = queries.report(uid, member)
    wanted = query_of(PageQuery)
    rows = keyset.history_page(report, _version(wanted.get("cursor")), wanted["limit"] + 1)
    changes = keyset.changes_between(report, rows[-1].version, rows[0].version) if rows else []
    made = {version: list(group) for version, group in groupby(changes, lambda change: change.version)}

    def shape(row: Any) -> dict[str, Any]:
        return shapes.action(row, made.get(row.version, ()))

    return respond(Answer(page(rows, wanted["limit"], shape, lambda row: row.version)))


def _version(cursor: str | None) -> int | None:
    mark = mark_of(cursor)
    if mark is None:
        return None
    if not (mark.isdigit() and len(mark) < 10):
        raise wrong_cursor()
    return int(mark)
