"""Signing in with the account one has at one's company, in a real browser and through a real provider."""

from __future__ import annotations

import re
from dataclasses import replace
from ipaddress import ip_network

import pytest
from flask import Flask
from playwright.sync_api import expect

from distributor.identity.acting import CurrentMember
from distributor.single_sign_on.fetching import Asker
from tests.factories import Story, member
from tests.journeys.axe import found_by_day_and_night
from tests.journeys.site import Site
from tests.oidc_provider import CLIENT_ID, CLIENT_SECRET, Person, provided
from workflows.usage_report import Role


@pytest.fixture
def admin(story: Story) -> CurrentMember:
    return member(story.msp, Role.ADMIN)


@pytest.mark.parametrize("scripts", [True, False])
def test_an_admin_sets_it_up_and_a_member_comes_in(
    app: Flask, site: Site, story: Story, admin: CurrentMember, scripts: bool
) -> None:
    app.config["SETTINGS"] = replace(app.config["SETTINGS"], public_url=site.url)
    app.config["ASKER"] = Asker((ip_network("127.0.0.0/8"),))
    with provided(app.config["CLOCK"]) as provider:
        provider.person = Person("subject-1", story.preparer.email)
        page = site.member(admin, scripts=scripts)
        page.goto("/organization/sign-in")
        page.get_by_label("Issuer").fill(provider.url)
        page.get_by_label("Client ID").fill(CLIENT_ID)
        page.get_by_label("Client secret").fill(CLIENT_SECRET)
        page.get_by_role("button", name="Save settings").click()
        page.get_by_role("button", name="Test the connection").click()
        expect(page.get_by_text("The provider answers as it should.")).to_be_visible()
        person = site.visitor(scripts=scripts)
        person.goto("/sign-in?next=/profile")
        person.get_by_role("link", name="Continue with company sign-on").click()
        person.get_by_label("Work e-mail").fill(story.preparer.email)
        person.get_by_role("button", name="Find my company").click()
        person.get_by_role("button", name=f"Continue with {story.msp.name}").click()
        expect(person.get_by_role("heading", level=1)).to_contain_text("Profile")
        assert person.url == f"{site.url}/profile"


def test_its_pages_are_clear_to_everybody(site: Site, story: Story, admin: CurrentMember) -> None:
    site.expected = re.compile("Failed to load resource: the server responded with a status of 403 ")
    settings, door = site.member(admin), site.visitor()
    settings.goto("/organization/sign-in")
    found = found_by_day_and_night(settings)
    for path in ("/sign-in/company", "/sign-in/callback?state=x"):
        door.goto(path)
        found += found_by_day_and_night(door)
    assert found == []
