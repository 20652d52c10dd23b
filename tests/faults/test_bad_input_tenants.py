"""Ids of another company in every path and body: to a stranger they are what no company has, and nothing changes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from distributor.database import db
from distributor.delivery.models import Notification
from distributor.identity.acting import CurrentMember
from distributor.identity.models import ApiToken, Member, WebSession
from tests import clients
from tests.clients import Client
from tests.faults.ground import World, nothing_changed
from tests.faults.rows import CSV_HEADER

STRANGERS = ("rival", "rival_msp")
PUBLIC = {
    "static", "static_version", "identity.set_password", "identity.keep_password", "single_sign_on.left",
    "single_sign_on.organization", "single_sign_on.start",
}  # fmt: skip


def foreign_ids(world: World, rule: Rule) -> list[dict[str, Any]]:
    """Ids that are real and belong to somebody else, for each argument of the rule."""
    reports = [{"uid": world.preparing.uid, "line": world.line}, {"uid": world.review.uid, "line": world.review_line}]
    if rule.endpoint.startswith(("Accounts.", "Usage.")):
        reports = [{"uid": world.story.account.uid, "cycle": "2026-10"}]
    if rule.endpoint.startswith("delivery."):
        reports = [{"uid": mail_of(world)}]
    if rule.endpoint == "identity.revoke_token":
        reports = [{"uid": db.session.scalar(select(ApiToken.uid).filter_by(member_id=world.msp_admin.member_id))}]
    if rule.endpoint == "identity.revoke_sign_in":
        reports = [{"uid": db.session.scalar(select(WebSession.uid).filter_by(member_id=world.msp_admin.member_id))}]
    if rule.endpoint == "api_tokens.revoke":
        reports = [{"uid": db.session.scalar(select(ApiToken.uid).filter_by(member_id=world.msp_admin.member_id))}]
    if rule.endpoint.startswith(("people.", "delegation.", "single_sign_on.")):
        reports = [{"uid": world.msp_admin.member_uid}]
    return [{name: {"kind": "csv", **ids}[name] for name in rule.arguments} for ids in reports]


def mail_of(world: World) -> UUID:
    return db.session.scalars(select(Notification.uid).filter_by(report_id=world.preparing.id)).one()


def probes(world: World) -> Iterator[tuple[str, str]]:
    """(method, path) of every route with an id, filled with somebody else's."""
    router = world.app.url_map.bind("localhost")
    for rule in world.app.url_map.iter_rules():
        if "uid" not in rule.arguments or rule.endpoint in PUBLIC:
            continue
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            for ids in foreign_ids(world, rule):
                yield method, router.build(rule.endpoint, ids, method=method)


def bodies(method: str, path: str) -> list[dict[str, Any]]:
    """What could make a call go through if it were one's own."""
    if method == "GET":
        return [{}]
    if not path.startswith("/api/"):
        return [{"data": {"version": version, "reason": "Mine now"}} for version in ("1", "2")]
    if "/usage/" in path:
        return [{"data": CSV_HEADER, "headers": {"Content-Type": "text/csv"}}]
    given: list[Any] = [{}]
    if path.endswith(("/reject", "/reopen", "/waive")):
        given = [{"reason": "Mine now"}]
    if path.endswith("/lines"):
        given = [{"sku": "HAND-1", "chargeable_units": "1"}]
    if method == "PATCH" and path.endswith("/lines"):
        given = [[]]
    return [{"json": body, "headers": {"If-Match": f'"{version}"'}} for version in (1, 2) for body in given]


def caller(world: World, who: CurrentMember, path: str) -> Client:
    return world.program(who) if path.startswith("/api/") else world.browser(who)


def ask(world: World, who: CurrentMember, method: str, path: str, body: dict[str, Any]) -> TestResponse:
    return caller(world, who, path).open(path, method=method, **body)


@pytest.mark.parametrize("stranger", STRANGERS)
def test_no_route_knows_another_companys_ids(world: World, stranger: str) -> None:
    who, asked = getattr(world, stranger), 0
    with nothing_changed():
        for method, path in probes(world):
            for body in bodies(method, path):
                answer = ask(world, who, method, path, body)
                assert answer.status_code in {403, 404}, f"{method} {path}: {answer.status_code}"
                assert world.story.msp.name not in answer.text, path
                asked += 1
    assert asked > 60


@pytest.mark.parametrize("stranger", STRANGERS[:1])
def test_an_id_of_somebody_else_is_answered_like_one_of_nobody(world: World, stranger: str) -> None:
    who, real = getattr(world, stranger), (world.preparing.uid, world.line, world.story.account.uid, world.review.uid)
    for method, path in probes(world):
        strange = path
        for uid in real:
            strange = strange.replace(str(uid), str(uuid4()))
        for body in bodies(method, path)[:1]:
            theirs, nobodys = ask(world, who, method, path, body), ask(world, who, method, strange, body)
            assert (theirs.status_code, length(theirs)) == (nobodys.status_code, length(nobodys)), path


