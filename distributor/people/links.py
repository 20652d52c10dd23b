"""The secrets in mailed links: made when a mail goes out, so that none waits in the outbox."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from distributor.database import db
from distributor.delivery.events import ADDRESS_NEW, ADDRESS_OLD, INVITED, PASSWORD_LINK, PASSWORD_RESET
from distributor.identity.models import User
from distributor.identity.operations import password_link
from distributor.identity.sessions import digest
from distributor.people.models import AddressLink, InvitationLink

# Whoever forgot a password sits in front of the mailbox (OWASP ASVS 5.0, 6.4.3).
RESET_LIVES = timedelta(hours=1)


class AddressLeftError(Exception):
    """The way to a new password is not mailed to an address that the person has left."""


def secret_for(row: Any, at: datetime) -> str | None:
    """A new secret for the mail of an outbox row; None where its link has none. Those mailed before keep working.

    Raises AddressLeftError.
    """
    make = SECRETS.get(row.event)
    return make(row, at) if make else None


def _set_password(row: Any, at: datetime) -> str:
    return password_link(_still_there(row), at, beside=True)


def _reset_password(row: Any, at: datetime) -> str:
    return password_link(_still_there(row), at, beside=True, lives=RESET_LIVES)


def _still_there(row: Any) -> User:
    """Who the mail is for, locked: a change of address comes before, and is seen here, or after, and ends the link."""
    query = select(User).where(User.id == row.user_id).with_for_update(key_share=True)
    user = db.session.scalars(query.execution_options(populate_existing=True)).one()
    if user.email != row.recipient:
        raise AddressLeftError
    return user


def _invitation(row: Any, at: datetime) -> str:
    token = secrets.token_urlsafe(32)
    about = row.details["invitation_id"]
    db.session.add(InvitationLink(token_hash=digest(token), invitation_id=about, created_at=at))
    return token


def _address(row: Any, at: datetime) -> str:
    token = secrets.token_urlsafe(32)
    address = "new" if row.event == ADDRESS_NEW else "old"
    about = row.details["change_id"]
    db.session.add(AddressLink(token_hash=digest(token), change_id=about, address=address, created_at=at))
    return token


SECRETS: dict[str, Callable[[Any, datetime], str]] = {
    PASSWORD_LINK: _set_password,
    PASSWORD_RESET: _reset_password,
    INVITED: _invitation,
    ADDRESS_NEW: _address,
    ADDRESS_OLD: _address,
}
