"""Accepting an invitation: with a password of one's own, or as the person who has the address already."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from distributor import clock
from distributor.database import db
from distributor.errors import InputRefused
from distributor.identity import trail
from distributor.identity.acting import CurrentMember
from distributor.identity.current import current_member, forget_member, public
from distributor.identity.sessions import switch
from distributor.identity.views.forms import by_field, same_twice
from distributor.languages import asked_for
from distributor.limits import operations as limits
from distributor.limits.operations import Limited
from distributor.people import queries
from distributor.people.dead_links import Kind
from distributor.people.operations import invitations as operations
from distributor.people.views.common import blueprint, gone
from distributor.refusals import attempts
from distributor.saying import said


@blueprint.get("/invitations/<token>")
@public
def invitation(token: str) -> ResponseReturnValue:
    """What the link invites to."""
    found = queries.living_invitation(token, clock.now())
    return _page(found, {}) if found else gone(Kind.INVITATION, token)


@blueprint.post("/invitations/<token>")
@public
def join(token: str) -> ResponseReturnValue:
    """Use the link up and become a member."""
    at, known = clock.now(), current_member()
    found = queries.living_invitation(token, at)
    if found is None:
        return gone(Kind.INVITATION, token)
    attempts.concerns(found.organization_id)
    try:
        joined = _joined(token, found, known)
    except InputRefused as refused:
        db.session.rollback()
        errors = by_field(refused) or {"": said(refused)}
        _note_wrong_password(found, errors, at)
        return _page(queries.living_invitation(token, at), errors), HTTPStatus.UNPROCESSABLE_ENTITY
    if joined is None:
        return gone(Kind.INVITATION, token)
    return _welcome(joined, known)


def _joined(token: str, found: Any, known: CurrentMember | None) -> CurrentMember | None:
    form, at = request.form, clock.now()
    password = form.get("password", "")
    if not found.has_password and not _is_same(found, known):
        same_twice(password, form.get("again", ""))
        return operations.accept_as_new(token, form.get("name", ""), password, at, language=asked_for())
    if not _is_same(found, known):
        limits.spend(Limited.SIGN_IN, found.email, at)
    joined = operations.accept_as_known(token, at, user_id=known.user_id if known else None, password=password)
    if joined is not None and not _is_same(found, known):
        limits.give_back(Limited.SIGN_IN, found.email)
    return joined


def _note_wrong_password(found: Any, errors: dict[str, str], at: datetime) -> None:
    """A wrong password is one wherever it is typed: the trail of the person's organizations has it."""
    if found.has_password and "password" in errors:
        trail.note_of_user("sign_in.failed", found.user_id, at, through="invitation")
        db.session.commit()


def _welcome(joined: CurrentMember, known: CurrentMember | None) -> ResponseReturnValue:
    """On with the new membership for whoever is signed in as that person; to the door for everybody else."""
    company = joined.organization_name
    if known is not None and known.user_id == joined.user_id and known.web_session_id is not None:
        switch(known.web_session_id, joined.member_id)
        db.session.commit()
        forget_member()
        flash(gettext("You are a member of %(organization)s now.", organization=company), "success")
        return redirect("/")
    db.session.commit()
    flash(gettext("You are a member of %(organization)s now. Sign in to begin.", organization=company), "success")
    return redirect(url_for("identity.sign_in"))


def _is_same(found: Any, known: CurrentMember | None) -> bool:
    return known is not None and known.user_id == found.user_id


def _page(found: Any, errors: dict[str, str]) -> str:
    known = current_member()
    return render_template(
        "people/invitation.html",
        me=None,
        invitation=found,
        known=known,
        is_same=_is_same(found, known),
        typed=request.form,
        errors=errors,
    )
