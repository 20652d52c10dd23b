"""The OpenAPI document of the calls, at /api/v1/openapi.json, and the page to read it, at /api/v1/docs."""

from __future__ import annotations

import json
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Flask, Response, current_app, render_template
from flask_smorest import Api
from flask_smorest import Blueprint as ApiBlueprint

from distributor.api.calls import UNEXPECTED, response_name
from distributor.api.fields import document_fields
from distributor.api.kinds import KINDS
from distributor.api.reading_page import reading_page
from distributor.api.schemas import Problem
from distributor.extensions import csrf
from distributor.identity.current import public
from distributor.problems import MEDIA_TYPE

PREFIX = "/api/v1"
VERSION = "1.0"
REFUSALS = (400, 401, 403, 404, 405, 409, 411, 412, 413, 415, 422, 428, 429)
KEPT = "distributor.openapi"

INTRODUCTION = """\
Usage reports of channel licensing, for programs. Bearer tokens are made on the profile page or by
`distributor token create`; each carries scopes. Ids are UUIDs, units and money are decimal strings, times are
RFC 3339 in UTC, cycles are months such as `2026-10`. What is unknown is null, never 0. Refusals are
`application/problem+json` with a stable `type`.

A report carries a version, its `ETag`; steps name the version you saw in `If-Match`. Every POST takes an
`Idempotency-Key`: the same key and body have one effect and one answer. Lists come in pages, `next_cursor` leads
to the next. `RateLimit` says how many calls a token has left, and in how many seconds all are back.\
"""

blueprint = Blueprint("api-docs", __name__, url_prefix=PREFIX)


class Document(Api):
    """flask-smorest's, without its views and its error handler: both are ours, see `failures`."""

    def _register_doc_blueprint(self) -> None:
        """The document is served by this module, rendered once and declared public like every route."""

    def _register_error_handlers(self) -> None:
        """Errors of the whole service answer in one way."""


def install(app: Flask, blueprints: Iterable[ApiBlueprint]) -> None:
    """Bind the calls to the application, and describe them."""
    app.config.update(API_TITLE="Distributor", API_VERSION=VERSION, OPENAPI_VERSION="3.1.0")
    document = Document(app, spec_kwargs={"info": {"description": INTRODUCTION}, "security": [{"bearer": []}]})
    document_fields(document.register_field)
    _describe_common(document.spec.components)
    for calls in blueprints:
        document.register_blueprint(calls)
        csrf.exempt(calls)
    app.extensions[KEPT] = document.spec
    app.register_blueprint(blueprint)


def _describe_common(components: Any) -> None:
    bearer = {"type": "http", "scheme": "bearer", "description": "`Authorization: Bearer dst_…`"}
    components.security_scheme("bearer", bearer)
    components.schema("Problem", schema=Problem)
    for status in REFUSALS:
        components.response(response_name(status), _refusal(status), lazy=True)
    unexpected = {"description": "500 or 503: it failed on our side.", "content": {MEDIA_TYPE: {"schema": "Problem"}}}
    components.response(UNEXPECTED, unexpected, lazy=True)


def _refusal(status: int) -> dict[str, Any]:
    kinds = ", ".join(f"`{kind}`" for kind, (code, _) in KINDS.items() if code == status)
    answer: dict[str, Any] = {
        "description": f"{HTTPStatus(status).phrase}: {kinds}" if kinds else HTTPStatus(status).phrase
    }
    answer["content"] = {MEDIA_TYPE: {"schema": "Problem"}}
    if status == 401:
        answer["headers"] = {"WWW-Authenticate": {"description": "`Bearer`", "schema": {"type": "string"}}}
    if status == 429:
        answer["headers"] = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}
    return answer


def openapi(app: Flask) -> dict[str, Any]:
    """The document as it is served."""
    found: dict[str, Any] = app.extensions[KEPT].to_dict()
    return found


@blueprint.get("/openapi.json")
@public
def openapi_json() -> Response:
    """The document itself."""
    kept = current_app.extensions.setdefault(f"{KEPT}.json", json.dumps(openapi(current_app)))
    return Response(kept, mimetype="application/json", headers={"Cache-Control": "no-cache"})


@blueprint.get("/docs")
@public
def docs() -> str:
    """The document for people."""
    page = reading_page(openapi(current_app))
    return render_template("api/docs.html", page=page, kinds=KINDS)
