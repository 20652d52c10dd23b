"""Pages under wrong input: each time one clear sentence that names the place, and nothing of what is kept changes."""

from __future__ import annotations

import html
import json
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests import clients
from tests.faults.ground import World, nothing_changed
from tests.faults.rows import CSV_HEADER, SIX_MEGABYTES, too_many_rows

NUL, HALF, LONG = "a\0b", "\ud800", "x" * 10_000
JSON = {"Accept": "application/json", "Content-Type": "application/json"}


@dataclass(frozen=True)
class Case:
    """What one member sends, and the status and words of the answer. `{…}` in path and names are ids of the world."""

    name: str
    path: str
    form: dict[str, str] | None
    status: int
    words: str
    who: str = "msp_admin"


SAVE, ADD, REJECT = "/reports/{report}/save", "/reports/{report}/add-line", "/review/{review}/reject"
GRID = {"v-{line}": "1"}
NEW = {"sku": "HAND-1", "chargeable_units": "1", "version": "1"}
DECISION = {"version": "2", "reason": "See the note"}
REVIEWER = "distributor_admin"

GRID_CASES = [
    Case("negative units", SAVE, {**GRID, "u-{line}": "-3"}, 422, "units can't be negative"),
    Case("units without end", SAVE, {**GRID, "u-{line}": "Infinity"}, 422, "“Infinity” can't be taken"),
    Case("units that are none", SAVE, {**GRID, "u-{line}": "NaN"}, 422, "“NaN” can't be taken"),
    Case("units too precise", SAVE, {**GRID, "u-{line}": "1.5"}, 422, "this product takes whole units only"),
    Case("a decimal comma", SAVE, {**GRID, "u-{line}": "1,5"}, 422, "write the decimals after a point"),
    Case("Arabic digits", SAVE, {**GRID, "u-{line}": "١٢"}, 422, "can't be taken"),
    Case("endless units", SAVE, {**GRID, "u-{line}": "9" * 5_000}, 422, "can't be taken"),
    Case("units with a NUL", SAVE, {**GRID, "u-{line}": "1\0"}, 422, "can't be taken"),
    Case("no units", SAVE, {**GRID, "u-{line}": ""}, 422, "Chargeable units are needed here"),
    Case("a comment with a NUL", SAVE, {**GRID, "c-{line}": NUL}, 422, "cannot hold control characters"),
    Case("an endless comment", SAVE, {**GRID, "c-{line}": LONG}, 422, "at most 2,000 characters, this one 10,000"),
    Case("a version in words", SAVE, {"v-{line}": "one"}, 422, "“one” is no whole number"),
    Case("a stale line", SAVE, {"v-{line}": "7", "u-{line}": "1"}, 409, "changed by somebody else meanwhile"),
    Case("no line", SAVE, {"v-zzz": "1"}, 422, "names something that does not exist"),
    Case("a line of another report", SAVE, {"v-{foreign}": "1"}, 422, "lines that it cannot change"),
    Case("an unknown product", ADD, {**NEW, "sku": "NOPE"}, 422, "The catalogue has no product NOPE"),
    Case("a product with a NUL", ADD, {**NEW, "sku": NUL}, 422, "sku: This holds a line break or another control"),
    Case("new units too precise", ADD, {**NEW, "chargeable_units": "0.1"}, 422, "whole units only"),
    Case("new units left out", ADD, {"sku": "HAND-1", "version": "1"}, 422, "can't be taken"),
    Case("a reference with a NUL", ADD, {**NEW, "customer_ref": NUL}, 422, "customer_ref: This holds"),
    Case("a name of two lines", ADD, {**NEW, "customer_name": "A\r\nBcc: x@y"}, 422, "customer_name: This holds"),
    Case("a name turned round", ADD, {**NEW, "customer_name": "\u202ex"}, 422, "customer_name: This holds"),
    Case("an endless name", ADD, {**NEW, "customer_ref": "r", "customer_name": LONG}, 422, "its name at most 300"),
    Case("an endless new comment", ADD, {**NEW, "comment": LONG}, 422, "at most 2,000 characters"),
    Case("a feed product", ADD, {**NEW, "sku": "{sku}"}, 422, "come from the usage feed"),
]
STEP_CASES = [
    Case("no version number", "/reports/{report}/submit", {"version": "x"}, 422, "is no whole number"),
    Case("an endless version", "/reports/{report}/recall", {"version": "9" * 50}, 422, "is no whole number"),
    Case("usage, wrong version", "/reports/{report}/apply-usage", {"version": "x"}, 422, "is no whole number"),
    Case("Arabic version", "/reports/{report}/reopen", {"version": "١"}, 422, "is no whole number"),
    Case("a reason with a NUL", REJECT, {**DECISION, "reason": NUL}, 422, "reason holds a control", REVIEWER),
    Case("an endless reason", REJECT, {**DECISION, "reason": LONG}, 422, "10,000 characters; at most 2,000", REVIEWER),
    Case("a blank reason", REJECT, {**DECISION, "reason": " \u200b"}, 409, "Give a reason", REVIEWER),
    Case("a note with a NUL", REJECT, {**DECISION, "n-{review_line}": NUL}, 422, "note holds a control", REVIEWER),
    Case("an endless note", REJECT, {**DECISION, "n-{review_line}": LONG}, 422, "at most 2,000", REVIEWER),
    Case("a note on no line", REJECT, {**DECISION, "n-zzz": "x"}, 422, "names something that does not", REVIEWER),
    Case("a note elsewhere", REJECT, {**DECISION, "n-{line}": "x"}, 422, "not on this report", REVIEWER),
    Case("waive elsewhere", "/review/{review}/lines/{line}/waive", DECISION, 404, "does not exist", REVIEWER),
    Case("approve nothing", "/review/approve", {"report": "x"}, 422, "names something that does not exist", REVIEWER),
    Case("approve unversioned", "/review/approve", {"report": "{review}~x"}, 422, "is no whole number", REVIEWER),
]
PROFILE_CASES = [
    Case("no name", "/profile", {"name": "\u200b"}, 422, "Give a name of 1 to 200 characters on one line"),
    Case("a name of two lines", "/profile", {"name": "a\r\nBcc: b@c"}, 422, "on one line"),
    Case("a name of two lines, later", "/profile", {"name": "a\x85b"}, 422, "on one line"),
    Case("a telephone book", "/profile", {"name": "a", "phone": LONG}, 422, "at most 50 characters"),
    Case("a token name with a NUL", "/profile/tokens", {"token_name": NUL, "days": "30"}, 422, "one line without"),
    Case("an endless token", "/profile/tokens", {"token_name": "a", "days": "-1"}, 422, "Choose how long"),
    Case("no scope", "/profile/tokens", {"token_name": "a", "days": "30", "scopes": "\0"}, 422, "is no scope"),
    Case("no membership", "/switch", {"membership": "\0"}, 404, "This membership does not exist"),
    Case("no token", "/profile/tokens/{line}/revoke", {}, 404, "This token does not exist"),
    Case("no sign-in", "/profile/sign-ins/{line}/revoke", {}, 404, "This sign-in does not exist"),
]
ADDRESS_CASES = [
    Case("a year in words", "/reports?year=abc", None, 422, "“abc” is no year with reports"),
    Case("no month", "/review?cycle=2026-13", None, 422, "“2026-13” is no report cycle", REVIEWER),
    Case("a cycle with a NUL", "/review?cycle=%00", None, 422, "is no report cycle", REVIEWER),
    Case("no status", "/review?status=zz", None, 422, "“zz” is no status of a report", REVIEWER),
    Case("a forged place", "/review?after=1E%2B131072~1", None, 422, "does not exist. Start with the first", REVIEWER),
    Case("a place of no number", "/review?after=NaN~1", None, 422, "Start with the first", REVIEWER),
    Case("no status of a mail", "/notifications?status=zz", None, 422, "is no status of a mail"),
    Case("no place among mails", "/notifications?before=zz", None, 422, "Start with the newest"),
    Case("no report", "/reports/zzz", None, 404, "Page not found"),
    Case("a report with a NUL", "/reports/%00", None, 404, "Page not found"),
    Case("another report", "/reports/{line}", None, 404, "This usage report does not exist"),
    Case("no report to review", "/review/{line}", None, 404, "This usage report does not exist", REVIEWER),
]
CASES = [*GRID_CASES, *STEP_CASES, *PROFILE_CASES, *ADDRESS_CASES]


