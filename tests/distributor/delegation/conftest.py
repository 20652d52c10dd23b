"""A distributor with a viewer who can be anybody's substitute, and a clock that tests can move."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from flask import Flask

from distributor.delegation import operations
from distributor.delegation.operations import Absence
from distributor.identity import sessions
from distributor.identity.acting import CurrentMember
from tests.distributor.identity.conftest import Clock
from tests.factories import Story, member
from workflows.usage_report import Role

AT = datetime(2026, 10, 21, 9, 0, tzinfo=UTC)
FIRST, LAST = date(2026, 10, 21), date(2026, 12, 12)


@pytest.fixture
def clock(app: Flask) -> Clock:
    app.config["CLOCK"] = clock = Clock(AT)
    return clock


@pytest.fixture
def story(clock: Clock) -> Story:
    return Story()


@pytest.fixture
def viewer(story: Story) -> CurrentMember:
    """Somebody at the distributor who only reads."""
    return member(story.distributor, Role.VIEWER)


def stand_in(
    substitute: CurrentMember,
    absent: CurrentMember,
    *,
    by: CurrentMember | None = None,
    first: date = FIRST,
    last: date = LAST,
    at: datetime = AT,
) -> object:
    """Name `substitute` for `absent`; returns the substitution's uid."""
    absence = Absence(absent.member_uid, substitute.member_uid, first, last)
    return operations.name_substitute(by or absent, absence, at).uid


def seen_at(who: CurrentMember, at: datetime) -> CurrentMember:
    """The member as a request at that instant finds them behind their cookie."""
    found = sessions.find(sessions.start(who.user_id, who.member_id, at), at)
    assert found is not None
    return found.member
