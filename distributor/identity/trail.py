"""What happens to people is told to the audit trail of every organization they belong to."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from distributor.audit.operations import Fact, record, record_all
from distributor.identity import queries
from distributor.identity.acting import CurrentMember, operator


def note(what: str, member: CurrentMember, at: datetime, subject: str = "", **details: Any) -> None:
    """Something the member did, in the chain of the organization they act for."""
    record(what, by=member, at=at, organization_id=member.organization_id, subject=subject, details=details)


def note_of_user(what: str, user_id: int, at: datetime, **details: Any) -> None:
    """Something that happened to a person before anybody was signed in."""
    record_all(_facts(what, user_id, details), by=None, at=at)


def note_by_operator(what: str, user_id: int, at: datetime) -> None:
    """Something that the operator did to a person at the command line."""
    record_all(_facts(what, user_id, {}), by=operator(), at=at)


def _facts(what: str, user_id: int, details: dict[str, Any]) -> list[Fact]:
    members = queries.members_of(user_id)
    return [Fact(what, organization_id=one.organization_id, subject=one.email, details=details) for one in members]


def note_failed_sign_in(email: str, at: datetime, **details: Any) -> None:
    """A wrong password for an address that is known; others belong to nobody's trail."""
    user = queries.user_by_email(email)
    if user is not None:
        note_of_user("sign_in.failed", user.id, at, **details)
