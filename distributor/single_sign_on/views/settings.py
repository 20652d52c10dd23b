"""How an organization's members sign in: its admin's page."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from distributor import clock
from distributor.database import db
from distributor.errors import FieldError, InputRefused
from distributor.identity import step_up
from distributor.identity.acting import CurrentMember
from distributor.identity.current import require_member, signed_in
from distributor.limits import operations as limits
from distributor.limits.operations import Limited
from distributor.single_sign_on import discovery, operations, queries
from distributor.single_sign_on.fetching import FetchError
from distributor.single_sign_on.models import IdentityProvider
from distributor.single_sign_on.operations import Typed
from distributor.single_sign_on.views import asking
from distributor.single_sign_on.views.blueprint import blueprint


@blueprint.get("/organization/sign-in")
@signed_in
def show() -> str:
    """The settings as they stand; never the secret."""
    return _page(_admin())


@blueprint.post("/organization/sign-in")
@signed_in
def save() -> ResponseReturnValue:
    """Keep the settings."""
    member, at = _admin(), clock.now()
    step_up.require(member, at)
    try:
        operations.save(member, _typed(), at)
    except InputRefused as refused:
        db.session.rollback()
        return _page(member, errors=refused.errors), HTTPStatus.UNPROCESSABLE_ENTITY
    db.session.commit()
    flash(gettext("The settings are saved. Test the connection before you offer it to others."), "success")
    return redirect(url_for(".show"))


@blueprint.post("/organization/sign-in/test")
@signed_in
def test() -> ResponseReturnValue:
    """Ask the provider what it is, and say plainly what is wrong."""
    member, at = _admin(), clock.now()
    limits.spend(Limited.SIGN_IN, f"test of organization {member.organization_id}", at)
    provider = queries.provider_of(member.organization_id)
    if provider is None:
        return redirect(url_for(".show"))
    issuer = provider.issuer
    db.session.rollback()  # no connection is held while a provider takes its time
    try:
        found = asking.kept()[issuer] = discovery.read(issuer, asking.asker(), at)
    except FetchError as error:
        return _page(member, failure=str(error))
    return _page(member, found=found)


@blueprint.post("/organization/sign-in/remove")
@signed_in
def remove() -> ResponseReturnValue:
    """Forget the provider."""
    member, at = _admin(), clock.now()
    step_up.require(member, at)
    operations.remove(member, at)
    db.session.commit()
    flash(gettext("Your members sign in with their passwords again."), "success")
    return redirect(url_for(".show"))


@blueprint.post("/organization/sign-in/members/<uuid:uid>/release")
@signed_in
def release(uid: UUID) -> ResponseReturnValue:
    """Untie a member from the person at the provider."""
    member, at = _admin(), clock.now()
    step_up.require(member, at)
    name = operations.release(member, uid, at)
    db.session.commit()
    flash(gettext("%(name)s is bound anew at the next sign-in.", name=name), "success")
    return redirect(url_for(".show", _anchor="bound"))


def _admin() -> CurrentMember:
    member = require_member()
    operations.check_may_change(member)
    return member


def _typed() -> Typed:
    form = request.form
    return Typed(
        issuer=form.get("issuer", "").strip(),
        client_id=form.get("client_id", "").strip(),
        domains=form.get("domains", ""),
        offered="offered" in form,
        required="required" in form,
        way_in=form.get("way_in", ""),
        secret=form.get("client_secret", "").strip(),
    )


def _page(member: CurrentMember, errors: list[FieldError] | None = None, **more: Any) -> str:
    """The page. `found` is what a test found, `failure` why it found nothing."""
    provider = queries.provider_of(member.organization_id)
    return render_template(
        "single_sign_on/settings.html",
        provider=provider,
        typed=_typed() if errors else _kept(provider, member),
        errors=errors or [],
        by_field={error.field: error.reason for error in errors or []},
        admins=[(one.uid, f"{one.name}, {one.email}") for one in queries.admins_with_password(member.organization_id)],
        bound=queries.bound_members(provider.id) if provider else [],
        has_worked=provider is not None and queries.has_worked(provider),
        callback=asking.callback(),
        own_door=asking.settings().public_url + url_for(".organization", uid=member.organization_uid),
        **{"found": None, "failure": "", **more},
    )


def _kept(provider: IdentityProvider | None, member: CurrentMember) -> Typed:
    if provider is None:
        domain = queries.domain_of(member.email)
        return Typed("", "", domain, offered=True, required=False, way_in=str(member.member_uid))
    admins = queries.admins_with_password(member.organization_id)
    way_in = next((str(one.uid) for one in admins if one.id == provider.way_in_id), str(member.member_uid))
    return Typed(
        provider.issuer,
        provider.client_id,
        " ".join(provider.domains),
        offered=provider.offered,
        required=provider.required,
        way_in=way_in,
    )
