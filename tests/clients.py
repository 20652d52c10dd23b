"""Browsers and programs for tests. Each request runs as in service: in its own context, on committed data."""

from __future__ import annotations

from contextvars import Context
from datetime import datetime, timedelta
from typing import Any

from flask import Flask, has_app_context
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import update
from werkzeug.test import TestResponse

from distributor import clock
from distributor.database import db
from distributor.identity import sessions, tokens
from distributor.identity.acting import CurrentMember
from distributor.identity.current import cookie_name
from distributor.identity.models import WebSession
from distributor.identity.scopes import possible_scopes

UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class Client(FlaskClient):
    """Commits what the test has made so far, then asks in a fresh context, as a server's thread would."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        if not has_app_context():  # following a redirect: fresh already
            return super().open(*args, **kwargs)
        db.session.commit()
        return Context().run(super().open, *args, **{"buffered": True, **kwargs})


class Browser(Client):
    """Has cookies and sends the form's token in a header, as htmx does; `csrf=False` leaves it out."""

    def open(self, *args: Any, csrf: bool = True, **kwargs: Any) -> TestResponse:
        if csrf and kwargs.get("method") in UNSAFE:
            kwargs["headers"] = {"X-CSRFToken": self.csrf_token(), **(kwargs.get("headers") or {})}
        return super().open(*args, **kwargs)

    def csrf_token(self) -> str:
        """A token that belongs to this browser's form cookie, as a page would have given it."""
        with self.session_transaction() as form:
            secret = form.setdefault("csrf_token", "0" * 40)
        signer = URLSafeTimedSerializer(self.application.secret_key or "", salt="wtf-csrf-token")
        return str(signer.dumps(secret))


class Program(Client):
    """Calls the API with a bearer token; `token=""` calls without."""

    token: str = ""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        if self.token:
            kwargs["headers"] = {"Authorization": f"Bearer {self.token}", **(kwargs.get("headers") or {})}
        return super().open(*args, **kwargs)


def visitor(app: Flask) -> Browser:
    """A browser in which nobody is signed in."""
    return Browser(app, app.response_class, use_cookies=True)


def sign_in(app: Flask, member: CurrentMember, at: datetime | None = None, *, proved: bool = True) -> Browser:
    """A browser in which `member` is signed in, without the work of a password; a while ago unless `proved`."""
    browser = visitor(app)
    token = sessions.start(member.user_id, member.member_id, at or clock.now())
    browser.set_cookie(cookie_name(), token)
    if not proved:
        outlive_proof(member)
    return browser


def outlive_proof(member: CurrentMember) -> None:
    """As after some hours: whatever weighs most asks the person to confirm first."""
    mine = WebSession.user_id == member.user_id
    db.session.execute(update(WebSession).where(mine).values(proved_at=WebSession.proved_at - timedelta(hours=3)))


def api(app: Flask, member: CurrentMember, *scopes: str, at: datetime | None = None, proved: bool = True) -> Program:
    """A program with a token of `member`; without `scopes`, with all that the member can hold.

    The member has just signed in somewhere, too, unless `proved` is false: what weighs most asks for that.
    """
    if proved:
        sessions.start(member.user_id, member.member_id, at or clock.now())
    wanted = scopes or possible_scopes(member.roles, is_distributor=member.is_distributor)
    program = Program(app, app.response_class, use_cookies=False)
    program.token, _row = tokens.create_token(member, "Test", wanted, None, at or clock.now())
    return program
