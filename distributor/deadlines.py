"""How long a request may take: statements have their own limit, and so has everything together.

A worker that is kept busy answers nobody else. The check stands before each statement, as all that takes long asks the
database again and again; what it stops is rolled back like every request that failed (OWASP ASVS 5.0, 15.2.2).
"""

from __future__ import annotations

from time import monotonic
from typing import Any

from flask import Flask, has_request_context, request
from flask_babel import gettext
from sqlalchemy import event
from werkzeug.exceptions import ServiceUnavailable

from distributor.database import db

SECONDS = 120.0
RETRY_AFTER_SECONDS = 10
KEPT = "distributor.deadline"


class OutOfTime(ServiceUnavailable):
    """The request took longer than a request may."""

    def __init__(self) -> None:
        why = gettext("This took too long and was stopped. Nothing was changed: narrow it down, or try again later.")
        super().__init__(why, retry_after=RETRY_AFTER_SECONDS)


def register(app: Flask) -> None:
    """Give every request its time."""
    app.before_request(_begin)
    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", _check)


def _begin() -> None:
    request.environ[KEPT] = monotonic() + SECONDS


def _check(*_: Any) -> None:
    if has_request_context() and monotonic() > request.environ.get(KEPT, float("inf")):
        del request.environ[KEPT]  # the page that says so asks the database, too
        raise OutOfTime
