"""Decisions on one report: each on the locked report, in the version that was seen, and on to the next in the queue."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext, ngettext
from werkzeug.wrappers import Response

from distributor import clock
from distributor.database import db
from distributor.delegation.names import named
from distributor.errors import InputRefused, NotFound
from distributor.formatting import cycle_name, day, short_instant
from distributor.identity import step_up
from distributor.identity.acting import Acting, CurrentMember, acting
from distributor.identity.current import require_member, signed_in
from distributor.identity.step_up import StepUpRequired
from distributor.saying import said
from distributor.usage_reports import forms, queries, review_drafts, review_report
from distributor.usage_reports.operations import steps
from distributor.usage_reports.policies import policy_of
from distributor.usage_reports.proving import require_above_limit
from distributor.usage_reports.queries import ReportRow
from distributor.usage_reports.queue_address import is_address
from distributor.usage_reports.review_desk import blueprint, queue_endpoint, queue_of, way_on
from distributor.usage_reports.review_drafts import Draft
from distributor.usage_reports.review_page import DECISIONS, Typed, page_of
from distributor.usage_reports.review_queue import Desk
from distributor.usage_reports.review_report_views import notes_of_form
from distributor.usage_reports.review_totals import place
from workflows.errors import NotPermitted, Refused
from workflows.usage_report import Side, Status

Act = Callable[[ReportRow, Acting, int], Any]


@blueprint.post("/<uuid:uid>/approve")
@signed_in
def approve(uid: UUID) -> Response:
    """Accept the figures."""
    at = clock.now()
    told = gettext("%(report)s: approved. The figures are final, and the MSP is told by e-mail.")
    return _decide(uid, lambda report, who, seen: steps.approve(report, who, at, version=seen), told)


@blueprint.post("/<uuid:uid>/endorse")
@signed_in
def endorse(uid: UUID) -> Response:
    """Stand for a report over the limit, so that somebody else may approve it."""
    at = clock.now()
    told = gettext("%(report)s: endorsed. The other reviewers are told by e-mail; one of them approves it.")
    return _decide(uid, lambda report, who, seen: steps.endorse(report, who, at, version=seen), told)


@blueprint.post("/<uuid:uid>/reject")
@signed_in
def reject(uid: UUID) -> Response | tuple[str, int]:
    """Send the report back with a reason and notes on lines; a refused rejection keeps every word."""
    member, at = require_member(), clock.now()
    report = _locked(uid, member)
    reason, notes = request.form.get("reason", ""), notes_of_form()
    next_one = _next(report, member, at)
    try:
        version = forms.version_of(request)
        event = steps.reject(report, acting(member, report), at, reason=reason, notes=notes, version=version)
    except (NotFound, NotPermitted):
        raise
    except Refused as refused:
        return _not_rejected(report, member, Typed(reason, notes, said(refused)), refused)
    return _done(report, member, _rejected(report, len(notes), event.due_at), next_one)


def _rejected(report: ReportRow, notes: int, due_at: datetime) -> str:
    by = day(due_at - timedelta(seconds=1), report.time_zone)
    if not notes:
        told = gettext("%(report)s: rejected. The MSP is told by e-mail and submits again by %(day)s, end of day.")
        return told % {"report": _name(report), "day": by}
    return ngettext(
        "%(report)s: rejected with %(num)s note. The MSP is told by e-mail and answers it by %(day)s, end of day.",
        "%(report)s: rejected with %(num)s notes. The MSP is told by e-mail and answers them by %(day)s, end of day.",
        notes,
        report=_name(report),
        day=by,
    )


def _not_rejected(report: ReportRow, member: CurrentMember, typed: Typed, refused: Refused) -> tuple[str, int]:
    """The page again with what was typed; a draft from now on where the report may be past rejecting."""
    db.session.rollback()
    draft = Draft(typed.reason, typed.notes)
    if not isinstance(refused, InputRefused) and review_drafts.can_be_kept(draft):
        review_drafts.keep(report, member, draft, clock.now())
        db.session.commit()
    now = review_report.reviewed(report.uid, member)
    flash(_why(now, member, refused), "error")
    page = render_template("review/show.html", **page_of(now, member, clock.now(), typed))
    return page, 422 if isinstance(refused, InputRefused) else 409


@blueprint.post("/<uuid:uid>/lines/<uuid:line>/waive")
@signed_in
def waive(uid: UUID, line: UUID) -> Response:
    """Let a line's penalty go, with a reason."""
    reason, at = request.form.get("reason", ""), clock.now()

    def act(report: ReportRow, who: Acting, seen: int) -> None:
        steps.waive(report, line, who, at, reason=reason, version=seen)
        step_up.require(require_member(), at)

    return _stay(uid, act, gettext("Penalty waived. The MSP is told by e-mail."))


