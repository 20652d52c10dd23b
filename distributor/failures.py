"""What becomes of refusals and errors: a page for people, problem+json for programs, a log line with an id for us.

Every failed request is rolled back first, so that nothing half-done is ever committed and error pages read in peace.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import structlog
from flask import Flask, Response, current_app, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, refresh
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DataError, IntegrityError, InternalError, OperationalError
from werkzeug.exceptions import HTTPException

from distributor.database import db
from distributor.error_pages import local, page_of, way_back, way_on
from distributor.identity import confirming
from distributor.identity.current import SignInRequired, cookie_name, current_member, is_api, member_if_known
from distributor.identity.step_up import SecondFactorRequired, StepUpRequired
from distributor.kept_words import kept
from distributor.paths import shown_path
from distributor.problems import MEDIA_TYPE, Problem, problem, problem_of, problem_of_http
from distributor.refusals import attempts
from distributor.saying import said
from workflows.errors import Refused

RETRY_AFTER_SECONDS = "10"
MOST_OF_EMAIL = 254
DENIED = frozenset({HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.TOO_MANY_REQUESTS})
# PostgreSQL's idle_in_transaction_session_timeout
WAITED_TOO_LONG = "25P03"

log = structlog.get_logger("distributor")


def register(app: Flask) -> None:
    """Bind the handlers; each is the only one for its kind."""
    app.register_error_handler(SignInRequired, _sign_in_required)
    app.register_error_handler(StepUpRequired, _step_up_required)
    app.register_error_handler(SecondFactorRequired, _second_factor_required)
    app.register_error_handler(Refused, _refused)
    app.register_error_handler(CSRFError, _form_expired)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(IntegrityError, _guarded)
    app.register_error_handler(DataError, _unkeepable)
    app.register_error_handler(OperationalError, _unavailable)
    app.register_error_handler(InternalError, _ended)
    app.register_error_handler(Exception, _unexpected)


def as_response(found: Problem) -> Response:
    """A problem as problem+json."""
    # RFC 9457: `instance` is a URI reference, whatever was written into the address.
    where = quote(request.path, safe="/:@", errors="replace")
    return Response(json.dumps(found.as_dict(where)), found.status, mimetype=MEDIA_TYPE)


def wants_problem() -> bool:
    """Whether the caller is a program: the API's, or a script of a page that asked for JSON."""
    return is_api() or request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json"


def _sign_in_required(error: SignInRequired) -> ResponseReturnValue:
    db.session.rollback()
    attempts.unknown_caller()
    if wants_problem():
        answer = as_response(problem_of(error))
        if is_api():
            answer.headers["WWW-Authenticate"] = "Bearer"
        return answer
    return _to_the_door(is_over=cookie_name() in request.cookies)


def _to_the_door(*, is_over: bool) -> ResponseReturnValue:
    """Lead to the sign-in and afterwards back. `is_over`: there was a sign-in, so say that it ended, and lose nothing
    of what was sent after its end.
    """
    if request.headers.get("HX-Request"):
        return "", 401, {"HX-Redirect": _door(local(request.headers.get("HX-Current-URL")))}
    if request.method != "GET" and is_over:
        wanted = way_back()
        return render_template("errors/session_over.html", me=None, nav=[], kept=kept(), door_href=_door(wanted)), 401
    if is_over and not session.get("_flashes"):
        flash(gettext("Your session is over. Sign in to go on where you were."), "warning")
    return redirect(_door(request.full_path.rstrip("?") if request.method == "GET" else None))


def _door(wanted: str | None) -> str:
    return url_for("identity.sign_in", next=None if wanted == "/" else wanted)


def _step_up_required(error: StepUpRequired) -> ResponseReturnValue:
    """Ask who it is. A form that was sent waits in the page that asks, and goes on from there."""
    db.session.rollback()
    member = member_if_known()
    if wants_problem() or member is None:
        return as_response(problem_of(error))
    if request.headers.get("HX-Request"):
        return "", 403, {"HX-Redirect": url_for("identity.confirm", next=local(request.headers.get("HX-Current-URL")))}
    waiting = kept()
    if waiting and not waiting.had_file:
        return confirming.page(member, wanted=request.full_path.rstrip("?"), back=way_back(), waiting=waiting), 403
    return redirect(url_for("identity.confirm", next=way_on()))


def _second_factor_required(error: SecondFactorRequired) -> ResponseReturnValue:
    """Lead to where a second factor is set up: nothing else opens before."""
    db.session.rollback()
    security = url_for("identity.security")
    if wants_problem():
        return as_response(problem_of(error))
    if request.headers.get("HX-Request"):
        return "", 403, {"HX-Redirect": security}
    return redirect(security)


