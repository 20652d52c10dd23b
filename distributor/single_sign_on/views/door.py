"""The way in through an organization's provider: choose it, go there, come back.

Chromium holds a page's `form-action` against every stop of the way that a form begins. So a form here is answered with
a page that goes on by itself, and shows the link for browsers that do not.
"""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from uuid import UUID

import structlog
from flask import make_response, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from werkzeug.wrappers import Response

from distributor import clock, tenancy
from distributor.database import db
from distributor.identity.current import current_member, public, require_member, signed_in
from distributor.identity.operations import LONGEST_EMAIL
from distributor.identity.views.entering import end_present, with_cookie
from distributor.limits import operations as limits
from distributor.limits.operations import Limited
from distributor.paths import local_path
from distributor.refusals.trail import note
from distributor.single_sign_on import discovery, exchange, queries, signing_in
from distributor.single_sign_on.exchange import Answer
from distributor.single_sign_on.fetching import FetchError
from distributor.single_sign_on.id_tokens import Vouched
from distributor.single_sign_on.queries import Door
from distributor.single_sign_on.signing_in import Attempt, SignInRefused
from distributor.single_sign_on.views import asking, wording
from distributor.single_sign_on.views.blueprint import blueprint

log = structlog.get_logger()


@blueprint.get("/sign-in/company")
@public
def company() -> str:
    """Ask for the address, whose domain says which organization it is."""
    return _company(local_path(request.args.get("next")))


@blueprint.post("/sign-in/company")
@public
def choose() -> ResponseReturnValue:
    """Show the organizations for the address."""
    wanted, email = local_path(request.form.get("next")), request.form.get("email", "")[:LONGEST_EMAIL]
    _count(clock.now())
    doors = queries.doors_for(email)
    if doors:
        return _company(wanted, email, doors)
    why = gettext(
        "No organization here signs in addresses like this one itself. Check it, or sign in with your password."
    )
    return _company(wanted, email, error=why), 422


@blueprint.get("/sign-in/<uuid:uid>")
@public
def organization(uid: UUID) -> str:
    """The door of one organization, for its own start page."""
    return _company(local_path(request.args.get("next")), doors=[queries.door(uid)])


@blueprint.post("/sign-in/<uuid:uid>")
@public
def start(uid: UUID) -> ResponseReturnValue:
    """Send the browser to the organization's provider."""
    at = clock.now()
    _count(at)
    email, wanted = request.form.get("email", "").strip()[:LONGEST_EMAIL], local_path(request.form.get("next"))
    return _send(queries.door(uid), at, wanted=wanted, email=email)


@blueprint.get("/sign-in/<uuid:uid>/left")
@public
def left(uid: UUID) -> ResponseReturnValue:
    """After signing out here: the way to sign out at the provider too, where it has one."""
    at = clock.now()
    _count(at)
    door, back = queries.door(uid), asking.settings().public_url + url_for("identity.sign_in")
    db.session.rollback()
    try:
        provider = discovery.provider(door.issuer, asking.asker(), asking.kept(), at)
    except FetchError:
        return redirect(back)
    url = exchange.logout_url(provider, door.client_id, back)
    if url is None:
        return redirect(back)
    return render_template("single_sign_on/left.html", me=None, organization=door.organization_name, url=url)


@blueprint.post("/confirm/company")
@signed_in
def confirm() -> ResponseReturnValue:
    """Have the provider ask the member again who they are; who came by password is shown the ways that count then."""
    member, at = require_member(), clock.now()
    _count(at)
    door = queries.door(member.organization_uid)
    wanted = local_path(request.form.get("confirm_next"))
    if member.vouched_by != door.organization_id:
        return redirect(url_for("identity.confirm", next=wanted), HTTPStatus.SEE_OTHER)
    return _send(door, at, wanted=wanted, email=member.email, session_id=member.web_session_id)


