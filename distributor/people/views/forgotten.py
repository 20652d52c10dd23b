"""A forgotten password: the answer and the work are the same for every address."""

from __future__ import annotations

from http import HTTPStatus

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from distributor import clock
from distributor.database import db
from distributor.errors import InputRefused
from distributor.identity.current import public
from distributor.identity.operations import LONGEST_EMAIL, tidy_address
from distributor.identity.views.forms import by_field
from distributor.limits import operations as limits
from distributor.limits.operations import Limited
from distributor.people.operations import passwords
from distributor.people.views.common import blueprint


@blueprint.get("/forgotten-password")
@public
def forgotten() -> str:
    """The form, or what happens next."""
    return _page(is_sent="sent" in request.args)


@blueprint.post("/forgotten-password")
@public
def ask() -> ResponseReturnValue:
    """Note the wish. Who has the address is found out later, by the scheduler."""
    at, given = clock.now(), request.form.get("email", "")
    try:
        address = tidy_address(given)
    except InputRefused as refused:
        return _page(given, by_field(refused)["email"]), HTTPStatus.UNPROCESSABLE_ENTITY
    limits.spend(Limited.SIGN_IN_FROM, limits.network_of(request.remote_addr), at)
    limits.spend(Limited.RESET, address, at)
    passwords.ask(address, at)
    db.session.commit()
    return redirect(url_for(".forgotten", sent=1))


def _page(email: str = "", error: str = "", *, is_sent: bool = False) -> str:
    given = email[:LONGEST_EMAIL]
    return render_template("people/forgotten.html", me=None, email=given, error=error, is_sent=is_sent)
