"""One account: its page, its contacts, and its terms changed in two steps, the effect said before it is saved."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext

from distributor import clock
from distributor.accounts import effects, forms, lists, operations, queries, wording
from distributor.accounts.contact import change_contact, contact_of
from distributor.accounts.proving import require_for_admins
from distributor.accounts.queries import AccountRow
from distributor.accounts.views.common import (
    blueprint,
    by_field,
    may_change,
    on_the_form,
    own_account,
    reading_member,
)
from distributor.accounts.views.making import zones
from distributor.database import db
from distributor.delegation.queries import colleagues
from distributor.errors import Conflict, FieldError, InputRefused
from distributor.identity import step_up
from distributor.identity.acting import CurrentMember
from distributor.identity.current import signed_in
from distributor.problems import problem_of
from distributor.saying import said
from workflows.errors import Refused
from workflows.money import MINOR_UNITS


@blueprint.get("/accounts/<uuid:uid>")
@signed_in
def show(uid: UUID) -> str:
    """One account: terms in plain words, people, reports, usage."""
    member = reading_member()
    return _page(member, own_account(uid, member))


def _page(member: CurrentMember, account: AccountRow, typed: Any = None, errors: list[FieldError] | None = None) -> str:
    return render_template(
        "accounts/show.html",
        account=account,
        said=wording.in_words(account),
        own_said=wording.of_the_distributor(account),
        reporting=wording.reporting_said(account, clock.now()),
        people=lists.people([account.msp_id], lists.MSP_ROLES),
        reports=lists.last_reports(account.id),
        deliveries=lists.deliveries(account.id),
        contact=contact_of(account),
        colleagues=colleagues(member.organization_id) if may_change(member) else [],
        may_change=may_change(member),
        typed=typed or {},
        errors=errors or [],
        by_field=by_field(errors or []),
    )


@blueprint.post("/accounts/<uuid:uid>/contacts")
@signed_in
def add_contact(uid: UUID) -> ResponseReturnValue:
    """Make a person a member of the account's MSP; who has no password gets a link to set one."""
    member = reading_member()
    own_account(uid, member)
    account = queries.account_for_update(uid, member)
    operations.check_may_change(member, account)
    contact = {name: request.form.get(f"contact_{name}_0", "").strip() for name in forms.CONTACT_FIELDS}
    try:
        put = operations.update_account(account, {"contacts": [contact]}, member, clock.now())
    except Refused as refused:
        db.session.rollback()
        errors = on_the_form(refused.errors) if isinstance(refused, InputRefused) else []
        shown = errors or [FieldError(said(refused), "contact_email_0")]
        return _page(member, own_account(uid, member), request.form, shown), problem_of(refused).status
    require_for_admins(put, member, clock.now())
    db.session.commit()
    invited = any(one.link for one in put.invited)
    flash(gettext("Added. A link to set a password is on its way.") if invited else gettext("Added."), "success")
    return redirect(url_for(".show", uid=uid))


@blueprint.post("/accounts/<uuid:uid>/contact")
@signed_in
def set_contact(uid: UUID) -> ResponseReturnValue:
    """Choose who of the distributor looks after the account."""
    member = reading_member()
    own_account(uid, member)
    account = queries.account_for_update(uid, member)
    operations.check_may_change(member, account)
    try:
        change_contact(account, request.form.get("contact", ""), member, clock.now())
    except InputRefused as refused:
        db.session.rollback()
        return _page(member, own_account(uid, member), None, refused.errors), 422
    db.session.commit()
    flash(gettext("The contact is saved."), "success")
    return redirect(url_for(".show", uid=uid))


@blueprint.get("/accounts/<uuid:uid>/terms")
@signed_in
def edit(uid: UUID) -> str:
    """The form of an account's terms."""
    member = reading_member()
    account = own_account(uid, member)
    operations.check_may_change(member, account)
    step_up.require(member, clock.now())
    return _form(account, forms.typed_of(account), [])


@blueprint.post("/accounts/<uuid:uid>/terms")
@signed_in
def change(uid: UUID) -> ResponseReturnValue:
    """Back to the form, on to the effect, or save what was shown."""
    member = reading_member()
    own_account(uid, member)
    account = queries.account_for_update(uid, member)
    operations.check_may_change(member, account)
    if request.form.get("step") == "edit":
        return _form(account, request.form, [])
    errors: list[FieldError] = []
    try:
        fields = forms.fields_of(request.form)
    except InputRefused as refused:
        return _form(account, request.form, on_the_form(refused.errors)), 422
    columns, _contacts = operations.changed_columns(account, fields, errors)
    if errors:
        return _form(account, request.form, on_the_form(errors)), 422
    stale = request.form.get("seen") != effects.fingerprint(account)
    if request.form.get("step") != "save" or stale:
        return _effect(account, columns, stale=stale)
    return _saved(account, fields, columns, member)


def _saved(
    account: AccountRow, fields: dict[str, Any], columns: dict[str, Any], member: CurrentMember
) -> ResponseReturnValue:
    count, at = len(effects.differing(account, columns)), clock.now()
    step_up.require(member, at)
    try:
        operations.update_account(account, fields, member, at)
    except Conflict as conflict:
        db.session.rollback()
        return _form(own_account(account.uid, member), request.form, [FieldError(said(conflict), "number")]), 409
    db.session.commit()
    flash(ngettext("%(num)s change saved.", "%(num)s changes saved.", count), "success")
    return redirect(url_for(".show", uid=account.uid))


def _effect(account: AccountRow, columns: dict[str, Any], *, stale: bool) -> ResponseReturnValue:
    reports = lists.last_reports(account.id)
    found = effects.preview(account, columns, reports, lists.consequences(account.id, columns))
    if not found.effects:
        flash(gettext("Nothing is different from what is saved."), "warning")
        return _form(account, request.form, [])
    page = render_template(
        "accounts/effect.html",
        account=account,
        preview=found,
        new_zone=columns["time_zone"],
        stale=stale,
        seen=effects.fingerprint(account),
        typed=_kept(),
    )
    return page, 409 if stale else 200


def _kept() -> list[tuple[str, str]]:
    """Everything that was typed, to be carried on to the next step."""
    return [(name, value) for name, value in request.form.items() if name not in {"csrf_token", "step", "seen"}]


def _form(account: AccountRow, typed: Any, errors: list[FieldError]) -> str:
    scopes = queries.reporting_scopes(account.distributor_id)
    return render_template(
        "accounts/edit.html",
        account=account,
        typed=typed,
        errors=errors,
        by_field=by_field(errors),
        seen=typed.get("seen") or effects.fingerprint(account),
        regions=sorted({scope.region for scope in scopes}),
        types=sorted({scope.account_type for scope in scopes}),
        zones=zones(),
        currencies=sorted(MINOR_UNITS),
    )
