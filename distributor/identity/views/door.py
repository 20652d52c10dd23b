"""The way in and out: sign in, sign out, switch organization, set a password by link."""

from __future__ import annotations

from functools import partial
from http import HTTPStatus
from uuid import UUID

import structlog
from flask import current_app, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from distributor import clock
from distributor.database import db
from distributor.errors import InputRefused, NotFound
from distributor.identity import factors, operations, passkeys, queries, sessions, trail
from distributor.identity.current import current_member, public, require_member, signed_in
from distributor.identity.views import second_step
from distributor.identity.views.blueprint import blueprint
from distributor.identity.views.entering import end_present, enter, with_cookie
from distributor.identity.views.forms import by_field, same_twice
from distributor.languages import asked_for
from distributor.limits import operations as limits
from distributor.limits.operations import Limited
from distributor.paths import local_path
from distributor.people.dead_links import Kind
from distributor.people.operations import passwords
from distributor.refusals import links as refused_links
from distributor.refusals.claims import where_from
from distributor.refusals.later import after_answer
from distributor.single_sign_on.queries import doors_for

log = structlog.get_logger("distributor")


@blueprint.get("/sign-in")
@public
def sign_in() -> ResponseReturnValue:
    """The form; who is signed in already goes straight on."""
    wanted = local_path(request.args.get("next"))
    if current_member():
        return redirect(wanted or "/")
    return _door(wanted)


@blueprint.post("/sign-in")
@public
def begin() -> ResponseReturnValue:
    """Check address and password; the answer to a wrong one and to an unknown one is the same."""
    wanted, email = local_path(request.form.get("next")), request.form.get("email", "")
    at = clock.now()
    limits.spend(Limited.SIGN_IN_FROM, limits.network_of(request.remote_addr), at)
    limits.spend(Limited.SIGN_IN, queries.tidy_email(email), at)
    member = operations.known_by_password(email, request.form.get("password", ""))
    if member is None:
        log.warning("sign-in refused", reason="password", **where_from())
        # Only about a known address there is something to write: whoever waits for the answer shall not notice.
        after_answer(partial(trail.note_failed_sign_in, email, at, **where_from()))
        refusal = gettext("The e-mail or the password is not right. Check both, or ask the admin of your organization.")
        return _door(wanted, email, refusal), 422
    limits.give_back(Limited.SIGN_IN_FROM, limits.network_of(request.remote_addr))
    limits.give_back(Limited.SIGN_IN, queries.tidy_email(email))
    if factors.of_user(member.user_id):
        return second_step.begin(member.user_id, wanted, at)
    return enter(member, wanted, at, proof="password")


@blueprint.post("/sign-out")
@public
def sign_out() -> ResponseReturnValue:
    """End the sign-in; doing it twice is fine."""
    member = current_member()
    end_present(clock.now())
    db.session.commit()
    session.clear()
    if member is not None and member.vouched_by is not None:
        return _left(url_for("single_sign_on.left", uid=member.organization_uid))
    return _left(url_for("identity.sign_in"))


def _left(where: str) -> ResponseReturnValue:
    """Pages that the browser still holds are forgotten. Not its storage, where somebody else's words may wait
    (docs/decisions/0027), nor its cookies, which the standard also takes away from hosts beside this one.
    """
    answer = with_cookie(redirect(where), None)
    answer.headers["Clear-Site-Data"] = '"cache"'
    return answer


@blueprint.post("/switch")
@signed_in
def switch() -> ResponseReturnValue:
    """Act for another of one's organizations from now on."""
    member = require_member()
    chosen = queries.membership(member.user_id, _uid(request.form.get("membership", "")))
    if chosen not in queries.members_by_own_proof(member.user_id):
        return redirect(url_for("single_sign_on.organization", uid=chosen.organization_uid))
    if member.web_session_id is not None:
        sessions.switch(member.web_session_id, chosen.member_id)
    db.session.commit()
    return redirect("/")


@blueprint.get("/set-password/<token>")
@public
def set_password(token: str) -> ResponseReturnValue:
    """A single-use link's form. Used, expired and altered links get one and the same answer."""
    return _link_page(token, {})


@blueprint.post("/set-password/<token>")
@public
def keep_password(token: str) -> ResponseReturnValue:
    """Use the link up."""
    password = request.form.get("password", "")
    try:
        same_twice(password, request.form.get("again", ""))
        done = passwords.use_link(token, password, clock.now(), language=asked_for())
    except InputRefused as refused:
        db.session.rollback()
        return _link_page(token, by_field(refused))
    db.session.commit()
    if done is None:
        return _link_page(token, {})
    flash(gettext("Your password is set. Sign in with it."), "success")
    return redirect(url_for("identity.sign_in"))


def _door(wanted: str | None, email: str = "", error: str = "") -> str:
    return render_template(
        "identity/sign_in.html",
        me=None,
        email=email[: operations.LONGEST_EMAIL],
        error=error,
        next=wanted,
        doors=doors_for(email),
        passkeys_possible=passkeys.possible(current_app.config["SETTINGS"]),
        distributor_name=queries.only_distributor_name(),
    )


def _link_page(token: str, errors: dict[str, str]) -> ResponseReturnValue:
    invited = queries.living_link(token, clock.now())
    page = render_template("identity/set_password.html", me=None, invited=invited, errors=errors)
    if invited is None:
        refused_links.refused(Kind.PASSWORD, token)
        return page, HTTPStatus.NOT_FOUND
    return page, HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK


def _uid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound(gettext("This membership")) from None
