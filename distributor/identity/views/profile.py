"""The profile: what a person sets about themselves, and what acts or reads in their name."""

from __future__ import annotations

from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import force_locale, get_locale, gettext, ngettext

from distributor import clock, languages
from distributor.api_tokens import operations as api_tokens
from distributor.calendars import operations as calendars
from distributor.calendars.queries import link_of
from distributor.config import Settings
from distributor.database import db
from distributor.delegation import queries as delegation
from distributor.delivery.choices import change_choices, choices
from distributor.errors import FieldError, InputRefused, NotFound
from distributor.identity import factors, operations, sessions, step_up, tokens, trail
from distributor.identity.current import require_member, signed_in
from distributor.identity.devices import device
from distributor.identity.scopes import SCOPES, possible_scopes
from distributor.identity.views.blueprint import blueprint
from distributor.identity.views.forms import by_field, same_twice
from distributor.limits import operations as limits
from distributor.limits.operations import Limited
from distributor.people.operations import passwords

# How many days a token may live: a forgotten one ends by itself within a year (OWASP ASVS 5.0, 13.3.4).
TOKEN_DAYS = (7, 30, 90, 365)


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
    trail.note("member.details_changed", require_member(), clock.now(), require_member().email)
    return _kept(gettext("Your contact details are saved."))


@blueprint.post("/profile/language")
@signed_in
def change_language() -> ResponseReturnValue:
    """Pages and mails come in this language from now on."""
    wanted = request.form.get("locale", "")
    if wanted not in languages.LANGUAGES:
        why = gettext("Choose one of the languages there are.")
        return _refused("language", InputRefused(why, [FieldError(why, "locale")]))
    operations.change_language(require_member(), wanted)
    with force_locale(wanted):
        return _kept(gettext("Pages and e-mails come to you in this language from now on."))


@blueprint.post("/profile/notifications")
@signed_in
def change_notifications() -> ResponseReturnValue:
    """Switch kinds of mail on and off."""
    off = change_choices(require_member(), request.form.getlist("mails"))
    if not off:
        return _kept(gettext("You get every kind of e-mail that your roles allow."), "notifications")
    said = ngettext("%(num)s kind of e-mail is switched off.", "%(num)s kinds of e-mail are switched off.", off)
    return _kept(said, "notifications")


@blueprint.post("/profile/calendar")
@signed_in
def make_calendar() -> ResponseReturnValue:
    """Make a calendar address and show it, this once; an earlier one stops working."""
    token = calendars.make_link(require_member(), clock.now())
    db.session.commit()
    settings: Settings = current_app.config["SETTINGS"]
    return _page(calendar_address=f"{settings.public_url}/calendar/{token}.ics")


@blueprint.post("/profile/calendar/revoke")
@signed_in
def revoke_calendar() -> ResponseReturnValue:
    """End one's calendar address; doing it twice is fine."""
    calendars.revoke_link(require_member())
    return _kept(gettext("The calendar address no longer works."), "calendar")


@blueprint.post("/profile/password")
@signed_in
def change_password() -> ResponseReturnValue:
    """Replace the password; asks for the present one, and guessing it counts as signing in."""
    member, at, form = require_member(), clock.now(), request.form
    try:
        same_twice(form.get("password", ""), form.get("again", ""))
        limits.spend(Limited.SIGN_IN, member.email, at)
        passwords.change(member, form.get("present", ""), form.get("password", ""), at)
    except InputRefused as refused:
        return _refused("password", refused)
    limits.give_back(Limited.SIGN_IN, member.email)
    return _kept(gettext("Your password is changed. Everywhere else you are signed out."))


@blueprint.post("/profile/tokens")
@signed_in
def make_token() -> ResponseReturnValue:
    """Make an API token and show it, this once: the answer is the page itself, as a redirect could not carry it."""
    member, at, form = require_member(), clock.now(), request.form
    try:
        expires_at = _expiry(form.get("days", ""), at)
        made, _row = api_tokens.make(member, form.get("token_name", ""), form.getlist("scopes"), expires_at, at)
        step_up.require(member, at)
    except InputRefused as refused:
        return _refused("token", refused)
    db.session.commit()
    return _page(made=made)


@blueprint.post("/profile/tokens/<uuid:uid>/revoke")
@signed_in
def revoke_token(uid: UUID) -> ResponseReturnValue:
    """End one of one's tokens."""
    api_tokens.revoke_own(require_member(), uid, clock.now())
    return _kept(gettext("The token is revoked: the next call with it is refused."), "tokens")


@blueprint.post("/profile/sign-ins/<uuid:uid>/revoke")
@signed_in
def revoke_sign_in(uid: UUID) -> ResponseReturnValue:
    """End one of one's sign-ins."""
    member, at = require_member(), clock.now()
    if not sessions.end(member.user_id, at, uid=uid, vouched_by=member.vouched_by):
        raise NotFound(gettext("This sign-in"))
    trail.note("session.ended", member, at, count=1)
    return _kept(gettext("That device is signed out."), "sign-ins")


@blueprint.post("/profile/sign-ins/revoke")
@signed_in
def revoke_other_sign_ins() -> ResponseReturnValue:
    """End all of one's sign-ins but this one; doing it twice is fine."""
    member, at = require_member(), clock.now()
    ended = sessions.end_others(member.user_id, member.web_session_id, at, vouched_by=member.vouched_by)
    if ended:
        trail.note("session.ended", member, at, count=ended)
    said = ngettext(
        "%(num)s other sign-in is ended. You stay signed in here.",
        "%(num)s other sign-ins are ended. You stay signed in here.",
        ended,
    )
    return _kept(said, "sign-ins")


def _kept(said: str, section: str | None = None) -> ResponseReturnValue:
    db.session.commit()
    flash(said, "success")
    return redirect(url_for("identity.profile", _anchor=section))


def _refused(form: str, refused: InputRefused) -> ResponseReturnValue:
    db.session.rollback()
    return _page(form=form, errors=by_field(refused)), HTTPStatus.UNPROCESSABLE_ENTITY


def _page(**more: Any) -> str:
    """The page; `form` says which form the `errors` belong to. `made` is a token and `calendar_address` an address just
    made, shown this once.
    """
    member, at = require_member(), clock.now()
    user, has_second_step = factors.person(member.user_id)
    return render_template(
        "identity/profile.html",
        user=user,
        member=member,
        languages=languages.LANGUAGE_NAMES.items(),
        language=str(get_locale()),
        choices=choices(member),
        has_second_step=has_second_step,
        calendar=link_of(member.member_id),
        substitutes=delegation.of_member(member.member_id, at),
        tokens=tokens.of_member(member.member_id),
        sign_ins=sessions.of_user(member.user_id, at, vouched_by=member.vouched_by),
        scopes=[SCOPES[name] for name in possible_scopes(member.own_roles, is_distributor=member.is_distributor)],
        token_days=TOKEN_DAYS,
        now=at,
        device=device,
        typed=request.form,
        **{"form": "", "errors": {}, "made": "", "calendar_address": "", **more},
    )


def _expiry(days: str, at: datetime) -> datetime:
    if days not in {str(offered) for offered in TOKEN_DAYS}:
        raise InputRefused(
            gettext("No token was made."), [FieldError(gettext("Choose how long it may be used."), "days")]
        )
    return at + timedelta(days=int(days))
