"""The way in and out: sign in, sign out, switch organization, set a password by link."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from uuid import UUID

from flask import Blueprint, current_app, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from werkzeug.wrappers import Response

from distributor import clock
from distributor.config import Settings
from distributor.database import db
from distributor.errors import InputRefused, NotFound
from distributor.identity import operations, queries, sessions
from distributor.identity.current import cookie_name, current_member, forget_member, public, require_member, signed_in
from distributor.identity.views.forms import by_field, same_twice
from distributor.languages import asked_for
from distributor.paths import local_path

blueprint = Blueprint("identity", __name__)


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
    at, agent = clock.now(), request.user_agent.string
    found = operations.sign_in(email, request.form.get("password", ""), at, address=request.remote_addr, agent=agent)
    if found is None:
        refusal = gettext("The e-mail or the password is not right. Check both, or ask the admin of your organization.")
        return _door(wanted, email, refusal), 422
    _end_present(at)
    db.session.commit()
    session.clear()  # tokens of forms that were given out to a stranger end here
    return _with_cookie(redirect(wanted or "/"), found[0])


@blueprint.post("/sign-out")
@public
def sign_out() -> ResponseReturnValue:
    """End the sign-in; doing it twice is fine."""
    _end_present(clock.now())
    db.session.commit()
    session.clear()
    return _with_cookie(redirect(url_for("identity.sign_in")), None)


@blueprint.post("/switch")
@signed_in
def switch() -> ResponseReturnValue:
    """Act for another of one's organizations from now on."""
    member = require_member()
    chosen = queries.membership(member.user_id, _uid(request.form.get("membership", "")))
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
        done = operations.use_password_link(token, password, clock.now(), language=asked_for())
    except InputRefused as refused:
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
        distributor_name=queries.only_distributor_name(),
    )


def _link_page(token: str, errors: dict[str, str]) -> ResponseReturnValue:
    invited = queries.living_link(token, clock.now())
    page = render_template("identity/set_password.html", me=None, invited=invited, errors=errors)
    if invited is None:
        return page, HTTPStatus.NOT_FOUND
    return page, HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK


def _end_present(at: datetime) -> None:
    member = current_member()
    if member is not None:
        sessions.end(member.user_id, at, row_id=member.web_session_id)
    forget_member()


def _with_cookie(answer: Response, token: str | None) -> Response:
    """The answer with the cookie of a sign-in; without a token it takes the cookie away."""
    settings: Settings = current_app.config["SETTINGS"]
    answer.set_cookie(
        cookie_name(),
        token or "",
        max_age=sessions.ABSOLUTE if token else 0,
        path="/",
        secure=settings.behind_tls,
        httponly=True,
        samesite="Lax",
    )
    return answer


def _uid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound(gettext("This membership")) from None
