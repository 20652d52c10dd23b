"""One line of a report with what speaks for its figures: a page of its own, and what the drawer shows of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from distributor import clock
from distributor.database import db
from distributor.errors import Conflict, FieldError, InputRefused, StaleLines
from distributor.identity.acting import CurrentMember, acting
from distributor.identity.current import require_member, signed_in
from distributor.problems import problem_of
from distributor.saying import said
from distributor.usage_reports import evidence, forms, line_history, queries
from distributor.usage_reports.operations import drafts
from distributor.usage_reports.operations.carrying import KEPT, day_of
from distributor.usage_reports.operations.drafts import LineDraft
from distributor.usage_reports.queries import ReportRow
from workflows.errors import Refused, StaleVersion, TransitionNotAllowed

blueprint = Blueprint("evidence", __name__, url_prefix="/reports")
REFUSALS = (InputRefused, Conflict, StaleLines, StaleVersion, TransitionNotAllowed)


@blueprint.get("/<uuid:uid>/lines/<uuid:line>")
@signed_in
def show(uid: UUID, line: UUID) -> str:
    """The line for either side; scripts ask for `?part=drawer`, which leaves out the page around it."""
    member = require_member()
    page = evidence.page_of(queries.report(uid, member), line, member, clock.now())
    if is_part():
        return render_template("usage_reports/line_part.html", **page, typed={})
    return render_template("usage_reports/line.html", **page, typed=_used_again(page))


def is_part() -> bool:
    """Whether only the drawer's content is asked for."""
    return request.args.get("part") == "drawer" or "HX-Request" in request.headers


def _used_again(page: dict[str, Any]) -> dict[str, Any]:
    """Last month's words in the field, where that was asked for without scripts."""
    last = page["evidence"].last
    return {"comment": last.comment} if last and request.args.get("use") == "again" else {}


@blueprint.post("/<uuid:uid>/lines/<uuid:line>")
@signed_in
def save(uid: UUID, line: UUID) -> BaseResponse | tuple[str, int]:
    """Save the line from its own page; a refused one comes back as it was typed."""
    member = require_member()
    report = queries.report_for_update(uid, member)
    row = line_history.line_of(report, line)
    try:
        draft = _draft(str(line))
        drafts.save_lines(report, [draft], acting(member, report), clock.now())
    except REFUSALS as refused:
        db.session.rollback()
        return _again(uid, line, member, refused)
    following = line_history.place_of(row).after
    db.session.commit()
    flash(gettext("Line saved."), "success")
    return redirect(_next(report, line, following))


def _draft(line: str) -> LineDraft:
    given = [draft for draft in forms.drafts_of_form(request) if str(draft.uid) == line]
    if not given:
        message = gettext("The form does not hold this line. Nothing was changed: reload the page.")
        raise InputRefused(message, [FieldError(message, "id", line)])
    (draft,) = forms.in_plain_numbers(given)
    return replace(draft, carry_until=_carried(line))


def _carried(line: str) -> Any:
    """Until when the words are carried: the day chosen, where the box beside it is ticked."""
    if f"d-{line}" not in request.form:
        return KEPT
    if request.form.get(f"k-{line}") != "yes":
        return None
    day = day_of(request.form[f"d-{line}"])
    if day is None:
        message = gettext("Choose a day until which the comment is carried forward.")
        raise InputRefused(message, [FieldError(message, "carry_until", line)])
    return day


def _next(report: ReportRow, line: UUID, following: UUID | None) -> str:
    if request.form.get("then") == "next" and following:
        return url_for(".show", uid=report.uid, line=following)
    return url_for(".show", uid=report.uid, line=line)


def _again(uid: UUID, line: UUID, member: CurrentMember, refused: Refused) -> tuple[str, int]:
    report = queries.report(uid, member)
    page = evidence.page_of(report, line, member, clock.now())
    form, name = request.form, str(line)
    typed = {
        "units": form.get(f"u-{name}"),
        "comment": form.get(f"c-{name}", ""),
        "carries": form.get(f"k-{name}") == "yes",
        "until": form.get(f"d-{name}", ""),
        "error": _reason(refused),
    }
    return render_template("usage_reports/line.html", **page, typed=typed), problem_of(refused).status


def _reason(refused: Refused) -> str:
    if isinstance(refused, InputRefused) and refused.errors:
        return said(refused.errors[0].reason)
    return said(refused)
