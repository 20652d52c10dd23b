"""Every address that can be read, asked by those above and below a roll-up: neither learns of the other."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from uuid import UUID

import pytest
from flask import Flask

from distributor.identity.acting import CurrentMember
from distributor.usage_reports import queries
from distributor.usage_reports.operations import steps
from tests import clients
from tests.clients import Program
from tests.distributor.api.calling import Caller
from tests.distributor.roll_ups.tiers import AT, Partner, Tiers

# What a route takes beside ids; those that take anything else lead to no report.
GIVEN = {"kind": "csv", "cycle": "2026-10", "sku": "MAIL"}


@pytest.fixture
def fenland(tiers: Tiers) -> Partner:
    """Fenland's report, rolled up into one that was handed in."""
    partner = tiers.partner("Fenland", "FEN-1", ("MAIL", "40"))
    tiers.approve(partner)
    tiers.roll_up()
    steps.submit(tiers.now(tiers.above), tiers.me, AT)
    return partner


def addresses(app: Flask, report: UUID, account: UUID, line: UUID) -> Iterator[str]:
    router = app.url_map.bind("localhost")
    for rule in app.url_map.iter_rules():
        if "GET" in (rule.methods or ()) and rule.arguments <= {"uid", "line", *GIVEN}:
            uid = account if rule.endpoint.lower().startswith(("accounts.", "usage.")) else report
            values = {**GIVEN, "uid": uid, "line": line}
            path = router.build(rule.endpoint, {name: values[name] for name in rule.arguments}, method="GET")
            yield path


def read(app: Flask, who: CurrentMember, paths: Iterator[str]) -> dict[str, tuple[int, str]]:
    browser = clients.sign_in(app, who)
    program = Program(app, app.response_class, use_cookies=False)
    program.token = Caller(app, who).token
    found = {}
    for path in paths:
        answer = (program if path.startswith("/api/") else browser).get(path)
        found[path] = (answer.status_code, text_of(answer.data))
    return found


def text_of(data: bytes) -> str:
    """What was answered, unpacked where it is an archive or a workbook."""
    if data[:2] != b"PK":
        return data.decode("utf-8", "ignore")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return "\n".join(archive.read(name).decode("utf-8", "ignore") for name in archive.namelist())


def knowing(found: dict[str, tuple[int, str]], *words: str) -> set[str]:
    """Addresses whose answer holds one of the words, which the address itself does not."""
    return {path for path, (_, text) in found.items() for word in words if word in text and word not in path}


def test_the_distributor_reads_nothing_of_what_is_below(app: Flask, tiers: Tiers, fenland: Partner) -> None:
    line = tiers.lines()["FEN-1", "MAIL"].uid
    found = read(app, tiers.reviewer, addresses(app, tiers.above.uid, tiers.account.uid, line))
    below = queries.lines(fenland.report.id)[0]
    ids = (fenland.report.uid, fenland.account.uid, below.uid)
    assert knowing(found, "end customer", fenland.preparer.email, *map(str, ids)) == set()
    assert sum(status == 200 for status, _ in found.values()) > 30


def test_the_distributor_finds_nothing_at_an_address_below(app: Flask, tiers: Tiers, fenland: Partner) -> None:
    below = queries.lines(fenland.report.id)[0]
    found = read(app, tiers.reviewer, addresses(app, fenland.report.uid, fenland.account.uid, below.uid))
    assert knowing(found, "end customer", fenland.preparer.email) == set()


def test_a_partner_reads_nothing_of_what_is_above(app: Flask, tiers: Tiers, fenland: Partner) -> None:
    line = queries.lines(fenland.report.id)[0].uid
    found = read(app, fenland.preparer, addresses(app, fenland.report.uid, fenland.account.uid, line))
    secrets = ("Meridian", str(tiers.above.uid), tiers.account.number, tiers.reviewer.email)
    assert knowing(found, *secrets) == set()
    assert sum(status == 200 for status, _ in found.values()) > 20
