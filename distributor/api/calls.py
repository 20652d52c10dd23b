"""Declares a call: which scope it needs and what the OpenAPI document says about it, in one place above the
view.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, TypeVar

import marshmallow as ma
from flask_smorest import Blueprint

from distributor.identity.current import needs_scope, needs_token, public

View = TypeVar("View", bound=Callable[..., Any])
JSON = "application/json"
ALWAYS = (400, 401, 429)
UNEXPECTED = "ProblemUnexpected"

IF_MATCH = {
    "in": "header", "name": "If-Match", "schema": {"type": "string", "examples": ['"3"']},
    "description": "The version of the report that you saw, as its `ETag` gave it.",
}  # fmt: skip
KEY = {
    "in": "header", "name": "Idempotency-Key", "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    "description": "A text of your choice, new for each new request: sent again, the request is not done again.",
}  # fmt: skip
ETAG = {"description": "The version of the report, for `If-Match`.", "schema": {"type": "string"}}
LOCATION = {"description": "Where the new thing is.", "schema": {"type": "string"}}


def call(
    operation_id: str,
    answer: type[ma.Schema] | None = None,
    *,
    scope: str | tuple[str, ...] = (),
    status: int = 200,
    also: Mapping[int, str] | None = None,
    body: Any = None,
    body_optional: bool = False,
    query: type[ma.Schema] | None = None,
    headers: Sequence[Mapping[str, Any]] = (),
    etag: bool = False,
    location: bool = False,
    is_public: bool = False,
    problems: Sequence[int] = (),
) -> Callable[[View], View]:
    """A call's declaration. Several scopes mean any of them, which the view itself checks; `is_public` means no token.

    `body`: a schema, or a whole request body object. `also`: further statuses that are no problem, with their
    meaning. `problems`: statuses it may refuse with, besides 400, 401 and 429.
    """
    told = {**({"ETag": ETAG} if etag else {}), **({"Location": LOCATION} if location else {})}
    answers: dict[str, Any] = {str(status): _answer(answer, status, told)}
    for code, words in (also or {}).items():
        answers[str(code)] = {**(_answer(answer, code, told) if code < 300 else {}), "description": words}
    always = {code for code in ALWAYS if code != HTTPStatus.UNAUTHORIZED or not is_public}
    answers |= {str(code): response_name(code) for code in sorted({*always, *problems, *_of_scope(scope)})}
    answers["default"] = UNEXPECTED
    document: dict[str, Any] = {"operationId": operation_id, "responses": answers}
    document["parameters"] = [*map(dict, headers), *([{"in": "query", "schema": query}] if query else [])]
    document["security"] = [] if is_public else [{"bearer": [name]} for name in _names(scope)] or [{"bearer": []}]
    if body is not None:
        document["requestBody"] = body if isinstance(body, dict) else _json_body(body, not body_optional)

    def decorate(view: View) -> View:
        documented: View = Blueprint.doc(**document)(view)
        return public(documented) if is_public else _declared(scope, documented)

    return decorate


def _declared(scope: str | tuple[str, ...], view: View) -> View:
    return needs_scope(scope)(view) if isinstance(scope, str) else needs_token(view)


def response_name(status: int) -> str:
    """The name under which the document keeps the problem of this status."""
    return f"Problem{status}"


def _of_scope(scope: str | tuple[str, ...]) -> tuple[int, ...]:
    return (403,) if scope else ()


def _names(scope: str | tuple[str, ...]) -> tuple[str, ...]:
    return (scope,) if isinstance(scope, str) else scope


def _answer(schema: type[ma.Schema] | None, status: int, headers: Mapping[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": HTTPStatus(status).phrase}
    if schema is not None:
        answer["content"] = {JSON: {"schema": schema}}
    return {**answer, **({"headers": dict(headers)} if headers else {})}


def _json_body(schema: Any, required: bool) -> dict[str, Any]:
    return {"required": required, "content": {JSON: {"schema": schema}}}
