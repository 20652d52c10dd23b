"""The people and the clock of the sign-in tests, and a token that calls."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from flask import Flask

from distributor.api_tokens import operations
from distributor.database import db
from distributor.identity.acting import CurrentMember
from distributor.identity.models import ApiToken
from tests.clients import Program
from tests.distributor.identity.conftest import Clock, aoife, clock, story
from tests.factories import Story, member
from workflows.usage_report import Role

__all__ = ["Held", "aoife", "boss", "clock", "held", "story"]


@dataclass
class Held:
    """A token of the preparer: its text, its row and a program that has it."""

    text: str
    row: ApiToken
    program: Program

    def works(self) -> bool:
        return self.program.get("/api/v1/me").status_code == 200


@pytest.fixture
def boss(story: Story) -> CurrentMember:
    """The admin of the preparer's organization."""
    return member(story.msp, Role.ADMIN)


@pytest.fixture
def held(app: Flask, story: Story, boss: CurrentMember, clock: Clock) -> Held:
    """A token made on the page, which mails and records."""
    text, row = operations.make(story.preparer, "Nightly", ["reports:read", "reports:write"], None, clock.at)
    db.session.commit()
    program = Program(app, app.response_class, use_cookies=False)
    program.token = text
    return Held(text, row, program)