@blueprint.post("/<uuid:uid>/reopen")
@signed_in
def reopen(uid: UUID) -> Response:
    """Give an approved report back to the MSP, with a reason."""
    reason = request.form.get("reason", "")
    told = gettext("Reopened. The MSP is told by e-mail.")
    return _stay(uid, lambda r, who, seen: steps.reopen(r, who, clock.now(), reason=reason, version=seen), told)


@blueprint.post("/<uuid:uid>/invoice")
@signed_in
def invoice(uid: UUID) -> Response:
    """Close an approved report for good."""
    told = gettext("Marked as invoiced. Nothing changes this report any more.")
    return _stay(uid, lambda report, who, seen: steps.invoice(report, who, clock.now(), version=seen), told)


def _locked(uid: UUID, member: CurrentMember) -> ReportRow:
    """The report, locked; it is its distributor's to decide on. Raises NotFound."""
    report = queries.report_for_update(uid, member)
    if member.side_of(report) is not Side.DISTRIBUTOR:
        raise NotFound(gettext("This page"))
    return report


def _next(report: ReportRow, member: CurrentMember, at: datetime) -> UUID | None:
    """The report that comes after this one in the queue the reader came from."""
    if not is_address(request.args):
        return None
    return place(Desk(member, policy_of(member.organization_id), at), queue_of(report.cycle), report).after


def _decide(uid: UUID, act: Act, told: str) -> Response:
    """Take a step that ends the look at a report: the draft is dropped, and the next report shown."""
    member, at = require_member(), clock.now()
    report = _locked(uid, member)
    next_one = _next(report, member, at)
    try:
        act(report, acting(member, report), forms.version_of(request))
    except (NotFound, NotPermitted, InputRefused):
        raise
    except Refused as refused:
        return _refused(report, member, refused)
    require_above_limit(report, member, at)
    return _done(report, member, told % {"report": _name(report)}, next_one)


def _done(report: ReportRow, member: CurrentMember, told: str, next_one: UUID | None) -> Response:
    review_drafts.drop(report, member)
    db.session.commit()
    flash(told, "success")
    wanted = queue_of(report.cycle)
    if not is_address(request.args):
        return redirect(url_for(".show", uid=report.uid))
    if next_one is not None:
        flash(gettext("This is the next report of the queue."), "message")
        return redirect(url_for(".show", uid=next_one, **way_on(wanted)))
    flash(gettext("That was the last report of this view."), "message")
    return redirect(url_for(queue_endpoint(wanted), **way_on(wanted)))


def _stay(uid: UUID, act: Act, told: str) -> Response:
    """Take a step after which the reader stays with the report, and keeps what they have written."""
    member = require_member()
    report = _locked(uid, member)
    try:
        act(report, acting(member, report), forms.version_of(request))
    except (NotFound, NotPermitted, InputRefused, StepUpRequired):
        raise
    except Refused as refused:
        return _refused(report, member, refused)
    db.session.commit()
    flash(told, "success")
    return redirect(url_for(".show", uid=uid, **way_on(queue_of(report.cycle))))


def _refused(report: ReportRow, member: CurrentMember, refused: Refused) -> Response:
    db.session.rollback()
    flash(_why(report, member, refused), "error")
    return redirect(url_for(".show", uid=report.uid, **way_on(queue_of(report.cycle))))


def _why(report: ReportRow, member: CurrentMember, refused: Refused) -> str:
    """What the refusal says, or who decided already: the better news to somebody who comes second."""
    last = queries.last_action(report.id, [str(step) for step in DECISIONS])
    if report.status not in {Status.APPROVED, Status.REJECTED} or last is None:
        return said(refused)
    when = short_instant(last.at, report.time_zone)
    if last.actor_user_id == member.user_id:
        return gettext("You decided on this report already, on %(when)s. Nothing was done twice.", when=when)
    told = gettext("%(who)s decided on this report on %(when)s, before you did. Nothing was changed now.")
    return told % {"who": named(last), "when": when}


def _name(report: ReportRow) -> str:
    return gettext("%(msp)s, %(cycle)s", msp=report.msp_name, cycle=cycle_name(report.cycle))
