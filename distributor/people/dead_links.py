"""Whose a mailed link was that works no more: for the trail, and never for who opens it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, select

from distributor.database import db
from distributor.identity.models import PasswordLink, User
from distributor.identity.queries import members_of
from distributor.identity.sessions import digest
from distributor.people.models import AddressChange, AddressLink, Invitation, InvitationLink


class Kind(StrEnum):
    """What a link was mailed for."""

    PASSWORD = "password"  # noqa: S105 - a kind of link, no secret
    INVITATION = "invitation"
    ADDRESS = "address"


@dataclass(frozen=True, slots=True)
class DeadLink:
    """A link that was mailed once: for what, to whom, whose trail tells of it, and in one word why it works no more."""

    kind: Kind
    email: str
    organizations: tuple[int, ...]
    reason: str


def find(kind: Kind, token: str, at: datetime) -> DeadLink | None:
    """The link of this secret, whatever it was mailed for; None for one that was never mailed."""
    for asked in sorted(Kind, key=lambda one: one != kind):
        found = FINDERS[asked](digest(token), at)
        if found is not None:
            return found
    return None


def _password(token_hash: bytes, at: datetime) -> DeadLink | None:
    query = select(PasswordLink.used_at, PasswordLink.expires_at, User.id, User.email, User.disabled_at)
    query = query.join(User, User.id == PasswordLink.user_id).where(PasswordLink.token_hash == token_hash)
    row = db.session.execute(query).one_or_none()
    if row is None:
        return None
    return DeadLink(Kind.PASSWORD, row.email, _of_user(row.id), _why(row, at, used=row.used_at))


def _invitation(token_hash: bytes, at: datetime) -> DeadLink | None:
    query = select(Invitation.__table__, InvitationLink.ended_at).join(
        InvitationLink, InvitationLink.invitation_id == Invitation.id
    )
    row = db.session.execute(query.where(InvitationLink.token_hash == token_hash)).one_or_none()
    if row is None:
        return None
    reason = _why(row, at, used=row.accepted_at, revoked=row.revoked_at, replaced=row.ended_at)
    return DeadLink(Kind.INVITATION, row.email, (row.organization_id,), reason)


def _address(token_hash: bytes, at: datetime) -> DeadLink | None:
    query = select(AddressChange.__table__).join(AddressLink, AddressLink.change_id == AddressChange.id)
    row = db.session.execute(query.where(AddressLink.token_hash == token_hash)).one_or_none()
    if row is None:
        return None
    reason = _why(row, at, used=row.done_at, stopped=row.stopped_at)
    return DeadLink(Kind.ADDRESS, row.old_email, _of_user(row.user_id), reason)


FINDERS: dict[Kind, Callable[[bytes, datetime], DeadLink | None]] = {
    Kind.PASSWORD: _password,
    Kind.INVITATION: _invitation,
    Kind.ADDRESS: _address,
}


def _of_user(user_id: int) -> tuple[int, ...]:
    return tuple(member.organization_id for member in members_of(user_id))


def _why(row: Row[*tuple[Any, ...]], at: datetime, **ends: datetime | None) -> str:
    """The first of `ends` that came; for a link that works elsewhere, that it was mailed for something else."""
    ended = next((reason for reason, since in ends.items() if since is not None), None)
    return ended or ("expired" if row.expires_at <= at else "misplaced")
