"""The MSP's pages: one report, its history; and the steps that are taken on it. The list is in index_views.py."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, Response, flash, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext, ngettext
from flask_wtf.csrf import generate_csrf
from werkzeug.wrappers import Response as BaseResponse

from distributor import clock
from distributor.api.bodies import parse_json
from distributor.database import db
from distributor.errors import Conflict, InputRefused, StaleLines
from distributor.identity.acting import Acting, CurrentMember, acting
from distributor.identity.current import require_member, signed_in
from distributor.problems import problem_of
from distributor.saying import said
from distributor.usage_reports import forms, index_views, queries
from distributor.usage_reports.history import history_of
from distributor.usage_reports.operations import drafts, steps
from distributor.usage_reports.operations.drafts import LineDraft
from distributor.usage_reports.operations.usage import apply_usage as take_over_usage
from distributor.usage_reports.page_steps import take_step
from distributor.usage_reports.queries import ReportRow
from distributor.usage_reports.report_page import Came, page_of, refused_lines, rest_of
from distributor.usage_reports.viewing import note_view
from distributor.usage_reports.what_next import who_moved_it_on
from workflows.errors import LinesRefused, Refused, StaleVersion, TransitionNotAllowed
from workflows.report_cycle import Cycle
from workflows.usage_report import Side

blueprint = Blueprint("usage_reports", __name__, url_prefix="/reports")
index_views.add_to(blueprint)


@blueprint.get("/<uuid:uid>")
@signed_in
def show(uid: UUID) -> str | BaseResponse:
    """One report: for the MSP the grid, for its distributor the review page."""
    member = require_member()
    report = queries.report(uid, member)
    if member.side_of(report) is Side.DISTRIBUTOR:
        return redirect(url_for("review.show", uid=uid))
    page = render_template("usage_reports/show.html", **page_of(report, member))
    # A browser that fetches ahead has shown nobody anything.
    if "prefetch" not in request.headers.get("Sec-Purpose", "") and note_view(report, member, clock.now()):
        db.session.commit()
    return page


@blueprint.get("/form-token")
@signed_in
def form_token() -> Response:
    """A fresh token for the forms of a page that has been open for long, or across a new sign-in."""
    return jsonify(csrf_token=generate_csrf())


@blueprint.get("/<uuid:uid>/rest")
@signed_in
def rest(uid: UUID) -> str:
    """The groups after the first answer's, as table bodies."""
    member = require_member()
    return render_template("usage_reports/rest.html", **rest_of(queries.report(uid, member), member))


@blueprint.post("/<uuid:uid>/save")
@signed_in
def save(uid: UUID) -> BaseResponse | str | tuple[str, int]:
    """Save the draft, from the grid's JSON or as a plain form; the form's buttons also submit and remove lines."""
    if request.is_json:
        return _save_json(uid)
    return _save_form(uid)


def _save_json(uid: UUID) -> Response:
    member = require_member()
    report = queries.report_for_update(uid, member)
    wanted = forms.drafts_of_json(parse_json(request.get_data()))
    try:
        saved = drafts.save_lines(report, wanted, acting(member, report), clock.now())
    except TransitionNotAllowed as refused:
        said = who_moved_it_on(report)
        raise TransitionNotAllowed(refused.step, refused.status, refused.allowed, said) from refused
    versions = queries.line_versions(report.id, [draft.uid for draft in wanted])
    db.session.commit()
    return jsonify(version=saved.version, lines=[{"id": str(line), "version": version} for line, version in versions])


def _save_form(uid: UUID) -> BaseResponse | tuple[str, int]:
    member = require_member()
    report = queries.report_for_update(uid, member)
    wanted = forms.drafts_of_form(request)
    try:
        said = _take_form(report, wanted, member)
    except LinesRefused as refused:
        db.session.commit()  # the draft is good, only the submission waits
        return _again(uid, member, refused, Came(offenders=refused.lines, why=refused.type))
    except (InputRefused, Conflict, StaleLines, StaleVersion, TransitionNotAllowed) as refused:
        db.session.rollback()
        return _again(uid, member, refused, Came(refused_lines(wanted, refused)))
    db.session.commit()
    flash(said, "success")
    return redirect(url_for(".show", uid=uid, page=request.args.get("page", type=int)))


