"""`kill -9` of the scheduler in the middle of 200 due reports: nothing half-done, nothing lost, nothing doubled."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import Popen

import psycopg
import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.engine import make_url

from distributor.database import db
from tests.factories import Story
from tests.faults.processes import command

DUE = 200
PATIENCE_SECONDS = 60


def eventually(holds: Callable[[], bool]) -> bool:
    """Ask until it holds, for a minute at most."""
    pause = threading.Event()
    for _ in range(PATIENCE_SECONDS * 20):
        if holds():
            return True
        pause.wait(0.05)
    return False


def count(query: str) -> int:
    found = db.session.execute(text(query)).scalar_one()
    db.session.rollback()
    return int(found)


SUBMITTED = "SELECT count(*) FROM usage_reports WHERE status = 'under_review'"
PENALISED = "SELECT count(*) FROM usage_report_lines WHERE penalised"
# The scheduler's transaction has written its penalties and waits for the outbox, which the test holds.
STUCK = """SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
           AND query LIKE '%INSERT INTO report_actions%'"""
DOUBLED = """SELECT (SELECT count(*) - count(DISTINCT report_id) FROM report_actions WHERE step = 'auto_submit')
  + (SELECT count(*) - count(DISTINCT (report_id, recipient)) FROM notifications WHERE event = 'auto_submitted')"""


@pytest.fixture
def due_reports(app: Flask) -> None:
    story = Story()
    for _ in range(DUE):
        story.open_account(("40", "30"))
    db.session.commit()


@pytest.fixture
def start(url: str, tmp_path: Path) -> Iterator[Callable[[], Popen[bytes]]]:
    """Starts schedulers, and ends those that still run."""
    started: list[Popen[bytes]] = []

    def begin() -> Popen[bytes]:
        started.append(command("scheduler", url=url, home=tmp_path))
        return started[-1]

    yield begin
    for process in started:
        process.terminate()
        process.communicate(timeout=20)


def test_what_a_killed_scheduler_left_the_next_one_finishes_exactly_once(
    due_reports: None, url: str, start: Callable[[], Popen[bytes]]
) -> None:
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain) as holder, psycopg.connect(plain, autocommit=True) as watcher:
        holder.execute("LOCK TABLE notifications IN SHARE MODE")
        first = start()
        assert eventually(lambda: watcher.execute(STUCK).fetchone() != (0,)), "the scheduler never came to the outbox"
        os.kill(first.pid, signal.SIGKILL)
        first.wait()
        assert (count(SUBMITTED), count(PENALISED)) == (0, 0)
    start()
    start()
    assert eventually(lambda: count(SUBMITTED) == DUE)
    assert count(PENALISED) == DUE
    assert count(DOUBLED) == 0
    told = "SELECT count(*) FROM notifications WHERE event = 'auto_submitted'"
    assert count(told) == 2 * DUE


def test_a_scheduler_stops_cleanly_when_asked(url: str, start: Callable[[], Popen[bytes]], app: Flask) -> None:
    process = start()
    assert eventually(lambda: count("SELECT count(*) FROM scheduler_ticks") >= 1)
    process.terminate()
    _out, errors = process.communicate(timeout=20)
    assert process.returncode == 0, errors.decode()
