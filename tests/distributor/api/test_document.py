"""The OpenAPI document: valid, complete, and readable."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flask import Flask
from openapi_spec_validator import validate

from distributor.api.document import openapi
from distributor.api.kinds import KINDS
from distributor.errors import InputRefused
from distributor.identity.current import permission_of
from distributor.identity.scopes import SCOPES
from distributor.problems import STATUSES
from workflows.errors import Refused

PAGES_OF_THE_DOCUMENT = {"/api/v1/openapi.json", "/api/v1/docs"}
ROOT = Path(__file__).parents[3]


def operations(app: Flask) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in openapi(app)["paths"].items():
        yield from ((path, method, operation) for method, operation in item.items() if method != "parameters")


def routes(app: Flask) -> Iterator[tuple[str, str, str]]:
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/api/") and rule.rule not in PAGES_OF_THE_DOCUMENT:
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
                yield re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method.lower(), rule.endpoint


def test_the_document_is_valid_openapi(app: Flask) -> None:
    answer = app.test_client().get("/api/v1/openapi.json")
    assert (answer.status_code, answer.get_json()["openapi"]) == (200, "3.1.0")
    validate(answer.get_json())


def test_every_route_is_in_the_document_and_nothing_else(app: Flask) -> None:
    assert {(path, method) for path, method, _ in routes(app)} == {
        (path, method) for path, method, _ in operations(app)
    }


def test_every_call_has_a_name_of_its_own_words_and_an_answer(app: Flask) -> None:
    found = list(operations(app))
    names = [operation["operationId"] for _, _, operation in found]
    assert len(set(names)) == len(names)
    for path, method, operation in found:
        assert operation.get("summary"), f"{method} {path} has no summary"
        assert any(status.startswith("2") for status in operation["responses"]), f"{method} {path} never succeeds"


def test_the_document_names_the_scopes_that_the_gate_asks_for(app: Flask) -> None:
    documented = {(path, method): operation["security"] for path, method, operation in operations(app)}
    for path, method, endpoint in routes(app):
        permission = permission_of(endpoint)
        assert permission is not None
        scopes = [scope for way in documented[path, method] for scope in way["bearer"]]
        assert set(scopes) <= set(SCOPES)
        assert permission.scope in scopes if permission.scope else len(scopes) != 1


def test_every_post_takes_an_idempotency_key_and_every_step_a_version(app: Flask) -> None:
    for path, method, operation in operations(app):
        headers = {given["name"] for given in operation.get("parameters", []) if given["in"] == "header"}
        # Without a token nobody is known whose key it would be; what is public may be sent twice.
        assert ("Idempotency-Key" in headers) == (method == "post" and bool(operation["security"])), path
        on_a_report = path.startswith("/api/v1/reports/{uid}") and method != "get"
        assert ("If-Match" in headers) == on_a_report, path


def refusals(kind: type[Refused] = Refused) -> Iterator[type[Refused]]:
    for below in kind.__subclasses__():
        yield below
        yield from refusals(below)


def test_every_refusal_is_a_known_problem_type_with_its_status() -> None:
    abstract = {"refused"}
    for refusal in refusals():
        status = next((STATUSES[kind] for kind in refusal.__mro__ if kind in STATUSES), 409)
        if refusal.type not in abstract:
            assert KINDS[refusal.type][0] == status, refusal
    assert KINDS[InputRefused.type][0] == 422


def test_the_documentation_lists_every_problem_type() -> None:
    text = (ROOT / "docs" / "api.md").read_text("utf-8")
    for kind, (status, _) in KINDS.items():
        assert f"| {status} | `{kind}` |" in text, kind


def test_the_page_shows_every_call_and_shape_without_any_script_of_its_own(app: Flask) -> None:
    answer = app.test_client().get("/api/v1/docs")
    page = answer.get_data(as_text=True)
    assert answer.mimetype == "text/html"
    for _, _, operation in operations(app):
        assert f'id="{operation["operationId"]}"' in page
    shapes = set(re.findall(r'href="#shape-(\w+)"', page))
    assert shapes
    assert all(f'id="shape-{shape}"' in page for shape in shapes)
    assert not re.search(r"<script(?![^>]* src=)|<style| style=|https?://", page)
