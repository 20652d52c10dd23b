"""Taking a partner on: one form with terms and contacts."""

from __future__ import annotations

from functools import lru_cache
from typing import Any
from zoneinfo import available_timezones

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from distributor import clock, formatting
from distributor.accounts import forms, lists, operations
from distributor.accounts.proving import require_for_admins_of_old_partners
from distributor.accounts.queries import AccountRow
from distributor.accounts.views.common import blueprint, by_field, changing_member, on_the_form
from distributor.database import db
from distributor.errors import Conflict, FieldError, InputRefused
from distributor.identity.acting import CurrentMember
from distributor.identity.current import signed_in
from distributor.problems import problem_of
from distributor.saying import said
from workflows.errors import Refused
from workflows.money import MINOR_UNITS
from workflows.report_cycle import UNUSABLE_ZONES, Cycle


@blueprint.get("/accounts/new")
@signed_in
def new() -> str:
    """The form of a new account, with the defaults."""
    member = changing_member()
    cycle = str(Cycle.from_date(clock.now().date()))
    return _form(member, {**forms.typed_defaults(), "region": operations.DEFAULT_REGION,
                          "type": operations.DEFAULT_TYPE, "reports_from": cycle}, [])  # fmt: skip


@blueprint.post("/accounts/new")
@signed_in
def create() -> ResponseReturnValue:
    """Make the account; a refusal keeps everything that was typed."""
    member, form = changing_member(), request.form
    contacts = forms.contacts_of(form)
    whom = {"msp": {"name": form.get("msp", "")}, "contacts": list(contacts.values())}
    try:
        put = operations.create_account(member, {**forms.fields_of(form), **whom}, clock.now())
    except Refused as refused:
        db.session.rollback()
        errors = on_the_form(refused.errors, list(contacts)) if isinstance(refused, InputRefused) else []
        if isinstance(refused, Conflict):
            errors = [FieldError(said(refused), "number")]
        return _form(member, form, errors or [FieldError(said(refused))]), problem_of(refused).status
    require_for_admins_of_old_partners(put, member, clock.now())
    db.session.commit()
    flash(_made(put.account), "success")
    return redirect(url_for(".show", uid=put.account.uid))


def _made(account: AccountRow) -> str:
    if account.next_opens_at is None:
        return gettext("Account %(number)s is made. No report opens yet.", number=account.number)
    return gettext(
        "Account %(number)s is made. Its first report is %(cycle)s.",
        number=account.number,
        cycle=formatting.cycle_name(account.next_cycle),
    )


def _form(member: CurrentMember, typed: Any, errors: list[FieldError]) -> str:
    known = lists.every_account(member.organization_id)
    return render_template(
        "accounts/new.html",
        typed=typed,
        errors=errors,
        by_field=by_field(errors),
        msps=sorted({row.msp_name for row in known}, key=str.lower),
        contacts=range(forms.CONTACTS),
        **choices(known),
    )


def choices(known: list[AccountRow]) -> dict[str, Any]:
    """What fields of terms suggest: regions and types there are, time zones, currencies."""
    return {
        "regions": sorted({row.region for row in known}),
        "types": sorted({row.account_type for row in known}),
        "zones": zones(),
        "currencies": sorted(MINOR_UNITS),
    }


@lru_cache(maxsize=1)
def zones() -> list[str]:
    """Time zones that are named after a place, and UTC."""
    return ["UTC", *sorted(name for name in available_timezones() - UNUSABLE_ZONES if _is_a_place(name))]


def _is_a_place(name: str) -> bool:
    return "/" in name and not name.startswith(("Etc/", "posix/", "right/", "SystemV/"))