def _know_reader() -> None:
    """A page is answered in its reader's language, even where the request failed before anybody asked who reads."""
    if not is_api():
        current_member()
        refresh()


def _refused(error: Refused) -> ResponseReturnValue:
    found = problem_of(error)
    _note_denied(found)
    return _answer(found, reason=said(error))


def _note_denied(found: Problem) -> None:
    """Who asked for what is not theirs, for whoever watches over the service (OWASP ASVS 5.0, 16.3.2)."""
    if found.status in DENIED and request.endpoint is not None:  # an address that is none at all is nobody's
        member = member_if_known()
        who = str(member.member_uid) if member else None
        log.warning("access denied", status=found.status, method=request.method, path=shown_path(), member=who)
        attempts.denied(found.status, found.type, member)


def _form_expired(error: CSRFError) -> ResponseReturnValue:
    log.warning("form without its token", method=request.method, path=shown_path())
    if wants_problem():
        return _answer(problem(400, "form-expired", gettext("This form has expired. Reload the page and try again.")))
    db.session.rollback()
    _know_reader()
    if request.endpoint == "identity.begin" and current_app.config["SESSION_COOKIE_NAME"] not in request.cookies:
        return _without_cookies(), 400
    return render_template("errors/csrf.html", kept=kept(), back_href=way_back()), 400


def _without_cookies() -> str:
    """The sign-in page once more, for a browser that keeps no cookies: it would only come back here for ever."""
    why = gettext("This browser sent no cookie, and nobody can sign in without. Allow cookies, then sign in again.")
    typed = {"email": request.form.get("email", "")[:MOST_OF_EMAIL], "next": request.form.get("next")}
    return render_template("identity/sign_in.html", me=None, error=why, **typed)


def _http_error(error: HTTPException) -> ResponseReturnValue:
    if error.code is None or error.code < 400:
        return error  # a redirect that werkzeug raised
    if error.code != HTTPStatus.SERVICE_UNAVAILABLE:  # the database may be what is away
        _know_reader()
    reason = error.description if error.code in {400, 403, 411, 413, 429, 503} else None
    found = problem_of_http(error)
    _note_denied(found)
    answer = _answer(found, reason=reason)
    for name, value in error.get_headers(request.environ):
        if name.lower() not in {"content-type", "content-length"}:
            answer.headers[name] = value
    return answer


def _guarded(error: IntegrityError) -> ResponseReturnValue:
    """The database refused what the rules had let through: most likely somebody else was faster."""
    known = _recorded("refused by the database", error)
    said = gettext("The data changed meanwhile, or does not fit together. Nothing was saved: reload and try again.")
    return _answer(problem(409, "conflict", said, extra=known))


def _unkeepable(error: DataError) -> ResponseReturnValue:
    """A value that passed every check and still has no place in the database, such as text with a zero byte."""
    known = _recorded("value refused by the database", error)
    said = gettext("A value holds a character or number that cannot be kept. Nothing was saved: correct it.")
    return _answer(problem(422, "invalid-input", said, extra=known))


def _unavailable(error: Exception) -> ResponseReturnValue:
    """The database is away, restarting, or somebody holds a lock for too long."""
    known = _recorded("database unavailable", error)
    said = gettext("The database did not answer in time. Nothing was changed: try again in a moment.")
    answer = _answer(problem(503, "unavailable", said, extra=known))
    answer.headers["Retry-After"] = RETRY_AFTER_SECONDS
    return answer


def _ended(error: InternalError) -> ResponseReturnValue:
    """PostgreSQL ended a transaction that waited for us too long; what else is internal to it is a bug."""
    return _unavailable(error) if getattr(error.orig, "sqlstate", "") == WAITED_TOO_LONG else _unexpected(error)


def _unexpected(error: Exception) -> ResponseReturnValue:
    if current_app.testing and current_app.config["PROPAGATE_EXCEPTIONS"] is None:
        raise error
    known = _recorded("unexpected error", error)
    said = gettext("It was recorded under %(id)s; tell it to who runs this service.", id=known["error_id"])
    return _answer(problem(500, "internal-error", said, extra=known), reason=said)


def _recorded(what: str, error: Exception) -> dict[str, Any]:
    found = {"error_id": uuid4().hex[:12]}
    log.error(what, method=request.method, path=shown_path(), endpoint=request.endpoint, **found, exc_info=error)
    return found


def _answer(found: Problem, *, reason: str | None = None) -> Response:
    """The problem for whoever asked."""
    db.session.rollback()
    return as_response(found) if wants_problem() else page_of(found, reason)
