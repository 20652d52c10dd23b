"""What tests of refused attempts have in common: the trail as the database has it, and as an admin reads it."""

from __future__ import annotations

import html
from typing import Any

from flask import Flask
from sqlalchemy import text

from distributor.audit.wording import what_happened
from distributor.database import db
from distributor.identity.acting import CurrentMember
from tests import clients

HERE = {"REMOTE_ADDR": "198.51.100.7"}


def refusals(of: CurrentMember, what: str = "%") -> list[Any]:
    """The entries about refused attempts in the chain of a member's organization, the oldest first."""
    db.session.rollback()
    query = text(
        "SELECT what, subject, details, actor_name FROM audit_entries "
        "WHERE organization_id = :organization AND what LIKE :what AND what ~ '[.](refused|exposed)$' ORDER BY id"
    )
    return list(db.session.execute(query, {"organization": of.organization_id, "what": what}))


def read_by(app: Flask, admin: CurrentMember, what: str) -> str:
    """What the admin reads at /audit about one kind of fact, which has words of its own."""
    page = html.unescape(clients.sign_in(app, admin).get(f"/audit?what={what}").text)
    with app.test_request_context():
        words = what_happened(what)
    assert words != what
    assert page.count(words) >= 2  # among the kinds to choose from, and in the list
    return page
