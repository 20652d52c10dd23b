"""Every page asked by every stranger: what is somebody else's is not found, and no page changes for having been tried.

The pages are taken from the router, so that a new one is tried from the day it is made.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from distributor.accounts.models import Account
from distributor.calendars.operations import make_link
from distributor.catalogue.models import Product
from distributor.database import db
from distributor.delegation import operations as delegation
from distributor.delegation.operations import Absence
from distributor.delivery.models import Notification
from distributor.held_files import hold
from distributor.identity.acting import CurrentMember
from distributor.identity.current import Way, permission_of
from distributor.identity.factor_models import Passkey
from distributor.identity.models import ApiToken, Member, WebSession
from distributor.people.operations import invitations
from distributor.people.operations.invitations import Invited
from distributor.usage_reports import saved_views
from tests import clients
from tests.factories import federated, member
from tests.faults.ground import AT, World, nothing_changed
from workflows.usage_report import Role

# Pages without an id that an MSP reads; every other one is the distributor's, until it is written down here.
OF_EVERYBODY = {
    "delivery.index", "identity.profile", "identity.words", "search.index", "search.options", "usage_files.template",
    "usage_reports.form_token", "people.address", "delegation.show", "identity.security",
}  # fmt: skip
OF_MSPS = OF_EVERYBODY | {
    "accounts.terms", "api_tokens.index", "audit.export", "audit.index", "people.members", "single_sign_on.show",
    "trends.export", "trends.show", "usage_reports.export", "usage_reports.index",
}  # fmt: skip
# What a member of any role does for itself.
OWN = (
    "delegation.",
    "identity.",
    "people.stop_change",
    "single_sign_on.confirm",
    "review.save_view",
    "review.rename_view",
    "review.delete_view",
)
KINDS = {"kind": "csv"}


@pytest.fixture(scope="module")
def ids(world: World) -> dict[str, UUID]:
    """Ids of the first distributor and its MSP by blueprint and what they name; their names stand in no other world."""
    story, admin = world.story, world.distributor_admin
    world.held = {
        "accounts": hold(admin, "accounts", "a.csv", b"number\nX-1\n", AT),
        "products": hold(admin, "products", "p.csv", b"sku,name\nX-1,X\n", AT),
        "report": hold(world.msp_admin, f"report {world.preparing.uid}", "r.csv", b"x", AT),
    }
    saved_views.save(admin, "Secret view", "q=Kestrel", AT)
    make_link(world.msp_admin, AT)
    invited = invitations.invite(world.msp_admin, Invited("Nora", "nora@example.com", ("viewer",)), AT)
    colleague = member(story.msp, Role.PREPARER)
    found = {
        "report": world.preparing.uid,
        "review": world.review.uid,
        "line": world.line,
        "review_line": world.review_line,
        "account": story.account.uid,
        "product": _first(select(Product.uid).where(Product.distributor_id == story.distributor.id)),
        "view": _first(select(saved_views.SavedView.uid)),
        "mail": _first(select(Notification.uid).filter_by(report_id=world.preparing.id)),
        "token": _first(select(ApiToken.uid).filter_by(member_id=world.msp_admin.member_id)),
        "member": world.msp_admin.member_uid,
        "invitation": invited.uid,
        "binding": federated(world.msp_admin).uid,
        "passkey": passkey_of(world.msp_admin),
        "substitute": substitute_of(world.msp_admin, colleague),
        "sign_in": _first(select(WebSession.uid).filter_by(member_id=world.msp_admin.member_id)),
    }
    db.session.commit()
    return found


def passkey_of(who: CurrentMember) -> UUID:
    row = Passkey(user_id=who.user_id, credential_id=b"id", public_key=b"key", sign_count=0, name="Key", created_at=AT)
    db.session.add(row)
    db.session.flush()
    return row.uid


def substitute_of(who: CurrentMember, colleague: CurrentMember) -> UUID:
    days = (AT.date() + timedelta(days=40), AT.date() + timedelta(days=50))
    uid: UUID = delegation.name_substitute(who, Absence(who.member_uid, colleague.member_uid, *days), AT).uid
    return uid


def _first(query: Any) -> UUID:
    uid: UUID = db.session.scalars(query.limit(1)).one()
    return uid


def named(endpoint: str) -> str:
    """What the id of a route names."""
    special = {
        "identity.revoke_token": "token", "identity.revoke_sign_in": "sign_in", "delivery.show": "mail",
        "api_tokens.revoke": "token", "delegation.end": "substitute", "identity.remove_passkey": "passkey",
        "delivery.resend": "mail", "people.resend": "invitation", "people.revoke": "invitation",
        "review.rename_view": "view", "review.delete_view": "view", "single_sign_on.release": "binding",
    }  # fmt: skip
    by_blueprint = {
        "accounts": "account", "catalogue": "product", "review": "review", "usage_reports": "report",
        "delegation": "member", "evidence": "report", "evidence_pack": "report", "people": "member",
        "roll_ups": "report", "spreadsheets": "report",
    }  # fmt: skip
    return special.get(endpoint) or by_blueprint[endpoint.partition(".")[0]]


def pages(world: World) -> Iterator[Rule]:
    """Every page for members, without the interface for programs."""
    for rule in world.app.url_map.iter_rules():
        permission = permission_of(rule.endpoint) if rule.endpoint else None
        if permission is not None and permission.way is Way.SIGNED_IN and rule.rule != "/":
            yield rule


def methods(rule: Rule) -> list[str]:
    return sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})


def address(world: World, rule: Rule, ids: dict[str, UUID]) -> str:
    """The page with the first company's ids in it."""
    what = named(rule.endpoint) if "uid" in rule.arguments else ""
    line = ids["review_line" if what == "review" else "line"]
    given = {"uid": ids.get(what), "line": line, **KINDS}
    filled = {name: given[name] for name in rule.arguments}
    return world.app.url_map.bind("localhost").build(rule.endpoint, filled, method=methods(rule)[0])


