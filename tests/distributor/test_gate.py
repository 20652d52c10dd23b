"""The gate before every view: what it judges first, and how far its limits go."""

from __future__ import annotations

import io

import pytest
from flask import Flask, request
from flask.typing import ResponseReturnValue

from distributor.gate import Undeclared
from distributor.identity import tokens
from distributor.identity.current import public, signed_in
from tests.clients import sign_in, visitor
from tests.factories import Story


@public
def measure() -> ResponseReturnValue:
    return str(len(request.get_data()))


@public
def overlook() -> ResponseReturnValue:
    return "not read"


@pytest.fixture
def gate(new_app: Flask) -> Flask:
    """The service with a call that reads what it is sent, one that does not, and one that nobody declared."""
    for view in (measure, overlook):
        new_app.add_url_rule(f"/probe/{view.__name__}", view.__name__, view, methods=["POST"])
    new_app.add_url_rule("/probe/undeclared", "undeclared", lambda: "open to all")
    return new_app


def test_a_body_may_be_as_long_as_the_limit_and_not_a_byte_longer(gate: Flask) -> None:
    limit = gate.config["MAX_CONTENT_LENGTH"]
    assert visitor(gate).post("/probe/measure", data=b"x" * limit).text == str(limit)
    longer = visitor(gate).post("/probe/overlook", data=b"x" * (limit + 1))
    assert longer.status_code == 413
    assert "At most 5 MB are taken at once" in longer.text


def test_the_length_is_judged_before_the_forms_token(gate: Flask) -> None:
    chunked = {"headers": {"Transfer-Encoding": "chunked"}, "input_stream": io.BytesIO(b"x"), "content_length": None}
    assert visitor(gate).post("/probe/measure", csrf=False, **chunked).status_code == 411


def test_an_undeclared_route_is_named_to_whoever_forgot_it(gate: Flask) -> None:
    with gate.test_request_context("/probe/undeclared"), pytest.raises(Undeclared, match="The route undeclared"):
        gate.preprocess_request()


def test_the_beginning_of_a_token_may_stand_in_an_address(gate: Flask) -> None:
    whole, prefix = tokens.generate()
    gate.add_url_rule("/probe/look", "look", signed_in(lambda: "seen"))
    browser = sign_in(gate, Story().preparer)
    assert browser.get("/probe/look", query_string={"q": prefix}).text == "seen"
    assert browser.get("/probe/look", query_string={"q": whole}).status_code == 400
