"""Rolling up on the pages of an organization in the middle: first what would happen, then exactly that."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext, ngettext
from werkzeug.wrappers import Response as BaseResponse

from distributor import clock
from distributor.database import db
from distributor.errors import InputRefused
from distributor.identity.acting import CurrentMember, acting
from distributor.identity.current import require_member, signed_in
from distributor.problems import problem_of
from distributor.saying import said
from distributor.usage_reports import forms, queries
from distributor.usage_reports.operations.roll_up_plans import check_owed, plan_of
from distributor.usage_reports.operations.rolling_up import RollUpMoved, roll_up
from distributor.usage_reports.roll_up_page import Came, moved_since, page_of
from workflows.errors import Refused, StaleVersion, TransitionNotAllowed

blueprint = Blueprint("roll_ups", __name__, url_prefix="/reports")
REFUSALS = (RollUpMoved, StaleVersion, TransitionNotAllowed, InputRefused)


@blueprint.get("/<uuid:uid>/roll-up")
@signed_in
def show(uid: UUID) -> str:
    """What rolling up would do now, line by line."""
    member = require_member()
    report = queries.report(uid, member)
    check_owed(report, member)
    return render_template("usage_reports/roll_up.html", **page_of(plan_of(report), member, Came()))


@blueprint.post("/<uuid:uid>/roll-up")
@signed_in
def carry_out(uid: UUID) -> BaseResponse | tuple[str, int]:
    """Do what the page showed, or show what it would be now."""
    member = require_member()
    report = queries.report_for_update(uid, member)
    check_owed(report, member)
    comment = request.form.get("comment")
    try:
        version = forms.version_of(request)
        seen, at = request.form.get("seen", ""), clock.now()
        saved = roll_up(report, seen, acting(member, report), at, comment=comment, version=version)
    except REFUSALS as refused:
        db.session.rollback()
        return _again(uid, member, refused, comment)
    db.session.commit()
    flash(_said(saved.lines, changed=saved.version != report.version), "success")
    return redirect(url_for("usage_reports.show", uid=uid))


def _again(uid: UUID, member: CurrentMember, refused: Refused, comment: str | None) -> tuple[str, int]:
    """The page as it would be now, with what was typed and what was wrong."""
    plan = plan_of(queries.report(uid, member))
    moved = moved_since(plan, set(request.form.getlist("source"))) if "source" in request.form else ()
    page = page_of(plan, member, Came(said(refused), moved, comment))
    return render_template("usage_reports/roll_up.html", **page), problem_of(refused).status


def _said(lines: int, *, changed: bool) -> str:
    if not changed:
        return gettext("Everything below is in this report already. Nothing was changed.")
    if not lines:
        return gettext("Rolled up: no figure changed.")
    return ngettext("Rolled up: %(num)s line changed.", "Rolled up: %(num)s lines changed.", lines)
