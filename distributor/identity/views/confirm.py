"""Proving again who one is, before what weighs most."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus

from flask import jsonify, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from werkzeug.wrappers import Response

from distributor import clock
from distributor.database import db
from distributor.error_pages import local
from distributor.identity import codes, confirming, factors, passkeys, passwords, queries, step_up, trail
from distributor.identity.acting import CurrentMember
from distributor.identity.current import require_member, signed_in
from distributor.identity.views.asking import answered, ask, site
from distributor.identity.views.blueprint import blueprint
from distributor.identity.views.entering import with_cookie
from distributor.limits import operations as limits
from distributor.limits.operations import Limited
from distributor.paths import local_path
from distributor.refusals.claims import where_from


@blueprint.get("/confirm")
@signed_in
def confirm() -> ResponseReturnValue:
    """The form; whoever proved it a moment ago goes straight on."""
    member, wanted = require_member(), local_path(request.args.get("next")) or "/"
    if step_up.is_proved(member, clock.now()):
        return redirect(wanted)
    return confirming.page(member, wanted=wanted, back=local(request.referrer) or "/")


@blueprint.post("/confirm")
@signed_in
def prove() -> ResponseReturnValue:
    """Check what was shown, and go on: back to the page, or with the form that waited."""
    member, at = require_member(), clock.now()
    wanted = local_path(request.form.get("confirm_next")) or "/"
    limits.spend(*_counted(member), at)
    if not _is_proved(member, at):
        trail.note("identity.not_confirmed", member, at, "", **_wrong(member, at), **where_from())
        db.session.commit()
        return _again(member, wanted), HTTPStatus.UNPROCESSABLE_ENTITY
    limits.give_back(*_counted(member))
    token = step_up.prove(member, at)
    trail.note("identity.confirmed", member, at)
    db.session.commit()
    return with_cookie(_on(wanted), token)


@blueprint.post("/confirm/passkey/options")
@signed_in
def confirm_options() -> ResponseReturnValue:
    """What a browser needs to ask the member for a passkey; as JSON, for the page's script."""
    at = clock.now()
    options = ask(*passkeys.ask_for_known(site(), at, require_member().user_id))
    db.session.commit()
    return jsonify(options)


def _counted(member: CurrentMember) -> tuple[Limited, str]:
    """What a try here counts as: with a password in a count of this page's own, or whoever knows the address could use
    it up at the sign-in page and keep the person from their work. Who came by a provider has counts apart, or the
    organization could use up the tries that its member needs to get in elsewhere.
    """
    person = str(member.user_id) if member.vouched_by is None else f"{member.user_id} by {member.vouched_by}"
    if request.form.get("confirm_answer") or request.form.get("confirm_code"):
        return Limited.SECOND_FACTOR, person
    return Limited.SIGN_IN, f"confirm {person}"


def _is_proved(member: CurrentMember, at: datetime) -> bool:
    form = request.form
    if form.get("confirm_answer"):
        key = answered(form["confirm_answer"], member.user_id, at)
        return key is not None and key.user_id == member.user_id
    if form.get("confirm_code"):
        return codes.spend(member.user_id, form["confirm_code"], at)
    kept = queries.user(member.user_id).password_hash
    return passwords.is_right(form.get("confirm_password", ""), kept)


def _wrong(member: CurrentMember, at: datetime) -> dict[str, str | int]:
    """For the trail: what was shown, and of a code why it was refused."""
    form = request.form
    if form.get("confirm_code") and not form.get("confirm_answer"):
        return {"shown": "code", **codes.why_not(member.user_id, form["confirm_code"], at)}
    return {"shown": "passkey" if form.get("confirm_answer") else "password"}


def _again(member: CurrentMember, wanted: str) -> str:
    back = local_path(request.form.get("confirm_back")) or "/"
    return confirming.page(member, wanted=wanted, back=back, waiting=confirming.waiting_again(), error=_why())


def _why() -> str:
    if request.form.get("confirm_answer"):
        return gettext("This passkey was not accepted. Try again, or confirm in another way.")
    if request.form.get("confirm_code"):
        return factors.wrong_code()
    return gettext("The password is not right.")


def _on(wanted: str) -> Response:
    """307 sends the same form once more, to where it was going: its fields came along with the answer."""
    resend = request.form.get("confirm_resend")
    return redirect(wanted, HTTPStatus.TEMPORARY_REDIRECT if resend else HTTPStatus.SEE_OTHER)
