"""The tenant prober in its short form, and proof that it finds what it is for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text

from distributor import tenancy
from distributor.database import db
from distributor.errors import NotFound
from distributor.identity.acting import CurrentMember
from distributor.identity.current import require_member, signed_in
from distributor.identity.models import Member
from distributor.usage_reports import queries
from distributor.usage_reports.queries import ReportRow
from tests import clients
from tests.kept import administration
from tests.proof import routes
from tests.proof.market import Market
from tests.proof.prober import Findings, probe, requests

SEED = 20261101


@pytest.fixture
def app(new_app: Flask) -> Flask:
    """Routes are added to it."""
    return new_app


@pytest.fixture
def market(app: Flask) -> Market:
    return Market(app, SEED)


def leaks(market: Market, among: str) -> list[str]:
    """What is found at the addresses that begin with `among`."""
    market.among, findings = among, Findings()
    probe(market, market.partners[0], findings)
    return findings.leaks


def test_no_stranger_is_told_or_changes_anything(market: Market) -> None:
    market.every, findings = 3, Findings()
    probe(market, market.partners[0], findings)
    assert findings.leaks == []
    assert set(findings.probes) == {
        "other account", "other distributor", "other distributor's partner", "foreign id in the body",
        "no session", "revoked session", "revoked token", "viewer",
    }  # fmt: skip
    assert min(findings.probes.values()) > 50


@pytest.mark.parametrize(("who", "stranger"), [("d0p1", "partner below"), ("d0p1p0", "distributor above its own")])
def test_in_three_tiers_nobody_reaches_over_the_one_in_the_middle(app: Flask, who: str, stranger: str) -> None:
    market, findings = Market(app, SEED, tiers=True), Findings()
    market.every = 5
    probe(market, next(one for one in market.partners if one.name == who), findings)
    assert findings.leaks == []
    assert findings.probes[stranger] > 50


def test_in_three_tiers_nobody_is_put_into_the_one_in_the_middle_from_above(app: Flask) -> None:
    market = Market(app, SEED, tiers=True)
    middle = next(one for one in market.partners if one.name == "d0p1")
    top, path = market.distributors[0].manager.member, f"/accounts/{middle.ids['account']}"
    people = select(Member.user_id).where(Member.organization_id == middle.manager.member.organization_id)
    before = sorted(db.session.scalars(people))
    form = {"contact_name_0": "Spy", "contact_email_0": "spy@example.com", "contact_role_0": "admin"}
    answers = (
        clients.sign_in(app, top).post(f"{path}/contacts", data=form),
        clients.api(app, top).patch(f"/api/v1{path}", json={"contacts": [{"email": "spy@example.com"}]}),
    )
    assert [answer.status_code for answer in answers] == [403, 403]
    db.session.rollback()
    assert sorted(db.session.scalars(people)) == before


def unscoped(monkeypatch: pytest.MonkeyPatch) -> None:
    """The mistake that both walls are there for: a query that forgot whose rows it may read."""
    monkeypatch.setattr(queries, "report", lambda uid, _member: _any_report(uid))


def _any_report(uid: Any) -> ReportRow:
    found = db.session.execute(queries.reports().where(queries.REPORT.c.uid == uid)).one_or_none()
    if found is None:
        raise NotFound
    return found


def without_row_level_security(app: Flask) -> None:
    with administration(app.config["SETTINGS"].database_url) as connection:
        for (table,) in connection.execute("SELECT DISTINCT tablename FROM pg_policies").fetchall():
            connection.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")


def test_an_unscoped_query_is_found_where_there_is_no_second_wall(
    app: Flask, market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    unscoped(monkeypatch)
    without_row_level_security(app)
    market.every = 3
    found = leaks(market, "/reports/<")
    assert [leak for leak in found if "told of d0p0" in leak] != []


def test_an_unscoped_query_tells_nothing_behind_the_second_wall(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    unscoped(monkeypatch)
    assert not any("told of" in leak for leak in leaks(market, "/reports/<"))


def raise_price(member: CurrentMember) -> str:
    """A page that only looks, and writes."""
    tenancy.across_tenants()
    db.session.rollback()
    db.session.execute(text("UPDATE accounts SET po_number = :who"), {"who": member.name})
    db.session.commit()
    return ""


def test_a_page_that_changes_what_is_not_its_readers_is_found(app: Flask) -> None:
    app.add_url_rule("/look", "look", signed_in(lambda: raise_price(require_member())))
    assert any("changed accounts of d0p0" in leak for leak in leaks(Market(app, SEED), "/look"))


@pytest.mark.parametrize(
    ("declare", "path", "words"),
    [
        (lambda view: view, "/forgotten", "declares no permission"),
        (signed_in, "/things/<uuid:uid>", "say in tests/proof/routes.py what its uid names"),
        (signed_in, "/things/<thing>", "say in tests/proof/routes.py what thing is"),
    ],
)
def test_a_route_that_is_not_declared_fails_the_prober(
    app: Flask, declare: Callable[[Any], Any], path: str, words: str
) -> None:
    app.add_url_rule(path, "things", declare(lambda **_ids: ""))
    market = Market(app, SEED, distributors=1, partners=1)
    with pytest.raises(routes.UndeclaredError, match=words):
        list(requests(market, market.partners[0]))
