"""Requests that cannot be understood: each gets one clear problem, whatever is wrong with it."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO

import pytest
from flask import Flask

from distributor.database import db
from distributor.identity.tokens import revoke
from distributor.usage_reports.queries import ReportRow
from tests.distributor.api.calling import Caller, kind, version
from tests.factories import OPENED_AT, Story

Opened = Callable[..., ReportRow]


def test_without_a_valid_token_the_way_in_is_named(app: Flask) -> None:
    for headers in ({}, {"Authorization": "Bearer dst_nothing"}, {"Authorization": "Basic eDp5"}):
        answer = app.test_client().get("/api/v1/me", headers=headers)
        assert kind(answer) == (401, "sign-in-required")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_cookies_mean_nothing_to_the_api(app: Flask) -> None:
    client = app.test_client()
    client.set_cookie("sid", "anything")
    assert kind(client.get("/api/v1/reports")) == (401, "sign-in-required")


def test_a_problem_says_where_it_happened(msp: Caller) -> None:
    body = msp.get("/reports?limit=0").get_json()
    assert (body["instance"], body["title"]) == ("/api/v1/reports", "Invalid input")
    assert body["errors"] == [{"field": "limit", "reason": "Give a whole number from 1 to 200."}]


def test_addresses_and_methods_that_are_none_answer_as_problems(msp: Caller) -> None:
    assert kind(msp.get("/nothing")) == (404, "not-found")
    assert kind(msp.get("/reports/not-a-uuid")) == (404, "not-found")
    refused = msp.call("DELETE", "/reports")
    assert kind(refused) == (405, "method-not-allowed")
    assert "GET" in refused.headers["Allow"]


BROKEN = {
    b"{": "is no JSON",
    b"\xff\xfe": "is no UTF-8",
    b'{"nil": NaN}': "NaN is no number",
    b'{"nil": Infinity}': "Infinity is no number",
    b'{"nil": true, "nil": true}': "twice",
    b'{"nil": ' + b"1" * 100 + b"}": "60 digits",
    b'{"nil": 1e' + b"9" * 100 + b"}": "60 characters",
    b'{"nil": "\\ud800"}': "half a character",
    b'{"nil": "\\u0000"}': "NUL",
    b"[" * 100_000: "nested too deeply",
}


@pytest.mark.parametrize("body", BROKEN)
def test_a_body_that_is_no_json_is_refused_with_the_reason(body: bytes, opened: Opened, msp: Caller) -> None:
    path = f"/reports/{opened(('40', None)).uid}/submit"
    refused = msp.call("POST", path, data=body, Content_Type="application/json", **version(1))
    assert kind(refused) == (400, "bad-request")
    assert BROKEN[body] in refused.get_json()["detail"]


def test_a_body_of_another_type_is_refused(opened: Opened, msp: Caller) -> None:
    path = f"/reports/{opened(('40', None)).uid}/submit"
    refused = msp.call("POST", path, data=b"nil=true", Content_Type="application/x-www-form-urlencoded", **version(1))
    assert kind(refused) == (415, "unsupported-media-type")


def test_a_body_without_a_length_is_refused(opened: Opened, msp: Caller) -> None:
    path = f"/api/v1/reports/{opened(('40', None)).uid}/submit"
    headers = {"Authorization": f"Bearer {msp.token}", "Transfer-Encoding": "chunked", "If-Match": '"1"'}
    refused = msp.client.open(path, method="POST", headers=headers, input_stream=BytesIO(b"{}"))
    assert kind(refused) == (411, "length-required")


@pytest.mark.parametrize("size", [5 * 1024 * 1024 + 1, 7 * 1024 * 1024])
def test_a_body_over_five_megabytes_is_refused(size: int, opened: Opened, msp: Caller) -> None:
    path = f"/reports/{opened(('40', None)).uid}/submit"
    refused = msp.call("POST", path, data=b" " * size, Content_Type="application/json", **version(1))
    assert kind(refused) == (413, "content-too-large")


def test_an_unknown_field_is_named_even_in_half_characters(opened: Opened, msp: Caller) -> None:
    path = f"/reports/{opened(('40', None)).uid}/submit"
    refused = msp.post(path, {"nill": True, "": 1}, **version(1))
    assert kind(refused) == (422, "invalid-input")
    assert {error.get("field") for error in refused.get_json()["errors"]} == {"nill", None}


def test_a_token_that_was_taken_back_stops_at_once(app: Flask, story: Story, msp: Caller) -> None:
    assert msp.get("/me").status_code == 200
    revoke(story.preparer.member_id, OPENED_AT)
    db.session.commit()
    assert kind(msp.get("/me")) == (401, "sign-in-required")
