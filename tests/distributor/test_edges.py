"""What every answer has in common: permissions, headers, errors for people and for programs."""

from __future__ import annotations

import io

import pytest
from flask import Flask, request
from flask.typing import ResponseReturnValue
from sqlalchemy import event, select, text
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from distributor.assets import static_url
from distributor.database import db
from distributor.errors import Conflict, FieldError, InputRefused, NotFound, StaleLines
from distributor.headers import CONTENT_SECURITY_POLICY
from distributor.identity.current import needs_scope, permission_of, public, require_member, signed_in
from distributor.identity.models import Organization
from tests import clients
from tests.factories import Story, organization
from workflows.errors import StaleVersion, TransitionNotAllowed
from workflows.usage_report import Status, Step

REFUSALS = {
    "not-found": (NotFound("This report"), 404),
    "conflict": (Conflict("Not now."), 409),
    "stale-line": (StaleLines([{"id": "1", "version": 2}]), 409),
    "stale-version": (StaleVersion(3, 4), 412),
    "transition-not-allowed": (
        TransitionNotAllowed(Step.SUBMIT, Status.APPROVED, (Step.REOPEN,), "It is approved."),
        409,
    ),
    "invalid-input": (InputRefused("Wrong.", [FieldError("Too small.", "units", row=7)]), 422),
}


@public
def refuse(kind: str) -> ResponseReturnValue:
    raise REFUSALS[kind][0]


@public
def write_and_fail() -> ResponseReturnValue:
    organization("Half-done")
    raise ZeroDivisionError("a bug")


@public
def break_a_guard() -> ResponseReturnValue:
    db.session.execute(text("INSERT INTO organizations (name) VALUES ('  ')"))
    return "never"


@public
def lose_the_database() -> ResponseReturnValue:
    raise OperationalError("SELECT 1", {}, Exception("gone"))


@public
def keep_a_zero_byte() -> ResponseReturnValue:
    organization("a\0b")
    return "never"


@public
def measure() -> ResponseReturnValue:
    return str(len(request.get_data()))


@public
def report_with_etag() -> ResponseReturnValue:
    return {"lines": ["x" * 100] * 100}, 200, {"ETag": '"3"'}


@needs_scope("reports:read")
def read() -> ResponseReturnValue:
    return require_member().name


@signed_in
def change() -> ResponseReturnValue:
    return "changed"


VIEWS = (refuse, write_and_fail, break_a_guard, lose_the_database, keep_a_zero_byte, measure, report_with_etag, read)


@pytest.fixture
def app(new_app: Flask) -> Flask:
    """Routes are added to it."""
    return new_app


@pytest.fixture
def edge(app: Flask) -> Flask:
    """The service with calls that fail in every way, each as a page and as a call of the API."""
    app.config["PROPAGATE_EXCEPTIONS"] = False
    for prefix in ("/probe", "/api/v1/probe"):
        for view in VIEWS:
            rule = f"{prefix}/{view.__name__}" + ("/<kind>" if view is refuse else "")
            app.add_url_rule(rule, rule, view, methods=["GET", "POST"])
    app.add_url_rule("/probe/change", "change", change, methods=["POST"])
    app.add_url_rule("/probe/undeclared", "undeclared", lambda: "open to all")
    return app


def test_every_route_declares_who_may_call_it(app: Flask) -> None:
    undeclared = [
        rule.rule for rule in app.url_map.iter_rules() if rule.endpoint and permission_of(rule.endpoint) is None
    ]
    assert undeclared == []


def test_an_undeclared_route_answers_nobody(edge: Flask) -> None:
    assert permission_of("undeclared") is None
    answer = clients.visitor(edge).get("/probe/undeclared")
    assert answer.status_code == 500
    assert "open to all" not in answer.text


@pytest.mark.parametrize(
    "path", ["/sign-in", "/nowhere", "/profile", "/static/favicon.svg", "/api/v1/nowhere", "/probe/write_and_fail"]
)
def test_every_answer_carries_the_security_headers(edge: Flask, path: str) -> None:
    headers = clients.visitor(edge).get(path).headers
    assert headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]
    assert "Strict-Transport-Security" not in headers


