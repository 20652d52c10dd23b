"""What tests of second factors have in common: an authenticator app, and a browser between two steps."""

from __future__ import annotations

import pyotp
from flask import Flask
from sqlalchemy import select, text
from werkzeug.test import TestResponse

from distributor import vault
from distributor.database import db
from distributor.identity import codes, recovery
from distributor.identity.acting import CurrentMember
from distributor.identity.factor_models import CodeSeed
from tests import clients
from tests.clients import Browser
from tests.distributor.identity.conftest import PASSWORD, Clock


class App:
    """An authenticator app on somebody's telephone."""

    def __init__(self, seed: str, clock: Clock) -> None:
        self.codes, self.clock = pyotp.TOTP(seed), clock

    def code(self, seconds: int = 0) -> str:
        """The code shown now, or some seconds from now."""
        return self.codes.at(self.clock.at, counter_offset=seconds // 30)


def enrolled(member: CurrentMember, clock: Clock) -> App:
    """Switch one-time codes on for the member, five minutes ago."""
    codes.begin(member.user_id, clock.at)
    app = App(seed_of(member), clock)
    assert codes.confirm(member.user_id, app.code(), clock.at)
    clock.forward(minutes=5)
    return app


def seed_of(member: CurrentMember) -> str:
    kept = db.session.scalars(select(CodeSeed.seed).filter_by(user_id=member.user_id)).one()
    return vault.unlock(kept) or ""


def with_recovery_codes(member: CurrentMember, clock: Clock) -> list[str]:
    return recovery.make(member.user_id, clock.at)


def half_in(app: Flask, member: CurrentMember, next_page: str = "/") -> Browser:
    """A browser whose password was right and that is asked for more."""
    browser = clients.visitor(app)
    answer = browser.post("/sign-in", data={"email": member.email, "password": PASSWORD, "next": next_page})
    assert answer.location.startswith("/sign-in/second-step"), answer.text
    return browser


def show(browser: Browser, code: str, **more: str) -> TestResponse:
    return browser.post("/sign-in/second-step", data={"code": code, **more})


def is_in(browser: Browser) -> bool:
    return browser.get("/profile").status_code == 200


def trail(member: CurrentMember) -> list[str]:
    """What the audit trail of the member's organization says, in order."""
    query = text("SELECT what FROM audit_entries WHERE organization_id = :organization ORDER BY id")
    return list(db.session.scalars(query, {"organization": member.organization_id}))
