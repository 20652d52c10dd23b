"""What takes too long is stopped, changes nothing, and says so."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.typing import ResponseReturnValue
from sqlalchemy import select, text
from sqlalchemy.exc import InternalError
from structlog.testing import capture_logs

from distributor import deadlines
from distributor.database import db
from distributor.identity.current import public
from distributor.identity.models import Organization
from tests import clients
from tests.factories import Story, organization


@public
def write_long() -> ResponseReturnValue:
    organization("Half-done")
    db.session.execute(text("SELECT 1"))
    return "never"


@public
def sleep_long() -> ResponseReturnValue:
    db.session.execute(text("SET LOCAL statement_timeout = 20"))
    db.session.execute(text("SELECT pg_sleep(30)"))
    return "never"


@public
def wait_for_a_lock() -> ResponseReturnValue:
    db.session.execute(text("SET LOCAL lock_timeout = 20"))
    db.session.execute(text("SELECT pg_advisory_lock(7)"))
    return "never"


class EndedByPostgresError(Exception):
    """As psycopg says it."""

    sqlstate = "25P03"


@public
def think_long() -> ResponseReturnValue:
    raise InternalError("SELECT 1", {}, EndedByPostgresError())


@pytest.fixture
def app(new_app: Flask) -> Flask:
    """Routes are added to it."""
    return new_app


@pytest.fixture
def slow(app: Flask) -> Flask:
    """The service with pages and calls that take too long, each in its way."""
    app.config["PROPAGATE_EXCEPTIONS"] = False
    for view in (write_long, sleep_long, wait_for_a_lock, think_long):
        for prefix in ("/probe", "/api/v1/probe"):
            app.add_url_rule(f"{prefix}/{view.__name__}", f"{prefix}{view.__name__}", view)
    return app


@pytest.mark.parametrize("view", ["sleep_long", "wait_for_a_lock", "think_long"])
def test_a_statement_that_was_cancelled_is_503_with_a_sentence(slow: Flask, view: str) -> None:
    with db.engine.connect() as other, capture_logs():
        other.execute(text("SELECT pg_advisory_lock(7)"))
        answer = clients.visitor(slow).get(f"/api/v1/probe/{view}")
        page = clients.visitor(slow).get(f"/probe/{view}")
    assert (answer.status_code, page.status_code) == (503, 503)
    assert (answer.headers["Retry-After"], page.headers["Retry-After"]) == ("10", "10")
    assert answer.json is not None
    assert answer.json["detail"].startswith("The database did not answer in time. Nothing was changed")
    assert "Nothing was changed" in page.text


def test_a_request_that_takes_too_long_is_stopped_before_its_next_statement(
    slow: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = iter([0.0, 1.0, 121.0])
    monkeypatch.setattr(deadlines, "monotonic", lambda: next(times))
    answer = clients.visitor(slow).get("/api/v1/probe/write_long")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")
    assert answer.json is not None
    assert answer.json["type"] == "unavailable"
    assert answer.json["detail"].startswith("This took too long and was stopped. Nothing was changed")
    monkeypatch.undo()
    assert db.session.scalars(select(Organization).filter_by(name="Half-done")).all() == []


def test_the_page_of_a_stopped_request_says_the_same(slow: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = clients.sign_in(slow, Story().preparer)
    monkeypatch.setattr(deadlines, "SECONDS", -1.0)
    page = browser.get("/profile")
    assert (page.status_code, page.mimetype) == (503, "text/html")
    assert "This took too long and was stopped." in page.text


def test_a_transaction_that_waits_for_its_process_is_ended_by_postgres(app: Flask) -> None:
    found = db.session.execute(text("SHOW idle_in_transaction_session_timeout")).scalar_one()
    assert found == "10min"
