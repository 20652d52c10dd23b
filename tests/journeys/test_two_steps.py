"""Two steps to sign in, with an authenticator app and with a passkey, and the proof that weighty decisions ask for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pyotp
import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from distributor.database import db
from distributor.identity import operations, queries
from distributor.identity.acting import CurrentMember
from distributor.usage_reports.queries import REPORT
from tests.distributor.usage_reports.reviewing import submitted
from tests.factories import Story
from tests.journeys.axe import found_by_axe
from tests.journeys.conftest import AT
from tests.journeys.site import Site, press, served

PASSWORD = "correct horse battery"
REFUSED = re.compile(r"Failed to load resource: the server responded with a status of 4(03|09|22) ")


@pytest.fixture
def site(app: Flask, browser: Browser) -> Iterator[Site]:
    """The service under a host name, as passkeys want it."""
    app.config["CLOCK"] = lambda: AT
    with served(app) as url:
        site = Site(url.replace("127.0.0.1", "localhost"), browser)
        site.expected = REFUSED
        app.config["SETTINGS"] = replace(app.config["SETTINGS"], public_url=site.url)
        yield site
        for context in list(browser.contexts):
            context.close()
    assert site.complaints == []


def with_password(member: CurrentMember) -> CurrentMember:
    operations.set_password(queries.user(member.user_id), PASSWORD)
    db.session.commit()
    return member


def sign_in(page: Page, member: CurrentMember) -> None:
    page.goto("/sign-in?next=/profile/security")
    page.get_by_label("Work e-mail").fill(member.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    press(page, "Sign in", exact=True)


def device(page: Page) -> None:
    """Give the browser a fingerprint reader that always knows the finger (WebDriver BiDi has none yet: CDP)."""
    tools = page.context.new_cdp_session(page)
    tools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    tools.send("WebAuthn.addVirtualAuthenticator", {"options": options})


@pytest.mark.parametrize("scripts", [True, False])
def test_codes_are_set_up_and_asked_for_at_the_next_sign_in(
    app: Flask, site: Site, story: Story, scripts: bool
) -> None:
    member = with_password(story.preparer)
    page = site.visitor(scripts=scripts)
    sign_in(page, member)
    page.get_by_role("button", name="Set up one-time codes").click()
    expect(page.get_by_alt_text("QR code for your authenticator app")).to_be_visible()
    phone = pyotp.TOTP(page.locator(".enrol .secret").inner_text().replace(" ", ""))
    page.get_by_label("The code that the app shows now").fill(phone.at(AT))
    page.get_by_role("button", name="Switch one-time codes on").click()
    expect(page.locator("#recovery-codes li")).to_have_count(10)
    page.get_by_role("link", name="I have kept them").click()
    expect(page.get_by_text("Switched on")).to_be_visible()
    app.config["CLOCK"] = lambda: AT + timedelta(minutes=1)
    other = site.visitor(scripts=scripts)
    sign_in(other, member)
    other.get_by_label("One-time code").fill(phone.at(AT + timedelta(minutes=1)))
    other.get_by_role("button", name="Sign in", exact=True).click()
    expect(other.get_by_role("heading", name="Two steps to sign in")).to_be_visible()


def test_a_passkey_is_added_and_signs_in_without_a_password(app: Flask, site: Site, story: Story) -> None:
    page = site.visitor()
    device(page)
    sign_in(page, with_password(story.preparer))
    page.get_by_label("Name of the new passkey").fill("Work laptop")
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_role("heading", name="Keep these recovery codes")).to_be_focused()
    expect(page.get_by_role("button", name="Remove Work laptop")).to_be_visible()
    page.context.clear_cookies()
    page.goto("/sign-in?next=/profile/security")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_text("last used")).to_be_visible()


def test_a_browser_without_a_passkey_says_so_and_leaves_the_other_ways(site: Site, story: Story) -> None:
    page = site.visitor()
    page.goto("/sign-in")
    page.evaluate("() => { navigator.credentials.get = () => Promise.reject(new DOMException('no')); }")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("did not use a passkey")
    expect(page.get_by_label("Work e-mail")).to_be_visible()


@pytest.mark.parametrize("scripts", [True, False])
def test_a_report_above_the_limit_is_endorsed_after_confirming(
    app: Flask, site: Site, story: Story, scripts: bool
) -> None:
    story.account.approval_limit = Decimal(10)
    report = submitted(story, ("40", None))
    page = site.member(with_password(story.reviewer), scripts=scripts)
    app.config["CLOCK"] = lambda: AT + timedelta(minutes=11)
    page.goto(f"/review/{report.uid}")
    page.get_by_role("button", name="Endorse").click()
    expect(page.get_by_role("heading", name="Confirm that it is you")).to_be_visible()
    page.get_by_label("Password", exact=True).fill("not the right one")
    page.get_by_role("button", name="Confirm with the password").click()
    expect(page.get_by_role("alert")).to_contain_text("The password is not right.")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Confirm with the password").click()
    expect(page.get_by_text("endorsed. The other reviewers are told")).to_be_visible()
    db.session.rollback()
    assert db.session.scalar(select(REPORT.c.endorsed_by)) == story.reviewer.user_id


def test_a_token_and_its_name_wait_for_a_passkey(app: Flask, site: Site, story: Story) -> None:
    page = site.visitor()
    device(page)
    sign_in(page, with_password(story.admin))
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.locator("#recovery-codes li")).to_have_count(10)
    app.config["CLOCK"] = lambda: AT + timedelta(minutes=11)
    page.goto("/profile")
    page.get_by_text("Make a token").click()
    page.get_by_label("Name of the new token").fill("Billing, nightly export")
    page.get_by_label("reports:read").check()
    press(page, "Make token")
    page.get_by_role("button", name="Confirm with a passkey").click()
    expect(page.locator("#made-token")).to_contain_text("dst_")
    expect(page.get_by_text("Billing, nightly export").first).to_be_visible()


@pytest.mark.parametrize("path", ["/profile/security", "/confirm"])
def test_axe_finds_nothing(app: Flask, site: Site, story: Story, path: str) -> None:
    page = site.member(with_password(story.admin))
    if path == "/confirm":
        app.config["CLOCK"] = lambda: AT + timedelta(minutes=11)
    page.goto("/profile/security")
    if path != "/confirm":
        press(page, "Set up one-time codes")
    page.goto(path)
    assert found_by_axe(page) == []
