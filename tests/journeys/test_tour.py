"""The tour of words on the first visit: in nobody's way, closed by keyboard, and the focus goes on to the page."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import update

from distributor.database import db
from distributor.identity.models import User
from tests.factories import Story
from tests.journeys.axe import found_by_axe
from tests.journeys.site import Site

TOUR = "Four words that every report uses"


def newcomer(site: Site, story: Story, *, scripts: bool = True, width: int = 1440) -> Page:
    db.session.execute(update(User).where(User.id == story.preparer.user_id).values(words_seen_at=None))
    story.open(("400", "290"))
    page = site.member(story.preparer, scripts=scripts, width=width)
    page.goto("/reports")
    return page


@pytest.mark.parametrize("width", [1440, 390])
def test_closed_for_good_by_keyboard(site: Site, story: Story, width: int) -> None:
    page = newcomer(site, story, width=width)
    expect(page.get_by_role("heading", name=TOUR)).to_be_visible()
    assert found_by_axe(page) == []
    page.get_by_role("button", name="Don’t show again").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=TOUR)).to_have_count(0)
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    page.reload()
    expect(page.get_by_role("heading", name=TOUR)).to_have_count(0)


def test_closed_for_now_it_is_there_again_in_the_next_browser(site: Site, story: Story) -> None:
    page = newcomer(site, story)
    page.get_by_role("button", name="Close for now").click()
    page.reload()
    expect(page.get_by_role("heading", name=TOUR)).to_have_count(0)
    another = site.member(story.preparer)
    another.goto("/reports")
    expect(another.get_by_role("heading", name=TOUR)).to_be_visible()


def test_without_scripts_it_closes_by_its_form(site: Site, story: Story) -> None:
    page = newcomer(site, story, scripts=False)
    page.get_by_role("button", name="Don’t show again").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Usage reports")
    expect(page.get_by_role("heading", name=TOUR)).to_have_count(0)


def test_the_words_are_in_the_menu(site: Site, story: Story) -> None:
    page = site.member(story.preparer)
    page.goto("/reports")
    page.locator(".side .me > summary").click()
    page.get_by_role("link", name="Words").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Words")
