"""schemathesis on the API's document in its short form, and proof that it finds what it is for."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

from flask import Flask

from distributor.api.document import KEPT, openapi
from tests.proof.contract import Draws, Found, call_everything, run_well
from tests.proof.market import Market

SEED = 20261101
DRAWS = Draws(SEED, 1)


def fuzzed(app: Flask) -> list[str]:
    found = Found()
    call_everything(app, Market(app, SEED, partners=1), DRAWS, found)
    return list(found.faults.values())


def serve(app: Flask, document: dict[str, Any]) -> None:
    app.extensions[f"{KEPT}.json"] = json.dumps(document)


def test_every_call_answers_as_the_document_says(app: Flask) -> None:
    found, market = Found(), Market(app, SEED, partners=1)
    run_well(app, market, found)
    call_everything(app, market, DRAWS, found)
    assert list(found.faults.values()) == []
    assert found.never_well == []
    assert len(found.answers) == sum(len(item.keys() - {"parameters"}) for item in openapi(app)["paths"].values())


def test_an_answer_that_is_not_documented_is_found(app: Flask) -> None:
    document = deepcopy(openapi(app))
    answers = document["paths"]["/api/v1/me"]["get"]["responses"]
    answers["204"] = answers.pop("200")
    serve(app, {**document, "paths": {"/api/v1/me": document["paths"]["/api/v1/me"]}})
    assert [found for found in fuzzed(app) if "200 is not documented" in found] != []


def test_an_answer_of_another_shape_is_found(app: Flask) -> None:
    document = deepcopy(openapi(app))
    document["components"]["schemas"]["Me"]["required"] = ["shoe_size"]
    serve(app, {**document, "paths": {"/api/v1/me": document["paths"]["/api/v1/me"]}})
    assert [found for found in fuzzed(app) if "shoe_size" in found] != []
