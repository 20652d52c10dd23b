"""The profile: contact details, password, API tokens and sign-ins of the person who reads it."""

from __future__ import annotations

from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from distributor import clock
from distributor.database import db
from distributor.errors import FieldError, InputRefused, NotFound
from distributor.identity import operations, queries, sessions, tokens
from distributor.identity.current import require_member, signed_in
from distributor.identity.devices import device
from distributor.identity.scopes import SCOPES, possible_scopes
from distributor.identity.views.door import blueprint
from distributor.identity.views.forms import by_field, same_twice

# How many days a token may live; 0 has no end.
TOKEN_DAYS = (30, 90, 365, 0)


@blueprint.get("/profile")
@signed_in
def profile() -> ResponseReturnValue:
    """Everything about oneself on one page."""
    return _page()


@blueprint.post("/profile")
@signed_in
def save_details() -> ResponseReturnValue:
    """Keep name and telephone."""
    try:
        operations.change_details(require_member(), request.form.get("name", ""), request.form.get("phone", ""))
    except InputRefused as refused:
        return _refused("details", refused)
    return _kept(gettext("Your contact details are saved."))


@blueprint.post("/profile/password")
@signed_in
def change_password() -> ResponseReturnValue:
    """Replace the password; asks for the present one."""
    form = request.form
    try:
        same_twice(form.get("password", ""), form.get("again", ""))
        operations.change_password(require_member(), form.get("present", ""), form.get("password", ""), clock.now())
    except InputRefused as refused:
        return _refused("password", refused)
    return _kept(gettext("Your password is changed. Everywhere else you are signed out."))


@blueprint.post("/profile/tokens")
@signed_in
def make_token() -> ResponseReturnValue:
    """Make an API token and show it, this once: the answer is the page itself, as a redirect could not carry it."""
    at, form = clock.now(), request.form
    try:
        expires_at = _expiry(form.get("days", ""), at)
        made, _row = tokens.create_token(
            require_member(), form.get("token_name", ""), form.getlist("scopes"), expires_at, at
        )
    except InputRefused as refused:
        return _refused("token", refused)
    db.session.commit()
    return _page(made=made)


@blueprint.post("/profile/tokens/<uuid:uid>/revoke")
@signed_in
def revoke_token(uid: UUID) -> ResponseReturnValue:
    """End one of one's tokens."""
    if not tokens.revoke(require_member().member_id, clock.now(), uid):
        raise NotFound("This token")
    return _kept(gettext("The token is revoked: the next call with it is refused."))


@blueprint.post("/profile/sign-ins/<uuid:uid>/revoke")
@signed_in
def revoke_sign_in(uid: UUID) -> ResponseReturnValue:
    """End one of one's sign-ins."""
    if not sessions.end(require_member().user_id, clock.now(), uid=uid):
        raise NotFound("This sign-in")
    return _kept(gettext("That device is signed out."))


def _kept(said: str) -> ResponseReturnValue:
    db.session.commit()
    flash(said, "success")
    return redirect(url_for("identity.profile"))


def _refused(form: str, refused: InputRefused) -> ResponseReturnValue:
    db.session.rollback()
    return _page(form=form, errors=by_field(refused)), HTTPStatus.UNPROCESSABLE_ENTITY


def _page(**more: Any) -> str:
    """The page; `form` says which form the `errors` belong to, `made` is a token just made."""
    member, at = require_member(), clock.now()
    return render_template(
        "identity/profile.html",
        user=queries.user(member.user_id),
        member=member,
        tokens=tokens.of_member(member.member_id),
        sign_ins=sessions.of_user(member.user_id, at),
        scopes=[SCOPES[name] for name in possible_scopes(member.roles, is_distributor=member.is_distributor)],
        token_days=TOKEN_DAYS,
        now=at,
        device=device,
        typed=request.form,
        **{"form": "", "errors": {}, "made": "", **more},
    )


def _expiry(days: str, at: datetime) -> datetime | None:
    if days not in {str(offered) for offered in TOKEN_DAYS}:
        raise InputRefused("No token was made.", [FieldError(gettext("Choose how long it may be used."), "days")])
    return at + timedelta(days=int(days)) if int(days) else None
