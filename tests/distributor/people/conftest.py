"""An organization with an admin who can sign in, a clock that tests can move, and the links of mails."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import select

from distributor.database import db
from distributor.delivery.events import PAGES
from distributor.delivery.models import Notification
from distributor.identity import operations
from distributor.identity.acting import CurrentMember
from distributor.people.links import secret_for
from tests.distributor.identity.conftest import PASSWORD, clock, story, user_of
from tests.factories import Story, member
from workflows.usage_report import Role

# Fixtures of the tests of sign-ins, which serve here too.
__all__ = ["clock", "story"]

INVITED = {"name": "Nora New", "email": "nora@example.com", "roles": ["preparer"]}


@pytest.fixture
def admin(story: Story) -> CurrentMember:
    """The MSP's admin, with a password."""
    found = member(story.msp, Role.ADMIN)
    operations.set_password(user_of(found), PASSWORD)
    return found


def mails(event: str) -> list[Any]:
    """The outbox's rows of a kind of mail, the oldest first."""
    rows = Notification.__table__
    return list(db.session.execute(select(rows).where(rows.c.event == event).order_by(rows.c.id)))


def link_of(mail: Any, at: datetime) -> str:
    """The path in a mail's button, as sending it makes it."""
    token = secret_for(mail, at)
    db.session.commit()
    return "/" + PAGES[mail.event].replace("%s", token or "")
