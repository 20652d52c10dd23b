"""Ending invitations: one by an admin's wish, or all that lose their ground with the membership of who made them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row, or_, select, update

from distributor.audit.operations import record
from distributor.database import db
from distributor.identity.acting import CurrentMember
from distributor.people.models import Invitation, InvitationLink


def withdraw(row: Invitation, by: CurrentMember, at: datetime) -> None:
    """Take a locked invitation back, and its links with it."""
    row.revoked_at = at
    end_links(row, at)
    note("member.invitation_revoked", by, row, at)


def withdraw_made_by(found: Row[Any], by: CurrentMember, at: datetime, *, leaves: bool) -> None:
    """Take back what a member invited to the organization of `by` and nobody has answered, expired ones too, as they
    can be sent again: whoever no longer decides who comes in is not let in by an invitation of their own making. Of who
    `leaves`, also what was sent to their own address.
    """
    theirs = Invitation.invited_by == found.user_id
    query = select(Invitation).where(
        Invitation.organization_id == by.organization_id,
        Invitation.revoked_at.is_(None),
        Invitation.accepted_at.is_(None),
        or_(theirs, Invitation.email == found.email) if leaves else theirs,
    )
    for row in db.session.scalars(query.order_by(Invitation.id).with_for_update()).all():
        withdraw(row, by, at)
    db.session.flush()


def end_links(row: Invitation, at: datetime) -> None:
    """Let no link that was mailed for the invitation work any more."""
    living = InvitationLink.invitation_id == row.id, InvitationLink.ended_at.is_(None)
    db.session.execute(update(InvitationLink).where(*living).values(ended_at=at))


def note(what: str, by: CurrentMember, row: Invitation, at: datetime) -> None:
    """Write what happened to an invitation into its organization's trail."""
    about = {"name": row.name, "roles": list(row.roles)}
    record(what, by=by, at=at, organization_id=row.organization_id, subject=row.email, details=about)
