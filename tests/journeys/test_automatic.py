"""What nobody submits submits itself: real web and scheduler processes on a report that is due."""

from __future__ import annotations

import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from tests.factories import Story
from tests.faults.processes import command
from tests.journeys.site import Site

STOP_SECONDS = 20


@pytest.fixture
def running(app: Flask, url: str, tmp_path: Path, browser: Browser) -> Iterator[Site]:
    """`distributor web` and `distributor scheduler` on the test's database."""
    port = free_port()
    where = {"HOST": "127.0.0.1", "PORT": str(port)}
    with ExitStack() as processes:
        for words in (("web", "--workers", "1"), ("scheduler",)):
            processes.enter_context(stopping(command(*words, url=url, home=tmp_path, **where)))
        site = Site(f"http://127.0.0.1:{port}", browser)
        yield site
        for context in list(browser.contexts):
            context.close()
    assert site.complaints == []


class stopping:
    """Ends a process as Ctrl-C would, and with it whatever it still has to say."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_error: object) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=STOP_SECONDS)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_due_report_submits_itself_and_everybody_reads_of_it(app: Flask, running: Site) -> None:
    story, opened = Story(tolerance_units=2), datetime.now(UTC) - timedelta(days=12)
    report = story.open(("400", "290"), ("40", None), at=opened)
    reviewer = running.member(story.reviewer)
    until_shown(reviewer, f"/review/{report.uid}", "Automatically submitted – may require review.")
    expect(reviewer.get_by_text("Penalised: the MSP declared 290, charged are 400")).to_be_visible()
    msp = running.member(story.preparer)
    msp.goto("/notifications")
    msp.get_by_role("link", name="Submitted automatically").click()
    expect(msp.get_by_label("Text of the e-mail")).to_contain_text("313.50")
    msp.goto(f"/reports/{report.uid}")
    expect(msp.get_by_text("It was submitted automatically; € 313.50 was charged")).to_be_visible()