def filled(world: World, text: str) -> str:
    return text.format(
        report=world.preparing.uid, review=world.review.uid, line=world.line, review_line=world.review_line,
        foreign=world.review_line, sku=world.story.lines(world.preparing)[0].sku,
    )  # fmt: skip


def sent(world: World, case: Case) -> TestResponse:
    browser, path = world.browser(getattr(world, case.who)), filled(world, case.path)
    if case.form is None:
        return browser.get(path)
    form = {filled(world, name): filled(world, value) for name, value in case.form.items()}
    return browser.post(path, data=form)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_wrong_input_is_answered_with_a_sentence_and_changes_nothing(world: World, case: Case) -> None:
    with nothing_changed():
        answer = sent(world, case)
    assert answer.status_code == case.status, answer.text
    assert case.words in html.unescape(answer.text)


def test_a_stale_rejection_changes_nothing_but_keeps_its_words(world: World) -> None:
    stale = Case("stale", REJECT, {**DECISION, "version": "9"}, 409, "changed meanwhile", REVIEWER)
    with nothing_changed(but="review_drafts"):
        answer = sent(world, stale)
    assert answer.status_code == stale.status
    assert DECISION["reason"] in answer.text


def line_of(world: World, **fields: Any) -> bytes:
    return json.dumps({"lines": [{"id": str(world.line), "version": 1, **fields}]}).encode()


