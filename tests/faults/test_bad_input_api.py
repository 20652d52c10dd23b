"""The API under wrong input: problem+json that names the place and the way out, and nothing of what is kept changes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests import clients
from tests.faults.ground import World, nothing_changed
from tests.faults.rows import CSV_HEADER, SIX_MEGABYTES, too_many_rows

HALF, NUL, LONG = "\ud800", "a\0b", "x" * 10_000
API = "/api/v1"
ACCOUNTS, PRODUCT = "/accounts", "/products/P-1"
LINES, NEW_LINE, REJECT = "/reports/{report}/lines", "/reports/{report}/lines", "/reports/{review}/reject"


@dataclass(frozen=True)
class Case:
    """A call, and the status, the named field and some words of its refusal."""

    name: str
    method: str
    path: str
    body: Any
    status: int
    field: str | None
    words: str
    who: str = "distributor_admin"


def account(name: str, field: str, value: Any, words: str, place: str | None = None) -> Case:
    body = {"number": "N-1", "msp": {"name": "New"}, field: value}
    return Case(name, "POST", ACCOUNTS, body, 422, place or field, words)


def term(field: str, value: Any, words: str) -> Case:
    shown = str(value)[:30]
    return account(f"{field} {shown}", "terms", {field: value}, words, field)


def product(field: str, value: Any, words: str, **more: Any) -> Case:
    return Case(f"{field} {value!s:.20}", "PUT", PRODUCT, {"name": "n", **more, field: value}, 422, field, words)


def new_line(field: str, value: Any, words: str) -> Case:
    body = {"sku": "HAND-1", "chargeable_units": "1", field: value}
    return Case(f"new {field} {value!s:.20}", "POST", NEW_LINE, body, 422, field, words, "msp_admin")


def draft(field: str, value: Any, words: str, place: str | None = None) -> Case:
    body = [{"id": "{line}", field: value}]
    return Case(f"draft {field} {value!s:.20}", "PATCH", LINES, body, 422, place or field, words, "msp_admin")


ZONES = ["localtime", "Factory", "Mars/Phobos", "", "posixrules", "right/UTC", "../UTC", "europe/dublin", LONG, 5, None]
TERM_CASES = [
    *(term("time_zone", zone, "is no time zone") for zone in [*ZONES, ["UTC"], {"a": 1}]),
    term("closing_day", 31, "from 1 to 28"),
    term("closing_day", True, "from 1 to 28"),
    term("opens_on_day", 32, "from 1 to 31"),
    term("opens_days_after_end", 10**40, "from 0 to 60"),
    term("auto_submit_after_days", 0, "from 1 to 60"),
    term("resubmit_after_days", 1.5, "from 1 to 60"),
    term("reports_from", "2026-13", "is no report cycle"),
    term("reports_until", "1999-12", "is no report cycle"),
    term("currency", ["EUR"], "is no currency"),
    term("currency", "eur", "is no currency"),
    term("tolerance_units", "NaN", "Write a number from 0"),
    term("tolerance_units", "0.00001", "at most 4 decimals"),
    term("tolerance_percent", "101", "from 0 to 100"),
    term("uplift_percent", "-1", "from 0 to 1000"),
    term("approval_limit", True, "Write a number"),
    term("auto_approve", {"max_change_percent": None}, "Write a number"),
    term("usage_source", {"a": 1}, "feed or manual"),
    term("corrections_allowed", "yes", "true or false"),
]
ACCOUNT_CASES = [
    account("number of two lines", "number", "a\nb", "on one line"),
    account("number in a list", "number", ["x"], "on one line"),
    account("endless number", "number", "x" * 51, "1 to 50 characters"),
    account("msp as text", "msp", "x", "Say which MSP"),
    account("endless msp", "msp", {"name": LONG}, "1 to 200 characters", "msp.name"),
    account("invisible msp", "msp", {"name": "\u200b"}, "1 to 200 characters", "msp.name"),
    account("msp of no id", "msp", {"id": {"a": 1}}, "You have no MSP with this id", "msp.id"),
    account("contacts as text", "contacts", "x", "a list of at most 50"),
    account("a header", "contacts", [{"email": "a\r\nBcc: b@c"}], "no e-mail address", "contacts.0.email"),
    account("a named header", "contacts", [{"email": "a@b", "name": "x\r\ny"}], "one line", "contacts.0.name"),
    account("a role in a list", "contacts", [{"email": "a@b", "role": ["x"]}], "role is one of", "contacts.0.role"),
    account("terms in a list", "terms", [1], "an object of names and values"),
    account("unknown field", "colour", "red", "no field of this name"),
]
PRODUCT_CASES = [
    product("name", ["x"], "1 to 300 characters"),
    product("name", "\u202ex", "on one line"),
    product("name", "\u200b", "1 to 300 characters"),
    product("precision", 5, "0 to 4"),
    product("price", "-1", "is no price", currency="EUR"),
    product("price", "Infinity", "is no price", currency="EUR"),
    product("currency", ["EUR"], "is no currency", price="1"),
    product("usage_source", [1], "feed, manual"),
    product("reports_used_units", "yes", "true or false"),
    product("colour", 1, "no field of this name"),
    *(
        Case(f"sku {sku:.10}", "PUT", f"/products/{sku}", {"name": "n"}, 422, "sku", "A SKU has 1 to 100 characters")
        for sku in ("%00", "%20X%20", "%ff", "%E2%80%AE", "%E2%80%8B", "x" * 101)
    ),
]
LINE_CASES = [
    new_line("sku", ["x"], "Give a text"),
    new_line("sku", "NOPE", "no product NOPE"),
    new_line("chargeable_units", True, "Give a number"),
    new_line("chargeable_units", "-1", "can't be negative"),
    new_line("chargeable_units", "1.5", "whole units only"),
    new_line("chargeable_units", "١", "can't be taken"),
    new_line("customer_name", "a\r\nBcc: b@c", "line break"),
    new_line("customer_ref", "\u202ex", "line break"),
    new_line("comment", 5, "Give a text"),
    draft("chargeable_units", True, "Give a number", "0.chargeable_units"),
    draft("chargeable_units", [1], "Give a number", "0.chargeable_units"),
    draft("chargeable_units", "NaN", "can't be taken"),
    draft("chargeable_units", "1e400", "can't be taken"),
    draft("chargeable_units", "1_0", "can't be taken"),
    draft("chargeable_units", "0x10", "can't be taken"),
    draft("chargeable_units", 10**12, "more than 12 digits"),
    draft("comment", "x" * 2001, "at most 2,000 characters"),
    draft("comment", "a\x01", "without control characters", "0.comment"),
    draft("version", "1", "a whole number", "0.version"),
    draft("colour", 1, "no such field", "0.colour"),
    Case("line of nobody", "PATCH", LINES, [{"id": "{review_line}"}], 422, "id", "no such line", "msp_admin"),
    Case("lines as object", "PATCH", LINES, {"id": 1}, 422, None, "Give a list of lines", "msp_admin"),
    Case("endless reason", "POST", REJECT, {"reason": LONG}, 422, "reason", "at most 2,000"),
    Case("reason in a list", "POST", REJECT, {"reason": ["x"]}, 422, "reason", "Give a text"),
    Case("note on no line", "POST", REJECT, {"reason": "x", "lines": [{"id": "z"}]}, 422, "lines.0.id", "a UUID"),
    Case("note elsewhere", "POST", REJECT, {"reason": "x", "lines": [{"id": "{line}", "note": "n"}]}, 422, "lines",
         "no such line"),
    Case("together, too many", "POST", "/reports/approve", [{"id": "{line}", "version": 1}] * 201, 422, None, "200"),
]  # fmt: skip
QUERIES = {
    "/reports?cycle=2026-13": ("cycle", "is no report cycle"),
    "/reports?status=zz": ("status", "Give one of"),
    "/reports?account=%00": ("account", "Control characters"),
    "/reports?limit=0": ("limit", "from 1 to 200"),
    "/reports?limit=99999999999999999999": ("limit", "whole number"),
    "/reports?colour=red": ("colour", "no such field"),
    **{
        f"{path}?cursor={cursor}": ("cursor", "")
        for path in ("/reports", "/accounts", "/products", "/reports/{report}/history")
        for cursor in ("zz", "%00", "%ff", "a" * 300, "w6k", "{report}", "{foreign_cursor}")
    },
}
CASES = [
    *TERM_CASES, *ACCOUNT_CASES, *PRODUCT_CASES, *LINE_CASES,
    *(Case(path[:40], "GET", path, None, 422, field, words, "msp_admin") for path, (field, words) in QUERIES.items()),
]  # fmt: skip


def filled(world: World, text: str) -> str:
    names = {
        "{report}": world.preparing.uid, "{review}": world.review.uid, "{line}": world.line,
        "{review_line}": world.review_line, "{account}": world.story.account.uid,
        "{foreign_cursor}": "MTIzNDU2Nzg5MDEy",
    }  # fmt: skip
    for name, value in names.items():
        text = text.replace(name, str(value))
    return text


def version_of(world: World, path: str) -> str:
    return '"2"' if "{review}" in path else '"1"'


def sent(world: World, case: Case) -> TestResponse:
    headers = {"If-Match": version_of(world, case.path), "Content-Type": "application/json"}
    body = None if case.body is None else filled(world, json.dumps(case.body))
    program, path = world.program(getattr(world, case.who)), API + filled(world, case.path)
    return program.open(path, method=case.method, data=body, headers=headers)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_wrong_input_is_a_problem_that_names_its_place_and_changes_nothing(world: World, case: Case) -> None:
    with nothing_changed():
        answer = sent(world, case)
    assert (answer.status_code, answer.mimetype) == (case.status, "application/problem+json"), answer.text
    errors = answer.get_json()["errors"]
    assert case.field in {error.get("field") for error in errors}, errors
    assert any(case.words in error["reason"] for error in errors), errors


def test_the_largest_terms_that_are_taken_are_kept(world: World) -> None:
    path = f"{API}/accounts/{world.story.account.uid}"
    terms = {"uplift_percent": "1000", "auto_approve": {"max_change_percent": "1000"}, "tolerance_percent": "100"}
    answer = world.program(world.distributor_admin).patch(path, json={"terms": terms})
    kept = answer.get_json()["terms"]
    assert (answer.status_code, {name: kept[name] for name in terms}) == (200, terms)


BODIES: dict[bytes, str] = {
    b"{": "is no JSON",
    b"\xef\xbb\xbf{}": "is no JSON",
    b"\xff": "is no UTF-8",
    b"[" * 100_000: "nested too deeply",
    b'{"a": 1, "a": 2}': "twice",
    b'{"a": NaN}': "NaN is no number",
    b'{"a": ' + b"9" * 100 + b"}": "60 digits",
    json.dumps({"a": HALF}).encode(): "half a character",
    json.dumps({"a": NUL}).encode(): "NUL",
}
CALLS = [
    ("POST", ACCOUNTS, "distributor_admin"),
    ("PATCH", "/accounts/{account}", "distributor_admin"),
    ("PUT", PRODUCT, "distributor_admin"),
    ("PATCH", LINES, "msp_admin"),
    ("POST", NEW_LINE, "msp_admin"),
    ("POST", REJECT, "distributor_admin"),
    ("POST", "/reports/approve", "distributor_admin"),
]


@pytest.mark.parametrize("body", BODIES, ids=lambda body: body[:16].decode("latin-1"))
def test_what_is_no_json_is_refused_by_every_call_that_takes_some(world: World, body: bytes) -> None:
    with nothing_changed():
        for method, path, who in CALLS:
            headers = {"If-Match": version_of(world, path), "Content-Type": "application/json"}
            program = world.program(getattr(world, who))
            answer = program.open(API + filled(world, path), method=method, data=body, headers=headers)
            assert (answer.status_code, BODIES[body] in answer.get_json()["detail"]) == (400, True), answer.text


def test_another_content_type_is_refused_by_every_call_that_takes_json(world: World) -> None:
    with nothing_changed():
        for method, path, who in CALLS:
            headers = {"If-Match": version_of(world, path), "Content-Type": "text/plain"}
            program = world.program(getattr(world, who))
            answer = program.open(API + filled(world, path), method=method, data=b"{}", headers=headers)
            assert answer.status_code == 415, path


def put_usage(world: World, content: bytes, kind: str = "text/csv", cycle: str = "2026-10", query: str = "") -> Any:
    path = f"{API}/accounts/{world.story.account.uid}/usage/{cycle}{query}"
    return world.program(world.distributor_admin).put(path, data=content, headers={"Content-Type": kind})


FILES: dict[str, tuple[bytes, str, int, str]] = {
    "20,001 rows": (too_many_rows(), "text/csv", 422, "at most 20,000. Split the file"),
    "six megabytes": (SIX_MEGABYTES, "text/csv", 413, "At most 5 MB are taken at once. Split"),
    "a broken workbook": (b"PK\x03\x04 and nothing more", "application/octet-stream", 422, "Excel workbook"),
    "decimal commas": (CSV_HEADER + b'a,A,S,"1,5"\n', "text/csv", 422, "write decimals after a point"),
    "commas without quotes": (CSV_HEADER + b"a,A,S,1,5\n", "text/csv", 422, "cell"),
    "negative units": (CSV_HEADER + b"a,A,S,-1\n", "text/csv", 422, "is negative; write 0 or more"),
    "no number": (CSV_HEADER + b"a,A,S,NaN\n", "text/csv", 422, "is not a finite number"),
    "an unknown column": (b"customer_ref,customer_name,sku,provisioned_units,colour\n", "text/csv", 422, "colour"),
    "unknown columns only": (b"colour,size\n1,2\n", "text/csv", 422, "is not the header of a usage file"),
    "nothing": (b"", "text/csv", 422, "The file is empty"),
    "an old encoding": (CSV_HEADER + b"a,\xe4,S,1\n", "text/csv", 422, "is not UTF-8"),
    "a picture": (b"\x89PNG", "image/png", 415, "Usage is taken as"),
    "deep JSON": (b"[" * 100_000, "application/json", 422, "nested too deeply"),
    "lines as text": (b'{"lines": "x"}', "application/json", 422, "missing or not a list"),
    "a form without a boundary": (b"--x\r\nfoo", "multipart/form-data", 422, "Send one file"),
    "a broken form": (b"--x\r\nfoo", "multipart/form-data; boundary=x", 422, "Send one file"),
}


@pytest.mark.parametrize("case", FILES)
def test_a_file_that_cannot_be_taken_says_why(world: World, case: str) -> None:
    content, kind, status, words = FILES[case]
    with nothing_changed():
        answer = put_usage(world, content, kind)
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    assert words in json.dumps(answer.get_json(), ensure_ascii=False)


def test_a_workbook_by_name_only_is_refused(world: World) -> None:
    path = f"{API}/accounts/{world.story.account.uid}/usage/2026-10"
    form = {"file": (BytesIO(CSV_HEADER), "usage.xlsx")}
    with nothing_changed():
        answer = world.program(world.distributor_admin).put(path, data=form)
    assert (answer.status_code, "its content is not one" in answer.get_json()["detail"]) == (422, True)


@pytest.mark.parametrize("cycle", ["2026-13", "2026-00", "1999-12", "2200-01", "26-1", "%00", "2026-10%0a", "٢٠٢٦-١٠"])
def test_a_cycle_that_is_none_is_refused(world: World, cycle: str) -> None:
    with nothing_changed():
        answer = put_usage(world, b'{"lines": []}', "application/json", cycle)
    assert (answer.status_code, answer.get_json()["type"]) == (422, "invalid-cycle")


@pytest.mark.parametrize("query", ["dry_run=yes", "add_products=1", "format=zz", "dry_run=true&dry_run=false", "a=1"])
def test_a_wrong_way_to_take_a_file_is_refused(world: World, query: str) -> None:
    with nothing_changed():
        answer = put_usage(world, b'{"lines": []}', "application/json", query=f"?{query}")
    assert (answer.status_code, answer.get_json()["type"]) == (422, "invalid-input")


def test_the_name_of_a_file_is_kept_without_what_a_line_cannot_hold(world: World) -> None:
    sku = world.story.lines(world.preparing)[0].sku
    content = CSV_HEADER + f"a,A,{sku},1\n".encode()
    path = f"{API}/accounts/{world.story.account.uid}/usage/2026-10?dry_run=true"
    for name in ("a\0b.csv", "\u202e.csv", "../../etc/passwd", LONG):
        answer = world.program(world.distributor_admin).put(path, data={"file": (BytesIO(content), name)})
        assert answer.status_code == 200, name


def test_a_body_that_does_not_say_its_length_is_411_everywhere(world: World) -> None:
    chunked = {"input_stream": BytesIO(b"x"), "content_length": None}
    with nothing_changed():
        for method, path, who in [*CALLS, ("PUT", "/accounts/{account}/usage/2026-10", "distributor_admin")]:
            program = world.program(getattr(world, who))
            headers = {"Transfer-Encoding": "chunked"}
            answer = program.open(API + filled(world, path), method=method, headers=headers, **chunked)
            assert (answer.status_code, answer.get_json()["type"]) == (411, "length-required")


RECALL = API + "/reports/{review}/recall"


@pytest.mark.parametrize(
    "given", ['"0"', '"999999999999"', 'W/"2', "abc", '"2', "2", '"-2"', '""', '"é"', "x" * 5_000, '"\x7f"']
)
def test_a_version_that_is_none_is_a_stale_one(world: World, given: str) -> None:
    with nothing_changed():
        answer = world.program(world.msp_admin).post(filled(world, RECALL), headers={"If-Match": given})
    problem = answer.get_json()
    assert (answer.status_code, problem["type"], problem["current_version"]) == (412, "stale-version", 2)


@pytest.mark.parametrize("given", [{}, {"If-Match": "*"}, {"If-Match": " "}])
def test_no_version_is_428(world: World, given: dict[str, str]) -> None:
    with nothing_changed():
        answer = world.program(world.msp_admin).post(filled(world, RECALL), headers=given)
    assert (answer.status_code, answer.get_json()["type"]) == (428, "version-required")


@pytest.mark.parametrize("key", ["x" * 256, "", "é", "\x01"])
def test_a_key_that_is_none_is_refused(world: World, key: str) -> None:
    headers = {"If-Match": '"2"', "Idempotency-Key": key}
    with nothing_changed():
        answer = world.program(world.msp_admin).post(filled(world, RECALL), headers=headers)
    assert answer.status_code == 422
    assert answer.get_json()["errors"][0]["field"] == "Idempotency-Key"


TOKENS = ["", "Bearer", "Bearer é", "bearer x", "Basic !!!", "Bearer " + LONG, "Bearer \x01", "Token dst_a_b"]


@pytest.mark.parametrize("given", TOKENS, ids=lambda given: given[:12])
def test_a_token_that_is_none_is_401_with_the_way_in(world: World, given: str) -> None:
    with nothing_changed():
        answer = clients.visitor(world.app).get(f"{API}/me", headers={"Authorization": given})
    assert (answer.status_code, answer.get_json()["type"]) == (401, "sign-in-required")
    assert "profile page" in answer.get_json()["detail"]


@pytest.mark.parametrize("path", ["/reports/z", "/reports/{report}x", "/reports/%00", "/accounts/z", "/reports//"])
def test_an_id_that_is_none_is_not_found(world: World, path: str) -> None:
    answer = world.program(world.msp_admin).get(API + filled(world, path))
    assert (answer.status_code, answer.mimetype) == (404, "application/problem+json")


def test_a_wrong_method_names_the_right_ones(world: World) -> None:
    for rule in world.app.url_map.iter_rules():
        if rule.rule.startswith(API) and not rule.arguments:
            answer = world.program(world.msp_admin).open(rule.rule, method="TRACE")
            assert (answer.status_code, bool(answer.headers["Allow"])) == (405, True)