@blueprint.get("/sign-in/callback")
@public
def callback() -> ResponseReturnValue:
    """Where the provider sends the browser back to; whatever is wrong with that is one page and a line of the trail."""
    at, state = clock.now(), request.args.get("state", "")
    _count(at)
    provider_id = signing_in.provider_asked(state)
    door = queries.door_of_provider(provider_id) if provider_id else None
    try:
        if door is None:
            raise SignInRefused("state")
        return _back(door, state, at)
    except (SignInRefused, FetchError) as refused:
        return _refused(door, refused)


def _send(
    door: Door, at: datetime, *, wanted: str | None, email: str = "", session_id: int | None = None
) -> ResponseReturnValue:
    db.session.rollback()  # no connection is held while a provider takes its time
    try:
        provider = discovery.provider(door.issuer, asking.asker(), asking.kept(), at)
    except FetchError as error:
        return _refused(door, error)
    secret = asking.browser()
    begun = signing_in.begin(door, secret, at, wanted=wanted, session_id=session_id)
    db.session.commit()
    url = exchange.authorization_url(
        provider, door, begun, asking.callback(), email=email, again=session_id is not None
    )
    return asking.tie(_onward(door, url), secret)


def _onward(door: Door, url: str) -> Response:
    answer = make_response(
        render_template("single_sign_on/onward.html", me=None, organization=door.organization_name, url=url)
    )
    answer.headers["Refresh"] = f"0; url={url}"
    return answer


def _back(door: Door, state: str, at: datetime) -> Response:
    attempt = signing_in.take(state, request.cookies.get(asking.cookie_name(), ""), at)
    db.session.commit()  # used up, whatever comes now
    vouched = _vouched(door, attempt, at)
    tenancy.enter(door.organization_id)
    if attempt.session_id is not None:
        return _confirmed(door, vouched, attempt, at)
    end_present(at)
    tenancy.enter(door.organization_id)
    opened = signing_in.open_door(door, vouched, at, address=request.remote_addr, agent=request.user_agent.string)
    db.session.commit()
    session.clear()
    return asking.untie(with_cookie(redirect(attempt.wanted or "/"), opened.token))


def _vouched(door: Door, attempt: Attempt, at: datetime) -> Vouched:
    """Whom the provider vouches for. Raises SignInRefused, FetchError."""
    given = request.args
    if given.get("error"):
        raise SignInRefused("cancelled" if given["error"] == "access_denied" else "provider-error")
    answer = Answer(given.get("code", ""), given.get("iss"))
    return exchange.redeem(asking.line(), door, attempt, answer, clock.now())


def _confirmed(door: Door, vouched: Vouched, attempt: Attempt, at: datetime) -> Response:
    token = signing_in.confirm(door, vouched, attempt, current_member(), at)
    db.session.commit()
    return asking.untie(with_cookie(redirect(attempt.wanted or "/"), token))


def _refused(door: Door | None, refused: SignInRefused | FetchError) -> Response:
    """Tell the person and the trail; what the provider said in its own words is told to nobody."""
    db.session.rollback()
    reason = refused.reason if isinstance(refused, SignInRefused) else "provider"
    subject = refused.subject if isinstance(refused, SignInRefused) else str(refused)
    log.warning("sign-in refused", reason=reason, organization=door and str(door.organization_uid))
    if door is not None:
        kept = {"reason": reason, "through": door.issuer}
        note("sign_in.refused", [door.organization_id], kept, once=f"{reason} {subject}", subject=subject)
    page = render_template(
        "single_sign_on/refused.html", me=None, door=door, reason=reason, said=wording.refusal(reason, door)
    )
    return make_response(page, HTTPStatus.FORBIDDEN if isinstance(refused, SignInRefused) else HTTPStatus.BAD_GATEWAY)


def _company(wanted: str | None, email: str = "", doors: list[Door] | None = None, error: str = "") -> str:
    return render_template(
        "single_sign_on/company.html", me=None, next=wanted, email=email, doors=doors or [], error=error
    )


def _count(at: datetime) -> None:
    """An office shares one address, so they are counted as sign-ins from a network are."""
    limits.spend(Limited.SIGN_IN_FROM, limits.network_of(request.remote_addr), at)
