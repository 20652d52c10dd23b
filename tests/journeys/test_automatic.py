"""What nobody submits submits itself: real web and scheduler processes on a report that is due."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from threading import Event
from time import monotonic

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from distributor.database import db
from distributor.usage_reports.queries import ReportRow
from tests.factories import Story
from tests.faults.processes import command
from tests.journeys.site import Site
from tests.ports import reserved_port

PATIENCE = 30  # seconds for a process to start, a job to run or a process to stop


@pytest.fixture
def story(app: Flask) -> Story:
    return Story(tolerance_units=2)


@pytest.fixture
def due(story: Story) -> ReportRow:
    """A report whose due instant passed two days ago, with 110 units nobody explained."""
    report = story.open(("400", "290"), ("40", None), at=datetime.now(UTC) - timedelta(days=12))
    db.session.commit()
    return report


@pytest.fixture
def running(due: ReportRow, url: str, tmp_path: Path, browser: Browser) -> Iterator[Site]:
    """`distributor web` and `distributor scheduler` on the test's database."""
    with ExitStack() as processes:
        port = processes.enter_context(reserved_port())
        site = Site(f"http://127.0.0.1:{port}", browser)
        for words in (["web", "--workers", "1"], ["scheduler"]):
            process = command(*words, url=url, home=tmp_path, HOST="127.0.0.1", PORT=str(port))
            processes.enter_context(ended(process))
        answering(port)
        yield site
        for context in list(browser.contexts):
            context.close()
    assert site.complaints == []


@contextmanager
def ended(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Ends the process as an operator would, and waits for it."""
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE)


def answering(port: int) -> None:
    """Returns when the service on `port` says that it is well."""
    deadline, pause = monotonic() + PATIENCE, Event()
    while monotonic() < deadline:
        with closing(HTTPConnection("127.0.0.1", port, timeout=PATIENCE)) as connection, suppress(OSError):
            connection.request("GET", "/healthz")
            if connection.getresponse().status == HTTPStatus.OK:
                return
        pause.wait(0.05)
    raise AssertionError(f"nothing answers on port {port}")


def until_shown(page: Page, words: str) -> None:
    """Loads the page anew until it says so: the scheduler works while we look."""
    deadline = monotonic() + PATIENCE
    while monotonic() < deadline and not page.get_by_text(words).count():
        page.reload()
    expect(page.get_by_text(words)).to_be_visible()


def test_a_due_report_submits_itself_with_penalty_and_everybody_reads_of_it(
    running: Site, story: Story, due: ReportRow
) -> None:
    reviewer, msp = running.member(story.reviewer), running.member(story.preparer)
    reviewer.goto(f"/review/{due.uid}")
    until_shown(reviewer, "Automatically submitted – may require review.")
    expect(reviewer.get_by_text("Penalised: the MSP declared 290, charged are 400")).to_be_visible()
    msp.goto("/notifications")
    msp.get_by_role("link", name="Submitted automatically").click()
    expect(msp.get_by_label("Text of the e-mail")).to_contain_text("313.50")
    msp.goto(f"/reports/{due.uid}")
    expect(msp.get_by_text("It was submitted automatically; € 313.50 was charged")).to_be_visible()
