"""Asking a browser for a passkey: the challenge stays with the browser that was asked, and is spent by its answer."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import current_app, session

from distributor.database import db
from distributor.identity import passkeys
from distributor.identity.factor_models import Passkey
from distributor.identity.passkeys import Answer, Site

KEPT = "challenge"


def site() -> Site:
    """This installation, as passkeys know it."""
    return passkeys.site_of(current_app.config["SETTINGS"])


def ask(challenge: str, options: dict[str, Any]) -> dict[str, Any]:
    """Keep the challenge in the browser's signed cookie; returns the options to send."""
    session[KEPT] = challenge
    return options


def taken(user_id: int | None, at: datetime) -> str | None:
    """This browser's challenge, used up for good whatever comes of the answer; None when it has none that works."""
    challenge = session.pop(KEPT, None)
    is_good = challenge is not None and passkeys.take(challenge, user_id, at)
    db.session.commit()
    return challenge if is_good else None


def answered(answer: str, user_id: int | None, at: datetime) -> Passkey | None:
    """The passkey that answered this browser's challenge; None when it did not, or late, or a second time."""
    challenge = taken(user_id, at)
    return passkeys.prove(Answer(answer, challenge), site(), at) if challenge else None
