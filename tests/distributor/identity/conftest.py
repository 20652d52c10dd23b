"""People to sign in with, and a clock that tests can move."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from distributor.database import db
from distributor.identity import operations, queries
from distributor.identity.acting import CurrentMember
from distributor.identity.models import Member, User
from tests.factories import Story

PASSWORD = "correct horse battery"


@dataclass
class Clock:
    """The time as the service sees it."""

    at: datetime

    def __call__(self) -> datetime:
        return self.at

    def forward(self, **by: float) -> None:
        self.at += timedelta(**by)


@pytest.fixture
def clock(app: Flask) -> Clock:
    app.config["CLOCK"] = clock = Clock(datetime(2026, 10, 21, 9, 0, tzinfo=UTC))
    return clock


@pytest.fixture
def story(clock: Clock) -> Story:
    return Story()


@pytest.fixture
def aoife(story: Story) -> CurrentMember:
    """A preparer who has a password."""
    operations.set_password(user_of(story.preparer), PASSWORD)
    return story.preparer


@pytest.fixture
def niamh(story: Story) -> CurrentMember:
    """The distributor's admin, with a password."""
    operations.set_password(user_of(story.admin), PASSWORD)
    return story.admin


def user_of(member: CurrentMember) -> User:
    return queries.user(member.user_id)


def member_row(member: CurrentMember) -> Member:
    return db.session.get_one(Member, member.member_id)
