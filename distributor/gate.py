"""What every request passes before its view, in this order: its length, its origin, its form's token, who is asking
and how often."""

from __future__ import annotations

from urllib.parse import unquote

from flask import Flask, current_app, request
from flask_babel import gettext
from werkzeug.exceptions import BadRequest, Forbidden, LengthRequired, RequestEntityTooLarge

from distributor import clock
from distributor.extensions import csrf
from distributor.identity import step_up, tokens
from distributor.identity.current import Way, is_api, permission_of, require_member, require_scope
from distributor.limits import api_calls, routes
from distributor.refusals import attempts, claims

UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})
# "none" is a person typing an address; a neighbour on the same site is as foreign as any other.
OWN_ORIGINS = frozenset({"same-origin", "none"})
# What opens to somebody who still has to set up the second factor that their organization asks for.
BEFORE_ENROLMENT = ("/profile/security", "/confirm", "/switch")


class Undeclared(Exception):  # noqa: N818 - reads as what the route is
    """A route without a permission. It answers nobody until it declares one."""


def register(app: Flask) -> None:
    """Let every request pass the gate. Flask-WTF's own hook is switched off, as it would read bodies first."""
    app.config["WTF_CSRF_CHECK_DEFAULT"] = False
    app.before_request(_pass)


def _pass() -> None:
    if request.endpoint is None:
        return
    claims.tell()
    _check_address()
    if request.method in UNSAFE:
        _check_length()
        if not is_api():
            _check_origin()
            csrf.protect()
    if request.method != "OPTIONS":
        _check_permission(request.endpoint)


def _check_address() -> None:
    """Addresses stand in logs, histories and Referer headers: a token in one has leaked (OWASP ASVS 5.0, 14.2.1)."""
    found = tokens.found_in(unquote(request.query_string.decode("latin-1"))) if request.query_string else None
    if found is not None and found[0]:
        attempts.token_in_address(*found)
        raise BadRequest(
            gettext(
                "An API token stands in the address, where logs keep it. Send it as “Authorization: Bearer dst_…”, "
                "and revoke this one: it may have been seen."
            )
        )


def _check_length() -> None:
    """A body without a length is refused: the server cuts it off at the limit without a word."""
    if request.content_length is None and "Transfer-Encoding" in request.headers:
        raise LengthRequired(
            gettext("Send the length of the body in the Content-Length header; chunked bodies are not taken.")
        )
    if (request.content_length or 0) > current_app.config["MAX_CONTENT_LENGTH"]:
        raise RequestEntityTooLarge(
            gettext("At most 5 MB are taken at once. Split the file, or import it on the command line.")
        )


def _check_origin() -> None:
    if request.headers.get("Sec-Fetch-Site", "none") not in OWN_ORIGINS:
        raise Forbidden(gettext("This form was sent by another site. Nothing was changed."))


def _check_permission(endpoint: str) -> None:
    permission = permission_of(endpoint)
    if permission is None:
        raise Undeclared(f"The route {endpoint} declares no permission.")
    if permission.way is Way.PUBLIC:
        return
    member = require_member()
    if not request.path.startswith(BEFORE_ENROLMENT):
        step_up.require_enrolment(member)
    if member.api_token_id is not None:
        api_calls.count(member.api_token_id, clock.now())
    if permission.scope:
        require_scope(permission.scope)
    routes.count(endpoint, member, clock.now())
