"""Every state in which a page is not just its content: calm, with one sentence, one way on, and nothing given away."""

from __future__ import annotations

from datetime import timedelta
from unittest.mock import patch

import pytest
from flask import Flask
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs
from werkzeug.exceptions import TooManyRequests

from distributor import navigation
from distributor.errors import Forbidden
from distributor.identity.current import public, signed_in
from tests.clients import Browser, sign_in, visitor
from tests.factories import OPENED_AT, Story, member
from workflows.errors import StaleVersion
from workflows.usage_report import Role

FROM_HERE = {"Sec-Fetch-Site": "same-origin", "Referer": "http://localhost/reports?year=2026"}
NOWHERE = "/reports/00000000-0000-0000-0000-000000000000"


@signed_in
def forbid() -> ResponseReturnValue:
    raise Forbidden("Only reviewers may do this.")


@signed_in
def go_stale() -> ResponseReturnValue:
    raise StaleVersion(3, 4)


@public
def hurry() -> ResponseReturnValue:
    raise TooManyRequests("Five sign-ins a minute.", retry_after=60)


@signed_in
def fail() -> ResponseReturnValue:
    raise ZeroDivisionError("a bug")


@public
def lose_the_database() -> ResponseReturnValue:
    raise OperationalError("SELECT 1", {}, Exception("gone"))


@pytest.fixture
def app(new_app: Flask) -> Flask:
    """Routes are added to it."""
    return new_app


@pytest.fixture
def story(app: Flask) -> Story:
    app.config["CLOCK"] = lambda: OPENED_AT
    app.config["PROPAGATE_EXCEPTIONS"] = False
    for view in (forbid, go_stale, hurry, fail, lose_the_database):
        app.add_url_rule(f"/probe/{view.__name__}", f"probe_{view.__name__}", view, methods=["GET", "POST"])
    return Story()


@pytest.fixture
def browser(app: Flask, story: Story) -> Browser:
    return sign_in(app, story.preparer)


def in_frame(page: str) -> bool:
    return '<nav class="side-nav"' in page and '<section class="panel error-page"' in page


@pytest.mark.parametrize(
    ("path", "status", "title"),
    [
        ("/probe/forbid", 403, "Not allowed with your role"),
        (NOWHERE, 404, "Page not found"),
        ("/probe/go_stale", 412, "This has moved on meanwhile"),
        ("/probe/hurry", 429, "Too many requests in a short time"),
        ("/probe/fail", 500, "Something failed on our side"),
    ],
)
def test_each_state_has_a_calm_panel_in_the_frame(browser: Browser, path: str, status: int, title: str) -> None:
    with capture_logs():
        answer = browser.get(path)
    assert answer.status_code == status
    assert f"<h1>{title}</h1>" in answer.text
    assert in_frame(answer.text)
    assert answer.text.count("btn-primary") == 1


def test_a_stranger_and_an_address_that_is_not_look_the_same(app: Flask, story: Story) -> None:
    report = story.open(("40", None))
    elsewhere = sign_in(app, Story().preparer)
    theirs, none = elsewhere.get(f"/reports/{report.uid}"), elsewhere.get(NOWHERE)
    assert theirs.status_code == none.status_code == 404
    assert theirs.text.replace(str(report.uid), "") == none.text.replace(NOWHERE[9:], "")


def test_a_page_not_found_offers_the_search_or_the_door(app: Flask, browser: Browser) -> None:
    assert 'action="/search"' in browser.get("/nowhere").text
    assert ">Sign in</a>" in visitor(app).get("/nowhere").text


def test_a_refused_step_leads_back_to_its_page(browser: Browser) -> None:
    page = browser.post("/probe/go_stale", headers=FROM_HERE).text
    assert 'href="/reports?year=2026"' in page


@pytest.mark.parametrize("referrer", ["https://evil.example/x", "http://localhost//evil.example", ""])
def test_the_way_back_never_leaves_this_host(browser: Browser, referrer: str) -> None:
    page = browser.post("/probe/go_stale", headers={"Referer": referrer}).text
    assert "evil" not in page


def test_a_server_error_names_the_reference_of_its_log_line(browser: Browser) -> None:
    with capture_logs() as logged:
        page = browser.get("/probe/fail?a=1").text
    assert f"<code>{logged[0]['error_id']}</code>" in page
    assert 'href="/probe/fail?a=1"' in page


def test_a_server_error_has_its_page_even_when_the_frame_fails_too(browser: Browser) -> None:
    with capture_logs() as logged, patch.object(navigation, "me", side_effect=ZeroDivisionError):
        answer = browser.get("/probe/fail")
    assert answer.status_code == 500
    assert "Something failed on our side" in answer.text
    assert logged[0]["error_id"] in answer.text


