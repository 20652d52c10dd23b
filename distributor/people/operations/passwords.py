"""Passwords that were forgotten or changed. The person is told, so that none is lost unnoticed (ASVS 5.0, 6.3.7)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, insert, select

from distributor import tenancy
from distributor.audit.operations import record
from distributor.database import db
from distributor.delivery.events import PASSWORD_CHANGED, PASSWORD_RESET
from distributor.identity import operations as identity
from distributor.identity.acting import CurrentMember
from distributor.identity.models import User
from distributor.identity.queries import user_by_email
from distributor.people.models import PasswordRequest
from distributor.people.operations.telling import tell_member
from distributor.people.queries import RESET_WAITS, home_of

ANSWERED_AT_ONCE = 200


def ask(email: str, at: datetime) -> None:
    """Note that somebody forgot the password of this address. The work is the same whether or not anybody has it."""
    db.session.execute(insert(PasswordRequest).values(email=email, requested_at=at))


def answer(at: datetime) -> int:
    """Queue a mail for each address that was asked for and is a member's; returns how many. For the scheduler alone."""
    some = select(PasswordRequest.id).limit(ANSWERED_AT_ONCE).with_for_update(skip_locked=True)
    taken = delete(PasswordRequest).where(PasswordRequest.id.in_(some))
    asked = db.session.execute(taken.returning(PasswordRequest.email, PasswordRequest.requested_at)).all()
    fresh = sorted({row.email for row in asked if at - row.requested_at <= RESET_WAITS})
    return sum(_answer(email, at) for email in fresh)


def _answer(email: str, at: datetime) -> bool:
    user = user_by_email(email)
    home = home_of(user.id) if user else None
    if home is None:
        return False
    tell_member(PASSWORD_RESET, home, at)
    record("password.forgotten", by=None, at=at, organization_id=home.organization_id, subject=home.email)
    return True


def use_link(token: str, password: str, at: datetime, *, language: str | None = None) -> User | None:
    """Set a password by a mailed link; every sign-in ends and the person is told. None when the link does not work.

    Raises InputRefused.
    """
    user = identity.use_password_link(token, password, at, language=language)
    home = home_of(user.id) if user else None
    if home is not None:
        tenancy.enter(home.organization_id)
        _changed(home, at, by_link=True)
    return user


def change(member: CurrentMember, present: str, new: str, at: datetime) -> None:
    """Replace one's own password; all other sign-ins end and the person is told. Raises InputRefused."""
    identity.change_password(member, present, new, at)
    _changed(member, at, by_link=False)


def _changed(member: CurrentMember, at: datetime, *, by_link: bool) -> None:
    tell_member(PASSWORD_CHANGED, member, at, by_link=by_link)
    here, about = member.organization_id, {"by_link": by_link}
    record("password.changed", by=member, at=at, organization_id=here, subject=member.email, details=about)