BODIES: dict[str, tuple[int, str]] = {
    "[" * 100_000: (400, "nested too deeply"),
    "{": (400, "is no JSON"),
    "\ufeff{}": (400, "is no JSON"),
    '{"lines": [], "lines": []}': (400, "twice"),
    '{"lines": NaN}': (400, "NaN is no number"),
    "[]": (422, "a list of lines was expected"),
    '{"lines": [1]}': (422, "a list of lines was expected"),
    '{"lines": [{"id": [1], "version": 1}]}': (422, "names something that does not exist"),
}
FIELDS: list[tuple[dict[str, Any], int, str]] = [
    ({"comment": HALF}, 400, "half a character"),
    ({"comment": NUL}, 400, "NUL"),
    ({"comment": "a\x01b"}, 422, "control characters"),
    ({"comment": [1]}, 422, "units and comments are text"),
    ({"chargeable_units": True}, 422, "units and comments are text"),
    ({"chargeable_units": {"a": 1}}, 422, "units and comments are text"),
    ({"chargeable_units": "-1"}, 422, "can't be negative"),
    ({"chargeable_units": "1e400"}, 422, "can't be taken"),
    ({"chargeable_units": 10**60}, 400, "60 digits"),
    ({"version": True}, 422, "versions whole numbers"),
    ({"version": 10**30}, 409, "changed by somebody else"),
]


def save(world: World, body: bytes) -> TestResponse:
    path = f"/reports/{world.preparing.uid}/save"
    return world.browser(world.msp_admin).post(path, data=body, headers=JSON)


@pytest.mark.parametrize("body", BODIES, ids=lambda body: body[:20])
def test_a_draft_that_is_no_json_is_a_problem_that_says_why(world: World, body: str) -> None:
    status, words = BODIES[body]
    with nothing_changed():
        answer = save(world, body.encode())
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    assert words in answer.get_json()["detail"]


@pytest.mark.parametrize(("fields", "status", "words"), FIELDS, ids=str)
def test_a_field_of_the_wrong_kind_is_a_problem_that_says_so(
    world: World, fields: dict[str, Any], status: int, words: str
) -> None:
    with nothing_changed():
        answer = save(world, line_of(world, **fields))
    assert answer.status_code == status
    assert words in json.dumps(answer.get_json())


@pytest.mark.parametrize("page", ["-1", "0", "99999999999999999999", "x"])
def test_a_page_that_is_none_shows_one_that_is(world: World, page: str) -> None:
    answer = world.browser(world.msp_admin).get(f"/reports/{world.preparing.uid}?page={page}")
    assert (answer.status_code, "October 2026" in answer.text) == (200, True)


def test_a_search_for_what_no_name_holds_finds_nothing(world: World) -> None:
    answer = world.browser(world.distributor_admin).get("/review?q=%00")
    assert (answer.status_code, str(world.review.uid) in answer.text) == (200, False)


UPLOADS = {
    "20,001 rows": (too_many_rows(), "a.csv", 422, "20,000 rows"),
    "no workbook": (b"customer_ref,sku", "usage.xlsx", 422, "its content is not one"),
    "a broken workbook": (b"PK\x03\x04 and nothing more", "usage.xlsx", 422, "workbook"),
    "decimal commas": (CSV_HEADER + b'a,A,S,"1,5"\n', "a.csv", 422, "has a comma: write decimals after a point"),
    "negative units": (CSV_HEADER + b"a,A,S,-1\n", "a.csv", 422, "is negative; write 0 or more"),
    "units without end": (CSV_HEADER + b"a,A,S,inf\n", "a.csv", 422, "is not a finite number"),
    "an unknown column": (b"customer_ref,customer_name,sku,provisioned_units,colour\n", "a.csv", 422, "colour"),
    "nothing": (b"", "a.csv", 422, "The file is empty"),
}


