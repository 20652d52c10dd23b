"""The pages of one report for its reviewer: the report, further lines of it, and unsent words kept as a draft."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from babel.numbers import get_currency_symbol
from flask import Response, flash, jsonify, redirect, render_template, request, url_for
from flask_babel import get_locale, gettext, ngettext
from werkzeug.wrappers import Response as BaseResponse

from distributor import clock
from distributor.api.bodies import parse_json
from distributor.database import db
from distributor.errors import FieldError, InputRefused, NotFound
from distributor.formatting import clock_time
from distributor.identity.acting import CurrentMember
from distributor.identity.current import require_member, signed_in
from distributor.usage_reports import forms, queries, review_drafts, review_report
from distributor.usage_reports.queries import ReportRow
from distributor.usage_reports.review_desk import blueprint, queue_of, way_on
from distributor.usage_reports.review_drafts import Draft, draft_of
from distributor.usage_reports.review_page import DECISIONS, PART, in_full, line_words, page_of
from workflows.usage_report import Side, Status, Step, actions_for


@blueprint.get("/<uuid:uid>")
@signed_in
def show(uid: UUID) -> str | BaseResponse:
    """One report for its reviewer: discrepancies first, largest money first, beside the last approved one."""
    member = require_member()
    report = review_report.reviewed(uid, member)
    if member.side_of(report) is Side.MSP:
        return redirect(url_for("usage_reports.show", uid=uid))
    return render_template("review/show.html", **page_of(report, member, clock.now()))


@blueprint.get("/<uuid:uid>/lines")
@signed_in
def more_lines(uid: UUID) -> str:
    """Further lines for the page of a report: those that need a look, or with kind=agreeing the others."""
    member = require_member()
    report = review_report.reviewed(uid, member)
    _only_upstream(report, member)
    kind, start = request.args.get("kind", "notable"), forms.whole(request.args.get("from", "0"), "from")
    draft = draft_of(report)
    read = review_report.agreeing_lines if kind == "agreeing" else review_report.notable_lines
    flagged = [line for line, note in draft.notes.items() if note.strip()]
    context: dict[str, Any] = {
        "report": report,
        "kind": "agreeing" if kind == "agreeing" else "notable",
        "lines": read(report, flagged, start=start, most=PART),
        "notes": draft.notes,
        "actions": actions_for(queries.state_of(report), member.actor_for(report), clock.now()),
        "in_full": in_full,
        "words": line_words(),
        "part": PART,
        "symbol": get_currency_symbol(report.currency, locale=get_locale()),
        "way_on": way_on(queue_of(report.cycle)),
    }
    return render_template("review/more_lines.html", **context)


def _only_upstream(report: ReportRow, member: CurrentMember) -> None:
    if member.side_of(report) is not Side.DISTRIBUTOR:
        raise NotFound(gettext("This page"))


def report_to_write_on(uid: UUID, member: CurrentMember) -> ReportRow:
    """The report, for one who may reject reports like it; locked, so that words do not overtake the decision they were
    sent with. Raises NotFound, NotPermitted.
    """
    report = queries.report_for_update(uid, member)
    _only_upstream(report, member)
    review_drafts.check_may_reject(report, member)
    return report


@blueprint.put("/<uuid:uid>/draft")
@signed_in
def save_draft(uid: UUID) -> Response:
    """Keep what a reviewer is writing: {"version", "reason", "notes": {line id: note}}, as the page's script sends it.
    Words of a page on which the member has decided since are not kept: they went with the decision.
    """
    member, at = require_member(), clock.now()
    report = report_to_write_on(uid, member)
    body = parse_json(request.get_data())
    draft = _draft_of_json(body)
    if _has_decided(report, member, body.get("version")):
        return jsonify(said="", decided="")
    review_drafts.keep(report, member, draft, at)
    db.session.commit()
    kept = gettext("Kept as a draft at %(time)s. Nothing was sent.", time=clock_time(at, report.time_zone))
    return jsonify(said="" if draft.is_empty else kept, decided=_decided(report))


def _has_decided(report: ReportRow, member: CurrentMember, seen: object) -> bool:
    if not isinstance(seen, int) or seen >= report.version:
        return False
    last = queries.last_action(report.id, [str(step) for step in (*DECISIONS, Step.ENDORSE)])
    return last is not None and last.version > seen and last.actor_user_id == member.user_id


def _decided(report: ReportRow) -> str:
    """A word for a reviewer who writes on a report that is no longer under review; empty while it is."""
    if report.status == Status.UNDER_REVIEW:
        return ""
    return gettext("This report is no longer under review. Your words are kept; reload the page to see what happened.")


def _draft_of_json(body: Any) -> Draft:
    reason, notes = (body.get("reason"), body.get("notes")) if isinstance(body, dict) else (None, None)
    if not isinstance(reason, str) or not isinstance(notes, dict):
        raise _unreadable()
    if not all(isinstance(note, str) for note in notes.values()):
        raise _unreadable()
    return Draft(reason, {forms.line_uid(line): note for line, note in notes.items()})


def _unreadable() -> InputRefused:
    why = gettext("The draft could not be read: a reason and notes by line were expected.")
    return InputRefused(why, [FieldError(why, "notes")])


@blueprint.post("/<uuid:uid>/draft")
@signed_in
def keep_draft(uid: UUID) -> BaseResponse:
    """The same from the plain form, and back to the report."""
    member, at = require_member(), clock.now()
    report = report_to_write_on(uid, member)
    draft = Draft(request.form.get("reason", ""), notes_of_form())
    review_drafts.keep(report, member, draft, at)
    db.session.commit()
    if draft.is_empty:
        flash(gettext("Nothing was written, so there is no draft."), "warning")
    else:
        noted = ngettext("%(num)s note", "%(num)s notes", len(draft.notes))
        flash(gettext("Kept as a draft with %(notes)s. Nothing was sent.", notes=noted), "success")
    return redirect(url_for(".show", uid=uid, **way_on(queue_of(report.cycle))))


@blueprint.post("/<uuid:uid>/draft/discard")
@signed_in
def discard_draft(uid: UUID) -> BaseResponse:
    """Forget one's unsent words on a report."""
    member = require_member()
    report = report_to_write_on(uid, member)
    review_drafts.drop(report, member)
    db.session.commit()
    flash(gettext("Your draft is discarded. Nothing was sent."), "success")
    return redirect(url_for(".show", uid=uid, **way_on(queue_of(report.cycle))))


def notes_of_form() -> dict[UUID, str]:
    """Notes by line from fields named n-<line id>, those with more than white space. Raises InputRefused."""
    given = {name[2:]: note for name, note in request.form.items() if name.startswith("n-")}
    return {forms.line_uid(line): note for line, note in given.items() if note.strip()}
