"""What becomes of refusals and errors: a page for people, problem+json for programs, a log line with an id for us.

Every failed request is rolled back first, so that nothing half-done is ever committed and error pages read in peace.
"""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import structlog
from flask import Flask, Response, current_app, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DataError, IntegrityError, OperationalError
from werkzeug.exceptions import HTTPException

from distributor.database import db
from distributor.identity.current import SignInRequired, is_api
from distributor.problems import MEDIA_TYPE, Problem, problem, problem_of, problem_of_http
from workflows.errors import Refused

# A stale version is the same news to people as a step that no longer fits.
TEMPLATES = {403: "403", 404: "404", 409: "409", 412: "409", 413: "413", 500: "500"}
RETRY_AFTER_SECONDS = "10"

log = structlog.get_logger("distributor")


def register(app: Flask) -> None:
    """Bind the handlers; each is the only one for its kind."""
    app.register_error_handler(SignInRequired, _sign_in_required)
    app.register_error_handler(Refused, _refused)
    app.register_error_handler(CSRFError, _form_expired)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(IntegrityError, _guarded)
    app.register_error_handler(DataError, _unkeepable)
    app.register_error_handler(OperationalError, _unavailable)
    app.register_error_handler(Exception, _unexpected)


def as_response(found: Problem) -> Response:
    """A problem as problem+json."""
    return Response(json.dumps(found.as_dict(request.path)), found.status, mimetype=MEDIA_TYPE)


def wants_problem() -> bool:
    """Whether the caller is a program: the API's, or a script of a page that asked for JSON."""
    return is_api() or request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json"


def _sign_in_required(error: SignInRequired) -> ResponseReturnValue:
    db.session.rollback()
    if wants_problem():
        answer = as_response(problem_of(error))
        if is_api():
            answer.headers["WWW-Authenticate"] = "Bearer"
        return answer
    wanted = request.full_path.rstrip("?") if request.method == "GET" else None
    door = url_for("identity.sign_in", next=None if wanted == "/" else wanted)
    if request.headers.get("HX-Request"):
        return "", 401, {"HX-Redirect": url_for("identity.sign_in")}
    return redirect(door)


def _refused(error: Refused) -> ResponseReturnValue:
    return _answer(problem_of(error), reason=error.message)


def _form_expired(error: CSRFError) -> ResponseReturnValue:
    if wants_problem():
        return _answer(problem(400, "form-expired", gettext("This form has expired. Reload the page and try again.")))
    db.session.rollback()
    return render_template("errors/csrf.html"), 400


def _http_error(error: HTTPException) -> ResponseReturnValue:
    if error.code is None or error.code < 400:
        return error  # a redirect that werkzeug raised
    reason = error.description if error.code in {400, 403, 411} else None
    answer = _answer(problem_of_http(error), reason=reason)
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


def _unavailable(error: OperationalError) -> ResponseReturnValue:
    """The database is away, restarting, or somebody holds a lock for too long."""
    known = _recorded("database unavailable", error)
    said = gettext("The database did not answer in time. Nothing was changed: try again in a moment.")
    answer = _answer(problem(503, "unavailable", said, extra=known), alone=True)
    answer.headers["Retry-After"] = RETRY_AFTER_SECONDS
    return answer


def _unexpected(error: Exception) -> ResponseReturnValue:
    if current_app.testing and current_app.config["PROPAGATE_EXCEPTIONS"] is None:
        raise error
    known = _recorded("unexpected error", error)
    said = gettext("It was recorded under %(id)s; tell it to who runs this service.", id=known["error_id"])
    return _answer(problem(500, "internal-error", said, extra=known), reason=said, alone=True)


def _recorded(what: str, error: Exception) -> dict[str, Any]:
    found = {"error_id": uuid4().hex[:12]}
    log.error(what, method=request.method, path=request.path, endpoint=request.endpoint, **found, exc_info=error)
    return found


def _answer(found: Problem, *, reason: str | None = None, alone: bool = False) -> Response:
    """The problem for whoever asked. `alone`: as a page that needs nothing from the database."""
    db.session.rollback()
    if wants_problem():
        return as_response(found)
    context: dict[str, Any] = {"me": None, "nav": []} if alone else {}
    page = f"errors/{TEMPLATES.get(found.status, 'other')}.html"
    return make_response(render_template(page, problem=found, reason=reason, **context), found.status)
