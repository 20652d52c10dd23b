"""One account with callers on both sides, a day after its October report opened."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from flask import Flask

from distributor.database import db
from distributor.usage_reports.queries import ReportRow
from tests.distributor.api.calling import Caller
from tests.factories import OPENED_AT, Story, member
from workflows.usage_report import Role

AT = OPENED_AT + timedelta(days=1)


class Clock:
    """The application's clock, which stands still until it is moved."""

    def __init__(self) -> None:
        self.now = AT

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock(app: Flask) -> Clock:
    app.config["CLOCK"] = clock = Clock()
    return clock


@pytest.fixture
def story(app: Flask, clock: Clock) -> Story:
    return Story()


@pytest.fixture
def opened(story: Story) -> Callable[..., ReportRow]:
    """Opens the October report with one line per (provisioned, used), and commits: callers have sessions of
    their own.
    """

    def open_report(*lines: tuple[str, str | None]) -> ReportRow:
        report = story.open(*lines)
        db.session.commit()
        return report

    return open_report


@pytest.fixture
def msp(app: Flask, story: Story) -> Caller:
    return Caller(app, story.preparer)


@pytest.fixture
def reviewer(app: Flask, story: Story) -> Caller:
    return Caller(app, story.reviewer)


@pytest.fixture
def admin(app: Flask, story: Story) -> Caller:
    return Caller(app, story.admin)


@pytest.fixture
def viewer(app: Flask, story: Story) -> Caller:
    return Caller(app, member(story.msp, Role.VIEWER))
