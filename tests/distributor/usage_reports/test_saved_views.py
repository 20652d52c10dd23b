"""Filters of the queue under a name: saved, found again, renamed, deleted, and nobody else's."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from sqlalchemy import select

from distributor.database import db
from distributor.identity.acting import acting
from distributor.usage_reports.operations import steps
from distributor.usage_reports.saved_views import MOST_VIEWS, SavedView
from tests.clients import Browser, sign_in
from tests.distributor.usage_reports.reviewing import AT, of_partner, submitted
from tests.distributor.usage_reports.test_pages import said
from tests.factories import Story, member
from workflows.usage_report import Role


@pytest.fixture
def story(app: Flask) -> Story:
    app.config["CLOCK"] = lambda: AT
    return Story()


@pytest.fixture
def browser(app: Flask, story: Story) -> Browser:
    submitted(story, ("10", "9"))
    of_partner(story, "Aldergate IT", ("20", None))
    return sign_in(app, story.reviewer)


def save(browser: Browser, name: str, query: str = "cycle=2026-10&status=under_review&q=alder") -> str:
    return browser.post("/review/views", data={"name": name, "query": query}, follow_redirects=True).text


def views() -> list[SavedView]:
    db.session.rollback()
    return list(db.session.scalars(select(SavedView).order_by(SavedView.id)))


def test_a_saved_view_is_a_tab_with_its_count_and_the_present_one(browser: Browser) -> None:
    page = save(browser, "My accounts")
    assert "View “My accounts” saved." in page
    tab = re.search(r'<a href="[^"]*" aria-current="page">My accounts <span class="count">(\d+)</span>', page)
    assert tab is not None
    assert tab[1] == "1"


def test_over_all_cycles_a_view_that_holds_approved_reports_is_not_counted(story: Story, browser: Browser) -> None:
    report = of_partner(story, "Bluefin Systems", ("30", None))
    steps.approve(story.report(report), acting(story.reviewer, report), AT)
    db.session.commit()
    save(browser, "The whole month", "cycle=2026-10&status=any")
    save(browser, "Under way", "cycle=2026-10&status=under_review")
    page = browser.get("/review?cycle=all").text
    tabs = re.findall(r">(The whole month|Under way)(?: <span class=\"count\">(\d+)</span>)?</a>", page)
    assert tabs == [("The whole month", ""), ("Under way", "2")]


def test_the_newest_cycle_is_left_open_so_that_the_view_moves_on(browser: Browser) -> None:
    save(browser, "Alder")
    save(browser, "September", "cycle=2026-09&status=any&sort=partner")
    assert [view.query for view in views()] == ["status=under_review&q=alder", "cycle=2026-09&status=any&sort=partner"]


def test_saving_under_a_name_again_changes_what_it_shows(browser: Browser) -> None:
    save(browser, "Mine")
    save(browser, "Mine", "status=rejected")
    assert [(view.name, view.query) for view in views()] == [("Mine", "status=rejected")]


def test_a_view_is_renamed_and_deleted(browser: Browser) -> None:
    save(browser, "Mine")
    (view,) = views()
    answer = browser.post(f"/review/views/{view.uid}", data={"name": "Alder"}, follow_redirects=True)
    assert said(answer, "The view is called “Alder” now.")
    answer = browser.post(f"/review/views/{view.uid}/delete", follow_redirects=True)
    assert said(answer, "View “Alder” deleted.")
    assert views() == []


@pytest.mark.parametrize("name", ["", "   ", "x" * 61, "two\nlines", "a\u202eb"])
def test_a_name_that_cannot_be_is_refused(browser: Browser, name: str) -> None:
    answer = browser.post("/review/views", data={"name": name, "query": "q=x"})
    assert (answer.status_code, "Give the view a name" in answer.text) == (422, True)
    assert views() == []


def test_two_views_cannot_have_one_name(browser: Browser) -> None:
    save(browser, "One")
    save(browser, "Two")
    answer = browser.post(f"/review/views/{views()[1].uid}", data={"name": "One"})
    assert (answer.status_code, "You have a view called “One” already." in answer.text) == (422, True)
    assert [view.name for view in views()] == ["One", "Two"]


def test_there_are_only_so_many(browser: Browser) -> None:
    for number in range(MOST_VIEWS):
        save(browser, f"View {number}")
    answer = browser.post("/review/views", data={"name": "One more", "query": "q=x"})
    assert answer.status_code == 409
    assert len(views()) == MOST_VIEWS


def test_a_filter_that_means_nothing_is_not_saved(browser: Browser) -> None:
    assert browser.post("/review/views", data={"name": "Odd", "query": "status=zz"}).status_code == 422
    assert views() == []


def test_a_colleagues_views_are_not_ones_own(app: Flask, story: Story, browser: Browser) -> None:
    save(browser, "Mine")
    (view,) = views()
    colleague = sign_in(app, member(story.distributor, Role.REVIEWER))
    assert not said(colleague.get("/review"), "Mine")
    assert colleague.post(f"/review/views/{view.uid}", data={"name": "Taken"}).status_code == 404
    assert colleague.post(f"/review/views/{view.uid}/delete").status_code == 404
    assert sign_in(app, story.preparer).post("/review/views", data={"name": "x"}).status_code == 404
    assert [view.name for view in views()] == ["Mine"]
