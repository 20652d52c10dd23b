"""What every call and page promises, whoever it is by: reading changes nothing, and each call asks for its scope."""

from __future__ import annotations

from flask import Flask

from distributor.api.document import openapi
from distributor.identity.current import cookie_name
from tests.clients import Browser, Program
from tests.proof import routes
from tests.proof.market import Company, Market, Person
from tests.proof.prober import Findings, unchanged

SEED = 20261101
READ, WRITE, REVIEW = "reports:read", "reports:write", "reports:review"
SCOPES = {
    "saveLines": {WRITE}, "addLine": {WRITE}, "removeLine": {WRITE}, "applyUsage": {WRITE}, "rollUp": {WRITE},
    "submitReport": {WRITE},
    "recallReport": {WRITE}, "endorseReport": {REVIEW}, "approveReport": {REVIEW}, "rejectReport": {REVIEW},
    "waivePenalty": {REVIEW}, "approveReports": {REVIEW}, "reopenReport": {WRITE, REVIEW},
    "invoiceReport": {"reports:invoice"}, "createAccount": {"accounts:write"}, "updateAccount": {"accounts:write"},
    "putUsage": {"usage:write"}, "putProduct": {"catalogue:write"}, "whoAmI": set(), "reportToken": set(),
}  # fmt: skip


def test_each_call_asks_for_the_scope_it_was_given(app: Flask) -> None:
    """What only reads asks for reading; everything else is named above, so that a slip in one place is noticed."""
    for item in openapi(app)["paths"].values():
        for method, call in item.items():
            if method != "parameters":
                asked = {scope for way in call["security"] for scope in way["bearer"]}
                wanted = SCOPES.get(call["operationId"], {READ} if method == "get" else None)
                assert asked == wanted, call["operationId"]


def read_everything(market: Market, who: Person, victim: Company) -> set[int]:
    """Every address that can be asked for without changing anything, by somebody who may; gives the answers' codes."""
    statuses = set()
    for rule in routes.rules(market.app, "/"):
        if "GET" in routes.methods(rule):
            path = routes.address(market.app, rule, victim)
            statuses.add(reader(market, who, path).open(path, method="GET").status_code)
    return statuses


def reader(market: Market, who: Person, path: str) -> Browser | Program:
    if path.startswith("/api/"):
        program = Program(market.app, market.app.response_class, use_cookies=False)
        program.token = who.token
        return program
    browser = Browser(market.app, market.app.response_class, use_cookies=True)
    browser.set_cookie(cookie_name(), who.cookie)
    return browser


def test_reading_changes_nothing(app: Flask) -> None:
    market, findings = Market(app, SEED, partners=1), Findings()
    partner = market.partners[0]
    assert partner.upstream is not None
    for company in (partner, partner.upstream):
        with unchanged(partner, f"reading by {company.name}", findings):
            assert 200 in read_everything(market, company.manager, partner)
    # That members of the MSP have opened a report is kept on purpose: reminders go up the ladder where nobody has.
    assert findings.leaks == [f"reading by {partner.name} changed report_views of {partner.name}"]
