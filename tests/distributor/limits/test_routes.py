"""Files go in and out as often as a member may send and fetch them, and no route with files is forgotten."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask

from distributor.limits.operations import Limited
from distributor.limits.rates import rates
from distributor.limits.routes import limit_of
from tests import clients
from tests.factories import Story

FILES = re.compile(r"csv|xlsx|\.zip|export|import(/confirm)?$|^/usage$|/usage/|logo$")
# Empty layouts, and pages that only hold a form.
CHEAP = re.compile(r"template|/logo/remove|^/api/v1/openapi")


def test_every_route_that_takes_or_gives_files_is_limited(app: Flask) -> None:
    unlimited = [
        f"{method} {rule.rule}"
        for rule in app.url_map.iter_rules()
        for method in sorted((rule.methods or set()) - {"OPTIONS", "HEAD"})
        if FILES.search(rule.rule) and not CHEAP.search(rule.rule)
        if method != "GET" or re.search(r"csv|xlsx|\.zip|export", rule.rule)
        if limit_of(rule.endpoint) is None
    ]
    assert unlimited == []


@pytest.fixture
def strict(app: Flask) -> Flask:
    """A service where each member imports once and exports once a day."""
    app.config["SETTINGS"] = replace(app.config["SETTINGS"], rate_limits=rates("import=1/1d export=1/1d"))
    return app


def test_a_member_who_has_fetched_enough_gets_a_page_with_the_time_to_wait(strict: Flask) -> None:
    story = Story()
    browser = clients.sign_in(strict, story.reviewer)
    assert browser.get("/review/export.csv").status_code == 200
    refused = browser.get("/review/export.csv")
    assert (refused.status_code, refused.mimetype) == (429, "text/html")
    assert int(refused.headers["Retry-After"]) > 24 * 3600 - 60
    assert "Too many files were exported in a short time." in refused.text
    assert story.reviewer.name in refused.text
    other = clients.sign_in(strict, story.admin)
    assert other.get("/accounts/accounts.csv").status_code == 200


def test_refused_imports_count(strict: Flask) -> None:
    browser = clients.sign_in(strict, Story().admin)
    assert browser.post("/accounts/import").status_code == 422
    assert browser.post("/accounts/import").status_code == 429


def test_an_import_over_the_api_counts_for_the_member_of_the_token(strict: Flask) -> None:
    story = Story()
    program = clients.api(strict, story.reviewer)
    address = f"/api/v1/accounts/{story.account.uid}/usage/2026-10"
    assert program.put(address, json={"lines": 1}).status_code == 422
    refused = program.put(address, json={"lines": 1})
    assert (refused.status_code, refused.mimetype) == (429, "application/problem+json")
    assert clients.api(strict, story.reviewer).put(address, json={}).status_code == 429


def test_kinds_of_limits_are_the_ones_documented() -> None:
    documented = Path("docs/operations.md").read_text("utf-8")
    assert [what for what in Limited if f"`{what}`" not in documented] == []
