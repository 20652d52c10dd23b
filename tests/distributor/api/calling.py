"""A caller with a bearer token. Every answer it gets must be one that the document describes, to the field."""

from __future__ import annotations

import copy
from contextvars import Context
from datetime import UTC, datetime
from typing import Any

from flask import Flask
from jsonschema import Draft202012Validator
from sqlalchemy import event
from werkzeug.test import TestResponse

from distributor import clock
from distributor.api.document import openapi
from distributor.database import db
from distributor.identity import sessions
from distributor.identity.acting import CurrentMember
from distributor.identity.scopes import possible_scopes
from distributor.identity.tokens import create_token
from tests.factories import OPENED_AT
from workflows.report_cycle import Cycle

FREE = {"Problem"}


class Caller:
    """A member's program. `scopes` are all that the member can hold unless said otherwise.

    The member has just signed in in a browser, too, as what weighs most asks for.
    """

    def __init__(self, app: Flask, member: CurrentMember, *scopes: str) -> None:
        held = scopes or possible_scopes(member.roles, is_distributor=member.is_distributor)
        self.token, _ = create_token(member, name="test", scopes=list(held), expires_at=None, at=OPENED_AT)
        self.app, self.client, self.member = app, app.test_client(), member
        self.sign_in()
        self.routes = app.url_map.bind("localhost")

    def sign_in(self) -> None:
        """Let the member sign in now: after ten minutes it counts no more."""
        sessions.start(self.member.user_id, self.member.member_id, clock.now())
        db.session.commit()

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.call("GET", path, **headers)

    def post(self, path: str, json: Any = None, **headers: str) -> TestResponse:
        return self.call("POST", path, json=json, **headers)

    def call(self, method: str, path: str, *, json: Any = None, data: Any = None, **headers: str) -> TestResponse:
        """`if_match` and the like become headers; the path is given below /api/v1."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        sent.setdefault("Authorization", f"Bearer {self.token}")
        given = {"json": json} if json is not None else {"data": data}
        db.session.commit()
        # A context of its own, or the request would share the test's database session and see what was never committed.
        answer = Context().run(self.client.open, f"/api/v1{path}", method=method, headers=sent, **given)
        check_documented(self.app, method, f"/api/v1{path}", answer)
        return answer


def version(number: int) -> dict[str, str]:
    return {"If_Match": f'"{number}"'}


def opening(cycle: Cycle) -> datetime:
    """When accounts with the plain terms open a cycle."""
    return datetime(cycle.year, cycle.month, 20, tzinfo=UTC)


def kind(answer: TestResponse) -> tuple[int, str]:
    """Status and problem type; the status in the body has to agree, and so has the media type."""
    assert answer.mimetype == "application/problem+json"
    body = answer.get_json()
    assert body["status"] == answer.status_code
    return answer.status_code, body["type"]


def check_documented(app: Flask, method: str, path: str, answer: TestResponse) -> None:
    """The document names this status for this call, and the body has the shape it gives."""
    document = strict(openapi(app))
    operation = operation_of(app, document, method, path)
    if operation is None:
        return
    assert str(answer.status_code) in operation["responses"], f"{method} {path}: {answer.status_code} is not documented"
    described = operation["responses"][str(answer.status_code)]
    if "$ref" in described:
        described = document["components"]["responses"][described["$ref"].rpartition("/")[2]]
    for name in described.get("headers", {}):
        assert name in answer.headers, f"{method} {path}: no {name}"
    if "content" not in described:
        assert not answer.data
        return
    schema = described["content"][answer.mimetype]["schema"]
    Draft202012Validator({**schema, "components": document["components"]}).validate(answer.get_json())


def operation_of(app: Flask, document: dict[str, Any], method: str, path: str) -> Any:
    """The document's operation for a request; None for an address or method that no call has."""
    try:
        rule, _ = app.url_map.bind("localhost").match(path.partition("?")[0], method, return_rule=True)
    except Exception:  # noqa: BLE001 - whatever werkzeug raises, the address is none of the API's
        return None
    pattern = "".join(f"{{{part}}}" if dynamic else part for dynamic, part in rule._trace).partition("|")[2]
    return document["paths"].get(pattern, {}).get(method.lower())


def strict(document: dict[str, Any]) -> dict[str, Any]:
    """The document with every object closed, so that a field it does not tell of is noticed."""
    closed = copy.deepcopy(document)
    for name, schema in closed["components"]["schemas"].items():
        if "properties" in schema and name not in FREE:
            schema["additionalProperties"] = False
    return closed


class Counting:
    """Counts the statements that the database was sent; transactions themselves are not among them."""

    def __enter__(self) -> Counting:
        self.statements: list[str] = []
        event.listen(db.engine, "before_cursor_execute", self._note)
        return self

    def __exit__(self, *_: object) -> None:
        event.remove(db.engine, "before_cursor_execute", self._note)

    def _note(self, _connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        self.statements.append(statement)
