"""The list of accounts, and where usage reports are on."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext

from distributor import clock
from distributor.accounts import lists, operations, queries
from distributor.accounts.lists import AccountFilter
from distributor.accounts.views.common import blueprint, changing_member, may_change, reading_member
from distributor.accounts.wording import reporting_said
from distributor.database import db
from distributor.errors import FieldError, InputRefused, NotFound
from distributor.identity import step_up
from distributor.identity.acting import CurrentMember, acting_upstream
from distributor.identity.current import signed_in
from distributor.words import on_a_line

PAGE = 50


@blueprint.get("/accounts")
@signed_in
def index() -> str:
    """The distributor's accounts, a page at a time."""
    member, wanted = reading_member(), _wanted()
    found = lists.listed(member, wanted, after=_after(member), limit=PAGE + 1)
    scopes = queries.reporting_scopes(member.organization_id)
    return render_template(
        "accounts/index.html",
        accounts=found[:PAGE],
        next_after=found[PAGE - 1].uid if len(found) > PAGE else "",
        paged="after" in request.args,
        wanted=wanted,
        regions=sorted({scope.region for scope in scopes}),
        types=sorted({scope.account_type for scope in scopes}),
        total=sum(scope.accounts for scope in scopes),
        may_change=may_change(member),
        reporting_said=reporting_said,
        now=clock.now(),
    )


def _wanted() -> AccountFilter:
    given = request.args
    search, region, kind = (on_a_line(given.get(name, "")).strip()[:100] for name in ("q", "region", "type"))
    reporting = given.get("reporting", "")
    return AccountFilter(search, region, kind, reporting if reporting in lists.REPORTING else "")


def _after(member: CurrentMember) -> tuple[str, int] | None:
    text = request.args.get("after", "")
    try:
        return queries.keyset(queries.account(UUID(text), member)) if text else None
    except (ValueError, NotFound) as error:
        why = gettext("This page of the list does not exist. Start with the first.")
        raise InputRefused(why, [FieldError(why, "after")]) from error


@blueprint.get("/accounts/reporting")
@signed_in
def reporting() -> str:
    """Regions and types with and without usage reports."""
    member = reading_member()
    scopes = queries.reporting_scopes(member.organization_id)
    return render_template("accounts/reporting.html", scopes=scopes, may_change=may_change(member))


@blueprint.post("/accounts/reporting")
@signed_in
def set_reporting() -> ResponseReturnValue:
    """Switch a region and type on or off; only one that is there."""
    member, form = changing_member(), request.form
    scope = _scope(member, form.get("region", ""), form.get("type", ""))
    on, acting, at = form.get("on") == "yes", acting_upstream(member), clock.now()
    step_up.require(member, at)
    number = operations.set_reporting(member.organization_id, scope.region, scope.account_type, on, acting, at=at)
    db.session.commit()
    flash(_switched(number, on), "success")
    return redirect(url_for(".reporting"))


def _scope(member: CurrentMember, region: str, account_type: str) -> Any:
    for scope in queries.reporting_scopes(member.organization_id):
        if (scope.region, scope.account_type) == (region, account_type):
            return scope
    raise NotFound(gettext("This region and type"))


def _switched(number: int, on: bool) -> str:
    if on:
        return ngettext(
            "Usage reports are on for %(num)s account: its next report opens on its day.",
            "Usage reports are on for %(num)s accounts: their next reports open on their days.",
            number,
        )
    return ngettext(
        "Usage reports are off for %(num)s account: no further report opens, open ones take their course.",
        "Usage reports are off for %(num)s accounts: no further report opens, open ones take their course.",
        number,
    )
