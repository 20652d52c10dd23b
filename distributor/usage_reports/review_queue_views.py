"""The review queue's pages: the list, its export, and the approval of several clean reports."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from flask import Response, flash, redirect, render_template, request, stream_with_context, url_for
from flask_babel import gettext, ngettext
from werkzeug.wrappers import Response as BaseResponse

from distributor import clock
from distributor.database import db
from distributor.errors import Forbidden
from distributor.identity.current import signed_in
from distributor.identity.step_up import StepUpRequired
from distributor.limits.operations import Limited
from distributor.limits.routes import limited
from distributor.paths import local_path
from distributor.provisioning.coverage import coverage
from distributor.saying import said
from distributor.usage_reports import exports, forms, review_queue, saved_views
from distributor.usage_reports.operations.bulk import Answer, approve_all
from distributor.usage_reports.policies import policy_of
from distributor.usage_reports.queue_address import address_of, place_after, place_of, wanted_of
from distributor.usage_reports.queue_page import coverage_words, may_approve, rows_of, sums, tabs
from distributor.usage_reports.review_desk import blueprint, desk, reviewing_member
from distributor.usage_reports.review_queue import STATUSES, Desk, QueueFilter
from distributor.usage_reports.review_totals import totals
from workflows.report_cycle import Cycle
from workflows.usage_report import Role, Status

PAGE = 50
# Clean reports are told apart at a glance and approved in one gesture.
PAGE_OF_CLEAN = 200


@blueprint.get("")
@signed_in
def queue() -> str:
    """Reports under review, most money at risk first."""
    return _queue(Status.UNDER_REVIEW)


@blueprint.get("/reports")
@signed_in
def all_reports() -> str:
    """Reports of all partners in any status."""
    return _queue(None)


def _queue(status: Status | None) -> str:
    member = reviewing_member()
    at_desk = desk(member, policy_of(member.organization_id))
    cycles = review_queue.cycles(member)
    wanted = wanted_of(request.args, cycles, status)
    own = saved_views.views_of(member) if status else []
    views = _views(at_desk, wanted, cycles, own)
    return render_template("review/queue.html", everything=status is None, **_page(at_desk, wanted, cycles), **views)


def _page(at_desk: Desk, wanted: QueueFilter, cycles: list[date]) -> dict[str, Any]:
    size = PAGE_OF_CLEAN if wanted.view == "clean" else PAGE
    found = review_queue.queue(at_desk, wanted, after=place_after(request.args, wanted), limit=size + 1)
    shown = cycles[0] if wanted.cycle is None and cycles else wanted.cycle
    feeds = coverage(at_desk.member.organization_id, Cycle.from_date(shown), at_desk.at) if shown else None
    return {
        "rows": rows_of(found[:size], at_desk),
        "next_after": place_of(found[size - 1]) if len(found) > size else "",
        "wanted": wanted,
        "address": address_of(wanted),
        "cycles": _choices(cycles, shown),
        "statuses": STATUSES,
        "policy": at_desk.policy,
        "now": at_desk.at,
        "may_approve": may_approve(at_desk.member),
        "is_admin": Role.ADMIN in at_desk.member.roles,
        "paged": "after" in request.args,
        "feeds": feeds,
        "feeds_cycle": Cycle.from_date(shown) if shown else None,
        "feeds_words": coverage_words(feeds),
    }


def _choices(cycles: list[date], shown: date | None) -> list[Cycle]:
    """The cycles to choose from, an older one that the address asks for among them."""
    more = [shown] if shown and shown not in cycles else []
    return [Cycle.from_date(cycle) for cycle in cycles + more]


def _views(at_desk: Desk, wanted: QueueFilter, cycles: list[date], own: list[saved_views.SavedView]) -> dict[str, Any]:
    meant = [wanted_of(saved_views.parameters(view.query), cycles) for view in own]
    counted = totals(at_desk, wanted, meant)
    return {
        "totals": counted,
        "sums": sums(counted),
        "tabs": tabs(counted, wanted, list(zip(own, meant, strict=True))),
        "own_view": next((view for view, one in zip(own, meant, strict=True) if one == wanted), None),
    }


@blueprint.post("/approve")
@signed_in
def approve_selected() -> BaseResponse:
    """Approve the ticked reports as far as the policy lets several be approved together; each answers for itself."""
    member = reviewing_member()
    if not may_approve(member):
        raise Forbidden(gettext("Reports are approved by the distributor's reviewers."))
    wanted = [_ticked(text) for text in request.form.getlist("report")]
    answers = approve_all(wanted, member, clock.now(), policy_of(member.organization_id))
    for answer in answers:
        if isinstance(answer.refused, StepUpRequired):
            raise answer.refused
    db.session.commit()
    _say_what_was_done([answer for answer in answers if answer.refused is None])
    for answer in answers:
        if answer.refused is not None:
            flash(_refusal(answer), "error")
    if not answers:
        flash(gettext("No report was selected."), "warning")
    return redirect(local_path(request.form.get("back")) or url_for(".queue"))


def _ticked(text: str) -> tuple[UUID, int]:
    uid, _, version = text.partition("~")
    return forms.line_uid(uid, "report"), forms.whole(version, "version")


def _say_what_was_done(approved: list[Answer]) -> None:
    if approved:
        told = ngettext(
            "%(num)s report approved. Its figures are final, and the MSP is told by e-mail.",
            "%(num)s reports approved. Their figures are final, and the MSPs are told by e-mail.",
            len(approved),
        )
        flash(told, "success")


def _refusal(answer: Answer) -> str:
    why = said(answer.refused) if answer.refused else ""
    if answer.report is None:
        return why
    report = answer.report
    return gettext("%(msp)s, %(account)s: %(why)s", msp=report.msp_name, account=report.account_number, why=why)


@blueprint.get("/export.<any(csv, xlsx):kind>")
@signed_in
@limited(Limited.EXPORT)
def export(kind: str) -> Response:
    """All reports of the filter as a file, whatever their number."""
    member = reviewing_member()
    at_desk = desk(member, policy_of(member.organization_id))
    wanted = wanted_of(request.args, review_queue.cycles(member))
    found = review_queue.every_report(at_desk, wanted)
    name = f"usage-reports-{Cycle.from_date(wanted.cycle) if wanted.cycle else 'all'}.{kind}"
    write = exports.csv_of if kind == "csv" else exports.xlsx_of
    answer = Response(stream_with_context(write(found, at_desk.at)), mimetype=exports.MIME_TYPES[kind])
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
