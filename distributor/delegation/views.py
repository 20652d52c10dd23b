"""Naming a substitute: for oneself, and by an admin for a colleague; and ending it."""

from __future__ import annotations

import re
from datetime import date
from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from distributor import clock
from distributor.database import db
from distributor.delegation import operations, queries
from distributor.delegation.operations import Absence
from distributor.errors import FieldError, Forbidden, InputRefused, NotFound
from distributor.formatting import day
from distributor.identity import step_up
from distributor.identity.acting import CurrentMember
from distributor.identity.current import require_member, signed_in

blueprint = Blueprint("delegation", __name__)
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@blueprint.get("/absence")
@signed_in
def show() -> str:
    """Who acts for the reader, and for whom the reader acts."""
    member = require_member()
    return _page(member, member.member_uid)


@blueprint.post("/absence")
@signed_in
def name_own() -> ResponseReturnValue:
    """Name one's own substitute."""
    member = require_member()
    return _name(member, member.member_uid)


@blueprint.get("/members/<uuid:uid>/absence")
@signed_in
def show_of(uid: UUID) -> str:
    """The same of a colleague, for an admin."""
    return _page(require_member(), uid)


@blueprint.post("/members/<uuid:uid>/absence")
@signed_in
def name_for(uid: UUID) -> ResponseReturnValue:
    """Name a colleague's substitute."""
    return _name(require_member(), uid)


@blueprint.post("/absence/<uuid:uid>/end")
@signed_in
def end(uid: UUID) -> ResponseReturnValue:
    """End a substitution, at once."""
    member = require_member()
    ended = operations.revoke(member, uid, clock.now())
    db.session.commit()
    flash(
        gettext(
            "%(substitute)s no longer acts for %(absent)s.",
            substitute=ended.substitute_name,
            absent=ended.absent_name,
        ),
        "success",
    )
    return redirect(_back(member, request.form.get("absent", "")))


def _name(member: CurrentMember, absent: UUID) -> ResponseReturnValue:
    _known(member, absent)
    at = clock.now()
    # Roles lent outlast the desk at which they were: for a year at most.
    step_up.require(member, at)
    try:
        named = operations.name_substitute(member, _typed(absent), at)
    except InputRefused as refused:
        db.session.rollback()
        return _page(member, absent, refused), HTTPStatus.UNPROCESSABLE_ENTITY
    db.session.commit()
    flash(_said(named), "success")
    return redirect(_back(member, str(absent)))


def _said(named: Any) -> str:
    return gettext(
        "%(substitute)s acts for %(absent)s from %(first)s to %(last)s.",
        substitute=named.substitute_name,
        absent=named.absent_name,
        first=day(named.first_day),
        last=day(named.last_day),
    )


def _back(member: CurrentMember, absent: str) -> str:
    """The page the form stood on: that of the colleague, or one's own."""
    others = absent and absent != str(member.member_uid)
    known = {str(one.uid) for one in queries.colleagues(member.organization_id)} if others else set()
    return url_for(".show_of", uid=absent) if absent in known else url_for(".show")


def _known(member: CurrentMember, absent: UUID) -> Any:
    """The colleague. Raises NotFound for somebody elsewhere, Forbidden unless it is oneself or an admin asks."""
    found = next((one for one in queries.colleagues(member.organization_id) if one.uid == absent), None)
    if found is None:
        raise NotFound(gettext("This member"))
    if not operations.may_name(member, absent):
        raise Forbidden(gettext("A substitute is named by the person who is away, or by an admin."))
    return found


def _typed(absent: UUID) -> Absence:
    """Raises InputRefused for what is no date or no colleague."""
    errors: list[FieldError] = []
    first, last = (_day(name, errors) for name in ("first_day", "last_day"))
    try:
        substitute = UUID(request.form.get("substitute", ""))
    except ValueError:
        errors.append(FieldError(gettext("Choose a colleague."), "substitute"))
    if errors or first is None or last is None:
        raise InputRefused(gettext("Nobody was named."), errors)
    return Absence(absent, substitute, first, last)


def _day(name: str, errors: list[FieldError]) -> date | None:
    text = request.form.get(name, "")
    try:
        return date.fromisoformat(text if DAY.fullmatch(text) else "")
    except ValueError:
        errors.append(FieldError(gettext("Write the day as year-month-day, such as 2026-12-31."), name))
        return None


def _page(member: CurrentMember, absent: UUID, refused: InputRefused | None = None) -> str:
    person, at = _known(member, absent), clock.now()
    errors = list(refused.errors) if refused else []
    return render_template(
        "delegation/absence.html",
        person=person,
        member=member,
        away=queries.of_absent(person.id, at),
        stands_in=queries.of_substitute(person.id, at),
        colleagues=[one for one in queries.colleagues(member.organization_id) if one.uid != absent],
        zone=queries.home_zone(member.organization_id),
        typed=request.form if refused else {},
        errors=errors,
        by_field={error.field: error.reason for error in reversed(errors)},
        now=at,
    )
