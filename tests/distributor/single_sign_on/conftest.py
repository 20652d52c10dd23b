"""An organization whose provider really runs, and a browser that walks through both."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from ipaddress import ip_network
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from flask import Flask
from sqlalchemy import text
from werkzeug.test import TestResponse

from distributor import vault
from distributor.database import db
from distributor.identity.acting import CurrentMember
from distributor.single_sign_on.fetching import Asker
from distributor.single_sign_on.models import IdentityProvider
from tests import clients
from tests.clients import Browser
from tests.distributor.identity import conftest as people
from tests.factories import Story, member
from tests.oidc_provider import CLIENT_ID, CLIENT_SECRET, Person, Provider, provided
from workflows.usage_report import Role

LOOPBACK = (ip_network("127.0.0.0/8"),)


class Clock(people.Clock):
    """The time as the service and the provider see it."""

    def __init__(self) -> None:
        super().__init__(datetime(2026, 10, 21, 9, 0, tzinfo=UTC))


@pytest.fixture
def clock(app: Flask) -> Clock:
    app.config["CLOCK"] = clock = Clock()
    app.config["ASKER"] = Asker(LOOPBACK, seconds=1.0)
    return clock


@pytest.fixture
def provider(clock: Clock) -> Iterator[Provider]:
    with provided(clock) as provider:
        yield provider


@pytest.fixture
def story(clock: Clock) -> Story:
    return Story()


@pytest.fixture
def settings_row(story: Story, provider: Provider) -> IdentityProvider:
    """The MSP offers its provider for addresses at example.com."""
    row = IdentityProvider(
        organization_id=story.msp.id,
        issuer=provider.url,
        client_id=CLIENT_ID,
        client_secret=vault.lock(CLIENT_SECRET),
        domains=["example.com"],
        offered=True,
    )
    db.session.add(row)
    db.session.flush()
    provider.person = Person("subject-1", story.preparer.email)
    return row


@pytest.fixture
def admin(story: Story) -> CurrentMember:
    return member(story.msp, Role.ADMIN)


class Walk:
    """One person's browser on the way to the provider and back."""

    def __init__(self, app: Flask, story: Story, browser: Browser | None = None) -> None:
        self.app, self.story = app, story
        self.browser = browser or clients.visitor(app)
        self.door = f"/sign-in/{story.msp.uid}"

    def out(self, **form: str) -> str:
        """Begin; answers where the browser is sent."""
        answer = self.browser.post(self.door, data=form)
        assert answer.status_code == 200, answer.text
        return answer.headers["Refresh"].removeprefix("0; url=")

    def there(self, url: str) -> str:
        """Sign in at the provider; answers the path it sends the browser back to."""
        found = requests.get(url, allow_redirects=False, timeout=5).headers["Location"]
        parts = urlsplit(found)
        return f"{parts.path}?{parts.query}"

    def back(self, path: str) -> TestResponse:
        return self.browser.get(path)

    def through(self, **form: str) -> TestResponse:
        return self.back(self.there(self.out(**form)))

    def is_in(self) -> bool:
        return self.browser.get("/profile").status_code == 200


@pytest.fixture
def walk(app: Flask, story: Story, settings_row: IdentityProvider) -> Walk:
    return Walk(app, story)


def trail(what: str) -> list[Any]:
    """The entries of one kind, the oldest first."""
    db.session.rollback()
    query = text("SELECT subject, details, organization_id FROM audit_entries WHERE what = :what ORDER BY id")
    return list(db.session.execute(query, {"what": what}))


def reasons() -> list[str]:
    return [entry.details["reason"] for entry in trail("sign_in.refused")]
