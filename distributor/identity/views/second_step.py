"""The second step of a sign-in: a one-time code or a recovery code, or a passkey, which takes no first step at all."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Any

from flask import current_app, flash, jsonify, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext
from werkzeug.wrappers import Response

from distributor import clock
from distributor.database import db
from distributor.identity import codes, factors, passkeys, pending, queries, recovery, trail
from distributor.identity.current import public
from distributor.identity.models import User
from distributor.identity.views.asking import answered, ask, site
from distributor.identity.views.blueprint import blueprint
from distributor.identity.views.entering import end_present, enter
from distributor.limits import operations as limits
from distributor.limits.operations import Limited
from distributor.paths import local_path
from distributor.refusals.claims import where_from

KEPT = "second_step"


def begin(user_id: int, wanted: str | None, at: datetime) -> Response:
    """Lead on to the second step of somebody whose password was right, and commit."""
    end_present(at)
    token = pending.begin(user_id, at)
    db.session.commit()
    session.clear()
    session[KEPT] = token
    return redirect(url_for("identity.second_step", next=wanted))


@blueprint.get("/sign-in/second-step")
@public
def second_step() -> ResponseReturnValue:
    """The form for a code; whoever has not shown a password begins at the door."""
    wanted = local_path(request.args.get("next"))
    user = pending.user_of(session.get(KEPT, ""), clock.now())
    return _page(user, wanted) if user else _from_the_start(wanted)


@blueprint.post("/sign-in/second-step")
@public
def finish() -> ResponseReturnValue:
    """Check the code, of whichever kind, and sign in."""
    wanted, at = local_path(request.form.get("next")), clock.now()
    user = pending.user_of(session.get(KEPT, ""), at)
    if user is None:
        return _from_the_start(wanted)
    limits.spend(Limited.SECOND_FACTOR, str(user.id), at)
    if not _is_right(user, request.form.get("code", ""), at):
        about: dict[str, Any] = {**factors.why_refused(user.id, request.form.get("code", ""), at), **where_from()}
        trail.note_of_user("second_factor.refused", user.id, at, **about)
        db.session.commit()
        return _page(user, wanted, factors.wrong_code()), HTTPStatus.UNPROCESSABLE_ENTITY
    return _through(user, wanted, at)


@blueprint.post("/sign-in/passkey/options")
@public
def passkey_options() -> ResponseReturnValue:
    """What a browser needs to ask for a passkey; as JSON, for the page's script."""
    at = clock.now()
    limits.spend(Limited.SIGN_IN_FROM, limits.network_of(request.remote_addr), at)
    options = ask(*passkeys.ask_for_known(site(), at))
    db.session.commit()
    return jsonify(options)


@blueprint.post("/sign-in/passkey")
@public
def with_passkey() -> ResponseReturnValue:
    """Sign in with a passkey: the device and what unlocks it are both factors at once."""
    wanted, at = local_path(request.form.get("next")), clock.now()
    key = answered(request.form.get("answer", ""), None, at)
    member = next(iter(queries.members_by_own_proof(key.user_id)), None) if key else None
    if key is None or member is None:
        db.session.commit()
        flash(gettext("This passkey was not accepted. Try again, or sign in with your password."), "error")
        return _from_the_start(wanted)
    limits.give_back(Limited.SIGN_IN_FROM, limits.network_of(request.remote_addr))
    pending.end(session.get(KEPT, ""))
    return enter(member, wanted, at, proof="passkey")


def _is_right(user: User, code: str, at: datetime) -> bool:
    return codes.spend(user.id, code, at) or _recovered(user, code, at)


def _recovered(user: User, code: str, at: datetime) -> bool:
    if not factors.spend_recovery_code(user.id, code, at):
        return False
    left = recovery.left(user.id)
    said = ngettext(
        "You used a recovery code; %(num)s is left. Make new ones on the page “Two steps to sign in”.",
        "You used a recovery code; %(num)s are left. Make new ones on the page “Two steps to sign in”.",
        left,
    )
    session["recovered"] = said
    return True


def _through(user: User, wanted: str | None, at: datetime) -> ResponseReturnValue:
    """The sign-in itself; the secret is good once, however often the form is sent."""
    member = next(iter(queries.members_by_own_proof(user.id)), None)
    if not pending.end(session.get(KEPT, "")) or member is None:
        db.session.rollback()
        return _from_the_start(wanted)
    limits.give_back(Limited.SECOND_FACTOR, str(user.id))
    said = session.get("recovered")
    answer = enter(member, wanted, at, proof="password and code")
    if said:
        flash(said, "warning")
    return answer


def _from_the_start(wanted: str | None) -> Response:
    return redirect(url_for("identity.sign_in", next=wanted))


def _page(user: User, wanted: str | None, error: str = "") -> str:
    held = factors.of_user(user.id)
    return render_template(
        "identity/second_step.html",
        me=None,
        next=wanted,
        error=error,
        factors=held,
        # A code is asked for unless there is no app that could show one.
        with_recovery=request.values.get("with") == "recovery" or not held.codes,
        passkeys_possible=held.passkeys > 0 and passkeys.possible(current_app.config["SETTINGS"]),
    )