def test_without_a_database_the_page_asks_it_nothing(browser: Browser) -> None:
    with capture_logs():
        answer = browser.get("/probe/lose_the_database")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")
    assert "Not available for a moment" in answer.text
    assert "side-nav" not in answer.text


def test_a_refusal_of_htmx_is_a_note_and_of_a_script_a_problem(browser: Browser) -> None:
    note = browser.get("/probe/forbid", headers={"HX-Request": "true"})
    assert (note.status_code, note.headers["HX-Retarget"]) == (403, "#flashes")
    assert note.text.startswith("<div data-failure>")
    assert "Only reviewers may do this." in note.text
    problem = browser.get("/probe/forbid", headers={"Accept": "application/json"})
    assert problem.get_json()["type"] == "forbidden"


def test_too_much_at_once_has_its_page(browser: Browser) -> None:
    answer = browser.post("/search", data=b"x" * (6 * 1024 * 1024 + 1), headers=FROM_HERE)
    assert answer.status_code in {405, 413}
    answer = browser.post("/profile", data=b"x" * (6 * 1024 * 1024 + 1), headers=FROM_HERE)
    assert (answer.status_code, "That is too large" in answer.text) == (413, True)


def test_a_viewer_is_told_that_the_role_does_not_include_a_step(app: Flask, story: Story) -> None:
    page = sign_in(app, member(story.msp, Role.VIEWER)).get("/usage")
    assert page.status_code == 403
    assert "Your role does not include this." in page.text


def later(app: Flask) -> None:
    app.config["CLOCK"] = lambda: OPENED_AT + timedelta(days=2)


def test_a_session_that_is_over_says_so_at_the_door_and_leads_back(app: Flask, browser: Browser) -> None:
    later(app)
    answer = browser.get("/reports?year=2026")
    assert answer.location == "/sign-in?next=/reports?year%3D2026"
    door = browser.get(answer.location)
    assert "Your session is over." in door.text
    assert 'name="next" value="/reports?year=2026"' in door.text


def test_who_never_signed_in_is_not_told_of_a_session(app: Flask, story: Story) -> None:
    stranger = visitor(app)
    assert "session is over" not in stranger.get(stranger.get("/reports").location).text


def test_what_was_sent_after_the_session_ended_is_kept_to_be_sent_again(app: Flask, browser: Browser) -> None:
    later(app)
    typed = {"reason": "Agreed by phone on Monday", "version": "3", "password": "never shown"}
    answer = browser.post(f"{NOWHERE}/reopen", data=typed, headers=FROM_HERE)
    assert answer.status_code == 401
    assert "Your session is over" in answer.text
    assert '<p class="quote">Agreed by phone on Monday</p>' in answer.text
    assert f'action="{NOWHERE}/reopen"' in answer.text
    assert "never shown" not in answer.text


def test_htmx_is_led_to_the_door_and_back_to_its_page(app: Flask, browser: Browser) -> None:
    later(app)
    asked = {"HX-Request": "true", "HX-Current-URL": "http://localhost/usage?x=1"}
    answer = browser.post("/usage", headers={**FROM_HERE, **asked})
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (401, "/sign-in?next=/usage?x%3D1")
    foreign = browser.post("/usage", headers={**FROM_HERE, **asked, "HX-Current-URL": "https://evil.example/"})
    assert foreign.headers["HX-Redirect"] == "/sign-in"


def test_an_expired_form_keeps_what_was_typed_and_can_be_sent_again(browser: Browser) -> None:
    typed = {"reason": "Agreed by phone <b>today</b>", "version": "3"}
    answer = browser.post(f"{NOWHERE}/reopen", data=typed, headers=FROM_HERE, csrf=False)
    assert (answer.status_code, "Send again" in answer.text) == (400, True)
    assert "Agreed by phone &lt;b&gt;today&lt;/b&gt;" in answer.text
    assert '<input type="hidden" name="version" value="3">' in answer.text


@pytest.mark.parametrize("site", [{}, {"Sec-Fetch-Site": "none"}])
def test_nobody_vouches_for_a_form_that_may_come_from_elsewhere(browser: Browser, site: dict[str, str]) -> None:
    answer = browser.post(f"{NOWHERE}/reopen", data={"reason": "by phone today"}, headers=site, csrf=False)
    assert answer.status_code == 400
    assert "Send again" not in answer.text
    assert "by phone today" not in answer.text


def test_a_browser_without_cookies_is_told_at_the_door_and_keeps_its_address(app: Flask, story: Story) -> None:
    blind = Browser(app, app.response_class, use_cookies=False)
    typed = {"email": "a@example.com", "password": "x", "next": "/reports"}
    answer = blind.post("/sign-in", data=typed, csrf=False)
    assert answer.status_code == 400
    assert "This browser sent no cookie" in answer.text
    assert 'value="a@example.com"' in answer.text
    assert 'name="next" value="/reports"' in answer.text
