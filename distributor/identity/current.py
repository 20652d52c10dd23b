"""Who is behind this request, and what each route asks of them.

A page knows its reader by the cookie `sid`, the API by a bearer token and by nothing else. Every route declares its
permission with one of the decorators below; the gate in `distributor/edges.py` refuses a route that declares none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import TypeVar, cast

from flask import current_app, has_request_context, request
from flask_babel import gettext

from distributor import clock
from distributor.config import Settings
from distributor.database import db
from distributor.errors import Forbidden
from distributor.identity import sessions, tokens
from distributor.identity.acting import CurrentMember
from distributor.limits.counter import network_of
from workflows.errors import Refused

View = TypeVar("View", bound=Callable[..., object])
KEPT = "distributor.member"
API = "/api/"


class SignInRequired(Refused):
    """Nobody is known behind the request: no sign-in, or no valid token."""

    type = "sign-in-required"


class Way(StrEnum):
    """How a route's callers are known."""

    PUBLIC = "public"
    SIGNED_IN = "signed in"
    BEARER = "bearer token"


@dataclass(frozen=True, slots=True)
class Permission:
    """What a route asks for; without a scope, any valid token will do."""

    way: Way
    scope: str | None = None


def public(view: View) -> View:
    """Declare a route that anybody may call."""
    return _declare(view, Permission(Way.PUBLIC))


def signed_in(view: View) -> View:
    """Declare a page for members who signed in; what their role allows is the operation's to say."""
    return _declare(view, Permission(Way.SIGNED_IN))


def needs_token(view: View) -> View:
    """Declare an API call for which any valid token will do."""
    return _declare(view, Permission(Way.BEARER))


def needs_scope(scope: str) -> Callable[[View], View]:
    """Declare an API call that needs a token with `scope`."""
    return lambda view: _declare(view, Permission(Way.BEARER, scope))


def _declare(view: View, permission: Permission) -> View:
    view.permission = permission  # type: ignore[attr-defined]  # functions take attributes
    return view


# Routes that libraries make, whose functions we cannot decorate.
FOREIGN = {"static": Permission(Way.PUBLIC), "api-docs.openapi_json": Permission(Way.PUBLIC)}


def permission_of(endpoint: str) -> Permission | None:
    """What the route declares; None where it declares nothing."""
    if endpoint in FOREIGN:
        return FOREIGN[endpoint]
    return cast("Permission | None", declared(endpoint, "permission"))


def declared(endpoint: str, name: str) -> object:
    """What the function behind the route carries as its attribute `name`; None where it carries nothing."""
    return getattr(current_app.view_functions[endpoint], name, None)


def is_api() -> bool:
    """Whether the request is a program's: errors are problem+json, cookies mean nothing."""
    return request.path.startswith(API)


def current_member() -> CurrentMember | None:
    """The member behind the request; one query, asked once per request."""
    if KEPT not in request.environ:
        request.environ[KEPT] = _by_token() if is_api() else _by_cookie()
    return cast("CurrentMember | None", request.environ[KEPT])


def member_if_known() -> CurrentMember | None:
    """The member when somebody has asked already; never a query, so that error pages can use it."""
    return cast("CurrentMember | None", request.environ.get(KEPT)) if has_request_context() else None


def forget_member() -> None:
    """Ask again, after signing in, out or over to another organization."""
    request.environ.pop(KEPT, None)


def require_member() -> CurrentMember:
    """The member behind the request. Raises SignInRequired."""
    member = current_member()
    if member is None:
        raise SignInRequired(
            gettext("Send a valid API token as “Authorization: Bearer dst_…”. Tokens are made on the profile page.")
            if is_api()
            else gettext("Sign in to see this page.")
        )
    return member


def require_scope(scope: str) -> CurrentMember:
    """The member behind the request when its token carries `scope`. Raises SignInRequired, Forbidden."""
    member = require_member()
    if not member.may(scope):
        held = ", ".join(sorted(member.scopes or ())) or gettext("none")
        why = gettext("This call needs a token with the scope %(scope)s; yours has: %(held)s.", scope=scope, held=held)
        raise Forbidden(why)
    return member


def cookie_name() -> str:
    """The prefix `__Host-` binds the cookie to this very host, which browsers grant over TLS only."""
    settings: Settings = current_app.config["SETTINGS"]
    return "__Host-sid" if settings.behind_tls else "sid"


def _by_cookie() -> CurrentMember | None:
    token = request.cookies.get(cookie_name())
    at = clock.now()
    return _in_use(sessions.find(token, at) if token else None, sessions.touch, at)


def _by_token() -> CurrentMember | None:
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return None
    at, address = clock.now(), network_of(request.remote_addr)
    return _in_use(tokens.find(text.strip(), at, address), partial(tokens.touch, address=address), at)


def _in_use(
    found: sessions.Known | None, touch: Callable[[sessions.Known, datetime], None], at: datetime
) -> CurrentMember | None:
    if found is None:
        return None
    if sessions.is_stale(found.seen_at, at):
        touch(found, at)
        db.session.commit()
    return found.member
