"""Inviting people: asking an address in, asking again, taking it back."""

from __future__ import annotations

from http import HTTPStatus
from uuid import UUID

from flask import current_app, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from distributor import clock
from distributor.config import Settings
from distributor.database import db
from distributor.errors import InputRefused
from distributor.identity import step_up
from distributor.identity.acting import CurrentMember
from distributor.identity.current import signed_in
from distributor.limits import operations as limits
from distributor.limits.operations import Limited
from distributor.people.operations import invitations as operations
from distributor.people.operations.invitations import Invited
from distributor.people.views.common import admin, blueprint
from distributor.people.views.members import page
from workflows.usage_report import Role


@blueprint.post("/members/invitations")
@signed_in
def invite() -> ResponseReturnValue:
    """Invite an address; a refusal keeps everything that was typed."""
    member, form = admin(), request.form
    _count(member)
    given = Invited(form.get("name", ""), form.get("email", ""), tuple(form.getlist("roles")))
    try:
        made = operations.invite(member, given, clock.now())
    except InputRefused as refused:
        db.session.rollback()
        return page(member, form, refused.errors), HTTPStatus.UNPROCESSABLE_ENTITY
    if Role.ADMIN in made.roles:
        step_up.require(member, clock.now())
    email = made.email
    db.session.commit()
    return _done(gettext("%(email)s is invited.", email=email))


@blueprint.post("/members/invitations/<uuid:uid>/resend")
@signed_in
def resend(uid: UUID) -> ResponseReturnValue:
    """Send an invitation again, by a new link."""
    member = admin()
    _count(member)
    sent = operations.resend(member, uid, clock.now())
    if Role.ADMIN in sent.roles:
        step_up.require(member, clock.now())
    email = sent.email
    db.session.commit()
    return _done(gettext("%(email)s is invited again. Only the newest e-mail's link works.", email=email))


@blueprint.post("/members/invitations/<uuid:uid>/revoke")
@signed_in
def revoke(uid: UUID) -> ResponseReturnValue:
    """Take an invitation back."""
    email = operations.revoke(admin(), uid, clock.now()).email
    db.session.commit()
    flash(gettext("The invitation of %(email)s is revoked: its link no longer works.", email=email), "success")
    return redirect(url_for(".members"))


def _count(member: CurrentMember) -> None:
    limits.spend(Limited.INVITE, f"organization {member.organization_id}", clock.now())


def _done(said: str) -> ResponseReturnValue:
    settings: Settings = current_app.config["SETTINGS"]
    flash(said, "success")
    if not settings.mail.server:
        flash(gettext("The mail waits: no mail server is set."), "warning")
    return redirect(url_for(".members"))
