"""Signing in with another address: asked for on the profile, confirmed or stopped by links to both mailboxes."""

from __future__ import annotations

from http import HTTPStatus

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from distributor import clock
from distributor.database import db
from distributor.errors import Conflict, InputRefused
from distributor.identity.current import public, require_member, signed_in
from distributor.identity.views.forms import by_field
from distributor.limits import operations as limits
from distributor.limits.operations import Limited
from distributor.people import queries
from distributor.people.dead_links import Kind
from distributor.people.operations import addresses as operations
from distributor.people.views.common import blueprint, gone
from distributor.saying import said


@blueprint.get("/profile/address")
@signed_in
def address() -> str:
    """The address one has, the one it is to become, and which mailbox has said yes."""
    return _page({})


@blueprint.post("/profile/address")
@signed_in
def change_address() -> ResponseReturnValue:
    """Ask both mailboxes."""
    member, at, form = require_member(), clock.now(), request.form
    limits.spend(Limited.SIGN_IN, member.email, at)
    try:
        operations.start(member, form.get("new_email", ""), form.get("password", ""), at)
    except InputRefused as refused:
        db.session.rollback()
        return _page(by_field(refused)), HTTPStatus.UNPROCESSABLE_ENTITY
    limits.give_back(Limited.SIGN_IN, member.email)
    limits.spend(Limited.RESET, f"address of {member.user_id}", at)
    db.session.commit()
    flash(gettext("E-mails to both addresses are on their way. Confirm the change in each of them."), "success")
    return redirect(url_for(".address"))


def _page(errors: dict[str, str]) -> str:
    member = require_member()
    change = queries.open_change(member.user_id, clock.now())
    return render_template("people/my_address.html", change=change, member=member, errors=errors, typed=request.form)


@blueprint.post("/profile/address/stop")
@signed_in
def stop_change() -> ResponseReturnValue:
    """Give the change up; doing it twice is fine."""
    operations.withdraw(require_member(), clock.now())
    db.session.commit()
    flash(gettext("Your address stays as it is."), "success")
    return redirect(url_for(".address"))


@blueprint.get("/change-address/<token>")
@public
def address_change(token: str) -> ResponseReturnValue:
    """What the link of a mail asks; reading it decides nothing, as mail programs open links by themselves."""
    change = queries.living_change(token, clock.now())
    if change is None:
        return gone(Kind.ADDRESS, token)
    return render_template("people/address.html", me=None, change=change, error="")


@blueprint.post("/change-address/<token>")
@public
def decide_address(token: str) -> ResponseReturnValue:
    """Say yes or no from one of the mailboxes."""
    at = clock.now()
    if request.form.get("answer") == "stop":
        return _decided("stopped") if operations.stop(token, at) else gone(Kind.ADDRESS, token)
    try:
        outcome = operations.confirm(token, at)
    except Conflict as refused:
        db.session.rollback()
        change = queries.living_change(token, at)
        page = render_template("people/address.html", me=None, change=change, error=said(refused))
        return page, HTTPStatus.CONFLICT
    return _decided(outcome) if outcome else gone(Kind.ADDRESS, token)


def _decided(outcome: str) -> ResponseReturnValue:
    db.session.commit()
    return redirect(url_for(".address_decided", outcome=outcome))


@blueprint.get("/change-address")
@public
def address_decided() -> str:
    """What a decision led to."""
    return render_template("people/address_decided.html", me=None, outcome=request.args.get("outcome", ""))
