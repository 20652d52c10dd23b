"""What every request passes before its view, in this order: its length, its origin, its form's token, who is asking."""

from __future__ import annotations

from flask import Flask, current_app, request
from flask_babel import gettext
from werkzeug.exceptions import Forbidden, LengthRequired, RequestEntityTooLarge

from distributor.extensions import csrf
from distributor.identity.current import Permission, Way, is_api, permission_of, require_member, require_scope

UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})
# "none" is a person typing an address; a neighbour on the same site is as foreign as any other.
OWN_ORIGINS = frozenset({"same-origin", "none"})


class Undeclared(Exception):  # noqa: N818 - reads as what the route is
    """A route without a permission. It answers nobody until it declares one."""


def register(app: Flask) -> None:
    """Let every request pass the gate. Flask-WTF's own hook is switched off, as it would read bodies first."""
    app.config["WTF_CSRF_CHECK_DEFAULT"] = False
    app.before_request(_pass)


def _pass() -> None:
    if request.endpoint is None:
        return
    if request.method in UNSAFE:
        _check_length()
        if not is_api():
            _check_origin()
            csrf.protect()
    if request.method != "OPTIONS":
        _check_permission(permission_of(request.endpoint, request.method))


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


def _check_permission(permission: Permission | None) -> None:
    if permission is None:
        raise Undeclared(f"The route {request.endpoint} declares no permission.")
    if permission.way is Way.PUBLIC:
        return
    if permission.scope:
        require_scope(permission.scope)
    else:
        require_member()