def bodies(world: World, ids: dict[str, UUID]) -> list[dict[str, str]]:
    """Forms that would do something if the ids in them were one's own."""
    line, held = ids["line"], world.held
    whole = {
        "version": "1", "reason": "Mine now", "name": "Mine", "step": "save", "cycle": "2026-10", "seen": "",
        f"v-{line}": "1", f"u-{line}": "1", f"d-{line}": "2026-12-31", f"k-{line}": "yes",
    }  # fmt: skip
    confirmed = [{**whole, "version": version, "held": str(held["report"]), "file": str(held["accounts"])}
                 for version in ("1", "2")]  # fmt: skip
    return [*confirmed, {"file": str(held["products"])}]


@pytest.mark.parametrize("stranger", ["rival", "rival_msp"])
def test_no_page_knows_another_companys_ids(world: World, ids: dict[str, UUID], stranger: str) -> None:
    browser, asked = world.browser(getattr(world, stranger)), 0
    with nothing_changed():
        for rule in pages(world):
            if "uid" not in rule.arguments:
                continue
            for method in methods(rule):
                for answer in answers(browser, world, rule, method, ids):
                    assert answer.status_code in {403, 404}, f"{method} {rule.rule}: {answer.status_code}"
                    assert not secrets_in(answer, world), rule.rule
                    asked += 1
    assert asked > 60


def answers(
    browser: clients.Browser, world: World, rule: Rule, method: str, ids: dict[str, UUID]
) -> Iterator[TestResponse]:
    path = address(world, rule, ids)
    if method == "GET":
        yield browser.get(path)
        yield browser.get(path, query_string={"part": "drawer", "kind": "agreeing", "cycle": "all"})
    elif method == "PUT":
        yield browser.put(path, json={"reason": "Mine", "notes": {str(ids["line"]): "x"}})
    else:
        for form in bodies(world, ids):
            yield browser.open(path, method=method, data=form)


def secrets_in(answer: TestResponse, world: World) -> list[str]:
    words = ("Meridian", "Kestrel", "HAND-1", world.story.account.number, "Secret view")
    content = answer.data.decode(errors="replace")
    return [word for word in words if word in content]


def test_every_page_of_a_distributor_is_nothing_to_an_msp(world: World) -> None:
    browser = world.browser(world.msp_admin)
    for rule in pages(world):
        if "uid" in rule.arguments or "GET" not in methods(rule):
            continue
        answer = browser.get(address(world, rule, {"line": world.line}))
        refused = 403 if rule.endpoint.startswith("usage_files.") else 404
        answered = 302 if rule.endpoint == "identity.confirm" else 200 if rule.endpoint in OF_MSPS else refused
        assert answer.status_code == answered, rule.rule


def test_a_distributors_pages_of_its_own_partners_are_nothing_to_these(world: World, ids: dict[str, UUID]) -> None:
    browser = world.browser(world.msp_admin)
    with nothing_changed():
        for rule in pages(world):
            if named_by_distributor(rule):
                for method in methods(rule):
                    for answer in answers(browser, world, rule, method, ids):
                        own_page = rule.endpoint == "review.show" and answer.status_code == 302
                        assert own_page or answer.status_code in {403, 404}, f"{method} {rule.rule}"


def named_by_distributor(rule: Rule) -> bool:
    return "uid" in rule.arguments and rule.endpoint.startswith(("accounts.", "catalogue.", "review."))


