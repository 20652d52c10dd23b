"""A report that has just opened, its mail waiting in the outbox, and a mail server to send it to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from distributor.database import db
from tests.distributor.delivery.smtp import MailServer, mail_server
from tests.factories import Story


@pytest.fixture
def story(app: Flask) -> Story:
    """An account whose report of October 2026 was opened, which told its preparer; committed."""
    story = Story(number="MER-1042", time_zone="Europe/Dublin")
    story.open(("400", "300"), ("40", None))
    db.session.commit()
    return story


@pytest.fixture
def server(app: Flask) -> Iterator[MailServer]:
    """The mail server that the application sends to."""
    with mail_server(app) as server:
        yield server