def test_the_policy_allows_nothing_in_line_and_no_other_host() -> None:
    assert CONTENT_SECURITY_POLICY.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    assert "frame-ancestors 'none'; base-uri 'none'" in CONTENT_SECURITY_POLICY


def test_pages_are_kept_nowhere_and_versioned_files_for_ever(app: Flask) -> None:
    browser = clients.visitor(app)
    with app.test_request_context():
        address = static_url("vendor/tabler.min.css")
    assert browser.get("/sign-in").headers["Cache-Control"] == "no-store"
    assert address in browser.get("/sign-in").text
    assert browser.get(address).headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert browser.get("/static/vendor/tabler.min.css").headers["Cache-Control"] == "no-cache"
    assert browser.get("/static/v-older/vendor/tabler.min.css").headers["Cache-Control"] == "no-cache"
    assert browser.get(f"{address}x").status_code == 404


@pytest.mark.parametrize("kind", REFUSALS)
def test_a_refusal_is_problem_json_for_programs(edge: Flask, kind: str) -> None:
    answer = clients.visitor(edge).get(f"/api/v1/probe/refuse/{kind}")
    refused, status = REFUSALS[kind]
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    assert answer.json is not None
    assert answer.json["detail"] == refused.message
    assert (answer.json["type"], answer.json["status"]) == (kind, status)
    assert answer.json["instance"] == f"/api/v1/probe/refuse/{kind}"


@pytest.mark.parametrize("kind", REFUSALS)
def test_a_refusal_is_a_page_with_its_sentence_for_people(edge: Flask, kind: str) -> None:
    answer = clients.visitor(edge).get(f"/probe/refuse/{kind}", headers={"Accept": "text/html"})
    refused, status = REFUSALS[kind]
    assert (answer.status_code, answer.mimetype) == (status, "text/html")
    assert refused.message in answer.text
    assert "<h1>" in answer.text


def test_a_script_that_asks_a_page_for_json_gets_a_problem(edge: Flask) -> None:
    answer = clients.visitor(edge).get("/probe/refuse/stale-line", headers={"Accept": "application/json"})
    assert answer.json is not None
    assert answer.json["lines"] == [{"id": "1", "version": 2}]


def test_a_bug_commits_nothing_and_is_logged_under_the_id_that_is_answered(edge: Flask) -> None:
    with capture_logs() as logged:
        answer = clients.visitor(edge).get("/api/v1/probe/write_and_fail")
    assert answer.status_code == 500
    assert answer.json is not None
    assert [entry["error_id"] for entry in logged] == [answer.json["error_id"]]
    assert "a bug" not in answer.text
    assert db.session.scalars(select(Organization)).all() == []


def test_people_see_the_id_of_a_bug_too(edge: Flask) -> None:
    with capture_logs() as logged:
        answer = clients.visitor(edge).get("/probe/write_and_fail")
    assert (answer.status_code, answer.mimetype) == (500, "text/html")
    assert logged[0]["error_id"] in answer.text


@pytest.mark.parametrize(
    ("view", "status", "kind"),
    [
        ("break_a_guard", 409, "conflict"),
        ("lose_the_database", 503, "unavailable"),
        ("keep_a_zero_byte", 422, "invalid-input"),
    ],
)
def test_what_the_database_refuses_is_a_clear_answer(edge: Flask, view: str, status: int, kind: str) -> None:
    with capture_logs() as logged:
        answer = clients.visitor(edge).get(f"/api/v1/probe/{view}")
        page = clients.visitor(edge).get(f"/probe/{view}")
    assert answer.status_code == page.status_code == status
    assert answer.json is not None
    assert answer.json["type"] == kind
    assert len(logged) == 2
    assert "INSERT" not in answer.text + page.text


def test_the_page_of_a_failed_statement_still_knows_its_reader(edge: Flask) -> None:
    member = Story().preparer
    with capture_logs():
        page = clients.sign_in(edge, member).get("/probe/break_a_guard")
    assert page.status_code == 409
    assert member.name in page.text


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nowhere", 404), ("PUT", "/sign-in", 405)])
def test_unknown_addresses_and_methods_have_a_page_and_a_problem(
    app: Flask, method: str, path: str, status: int
) -> None:
    page = clients.visitor(app).open(path, method=method)
    assert (page.status_code, page.mimetype) == (status, "text/html")
    answer = clients.visitor(app).open(path, method=method, headers={"Accept": "application/json"})
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    assert status != 405 or "POST" in answer.headers["Allow"]


