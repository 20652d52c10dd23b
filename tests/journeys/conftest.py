"""A real Chromium for the whole run; for each test the service on its own database and port."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from playwright.sync_api import Browser, sync_playwright

from tests.factories import OPENED_AT, Story
from tests.journeys.site import Site, served

AT = OPENED_AT + timedelta(days=1)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium from CHROMIUM or PATH; `make test` installs one where there is none."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium-headless-shell") or shutil.which("chromium")
    assert path, "The journeys need Chromium: run them with `make test`, or set CHROMIUM to its path."
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def site(app: Flask, browser: Browser) -> Iterator[Site]:
    """The service as of the day after reports opened. Fails the test when a browser complained."""
    app.config["CLOCK"] = lambda: AT
    with served(app) as url:
        site = Site(url, browser)
        yield site
        for context in list(browser.contexts):
            context.close()
    assert site.complaints == []


@pytest.fixture
def story(site: Site) -> Story:
    """An account on which a difference of more than 2 units and 2 % needs a comment."""
    return Story(tolerance_units=2, tolerance_percent=2)
