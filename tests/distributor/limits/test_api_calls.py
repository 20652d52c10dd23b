"""How many calls a token may make: said with every answer, counted in handfuls, refused with the time to wait."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import event

from distributor.database import db
from distributor.limits.api_calls import KEPT, Handfuls
from distributor.limits.counter import BIND
from distributor.limits.rates import DEFAULTS, Limited
from tests import clients
from tests.clients import Program
from tests.distributor.identity.conftest import Clock
from tests.factories import Story
from tests.kept import administration

ME = "/api/v1/me"
RATE = DEFAULTS[Limited.API]


@pytest.fixture
def program(app: Flask, story: Story) -> Program:
    return clients.api(app, story.preparer)


def use_up(program: Program) -> None:
    left = 1
    while left:
        left = int(program.get(ME).headers["RateLimit"].split("r=")[1].split(";")[0])


def test_every_answer_says_what_is_left_and_when_all_is_back(program: Program) -> None:
    headers = program.get(ME).headers
    assert headers["RateLimit-Policy"] == '"token";q=600;w=60'
    assert headers["RateLimit"] == '"token";r=599;t=3'
    assert program.get("/api/v1/reports/nothing").headers.get("RateLimit") is None
    assert program.get(ME).headers["RateLimit"] == '"token";r=598;t=3'


def test_a_token_that_is_used_up_is_refused_until_one_is_back(program: Program, clock: Clock) -> None:
    use_up(program)
    refused = program.get(ME)
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "1")
    assert refused.json is not None
    assert (refused.json["type"], refused.mimetype) == ("too-many-requests", "application/problem+json")
    assert refused.json["detail"] == "Too many requests came in a short time. Try again in 1 second."
    assert refused.headers["RateLimit"] == '"token";r=0;t=1'
    clock.forward(seconds=1)
    assert program.get(ME).status_code == 200


def test_tokens_are_counted_apart(app: Flask, program: Program, story: Story) -> None:
    use_up(program)
    assert program.get(ME).status_code == 429
    assert clients.api(app, story.preparer).get(ME).status_code == 200


def test_processes_share_what_a_token_has(app: Flask, program: Program) -> None:
    use_up(program)
    app.extensions[KEPT] = Handfuls()
    assert program.get(ME).status_code == 429


def test_most_calls_and_refusals_ask_the_counter_nothing(program: Program) -> None:
    asked: list[str] = []
    event.listen(db.engines[BIND], "before_cursor_execute", lambda *args: asked.append(args[2]))
    use_up(program)
    for _ in range(10):
        assert program.get(ME).status_code == 429
    assert len(asked) == 20 + 1


def test_a_clock_set_back_asks_anew(program: Program, clock: Clock) -> None:
    use_up(program)
    clock.at -= timedelta(hours=1)
    assert program.get(ME).status_code == 429
    clock.at += timedelta(hours=1) + RATE.window
    assert program.get(ME).status_code == 200


def test_without_a_counter_the_api_answers_503(app: Flask, program: Program) -> None:
    with administration(app.config["SETTINGS"].database_url) as connection:
        connection.execute("ALTER TABLE rate_limits RENAME TO lost")
    refused = program.get(ME)
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "10")
    assert refused.json is not None
    assert "cannot be counted" in refused.json["detail"]


def test_who_is_not_known_is_not_counted(app: Flask) -> None:
    refused = Program(app, app.response_class).get(ME)
    assert (refused.status_code, refused.headers.get("RateLimit")) == (401, None)
