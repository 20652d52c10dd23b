"""The members of one's organization: who they are, what they may do, and taking it away."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy import Row

from distributor import clock
from distributor.database import db
from distributor.errors import Conflict, FieldError, InputRefused
from distributor.identity import factors, step_up
from distributor.identity.acting import CurrentMember
from distributor.identity.current import signed_in
from distributor.people import queries
from distributor.people.operations import members as operations
from distributor.people.operations.members import NewRoles
from distributor.people.views.common import admin, blueprint
from distributor.saying import said
from workflows.usage_report import Role


@blueprint.get("/members")
@signed_in
def members() -> str:
    """Members and open invitations."""
    return page(admin())


def page(member: CurrentMember, typed: Any = None, errors: list[FieldError] | None = None) -> str:
    """The list; `typed` and `errors` are those of an invitation that was refused."""
    people = queries.people_of(member.organization_id)
    return render_template(
        "people/members.html",
        people=people,
        factors=factors.of_users([one.user_id for one in people]),
        invitations=queries.open_invitations(member.organization_id),
        offered=queries.offered_roles(member),
        member=member,
        typed=typed,
        errors=errors or [],
        by_field={error.field: error.reason for error in reversed(errors or [])},
        now=clock.now(),
    )


@blueprint.get("/members/<uuid:uid>")
@signed_in
def member(uid: UUID) -> str:
    """One member: roles to change, and the way out."""
    return _page(admin(), uid)


@blueprint.post("/members/<uuid:uid>/roles")
@signed_in
def change_roles(uid: UUID) -> ResponseReturnValue:
    """Give a member other roles."""
    who, form = admin(), request.form
    roles = NewRoles(frozenset(form.getlist("roles")), frozenset(form.get("seen", "").split()))
    try:
        found = operations.change_roles(who, uid, roles, clock.now())
    except (Conflict, InputRefused) as refused:
        db.session.rollback()
        status = HTTPStatus.CONFLICT if isinstance(refused, Conflict) else HTTPStatus.UNPROCESSABLE_ENTITY
        return _page(who, uid, said(refused)), status
    step_up.require(who, clock.now())
    db.session.commit()
    flash(gettext("The roles of %(name)s are saved.", name=found.name), "success")
    lost = found.id == who.member_id and str(Role.ADMIN) not in roles.wanted
    return redirect("/" if lost else url_for(".members"))


@blueprint.post("/members/<uuid:uid>/remove")
@signed_in
def remove(uid: UUID) -> ResponseReturnValue:
    """End a membership."""
    who, at = admin(), clock.now()
    queries.person(uid, who)
    step_up.require(who, at)  # before: whoever leaves themselves has no sign-in afterwards
    try:
        found = operations.remove(who, uid, at)
    except Conflict as refused:
        db.session.rollback()
        return _page(who, uid, said(refused)), HTTPStatus.CONFLICT
    db.session.commit()
    flash(gettext("%(name)s is no longer a member of %(organization)s.", name=found.name,
                  organization=who.organization_name), "success")  # fmt: skip
    return redirect("/" if found.id == who.member_id else url_for(".members"))


@blueprint.post("/members/<uuid:uid>/sign-out")
@signed_in
def sign_out(uid: UUID) -> ResponseReturnValue:
    """End a member's sign-ins; doing it twice is fine."""
    who, at = admin(), clock.now()
    queries.person(uid, who)
    step_up.require(who, at)
    found = operations.end_sign_ins(who, uid, at)
    db.session.commit()
    flash(_signed_out(who, found), "success")
    return redirect(url_for(".member", uid=uid))


def _signed_out(who: CurrentMember, found: Row[Any]) -> str:
    if found.is_at_home:
        return gettext("%(name)s is signed out on every device and can sign in again.", name=found.name)
    names = {"name": found.name, "organization": who.organization_name}
    return gettext("%(name)s is signed out of %(organization)s and can sign in again.", **names)


def _page(who: CurrentMember, uid: UUID, error: str = "") -> str:
    found = queries.person(uid, who)
    offered = queries.offered_roles(who)
    return render_template(
        "people/member.html",
        person=found,
        # A role that is not offered here any more stays until it is taken away.
        offered=[*offered, *(Role(role) for role in found.roles if Role(role) not in offered)],
        is_last=str(Role.ADMIN) in found.roles and not queries.other_admins(who.organization_id, found.id),
        member=who,
        error=error,
    )