def length(answer: TestResponse) -> int:
    """How long the answer is apart from ids that log lines carry."""
    return len(answer.text)


@pytest.mark.parametrize("signed_in", [False, True])
def test_nobody_unknown_gets_anywhere(world: World, signed_in: bool) -> None:
    browser = clients.visitor(world.app)
    if signed_in:
        browser.set_cookie("sid", "of-somebody-else")
    with nothing_changed():
        for method, path in probes(world):
            answer = browser.open(path, method=method, headers={"Authorization": "Bearer dst_nobody"})
            door = answer.status_code == 302 and answer.headers["Location"].startswith("/sign-in")
            assert answer.status_code == 401 or door, f"{method} {path}: {answer.status_code}"


def in_bodies(world: World, line: UUID, report: UUID) -> list[tuple[str, str, dict[str, Any]]]:
    """Own paths with these ids in the body."""
    own, reviewed = world.own_report.uid, world.own_review.uid
    decision = {"version": "2", "reason": "x", f"n-{line}": "note"}
    lines = [{"id": str(line), "note": "x"}]
    return [
        ("PATCH", f"/api/v1/reports/{own}/lines", {"json": [{"id": str(line), "comment": "x"}], "headers": match(1)}),
        ("POST", f"/api/v1/reports/{reviewed}/reject", {"json": {"reason": "x", "lines": lines}, "headers": match(2)}),
        ("POST", f"/api/v1/reports/{reviewed}/lines/{line}/waive", {"json": {"reason": "x"}, "headers": match(2)}),
        ("DELETE", f"/api/v1/reports/{own}/lines/{line}", {"headers": match(1)}),
        ("POST", "/api/v1/reports/approve", {"json": [{"id": str(report), "version": 2}]}),
        ("POST", f"/reports/{own}/save", {"data": {f"v-{line}": "1", f"u-{line}": "1"}}),
        ("POST", f"/reports/{own}/save", {"data": {"remove": str(line)}}),
        ("POST", f"/review/{reviewed}/reject", {"data": decision}),
        ("POST", f"/review/{reviewed}/lines/{line}/waive", {"data": {"version": "2", "reason": "x"}}),
        ("POST", "/review/approve", {"data": {"report": f"{report}~2"}}),
    ]  # fmt: skip


def match(version: int) -> dict[str, str]:
    return {"If-Match": f'"{version}"'}


def test_another_companys_ids_in_a_body_are_nobodys(world: World) -> None:
    strange = in_bodies(world, uuid4(), uuid4())
    for number, probe in enumerate(in_bodies(world, world.line, world.review.uid)):
        with nothing_changed():
            theirs, nobodys = asked_in_body(world, *probe), asked_in_body(world, *strange[number])
        assert theirs.status_code == nobodys.status_code != 500, probe
        assert length(theirs) == length(nobodys), probe


def asked_in_body(world: World, method: str, path: str, body: dict[str, Any]) -> TestResponse:
    msp = path.startswith("/reports") or method in {"PATCH", "DELETE"}
    return ask(world, world.rival_msp if msp else world.rival, method, path, body)


def test_together_a_foreign_report_is_not_found_by_itself(world: World) -> None:
    body = [{"id": str(world.review.uid), "version": 2}]
    with nothing_changed():
        answer = world.program(world.rival).post("/api/v1/reports/approve", json=body)
    (item,) = answer.get_json()["items"]
    assert (item["status"], item["problem"]["type"]) == (404, "not-found")


def test_a_partner_of_somebody_else_is_no_msp_of_ones_own(world: World) -> None:
    body = {"number": "N-1", "msp": {"id": str(world.story.msp.uid)}}
    with nothing_changed():
        answer = world.program(world.rival).post("/api/v1/accounts", json=body)
    assert "You have no MSP with this id" in json.dumps(answer.get_json())


def test_lists_hold_nothing_of_others_however_they_are_asked(world: World) -> None:
    account, report = world.story.account, str(world.preparing.uid)
    asked = [
        f"/api/v1/reports?account={account.number}", f"/api/v1/reports?account={account.uid}", "/api/v1/products",
        "/api/v1/accounts", "/review?cycle=all&status=any", "/review/reports", "/notifications", "/usage",
        f"/review?q={world.story.msp.name[:4]}",
    ]  # fmt: skip
    for path in asked:
        answer = caller(world, world.rival, path).get(path)
        assert answer.status_code == 200, path
        assert not any(word in answer.text for word in (world.story.msp.name, report, "HAND-1", account.number)), path


def test_a_membership_of_somebody_else_is_nobodys(world: World) -> None:
    theirs = db.session.scalar(select(Member.uid).where(Member.id == world.msp_admin.member_id))
    with nothing_changed():
        answer = world.browser(world.rival).post("/switch", data={"membership": str(theirs)})
    assert answer.status_code == 404


def test_a_place_among_the_mails_of_others_is_no_place(world: World) -> None:
    answer = world.browser(world.rival).get(f"/notifications?before={mail_of(world)}")
    assert (answer.status_code, world.story.msp.name in answer.text) == (404, False)