@pytest.mark.parametrize("stranger", ["rival", "rival_msp"])
def test_no_list_holds_anything_of_others(world: World, ids: dict[str, UUID], stranger: str) -> None:
    browser, number = world.browser(getattr(world, stranger)), world.story.account.number
    queries = ["", "q=Kestrel", f"q={number}", f"account={number}", "cycle=2026-10", f"after={ids['account']}"]
    for rule in pages(world):
        if "uid" in rule.arguments or "GET" not in methods(rule):
            continue
        for query in queries:
            answer = browser.get(f"{address(world, rule, ids)}?{query}")
            # A page that asks again who somebody is leads on where that is known.
            assert answer.status_code in {200, 302, 403, 404, 422}, f"{rule.rule}?{query}"
            told = [word for word in secrets_in(answer, world) if word not in query]
            assert not told, f"{rule.rule}?{query}: {told}"


def test_nobody_gets_beyond_the_door(world: World, ids: dict[str, UUID]) -> None:
    browser = clients.visitor(world.app)
    with nothing_changed():
        for rule in pages(world):
            for method in methods(rule):
                answer = browser.open(address(world, rule, ids), method=method, data={"version": "1"})
                door = answer.status_code == 302 and answer.headers["Location"].startswith("/sign-in")
                assert door or answer.status_code == 401, f"{method} {rule.rule}: {answer.status_code}"


@pytest.mark.parametrize("side", ["distributor", "msp"])
def test_who_only_reads_changes_nothing(world: World, ids: dict[str, UUID], side: str) -> None:
    browser = clients.sign_in(world.app, member(getattr(world.story, side), Role.VIEWER), AT)
    with nothing_changed():
        for rule in pages(world):
            for method in methods(rule):
                if method == "GET" or rule.endpoint.startswith(OWN):
                    continue
                for answer in answers(browser, world, rule, method, ids):
                    # A step that is not one's own leads back to the report, where a sentence says so.
                    assert answer.status_code in {302, 403, 404, 409, 422}, f"{method} {rule.rule}"


def test_a_held_file_is_nobodys_but_its_senders(world: World, ids: dict[str, UUID]) -> None:
    colleague = member(world.story.distributor, Role.ADMIN)
    for who in (world.rival, colleague):
        browser = clients.sign_in(world.app, who, AT)
        for kind, path in (("accounts", "/accounts/import/confirm"), ("products", "/catalogue/import/confirm")):
            with nothing_changed():
                answer = browser.post(path, data={"file": str(world.held[kind])})
            assert answer.status_code == 409, path


def test_automatic_approval_is_switched_on_for_ones_own_accounts_only(world: World, ids: dict[str, UUID]) -> None:
    form = {"percent": "5", "step": "confirm", "account": [str(account_of(world.rival)), str(ids["account"])]}
    with nothing_changed():
        assert world.browser(world.rival).post("/policy/automatic", data=form).status_code == 404


def account_of(who: CurrentMember) -> UUID:
    return _first(select(Account.uid).where(Account.distributor_id == who.organization_id))


def test_a_place_in_a_list_of_somebody_else_is_no_place(world: World, ids: dict[str, UUID]) -> None:
    for path, what in (("/accounts", "account"), ("/catalogue", "product")):
        theirs = world.browser(world.rival).get(f"{path}?after={ids[what]}")
        nobodys = world.browser(world.rival).get(f"{path}?after={uuid4()}")
        assert theirs.status_code == nobodys.status_code == 422
        assert len(theirs.text) == len(nobodys.text)


def test_a_note_on_a_line_of_another_report_is_kept_by_nobody_elses(world: World, ids: dict[str, UUID]) -> None:
    """A draft may name any line; what it names is shown of the report itself only."""
    path = f"/review/{world.own_review.uid}"
    browser = world.browser(world.rival)
    kept = browser.put(f"{path}/draft", json={"reason": "x", "notes": {str(ids["line"]): "y"}})
    page = browser.get(path)
    browser.post(f"{path}/draft/discard")
    assert (kept.status_code, page.status_code) == (200, 200)
    assert not secrets_in(page, world)


def test_the_calendar_of_a_member_who_left_is_gone(world: World) -> None:
    who = member(world.story.msp, Role.PREPARER)
    token = make_link(who, AT)
    visitor = clients.visitor(world.app)
    assert visitor.get(f"/calendar/{token}.ics").status_code == 200
    for wrong in (token[:-1], token + "A", token.swapcase(), "%00", "x" * 5000, "..%2F..%2Fetc"):
        assert visitor.get(f"/calendar/{wrong}.ics").status_code == 404
    db.session.get_one(Member, who.member_id).removed_at = AT
    assert visitor.get(f"/calendar/{token}.ics").status_code == 404
