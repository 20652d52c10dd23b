"""The approval policy: what may be approved together, what approves itself, and what that would have meant."""

from __future__ import annotations

from decimal import Decimal

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext

from distributor import clock
from distributor.accounts import operations as accounts
from distributor.accounts.lists import every_account
from distributor.accounts.queries import AccountRow
from distributor.database import db
from distributor.errors import FieldError, InputRefused, NotFound
from distributor.formatting import for_typing
from distributor.formatting import percent as percent_text
from distributor.identity import step_up
from distributor.identity.acting import CurrentMember
from distributor.identity.current import require_member, signed_in
from distributor.policies import backtest, operations, wording
from distributor.saying import said
from distributor.usage_reports.operations.automatic import would_approve
from distributor.usage_reports.policies import policy_of
from distributor.usage_reports.typed_numbers import plain_number, plain_numbers
from workflows.usage_report import Role

blueprint = Blueprint("policies", __name__, url_prefix="/policy")
PROPOSED = Decimal(5)
MOST_SHOWN = 200


@blueprint.get("")
@signed_in
def index() -> str:
    """The policy as it stands, and the way to the backtest."""
    return _page(_reading_member())


def _page(member: CurrentMember, errors: list[FieldError] | None = None) -> str:
    policy = policy_of(member.organization_id)
    automatic = [row for row in every_account(member.organization_id) if _is_automatic(row)]
    return render_template(
        "policies/index.html",
        policy=policy,
        automatic=automatic,
        most=MOST_SHOWN,
        typed=request.form,
        proposed=PROPOSED,
        by_field={error.field: error.reason for error in errors or []},
        errors=errors or [],
        may_change=_may_change(member),
    )


def _is_automatic(row: AccountRow) -> bool:
    return row.auto_approve_max_change_percent is not None


@blueprint.post("")
@signed_in
def save() -> ResponseReturnValue:
    """Keep the policy for approving together."""
    member = _changing_member()
    form = request.form
    typed = {name: form.get(name, "").strip() for name in ("bulk_max_change_percent", "marked_change_percent")}
    try:
        bulk, marked = plain_numbers(typed).values()
        operations.set_policy(member, bulk, marked, clock.now())
    except InputRefused as refused:
        db.session.rollback()
        return _page(member, refused.errors), 422
    step_up.require(member, clock.now())
    db.session.commit()
    flash(gettext("The policy is saved. It holds at once, for every reviewer."), "success")
    return redirect(url_for(".index"))


@blueprint.get("/backtest")
@signed_in
def show_backtest() -> ResponseReturnValue:
    """What a policy would have done; the percent stands in the address."""
    member = _reading_member()
    typed = request.args.get("percent", f"{PROPOSED}").strip()
    try:
        percent = operations.percent_of(plain_number(typed, "percent"), "percent")
    except InputRefused as refused:
        shown = {"found": None, "typed": typed, "error": said(refused), "may_change": _may_change(member)}
        return render_template("policies/backtest.html", **shown), 422
    found = backtest.run(member.organization_id, percent, clock.now())
    return render_template(
        "policies/backtest.html",
        found=found,
        typed=typed,
        error="",
        verdict=wording.verdict(found),
        money=wording.money,
        money_of=backtest.money_of,
        reasons=wording.reasons(),
        results=backtest.by_account(found.judged),
        rejected=[one for one in found.judged if one.was_rejected],
        approved=_newest_first(found.approved),
        unknown=_newest_first(found.unknown),
        most=MOST_SHOWN,
        may_change=_may_change(member),
    )


def _newest_first(judged: list[backtest.Judged]) -> list[backtest.Judged]:
    return sorted(judged, key=lambda one: (-one.row.cycle.toordinal(), one.account.number))


@blueprint.post("/automatic")
@signed_in
def automatic() -> ResponseReturnValue:
    """Switch automatic approval on or off for chosen accounts: shown first, then done."""
    member, form = _changing_member(), request.form
    typed = plain_number(form.get("percent", "").strip(), "percent")
    percent = operations.percent_of(typed, "percent") if typed else None
    chosen = _chosen(member, form.getlist("account"))
    if not chosen:
        flash(gettext("No account was chosen."), "warning")
        return redirect(_back(percent))
    if form.get("step") != "confirm":
        return _shown(chosen, percent)
    at = clock.now()
    step_up.require(member, at)
    changed = accounts.set_automatic_approval([row.uid for row in chosen], percent, member, at)
    db.session.commit()
    flash(_switched(changed, percent), "success")
    return redirect(url_for(".index"))


def _chosen(member: CurrentMember, given: list[str]) -> list[AccountRow]:
    """The accounts named, all of them the member's. Raises NotFound."""
    known = {str(row.uid): row for row in every_account(member.organization_id)}
    if any(text not in known for text in given):
        raise NotFound(gettext("This account"))
    return [known[text] for text in dict.fromkeys(given)]


def _shown(chosen: list[AccountRow], percent: Decimal | None) -> str:
    at_once = would_approve([row.id for row in chosen], percent) if percent is not None else 0
    return render_template(
        "policies/automatic.html", chosen=chosen, percent=percent, at_once=at_once, back=_back(percent)
    )


def _back(percent: Decimal | None) -> str:
    return url_for(".show_backtest", percent=for_typing(percent)) if percent is not None else url_for(".index")


def _switched(changed: int, percent: Decimal | None) -> str:
    if percent is None:
        return ngettext(
            "Automatic approval is off for %(num)s account.", "Automatic approval is off for %(num)s accounts.", changed
        )
    return ngettext(
        "Clean reports of %(num)s account approve themselves within %(percent)s.",
        "Clean reports of %(num)s accounts approve themselves within %(percent)s.",
        changed,
        percent=percent_text(percent),
    )


def _reading_member() -> CurrentMember:
    member = require_member()
    if not member.is_distributor:
        raise NotFound
    return member


def _changing_member() -> CurrentMember:
    member = _reading_member()
    operations.check_may_change(member)
    return member


def _may_change(member: CurrentMember) -> bool:
    return Role.ADMIN in member.roles