def upload(world: World, content: bytes, name: str, **fields: str) -> TestResponse:
    form = {"account": str(world.story.account.uid), "cycle": "2026-10", "step": "import", **fields}
    return world.browser(world.distributor_admin).post("/usage", data={**form, "file": (BytesIO(content), name)})


@pytest.mark.parametrize("case", UPLOADS)
def test_a_file_that_cannot_be_taken_says_why(world: World, case: str) -> None:
    content, name, status, words = UPLOADS[case]
    with nothing_changed():
        answer = upload(world, content, name)
    assert answer.status_code == status, answer.text
    assert words in html.unescape(answer.text)


def test_six_megabytes_are_too_much(world: World) -> None:
    form = {"Content-Type": "multipart/form-data; boundary=x"}
    with nothing_changed():
        answer = world.browser(world.distributor_admin).post("/usage", data=SIX_MEGABYTES, headers=form)
    assert (answer.status_code, "up to 5 MB and 20,000 rows" in answer.text) == (413, True)


@pytest.mark.parametrize(
    ("field", "value", "status", "words"),
    [
        ("cycle", "2026-13", 422, "“2026-13” is no report cycle"),
        ("account", "zz", 422, "Choose an account"),
        ("account", "00000000-0000-0000-0000-000000000000", 404, "This account does not exist"),
    ],
)
def test_a_file_for_no_account_or_cycle_is_refused(
    world: World, field: str, value: str, status: int, words: str
) -> None:
    with nothing_changed():
        answer = upload(world, CSV_HEADER, "a.csv", **{field: value})
    assert (answer.status_code, words in html.unescape(answer.text)) == (status, True)


def test_a_body_that_does_not_say_its_length_is_411(world: World) -> None:
    browser = world.browser(world.distributor_admin)
    chunked = {"headers": {"Transfer-Encoding": "chunked"}, "input_stream": BytesIO(b"x"), "content_length": None}
    with nothing_changed():
        answer = browser.post("/usage", **chunked)
    assert (answer.status_code, "Content-Length" in answer.text) == (411, True)


@pytest.mark.parametrize("kind", ["multipart/form-data", "multipart/form-data; boundary=x"])
def test_a_broken_form_is_no_step(world: World, kind: str) -> None:
    with nothing_changed():
        answer = world.browser(world.msp_admin).post(
            f"/reports/{world.preparing.uid}/reopen", data=b"--x\r\nfoo", headers={"Content-Type": kind}
        )
    assert answer.status_code in {302, 400, 422}


ODD_HEADERS = [
    {"Accept-Language": "x;q=zz,*;q=9"}, {"Accept": "\xff;q=a"}, {"Range": "bytes=-1"}, {"If-None-Match": "\xff"},
    {"X-Forwarded-For": "zz"}, {"If-Modified-Since": "zz"}, {"Referer": "http://[::1"}, {"Host": "a b"},
    {"Cookie": "sid=\x01\xff"}, {"Content-Length": "abc"}, {"Accept-Encoding": "zstd;q=abc"},
]  # fmt: skip


@pytest.mark.parametrize("headers", ODD_HEADERS, ids=str)
def test_odd_headers_break_nothing(world: World, headers: dict[str, str]) -> None:
    assert world.browser(world.msp_admin).get("/reports", headers=headers).status_code in {200, 302, 400}


def test_every_form_is_refused_without_its_token_and_every_wrong_method(world: World) -> None:
    browser, ids = world.browser(world.msp_admin), {"uid": world.preparing.uid, "line": world.line, "token": "x"}
    router = world.app.url_map.bind("localhost")
    rules = [rule for rule in world.app.url_map.iter_rules() if not rule.rule.startswith(("/api/", "/static/"))]
    posts = [rule for rule in rules if "POST" in (rule.methods or ())]
    puts = {rule.rule for rule in rules if "PUT" in (rule.methods or ())}
    with nothing_changed():
        for rule in posts:
            path = router.build(rule.endpoint, {name: ids[name] for name in rule.arguments}, method="POST")
            assert browser.post(path, csrf=False).status_code == 400, path
            assert rule.rule in puts or browser.put(path).status_code == 405, path
    assert len(posts) > 20


def test_sign_in_survives_whatever_is_typed(world: World) -> None:
    browser = clients.visitor(world.app)
    for text in (NUL, LONG * 10, "", "\r\nSet-Cookie: a=b"):
        with nothing_changed():
            answer = browser.post("/sign-in", data={"email": text, "password": text, "next": f"//evil/{text}"})
        assert answer.status_code == 422
        assert "is not right" in answer.text