@pytest.mark.parametrize("prefix", ["/probe", "/api/v1/probe"])
def test_a_body_over_the_limit_is_413(edge: Flask, prefix: str) -> None:
    browser = clients.visitor(edge)
    assert browser.post(f"{prefix}/measure", data=b"x" * 1_000).text == "1000"
    answer = browser.post(f"{prefix}/measure", data=b"x" * (6 * 1024 * 1024 + 1))
    assert answer.status_code == 413


@pytest.mark.parametrize("prefix", ["/probe", "/api/v1/probe"])
def test_a_body_without_a_length_is_411(edge: Flask, prefix: str) -> None:
    chunked = {"headers": {"Transfer-Encoding": "chunked"}, "input_stream": io.BytesIO(b"x"), "content_length": None}
    answer = clients.visitor(edge).post(f"{prefix}/measure", **chunked)
    assert answer.status_code == 411
    assert "Content-Length" in answer.text


def test_a_form_without_its_token_is_refused_with_a_page(edge: Flask) -> None:
    browser = clients.visitor(edge)
    browser.get("/sign-in")
    refused = browser.post("/sign-in", data={"email": "a@example.com", "password": "x"}, csrf=False)
    assert refused.status_code == 400
    assert "This form has expired" in refused.text


@pytest.mark.parametrize(
    "path",
    ["/sign-out", "/switch", "/profile", "/profile/password", "/profile/tokens", "/set-password/x", "/probe/change"],
)
def test_no_form_works_without_its_token(edge: Flask, path: str) -> None:
    browser = clients.sign_in(edge, Story().preparer)
    assert browser.post(path, csrf=False).status_code == 400
    assert browser.post(path, headers={"X-CSRFToken": "forged"}).status_code == 400


@pytest.mark.parametrize(
    ("site", "status"), [("same-origin", 200), ("none", 200), ("same-site", 403), ("cross-site", 403)]
)
def test_a_form_from_another_site_is_refused_even_with_a_token(edge: Flask, site: str, status: int) -> None:
    browser = clients.sign_in(edge, Story().preparer)
    assert browser.post("/probe/change", headers={"Sec-Fetch-Site": site}).status_code == status


def test_an_htmx_request_of_somebody_signed_out_is_led_to_the_door(app: Flask) -> None:
    answer = clients.visitor(app).get("/profile", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (401, "/sign-in")


def test_a_compressed_report_keeps_its_version_as_etag(edge: Flask) -> None:
    answer = clients.visitor(edge).get("/api/v1/probe/report_with_etag", headers={"Accept-Encoding": "gzip"})
    assert (answer.headers["Content-Encoding"], answer.headers["ETag"]) == ("gzip", '"3"')


def test_one_query_finds_the_caller_of_the_api(edge: Flask) -> None:
    program = clients.api(edge, Story().preparer)
    program.get("/api/v1/probe/read")
    asked: list[str] = []
    event.listen(db.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    assert program.get("/api/v1/probe/read").status_code == 200
    assert len(asked) == 1


def test_who_was_denied_what_is_logged(edge: Flask) -> None:
    with capture_logs() as logged:
        clients.visitor(edge).get("/api/v1/probe/refuse/not-found")
    assert [(line["event"], line["status"]) for line in logged] == [("access denied", 404)]
    with capture_logs() as logged:
        clients.visitor(edge).get("/api/v1/probe/refuse/conflict")
    assert logged == []


def test_a_form_of_another_site_is_logged_and_an_address_that_is_none_is_not(edge: Flask) -> None:
    with capture_logs() as logged:
        clients.visitor(edge).post("/sign-in", headers={"Sec-Fetch-Site": "cross-site"})
    assert [(line["event"], line["status"]) for line in logged] == [("access denied", 403)]
    with capture_logs() as logged:
        clients.visitor(edge).get("/no-such-address")
    assert logged == []
