"""Taking a report out as a spreadsheet, and bringing one back: show what it would change, then save that."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from babel import Locale
from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import get_locale, gettext, ngettext
from werkzeug.wrappers import Response as BaseResponse

from distributor import clock
from distributor.database import db
from distributor.errors import Conflict, InputRefused
from distributor.held_files import hold, take
from distributor.identity.acting import Acting, CurrentMember, acting
from distributor.identity.current import require_member, signed_in
from distributor.limits.operations import Limited
from distributor.limits.routes import limited
from distributor.problems import problem_of
from distributor.provisioning.uploads import file_name
from distributor.saying import said
from distributor.spreadsheets.comparing import Plan, compare, foreign_report
from distributor.spreadsheets.reading import read, refused
from distributor.spreadsheets.taking import save
from distributor.spreadsheets.text import csv_of
from distributor.spreadsheets.workbooks import xlsx_of
from distributor.usage_reports import forms, queries
from distributor.usage_reports.queries import ReportRow
from workflows.errors import Refused, StaleVersion
from workflows.report_cycle import Cycle
from workflows.usage_report import Step, actions_for, fire

blueprint = Blueprint("spreadsheets", __name__, url_prefix="/reports/<uuid:uid>")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# A file may change thousands of lines; the first of them are enough to see whether it is the right one.
MOST_SHOWN = 300
NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9._-]+")


@blueprint.get("/export.<any(xlsx, csv):kind>")
@signed_in
@limited(Limited.EXPORT)
def export(uid: UUID, kind: str) -> Response:
    """The report as a workbook or as CSV, for either side."""
    member, at = require_member(), clock.now()
    report = queries.report(uid, member)
    lines = queries.lines(report.id)
    if kind == "csv":
        return _file(csv_of(report, lines, get_locale() or Locale("en")), report, kind, "text/csv; charset=utf-8")
    editable = Step.SAVE in actions_for(queries.state_of(report), member.actor_for(report), at)
    status = render_template("spreadsheets/status.txt", status=report.status)
    return _file(xlsx_of(report, lines, status, at, editable=editable), report, kind, XLSX)


def _file(content: bytes, report: ReportRow, kind: str, mimetype: str) -> Response:
    number = NOT_IN_A_NAME.sub("-", report.account_number).strip("-.") or "account"
    answer = Response(content, content_type=mimetype)
    name = f"usage-report-{number}-{Cycle.from_date(report.cycle)}.{kind}"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


@blueprint.get("/import")
@signed_in
def index(uid: UUID) -> str:
    """The form for a file that comes back."""
    member = require_member()
    report = queries.report(uid, member)
    _may_save(report, member)
    return _page(report)


@blueprint.post("/import")
@signed_in
@limited(Limited.IMPORT)
def send(uid: UUID) -> str | tuple[str, int]:
    """Show what a file would change, and hold it until that is confirmed. Nothing of the report changes yet."""
    member, at = require_member(), clock.now()
    report = queries.report(uid, member)
    _may_save(report, member)
    try:
        name, content = _sent()
        plan = _plan(report, content, name, member)
        held = hold(member, _purpose(uid), name, content, at)
    except InputRefused as error:
        db.session.rollback()
        return _page(queries.report(uid, member), error=said(error)), problem_of(error).status
    db.session.commit()
    return _page(report, plan=plan, held=held, name=name)


@blueprint.post("/import/confirm")
@signed_in
@limited(Limited.IMPORT)
def confirm(uid: UUID) -> BaseResponse | tuple[str, int]:
    """Save what was shown, unless the report moved on since: then show it anew."""
    member, at = require_member(), clock.now()
    report = queries.report_for_update(uid, member)
    who, version = _may_save(report, member), forms.version_of(request)
    try:
        name, content = take(member, _purpose(uid), forms.line_uid(request.form.get("held"), "file"), at)
    except Conflict as error:
        db.session.rollback()
        flash(said(error), "warning")
        return redirect(url_for("usage_reports.show", uid=uid))
    plan = _plan(report, content, name, member)
    try:
        if version != report.version:
            raise StaleVersion(version, report.version)
        saved = save(report, plan, _mine(), who, at)
    except Refused as error:
        return _again(uid, member, name, error)
    db.session.commit()
    flash(_said(saved.lines), "success")
    return redirect(url_for("usage_reports.show", uid=uid))


def _may_save(report: ReportRow, member: CurrentMember) -> Acting:
    """Who would save. Raises NotPermitted and TransitionNotAllowed for whom and when that is not possible."""
    who = acting(member, report)
    fire(queries.state_of(report), Step.SAVE, who.actor, clock.now())
    return who


def _sent() -> tuple[str, bytes]:
    sent = request.files.get("file")
    name = file_name(sent.filename) if sent is not None else None
    if sent is None or name is None:
        raise refused(gettext("Choose a file."))
    return name, sent.read()


def _plan(report: ReportRow, content: bytes, name: str, member: CurrentMember) -> Plan:
    rows = read(content, name)
    other = foreign_report(rows, report.uid)
    if other is not None:
        raise refused(_of_another_report(other, member))
    return compare(queries.lines(report.id), rows)


def _of_another_report(uid: UUID, member: CurrentMember) -> str:
    """Which report a file belongs to, as far as that is the reader's to know."""
    try:
        other = queries.report(uid, member)
    except Refused:
        return gettext("This file was exported from another report. Nothing was changed.")
    return gettext(
        "This file is of the report %(cycle)s of account %(number)s. Nothing was changed: import it there.",
        cycle=str(Cycle.from_date(other.cycle)),
        number=other.account_number,
    )


def _mine() -> set[str]:
    """Uids of the lines on which the reader prefers the file to what a colleague saved."""
    return {name[2:] for name, choice in request.form.items() if name.startswith("k-") and choice == "mine"}


def _again(uid: UUID, member: CurrentMember, name: str, error: Refused) -> tuple[str, int]:
    """What the file would change now, with what was wrong; the file is held as before."""
    db.session.rollback()
    flash(said(error), "error")
    at = clock.now()
    _, content = take(member, _purpose(uid), held := forms.line_uid(request.form.get("held"), "file"), at)
    db.session.rollback()
    report = queries.report(uid, member)
    plan = _plan(report, content, name, member)
    return _page(report, plan=plan, held=held, name=name, mine=_mine()), problem_of(error).status


def _purpose(uid: UUID) -> str:
    return f"report {uid}"


def _said(lines: int) -> str:
    return ngettext("%(num)s change saved from the file.", "%(num)s changes saved from the file.", lines)


def _page(report: ReportRow, **shown: Any) -> str:
    context = {"plan": None, "held": None, "name": "", "mine": set(), "error": "", **shown}
    cycle = Cycle.from_date(report.cycle)
    return render_template("spreadsheets/import.html", report=report, cycle=cycle, most=MOST_SHOWN, **context)
