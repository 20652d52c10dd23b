"""The distributor's pages: the review queue, one report under review, and the decisions on it."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from babel.numbers import get_currency_symbol
from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import get_locale, gettext, ngettext
from werkzeug.wrappers import Response as BaseResponse

from distributor import clock
from distributor.database import db
from distributor.errors import FieldError, InputRefused, NotFound
from distributor.identity.acting import Acting, CurrentMember, acting
from distributor.identity.current import require_member, signed_in
from distributor.usage_reports import forms, lists, queries
from distributor.usage_reports.grid import state_name
from distributor.usage_reports.history import history_of
from distributor.usage_reports.lists import ListedReport, QueueFilter
from distributor.usage_reports.operations import steps
from distributor.usage_reports.operations.bulk import approve_all
from distributor.usage_reports.page_steps import take_step
from distributor.usage_reports.queries import ReportRow
from distributor.usage_reports.usage_note import usage_note
from distributor.words import on_a_line
from workflows.errors import InvalidCycle, Refused
from workflows.report_cycle import Cycle, due_after
from workflows.usage_report import Side, Status, actions_for, stepper

blueprint = Blueprint("review", __name__, url_prefix="/review")
PAGE = 50
# Where a page of the queue ends: money at risk and the report's number.
PLACE = re.compile(r"([0-9]{1,20}(?:\.[0-9]{1,6})?)~([0-9]{1,18})", re.ASCII)
STATUSES = (Status.MSP_PREPARING, Status.UNDER_REVIEW, Status.REJECTED, Status.APPROVED)
# Further lines of a long report stand behind a link of their own, so that the page stays quick.
OTHER_LINES = 250


@blueprint.get("")
@signed_in
def queue() -> str:
    """Reports under review, most money at risk first."""
    return _queue("review/queue.html", Status.UNDER_REVIEW)


@blueprint.get("/reports")
@signed_in
def all_reports() -> str:
    """Reports of all partners in any status."""
    return _queue("review/queue.html", None)


def _queue(template: str, status: Status | None) -> str:
    member = _reviewing_member()
    cycles = lists.cycles(member)
    wanted = _wanted(cycles, status)
    found = lists.queue(member, wanted, after=_cursor(), limit=PAGE + 1)
    totals = lists.queue_totals(member, wanted.cycle)
    return render_template(
        template,
        reports=found[:PAGE],
        next_cursor=f"{found[PAGE - 1].at_risk}~{found[PAGE - 1].id}" if len(found) > PAGE else "",
        wanted=wanted,
        cycles=cycles,
        statuses=STATUSES,
        totals=totals,
        of_status=[row for row in totals if wanted.status in (None, row.status)],
        now=clock.now(),
        everything=status is None,
        currency=_only_currency(found[:PAGE]),
        paged="after" in request.args,
    )


def _only_currency(reports: list[ListedReport]) -> str:
    """The one currency of the reports; empty where there are several."""
    currencies = {report.currency for report in reports}
    return currencies.pop() if len(currencies) == 1 else ""


def _reviewing_member() -> CurrentMember:
    member = require_member()
    if not member.is_distributor:
        raise NotFound
    return member


def _wanted(cycles: list[date], default: Status | None) -> QueueFilter:
    given = request.args
    partner = on_a_line(given.get("q", "")).strip()[:100]
    status = _status(given.get("status", ""), default)
    return QueueFilter(_cycle(given.get("cycle"), cycles), status, partner, given.get("view", "risk"))


def _status(text: str, default: Status | None) -> Status | None:
    if text in {"", "any"}:
        return None if text else default
    found = next((each for each in STATUSES if each == text), None)
    if found is None:
        why = gettext("“%(given)s” is no status of a report.", given=text[:40])
        raise InputRefused(why, [FieldError(why, "status")])
    return found


def _cycle(text: str | None, cycles: list[date]) -> date | None:
    """The cycle asked for; the newest when none was, None for all of them."""
    if text == "all":
        return None
    try:
        return Cycle.parse(text).first_day if text else (cycles[0] if cycles else None)
    except InvalidCycle as error:
        raise InputRefused(error.message, [FieldError(error.message, "cycle")]) from error


def _cursor() -> tuple[Decimal, int] | None:
    given = request.args.get("after", "")
    if not given:
        return None
    place = PLACE.fullmatch(given)
    if place is None:
        why = gettext("This page of the list does not exist. Start with the first.")
        raise InputRefused(why, [FieldError(why, "after")])
    return Decimal(place[1]), int(place[2])


@blueprint.post("/approve")
@signed_in
def approve_selected() -> BaseResponse:
    """Approve the ticked reports; each answers for itself."""
    member = _reviewing_member()
    wanted = [_ticked(text) for text in request.form.getlist("report")]
    answers = approve_all(wanted, member, clock.now())
    db.session.commit()
    done = [answer for answer in answers if answer.refused is None]
    if done:
        flash(ngettext("%(num)s report approved.", "%(num)s reports approved.", len(done)), "success")
    for answer in answers:
        if answer.refused is not None:
            flash(answer.refused.message, "error")
    if not answers:
        flash(gettext("No report was selected."), "warning")
    return redirect(forms.local_path(request.form.get("back")) or url_for(".queue"))


def _ticked(text: str) -> tuple[UUID, int]:
    uid, _, version = text.partition("~")
    return forms.line_uid(uid, "report"), forms.whole(version, "version")


@blueprint.get("/<uuid:uid>")
@signed_in
def show(uid: UUID) -> str | BaseResponse:
    """One report for its reviewer: discrepancies first, largest money first, beside the last approved one."""
    member = require_member()
    report = queries.report(uid, member)
    if member.side_of(report) is Side.MSP:
        return redirect(url_for("usage_reports.show", uid=uid))
    return render_template("review/show.html", **_page(report, member))


def _page(report: ReportRow, member: CurrentMember, typed: dict[str, Any] | None = None) -> dict[str, Any]:
    at = clock.now()
    rows = queries.lines(report.id)
    notable = [row for row in rows if _is_notable(row)]
    others = [row for row in rows if not _is_notable(row)]
    actions = actions_for(queries.state_of(report), member.actor_for(report), at)
    before, after = lists.neighbours(report)
    return {
        "report": report,
        "cycle": Cycle.from_date(report.cycle),
        "stages": stepper(Status(report.status)),
        "actions": [str(step) for step in actions],
        "lines": sorted(notable, key=_weight),
        "others": others[:OTHER_LINES],
        "others_count": len(others),
        "others_amount": sum((row.amount for row in others), Decimal(0)),
        "approved": queries.approved_units(report),
        "last": queries.last_approved(report),
        "symbol": get_currency_symbol(report.currency, locale=get_locale()),
        "state_name": state_name,
        "entries": history_of(report),
        "usage_note": usage_note(report),
        "before": before,
        "after": after,
        "at": at,
        "resubmit_by": due_after(at, report.resubmit_after_days, report.time_zone),
        "typed": typed or {},
    }


def _is_notable(row: Any) -> bool:
    return bool(
        row.discrepancy or row.comment or row.penalised or row.estimated or row.reviewer_note
        or row.chargeable_units is None or row.unit_price is None
    )  # fmt: skip


def _weight(row: Any) -> tuple[bool, Decimal, Decimal]:
    """Discrepancies first, then by the money in question."""
    return not (row.discrepancy or row.penalised), -(row.at_risk + row.penalty), -abs(row.amount)


@blueprint.post("/<uuid:uid>/approve")
@signed_in
def approve(uid: UUID) -> BaseResponse:
    """Accept the figures."""
    said = gettext("Approved. The MSP has been told.")
    return take_step(uid, lambda report, who, seen: steps.approve(report, who, clock.now(), version=seen), said)


@blueprint.post("/<uuid:uid>/endorse")
@signed_in
def endorse(uid: UUID) -> BaseResponse:
    """Stand for a report over the limit, so that somebody else may approve it."""
    said = gettext("Endorsed. The other reviewers have been told.")
    return take_step(uid, lambda report, who, seen: steps.endorse(report, who, clock.now(), version=seen), said)


@blueprint.post("/<uuid:uid>/reject")
@signed_in
def reject(uid: UUID) -> BaseResponse | tuple[str, int]:
    """Send the report back with a reason and notes on lines; a refused rejection keeps every word."""
    member = require_member()
    report = queries.report_for_update(uid, member)
    reason, notes = request.form.get("reason", ""), _notes()
    try:
        version = forms.version_of(request)
        steps.reject(report, acting(member, report), clock.now(), reason=reason, notes=notes, version=version)
    except Refused as refused:
        db.session.rollback()
        flash(refused.message, "error")
        typed = {"reason": reason, "notes": {str(line): note for line, note in notes.items()}, "error": refused.message}
        page = _page(queries.report(uid, member), member, typed)
        return render_template("review/show.html", **page), 422 if isinstance(refused, InputRefused) else 409
    db.session.commit()
    flash(gettext("Rejected. The MSP has been told."), "success")
    return redirect(url_for(".show", uid=uid))


def _notes() -> dict[UUID, str]:
    given = {name[2:]: note for name, note in request.form.items() if name.startswith("n-")}
    return {forms.line_uid(line): note for line, note in given.items() if note.strip()}


@blueprint.post("/<uuid:uid>/lines/<uuid:line>/waive")
@signed_in
def waive(uid: UUID, line: UUID) -> BaseResponse:
    """Let a line's penalty go, with a reason."""
    reason = request.form.get("reason", "")

    def act(report: ReportRow, who: Acting, seen: int) -> None:
        steps.waive(report, line, who, clock.now(), reason=reason, version=seen)

    return take_step(uid, act, gettext("Penalty waived. The MSP has been told."))


@blueprint.post("/<uuid:uid>/reopen")
@signed_in
def reopen(uid: UUID) -> BaseResponse:
    """Give an approved report back to the MSP, with a reason."""
    reason = request.form.get("reason", "")

    def act(report: ReportRow, who: Acting, seen: int) -> None:
        steps.reopen(report, who, clock.now(), reason=reason, version=seen)

    return take_step(uid, act, gettext("Reopened. The MSP has been told."))


@blueprint.post("/<uuid:uid>/invoice")
@signed_in
def invoice(uid: UUID) -> BaseResponse:
    """Close an approved report for good."""
    said = gettext("Marked as invoiced. Nothing changes this report any more.")
    return take_step(uid, lambda report, who, seen: steps.invoice(report, who, clock.now(), version=seen), said)
