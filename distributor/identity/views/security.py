"""The page about two steps to sign in: one-time codes, passkeys, recovery codes, and what the organization asks for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from io import BytesIO
from typing import Any
from uuid import UUID

import segno
from flask import Response, current_app, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from distributor import clock
from distributor.config import Settings
from distributor.database import db
from distributor.errors import InputRefused, NotFound
from distributor.identity import codes, factors, passkeys, recovery, sessions, step_up
from distributor.identity.acting import CurrentMember
from distributor.identity.current import require_member, signed_in
from distributor.identity.devices import device
from distributor.identity.passkeys import Answer
from distributor.identity.views.asking import ask, site, taken
from distributor.identity.views.blueprint import blueprint
from distributor.identity.views.forms import by_field
from distributor.limits import operations as limits
from distributor.limits.operations import Limited
from workflows.usage_report import Role


@blueprint.get("/profile/security")
@signed_in
def security() -> ResponseReturnValue:
    """What one has beside the password."""
    return _page()


@blueprint.post("/profile/security/codes")
@signed_in
def begin_codes() -> ResponseReturnValue:
    """Make a seed for an authenticator app; it counts once a first code has confirmed it."""
    member, at = require_member(), clock.now()
    step_up.require(member, at)
    if not codes.begin(member.user_id, at):
        flash(gettext("One-time codes are switched on already."), "message")
    db.session.commit()
    return redirect(url_for("identity.security", _anchor="codes"))


@blueprint.get("/profile/security/codes.svg")
@signed_in
def codes_picture() -> Response:
    """The QR code of the seed that waits to be confirmed."""
    member = require_member()
    seed = _waiting_seed(member, clock.now())
    if seed is None:
        raise NotFound(gettext("This picture"))
    drawn = BytesIO()
    address = codes.address_of(seed, member.email, _settings().brand_name)
    picture = segno.make(address, micro=False)
    picture.save(drawn, kind="svg", scale=5, border=4, light="#fff", svgclass=None, lineclass=None)
    return Response(drawn.getvalue(), mimetype="image/svg+xml")


@blueprint.post("/profile/security/codes/confirm")
@signed_in
def confirm_codes() -> ResponseReturnValue:
    """Switch one-time codes on by the first of them."""
    member, at = require_member(), clock.now()
    step_up.require(member, at)
    limits.spend(Limited.SECOND_FACTOR, str(member.user_id), at)
    told = gettext("One-time codes are switched on. From now on a code is asked for after your password.")
    return _changed("codes", told, lambda: factors.confirm_codes(member, request.form.get("code", ""), at))


@blueprint.post("/profile/security/codes/off")
@signed_in
def switch_codes_off() -> ResponseReturnValue:
    """Switch one-time codes off."""
    member, at = require_member(), clock.now()
    step_up.require(member, at)
    factors.switch_codes_off(member, at)
    return _kept(gettext("One-time codes are switched off."))


@blueprint.post("/profile/security/recovery")
@signed_in
def make_recovery_codes() -> ResponseReturnValue:
    """Ten new recovery codes; those before stop working."""
    member, at = require_member(), clock.now()
    step_up.require(member, at)
    told = gettext("These are your new recovery codes. Those you had before no longer work.")
    return _changed("recovery", told, lambda: factors.new_recovery_codes(member, at))


@blueprint.post("/profile/security/passkeys/options")
@signed_in
def new_passkey_options() -> ResponseReturnValue:
    """What a browser needs to make a passkey; as JSON, for the page's script."""
    options = ask(*passkeys.ask_for_new(require_member(), site(), clock.now()))
    db.session.commit()
    return jsonify(options)


@blueprint.post("/profile/security/passkeys")
@signed_in
def add_passkey() -> ResponseReturnValue:
    """Keep the passkey that the browser has made."""
    member, at, form = require_member(), clock.now(), request.form
    step_up.require(member, at)
    answer = Answer(form.get("answer", ""), taken(member.user_id, at) or "")
    told = gettext("The passkey is added. It signs you in without a password.")
    name = form.get("key_name", "")
    return _changed("passkeys", told, lambda: factors.add_passkey(member, name, answer, site(), at))


@blueprint.post("/profile/security/passkeys/<uuid:uid>/remove")
@signed_in
def remove_passkey(uid: UUID) -> ResponseReturnValue:
    """Let a passkey no longer sign in."""
    member, at = require_member(), clock.now()
    step_up.require(member, at)
    factors.remove_passkey(member, uid, at)
    return _kept(gettext("The passkey is removed: it no longer signs you in."))


@blueprint.post("/profile/security/required")
@signed_in
def require_second_factor() -> ResponseReturnValue:
    """Ask everybody in the organization for a second factor, or leave it to them."""
    member, at, on = require_member(), clock.now(), request.form.get("on") == "yes"
    factors.set_required(member, on, at)
    step_up.require(member, at)
    if on:
        return _kept(gettext("From now on everybody in %(name)s needs a second step.", name=member.organization_name))
    return _kept(gettext("A second step is left to each member again."))


def _changed(form: str, told: str, act: Callable[[], list[str]]) -> ResponseReturnValue:
    """Do it; recovery codes that come of it are shown by the answer itself, this once."""
    try:
        made = act()
    except InputRefused as refused:
        db.session.rollback()
        return _page(form=form, errors=by_field(refused)), HTTPStatus.UNPROCESSABLE_ENTITY
    if not made:
        return _kept(told)
    db.session.commit()
    return _page(made=made, told=told)


def _kept(said: str) -> ResponseReturnValue:
    db.session.commit()
    flash(said, "success")
    return redirect(url_for("identity.security"))


def _page(**more: Any) -> str:
    """The page; `form`: whose the `errors` are; `made`: recovery codes just made, `told` why."""
    member, at = require_member(), clock.now()
    is_admin = Role.ADMIN in member.own_roles
    is_own = member.vouched_by is None
    return render_template(
        "identity/security.html",
        member=member,
        is_own=is_own,
        factors=factors.of_user(member.user_id) if is_own else factors.NONE,
        seed=_waiting_seed(member, at),
        keys=passkeys.of_user(member.user_id) if is_own else [],
        recovery_left=recovery.left(member.user_id) if is_own else 0,
        passkeys_possible=passkeys.possible(_settings()),
        device=device(request.user_agent.string),
        is_admin=is_admin,
        required=factors.is_required(member.organization_id),
        lacking=factors.lacking(member.organization_id) if is_admin else 0,
        elsewhere=len(sessions.of_user(member.user_id, at, vouched_by=member.vouched_by)) - 1,
        typed=request.form,
        **{"form": "", "errors": {}, "made": [], "told": "", **more},
    )


def _waiting_seed(member: CurrentMember, at: datetime) -> str | None:
    """The seed to be enrolled, for whoever may begin one: it is as good as the factor that it becomes."""
    if member.vouched_by is not None or not step_up.is_proved(member, at):
        return None
    return codes.waiting_seed(member.user_id, at)


def _settings() -> Settings:
    settings: Settings = current_app.config["SETTINGS"]
    return settings
