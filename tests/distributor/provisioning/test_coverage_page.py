"""The page of usage feeds, through the real application."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.clients import Browser, sign_in
from tests.distributor.usage_reports.test_pages import counted_queries, said
from tests.factories import OPENED_AT, Story, account, organization


@pytest.fixture
def story(app: Flask) -> Story:
    app.config["CLOCK"] = lambda: OPENED_AT
    story = Story()
    story.open(("40", None))
    account(story.distributor, organization("Corrib Cloud"))
    return story


@pytest.fixture
def browser(app: Flask, story: Story) -> Browser:
    return sign_in(app, story.reviewer)


def test_every_feed_is_listed_with_what_is_due(story: Story, browser: Browser) -> None:
    page = browser.get("/usage/coverage")
    assert said(page, "1 of 2 usage feeds fresh", "Corrib Cloud", "nothing delivered", "Missing", "now")
    assert said(page, story.account.number, "Fresh", "by 23 Oct, 00:00")
    assert page.text.index("Corrib Cloud") < page.text.index(story.msp.name)


def test_the_list_is_narrowed_by_freshness_and_cycle(story: Story, browser: Browser) -> None:
    assert not said(browser.get("/usage/coverage?only=fresh"), "Corrib Cloud")
    assert said(browser.get("/usage/coverage?only=old"), "No feed matches.")
    assert said(browser.get("/usage/coverage?cycle=2026-08"), "No account with a usage feed reports August 2026.")


def test_a_long_list_goes_on_on_the_next_page(story: Story, browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("distributor.provisioning.coverage_views.PAGE", 1)
    assert said(browser.get("/usage/coverage"), "Corrib Cloud", 'rel="next"')
    assert said(browser.get("/usage/coverage?after=missing~ZZZ"), story.msp.name, "First page")


@pytest.mark.parametrize("address", ["cycle=2026-13", "after=zz", "after=fresh~%00"])
def test_an_address_that_means_nothing_is_refused(browser: Browser, address: str) -> None:
    assert browser.get(f"/usage/coverage?{address}").status_code == 422


def test_the_page_asks_the_database_a_fixed_number_of_times(story: Story, browser: Browser) -> None:
    for _ in range(5):
        account(story.distributor, organization())
    browser.get("/profile")
    with counted_queries() as seen:
        assert browser.get("/usage/coverage").status_code == 200
    assert len(seen) <= 5, "\n".join(seen)
