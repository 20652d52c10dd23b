"""The headers of every kind of answer, over all routes: what a browser may load, keep and tell others."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from flask import Flask
from werkzeug.routing import Rule

from distributor.headers import ALWAYS
from distributor.limits.rates import rates
from tests import clients
from tests.clients import Browser
from tests.factories import Story

UID = "00000000-0000-4000-8000-000000000000"
# A sample of a mail is shown in a frame: its page may hold one of ours, and the mail may do less than any page.
OWN_POLICY = re.compile(r"^/brand(/|$)")


def address(rule: Rule) -> str:
    """Some address that the rule matches."""
    text = re.sub(r"<any\((\w+)[^>]*>", r"\1", rule.rule)
    text = re.sub(r"<uuid:\w+>", UID, text)
    return re.sub(r"<(?:\w+:)?\w+>", "1", text)


def wanting(browser: Browser, method: str, path: str) -> list[str]:
    headers = browser.open(path, method=method).headers
    expected = {name: text for name, text in ALWAYS.items() if name != "Content-Security-Policy"}
    missing = [name for name, text in expected.items() if headers.get(name) != text]
    policy = headers.get("Content-Security-Policy", "")
    if policy != ALWAYS["Content-Security-Policy"] and not OWN_POLICY.match(path):
        missing.append("Content-Security-Policy")
    if "default-src 'none'" not in policy:
        missing.append("default-src")
    return [*missing, *(() if headers.get("Cache-Control") else ("Cache-Control",))]


@pytest.fixture
def tls(app: Flask) -> Flask:
    """The service behind TLS; what fails answers as it would in service."""
    app.config["SETTINGS"] = replace(app.config["SETTINGS"], public_url="https://usage.example.com")
    app.config["PROPAGATE_EXCEPTIONS"] = False
    return app


@pytest.mark.parametrize("signed_in", [True, False], ids=["a member", "a stranger"])
def test_every_route_answers_with_every_header(app: Flask, signed_in: bool) -> None:
    browser = clients.sign_in(app, Story().admin) if signed_in else clients.visitor(app)
    asked = {(method, address(rule)) for rule in app.url_map.iter_rules() for method in rule.methods or ()}
    found = {f"{method} {path}": wanting(browser, method, path) for method, path in sorted(asked)}
    assert {where: names for where, names in found.items() if names} == {}
    assert len(found) > 150


@pytest.mark.parametrize(
    "path", ["/sign-in", "/profile", "/nowhere", "/static/css/tokens.css", "/api/v1/me", "/api/v1/nowhere", "/healthz"]
)
def test_behind_tls_every_answer_says_so(tls: Flask, path: str) -> None:
    for method in ("GET", "POST", "OPTIONS", "PUT"):
        headers = clients.visitor(tls).open(path, method=method).headers
        assert headers["Strict-Transport-Security"] == "max-age=31536000"
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"


def test_refusals_for_being_too_many_carry_them_too(tls: Flask) -> None:
    tls.config["SETTINGS"] = replace(tls.config["SETTINGS"], rate_limits=rates("token-report=1/1d api=1/1d"))
    browser, program = clients.visitor(tls), clients.api(tls, Story().preparer)
    answers = [browser.post("/report-token", data={"token": "dst_aaaaaaaa"}) for _ in range(2)]
    answers += [program.get("/api/v1/me") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 429, 200, 429]
    for answer in answers:
        assert ALWAYS.items() <= dict(answer.headers).items()
        assert answer.headers["Cache-Control"] in {"no-store", "private, no-cache"}
        assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"


def test_powers_that_no_page_uses_are_switched_off() -> None:
    policy = ALWAYS["Permissions-Policy"]
    for power in ("camera", "microphone", "geolocation", "payment", "usb", "browsing-topics", "clipboard-read"):
        assert f"{power}=()" in policy
    assert "publickey-credentials-get" not in policy
