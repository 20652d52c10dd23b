"""The tour of words: there on the first visits, gone for good when closed, and always behind “Words”."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import update

from distributor.database import db
from distributor.identity.acting import CurrentMember
from distributor.identity.models import User
from tests.clients import Browser, sign_in, visitor
from tests.factories import Story

TITLE = "Four words that every report uses"


def newcomer(app: Flask, who: CurrentMember) -> Browser:
    db.session.execute(update(User).where(User.id == who.user_id).values(words_seen_at=None))
    return sign_in(app, who)


def test_a_newcomer_sees_the_words_above_the_list_and_the_report(app: Flask, story: Story) -> None:
    report = story.open(("400", "290"))
    browser = newcomer(app, story.preparer)
    for path in ("/reports", f"/reports/{report.uid}"):
        page = browser.get(path).text
        assert TITLE in page
        assert "You may change them" in page
    assert "data-tour" not in browser.get("/profile").text


def test_a_distributor_reads_its_own_words(app: Flask, story: Story) -> None:
    page = newcomer(app, story.reviewer).get("/review").text
    assert TITLE in page
    assert "The MSP may change them" in page


def test_closed_once_it_is_closed_for_good_and_leads_back(app: Flask, story: Story) -> None:
    browser = newcomer(app, story.preparer)
    answer = browser.post("/words/seen", data={"back": "/reports?year=2026"})
    assert (answer.status_code, answer.location) == (303, "/reports?year=2026")
    assert TITLE not in browser.get("/reports").text
    seen = db.session.get_one(User, story.preparer.user_id).words_seen_at
    assert browser.post("/words/seen").status_code == 303
    db.session.expire_all()
    assert db.session.get_one(User, story.preparer.user_id).words_seen_at == seen


@pytest.mark.parametrize("back", ["//evil.example", "https://evil.example", "/\\evil.example", ""])
def test_it_never_leads_to_another_site(app: Flask, story: Story, back: str) -> None:
    assert newcomer(app, story.preparer).post("/words/seen", data={"back": back}).location == "/"


def test_it_does_not_stand_over_a_refused_form_or_an_error(app: Flask, story: Story) -> None:
    report = story.open(("400", "290"))
    line, browser = story.lines(report)[0], newcomer(app, story.preparer)
    typed = {f"v-{line.uid}": "1", f"u-{line.uid}": "many", "version": "1"}
    assert "data-tour" not in browser.post(f"/reports/{report.uid}/save", data=typed).text
    assert "data-tour" not in browser.get("/reports/00000000-0000-0000-0000-000000000000").text


def test_the_page_of_words_is_in_the_menu_of_everybody(app: Flask, story: Story) -> None:
    browser = sign_in(app, story.preparer)
    assert 'href="/words"' in browser.get("/reports").text
    page = browser.get("/words")
    assert page.status_code == 200
    assert "Further words" in page.text
    assert "data-tour" not in page.text
    assert visitor(app).get("/words").status_code == 302
