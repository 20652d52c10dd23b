"""The service on a loopback port, and people with browsers who look at it. What a browser complains of fails a test."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from threading import Condition, Thread
from typing import Any, Literal

from flask import Flask
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, expect
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wsgi import ClosingIterator

from distributor import clock
from distributor.database import db
from distributor.identity import sessions
from distributor.identity.acting import CurrentMember
from distributor.identity.current import cookie_name

# How long anything may take on a busy machine before a test gives up; nothing waits longer than it must.
WAIT_SECONDS = 30
# How soon a server hears that it shall stop; half a second, if it were not said, for each test.
POLL_SECONDS = 0.02
expect.set_options(timeout=WAIT_SECONDS * 1000)
HOLDS = "async ([address, words]) => (await (await fetch(address)).text()).includes(words)"
# How many times slower than it is the browser's processor seems: what a quick machine hides comes to light.
SLOWER = float(os.environ.get("SLOW_BROWSER", "1"))
# A browser reports each refused request; a page that handles the refusal itself has nothing to be ashamed of.
REFUSED = re.compile(r"Failed to load resource: the server responded with a status of 4(09|22) ")


class Site:
    """An address with people who visit it. `complaints` collects what their browsers said on the console,
    but for what a test expects.
    """

    def __init__(self, url: str, browser: Browser) -> None:
        self.url = url
        self.browser = browser
        self.complaints: list[str] = []
        self.expected: re.Pattern[str] = REFUSED

    def visitor(
        self,
        *,
        width: int = 1440,
        scripts: bool = True,
        theme: Literal["light", "dark"] = "light",
        locale: str = "en-IE",
        height: int = 900,
    ) -> Page:
        """A page of a fresh browser in which nobody is signed in."""
        context = self.browser.new_context(
            base_url=self.url,
            viewport={"width": width, "height": height},
            java_script_enabled=scripts,
            color_scheme=theme,
            locale=locale,
        )
        context.set_default_timeout(WAIT_SECONDS * 1000)
        context.on("page", self._prepare)
        return context.new_page()

    def member(self, who: CurrentMember, **options: Any) -> Page:
        """A page of a fresh browser in which `who` is signed in; commits what the test has made."""
        page = self.visitor(**options)
        token = sessions.start(who.user_id, who.member_id, clock.now())
        db.session.commit()
        page.context.add_cookies([{"name": cookie_name(), "value": token, "url": self.url}])
        return page

    def _prepare(self, page: Page) -> None:
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        if SLOWER > 1:
            page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not self.expected.match(message.text):
            self.complaints.append(message.text)


def follow(page: Page, link: str) -> None:
    """Click a link and wait until the page behind it has run its scripts, as a person's eyes would."""
    _go_on(page, page.get_by_role("link", name=link))


def press(page: Page, button: str, *, exact: bool = False) -> None:
    """Press a button that leads to a page and wait for that as `follow` does."""
    _go_on(page, page.get_by_role("button", name=button, exact=exact))


def _go_on(page: Page, by: Locator) -> None:
    by.wait_for()  # the way here may still be going on, and is not the one to wait for
    page.wait_for_load_state()
    with page.expect_navigation(wait_until="load"):
        by.click()


def until_kept(page: Page, address: str, words: str) -> None:
    """Wait until the page at `address` holds `words`: what a page sends as it is left may arrive after the next one."""
    page.wait_for_function(HOLDS, arg=[address, words])


class Quiet(WSGIRequestHandler):
    """Serves without a line for each request."""

    def log_request(self, *_what: object) -> None:
        pass


class Busy:
    """Passes requests on and knows when none is being answered: a page may still be saving when its browser closes."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.answering = 0
        self.change = Condition()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        """Answers bit by bit, and closes its file also when the browser hangs up, which Werkzeug's server forgets."""
        self._count(1)
        try:
            with closing(ClosingIterator(self.app(environ, start_response))) as answer:
                yield from answer
        finally:
            self._count(-1)

    def _count(self, by: int) -> None:
        with self.change:
            self.answering += by
            self.change.notify_all()

    def wait_until_idle(self) -> None:
        with self.change:
            assert self.change.wait_for(lambda: self.answering == 0, WAIT_SECONDS), "a request is never answered"


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """The app on a free loopback port, a thread for each request; answers its address."""
    busy = Busy(app)
    server = make_server("127.0.0.1", 0, busy, threaded=True, request_handler=Quiet)
    thread = Thread(target=server.serve_forever, args=(POLL_SECONDS,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        busy.wait_until_idle()
        server.server_close()
