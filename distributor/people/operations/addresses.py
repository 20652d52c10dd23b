"""Changing the address one signs in with: done once both mailboxes have said yes (docs/decisions/0021).

Whether anybody has the new address is told to nobody but its own mailbox.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from flask_babel import gettext
from sqlalchemy import Row, select, update

from distributor import tenancy
from distributor.audit.operations import record
from distributor.database import db
from distributor.delivery.events import ADDRESS_CHANGED, ADDRESS_NEW, ADDRESS_OLD
from distributor.errors import Conflict, FieldError, InputRefused
from distributor.identity import operations as identity
from distributor.identity import passwords
from distributor.identity.acting import CurrentMember
from distributor.identity.models import User
from distributor.people import queries
from distributor.people.models import AddressChange
from distributor.people.operations.telling import tell_member

LIVES = timedelta(hours=72)


class Outcome(StrEnum):
    """What a confirmation led to."""

    WAITING = "waiting"
    DONE = "done"


def start(member: CurrentMember, given: str, present: str, at: datetime) -> AddressChange:
    """Ask both addresses whether the person signs in with a new one; an earlier wish ends. Raises InputRefused.

    `present` is the person's password.
    """
    user = _locked(member.user_id)
    if not passwords.is_right(present, user.password_hash):
        why = gettext("The present password is not right.")
        raise InputRefused(why, [FieldError(why, "password")])
    address = identity.tidy_address(given, "new_email")
    if address == user.email:
        why = gettext("This is the address you have. Type another one.")
        raise InputRefused(why, [FieldError(why, "new_email")])
    _stop_open(user.id, at)
    made = AddressChange(user_id=user.id, old_email=user.email, new_email=address, created_at=at, expires_at=at + LIVES)
    db.session.add(made)
    db.session.flush()
    _ask(member, made, at)
    _record("address.change_asked", member, made, at)
    return made


def withdraw(member: CurrentMember, at: datetime) -> bool:
    """Give up one's own open change; returns whether there was one."""
    _locked(member.user_id)
    change = queries.open_change(member.user_id, at)
    if change is None:
        return False
    _stop_open(member.user_id, at)
    _record("address.change_stopped", member, change, at)
    return True


def confirm(token: str, at: datetime) -> Outcome | None:
    """Say yes from one of the two mailboxes; with the second yes the address changes. None when the link does not work.

    Raises Conflict where somebody else has the new address.
    """
    found = _entered(token, at)
    if found is None:
        return None
    change, member, address = found
    _check_free(change, address)
    row = db.session.get_one(AddressChange, change.id, populate_existing=True)
    if address == "new":
        row.new_confirmed_at = row.new_confirmed_at or at
    else:
        row.old_confirmed_at = row.old_confirmed_at or at
    _record("address.change_confirmed", member, change, at, at_address=address)
    if row.old_confirmed_at is None or row.new_confirmed_at is None:
        return Outcome.WAITING
    _finish(row, member, at)
    return Outcome.DONE


def stop(token: str, at: datetime) -> bool:
    """Say no from one of the two mailboxes. False when the link does not work."""
    found = _entered(token, at)
    if found is None:
        return False
    change, member, address = found
    _stop_open(change.user_id, at)
    _record("address.change_stopped", member, change, at, at_address=address)
    return True


def _entered(token: str, at: datetime) -> tuple[Row[Any], CurrentMember, str] | None:
    """The change that a link leads to, its person locked and their organization entered."""
    found = queries.living_change(token, at)
    if found is None:
        return None
    _locked(found.user_id)
    change, member = queries.living_change(token, at), queries.home_of(found.user_id)
    if change is None or member is None:
        return None
    tenancy.enter(member.organization_id)
    return change, member, change.address


def _check_free(change: Row[Any], address: str) -> None:
    """Raises Conflict where somebody has the new address, and nothing before the new mailbox has said yes: whoever asks
    for a change reads the old mailbox, and could try out address after address there.
    """
    new_one_agrees = address == "new" or change.new_confirmed_at is not None
    if not new_one_agrees or not change.is_taken:
        return
    if address == "new":
        raise Conflict(gettext("Somebody signs in with this address already. Nothing was changed."))
    raise Conflict(gettext("The address could not be changed. Ask for the change anew in your profile."))


def _finish(row: AddressChange, member: CurrentMember, at: datetime) -> None:
    row.done_at = at
    db.session.get_one(User, row.user_id).email = row.new_email
    identity.use_up_links(row.user_id, at)
    db.session.flush()
    for recipient in (row.old_email, row.new_email):
        tell_member(ADDRESS_CHANGED, member, at, recipient=recipient, old=row.old_email, new=row.new_email)
    _record("address.changed", member, row, at)


def _ask(member: CurrentMember, made: AddressChange, at: datetime) -> None:
    about = {"change_id": made.id, "old": made.old_email, "new": made.new_email, "until": made.expires_at.isoformat()}
    tell_member(ADDRESS_NEW, member, at, recipient=made.new_email, **about)
    tell_member(ADDRESS_OLD, member, at, recipient=made.old_email, **about)


def _locked(user_id: int) -> User:
    """The person's row: one change of address at a time."""
    query = select(User).where(User.id == user_id).with_for_update(key_share=True)
    return db.session.scalars(query.execution_options(populate_existing=True)).one()


def _stop_open(user_id: int, at: datetime) -> None:
    open_ones = AddressChange.user_id == user_id, AddressChange.stopped_at.is_(None), AddressChange.done_at.is_(None)
    db.session.execute(update(AddressChange).where(*open_ones).values(stopped_at=at))


def _record(what: str, member: CurrentMember, change: Any, at: datetime, **more: str) -> None:
    about = {"old": change.old_email, "new": change.new_email, **more}
    record(what, by=member, at=at, organization_id=member.organization_id, subject=change.old_email, details=about)