def _take_form(report: ReportRow, wanted: list[LineDraft], member: CurrentMember) -> str:
    """Save the drafts, then submit or remove a line where that was pressed; returns what to say."""
    wanted = forms.in_plain_numbers(wanted)
    who, at, step = acting(member, report), clock.now(), request.form.get("step")
    if line := request.form.get("remove"):
        return _remove(report, forms.line_uid(line), wanted, member)
    if step != "submit":
        return _said(drafts.save_lines(report, wanted, who, at).lines)
    _save_what_was_seen(report, wanted, who)
    steps.submit(queries.report_for_update(report.uid, member), who, at)
    return gettext("Submitted. Your distributor has been told.")


def _remove(report: ReportRow, line: UUID, wanted: list[LineDraft], member: CurrentMember) -> str:
    who = acting(member, report)
    _save_what_was_seen(report, [draft for draft in wanted if draft.uid != line], who)
    drafts.remove_line(queries.report_for_update(report.uid, member), line, who, clock.now())
    return gettext("Line removed. Whatever else stood on the page is saved.")


def _save_what_was_seen(report: ReportRow, wanted: list[LineDraft], who: Acting) -> None:
    """Save drafts of a page that shows the report as it is. Raises StaleVersion for any other page, but StaleLines
    first: that one knows what a colleague wrote. Either way the caller rolls everything back.
    """
    seen = forms.version_of(request)
    drafts.save_lines(report, wanted, who, clock.now())
    if seen != report.version:
        raise StaleVersion(seen, report.version)


def _again(uid: UUID, member: CurrentMember, refused: Refused, came: Came) -> tuple[str, int]:
    """The page once more, with everything that was typed and what was wrong with it."""
    if not came.offenders:
        flash(said(refused), "error")
    page = page_of(queries.report(uid, member), member, came)
    return render_template("usage_reports/show.html", **page), problem_of(refused).status


def _said(lines: int) -> str:
    return ngettext("Draft saved: %(num)s line changed.", "Draft saved: %(num)s lines changed.", lines)


@blueprint.post("/<uuid:uid>/submit")
@signed_in
def submit(uid: UUID) -> BaseResponse:
    """Hand the report in; `nil` confirms one without lines."""
    nil, said = request.form.get("nil") == "yes", gettext("Submitted. Your distributor has been told.")
    return take_step(uid, lambda report, who, seen: steps.submit(report, who, clock.now(), version=seen, nil=nil), said)


@blueprint.post("/<uuid:uid>/recall")
@signed_in
def recall(uid: UUID) -> BaseResponse:
    """Take a submitted report back."""
    said = gettext("Recalled. You can edit the report again.")
    return take_step(uid, lambda report, who, seen: steps.recall(report, who, clock.now(), version=seen), said)


@blueprint.post("/<uuid:uid>/reopen")
@signed_in
def reopen(uid: UUID) -> BaseResponse:
    """Reopen an approved report with a reason."""
    reason, said = request.form.get("reason", ""), gettext("Reopened. The other side has been told.")

    def act(report: ReportRow, who: Acting, seen: int) -> None:
        steps.reopen(report, who, clock.now(), reason=reason, version=seen)

    return take_step(uid, act, said)


@blueprint.post("/<uuid:uid>/add-line")
@signed_in
def add_line(uid: UUID) -> BaseResponse | tuple[str, int]:
    """Add a hand-counted line; a refused one comes back as it was typed."""
    member, form = require_member(), request.form
    report = queries.report_for_update(uid, member)
    try:
        new = forms.new_line(request)
        version = forms.version_of(request)
        drafts.add_line(report, new, acting(member, report), clock.now(), version=version)
    except (InputRefused, Conflict, StaleVersion) as refused:
        db.session.rollback()
        typed = {**form.to_dict(), "error": said(refused)}
        page = page_of(queries.report(uid, member), member, Came(new_line=typed))
        return render_template("usage_reports/show.html", **page), problem_of(refused).status
    db.session.commit()
    flash(gettext("Line added."), "success")
    return redirect(url_for(".show", uid=uid))


@blueprint.post("/<uuid:uid>/apply-usage")
@signed_in
def apply_usage(uid: UUID) -> BaseResponse:
    """Take over usage that arrived while the report was locked."""
    said = gettext("The newer usage has been taken over.")
    return take_step(uid, lambda report, who, seen: take_over_usage(report, who, clock.now(), version=seen), said)


@blueprint.get("/<uuid:uid>/history")
@signed_in
def history(uid: UUID) -> str:
    """Every action and every line change of the report: who, when, through what."""
    report = queries.report(uid, require_member())
    return render_template(
        "usage_reports/history.html",
        report=report,
        cycle=Cycle.from_date(report.cycle),
        entries=history_of(report),
    )
