"""The frame of every page: who one is, where one can go, what waits there."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from flask import Flask

from distributor import navigation
from distributor.identity.acting import CurrentMember
from tests import clients
from tests.factories import Story, account, member
from workflows.usage_report import Role


@pytest.fixture
def story(app: Flask) -> Story:
    app.config["CLOCK"] = lambda: datetime(2026, 10, 21, tzinfo=UTC)
    return Story()


def links(app: Flask, who: CurrentMember) -> dict[str, str]:
    """Per label of the side navigation its count, or nothing."""
    page = clients.sign_in(app, who).get("/profile").text
    (nav,) = set(re.findall(r'<nav class="side-nav".*?</nav>', page, re.DOTALL))
    found = re.findall(r"</svg>([^<]+?)\s*(?:<span class=\"count\">(\d+)</span>)?</a>", nav)
    return dict(found)


def test_an_msp_sees_its_reports_and_how_many_wait(app: Flask, story: Story) -> None:
    story.open(("40", None))
    assert links(app, story.preparer) == {
        "Usage reports": "1",
        "Trends": "",
        "Terms and contacts": "",
        "Notifications": "",
        "Profile and API tokens": "",
    }


def test_a_distributor_sees_the_queue(app: Flask, story: Story) -> None:
    story.open(("40", None))
    assert list(links(app, story.reviewer)) == [
        "Cycle overview",
        "Review queue",
        "All reports",
        "Accounts",
        "Catalogue and prices",
        "Usage feeds",
        "Notifications",
        "Profile and API tokens",
    ]


def test_only_an_admin_is_led_to_the_policy_and_the_brand(app: Flask, story: Story) -> None:
    assert {"Approval policy", "E-mails and brand"} <= links(app, story.admin).keys()


def test_who_stands_on_both_sides_sees_both(app: Flask, story: Story) -> None:
    tier_two = member(story.msp, Role.ADMIN)
    story.msp.is_distributor = True
    account(story.msp, story.distributor)
    found = list(links(app, tier_two))
    assert found.index("Review queue") < found.index("Usage reports")
    assert "As MSP" in clients.sign_in(app, tier_two).get("/profile").text


def test_the_nearest_link_is_marked_as_current() -> None:
    items = [
        navigation.NavItem("Queue", "/review", "inbox"),
        navigation.NavItem("All", "/review/reports", "list-check"),
    ]
    navigation._with_current(items, "/review/reports")
    assert [item.current for item in items] == [False, True]
    assert not any(item.current for item in navigation._with_current([navigation.NavItem("Q", "/rev", "x")], "/review"))


@pytest.mark.parametrize(
    ("name", "letters"),
    [("Aoife Brennan", "AB"), ("Cher", "C"), ("Juan Carlos de la Cruz", "JC"), ("  élan  vital ", "ÉV"), ("", "")],
)
def test_initials_are_those_of_the_first_and_the_last_name(name: str, letters: str) -> None:
    assert navigation.initials(name) == letters


def test_the_theme_is_taken_from_its_cookie_and_nothing_else_is(app: Flask) -> None:
    browser = clients.visitor(app)
    browser.set_cookie("theme", "dark")
    assert 'data-bs-theme="dark"' in browser.get("/sign-in").text
    browser.set_cookie("theme", '"><script>')
    assert "<script>" not in browser.get("/sign-in").text


def test_every_link_leads_somewhere(app: Flask, story: Story) -> None:
    account(story.msp, story.distributor)
    story.msp.is_distributor = True
    browser = clients.sign_in(app, member(story.msp, Role.ADMIN))
    hrefs = re.findall(r'<a href="(/[^"]*)"', browser.get("/profile").text)
    assert {"/review", "/review/reports", "/reports", "/notifications", "/profile"} <= set(hrefs)
    assert {href: browser.get(href).status_code for href in hrefs} == dict.fromkeys(hrefs, 200)
