"""Asking people in by e-mail. An invitation works once, for seven days, and only by the newest mail's link."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

from flask_babel import gettext
from sqlalchemy import select

from distributor import tenancy
from distributor.database import db
from distributor.delivery.events import INVITED
from distributor.delivery.telling import Telling, tell
from distributor.errors import FieldError, InputRefused
from distributor.identity import operations as identity
from distributor.identity import passwords, sessions
from distributor.identity import queries as people
from distributor.identity.acting import CurrentMember
from distributor.identity.models import Member, Organization, User
from distributor.people import queries
from distributor.people.models import Invitation
from distributor.people.operations.members import check_admin, check_roles, one_at_a_time
from distributor.people.operations.telling import side_of
from distributor.people.operations.withdrawing import end_links, note, withdraw

Given = TypeVar("Given")
LIVES = timedelta(days=7)
# A second click on "send again" is the first one's.
AGAIN_AFTER = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Invited:
    """Whom an admin asks in, and as what."""

    name: str
    email: str
    roles: tuple[str, ...]


def invite(member: CurrentMember, given: Invited, at: datetime) -> Invitation:
    """Ask an address into one's organization by a mail; asking the same again changes nothing.

    Raises Forbidden, InputRefused.
    """
    check_admin(member)
    one_at_a_time(member)
    invited = _checked(member, given)
    earlier = queries.open_invitation_of(member.organization_id, invited.email)
    if earlier is not None and earlier.expires_at > at:
        return _same(earlier, invited)
    if earlier is not None:
        earlier.revoked_at = at
        db.session.flush()
    made = Invitation(
        organization_id=member.organization_id, email=invited.email, name=invited.name, roles=list(invited.roles),
        invited_by=member.user_id, locale=member.locale, created_at=at, mailed_at=at, expires_at=at + LIVES,
    )  # fmt: skip
    db.session.add(made)
    db.session.flush()
    _mail(member, made, at)
    note("member.invited", member, made, at)
    return made


def resend(member: CurrentMember, uid: UUID, at: datetime) -> Invitation:
    """Send an open or expired invitation again: it lives anew, by a new link alone. Raises Forbidden, NotFound."""
    check_admin(member)
    one_at_a_time(member)
    row = queries.invitation_for_update(uid, member)
    if at - row.mailed_at < AGAIN_AFTER:
        return row
    end_links(row, at)
    row.mailed_at, row.expires_at = at, at + LIVES
    _mail(member, row, at)
    note("member.invited_again", member, row, at)
    return row


def revoke(member: CurrentMember, uid: UUID, at: datetime) -> Invitation:
    """Take an invitation back: its link no longer works. Raises Forbidden, NotFound."""
    check_admin(member)
    one_at_a_time(member)
    row = queries.invitation_for_update(uid, member)
    withdraw(row, member, at)
    return row


def accept_as_new(token: str, name: str, password: str, at: datetime, *, language: str | None) -> CurrentMember | None:
    """Become a member with a password of one's own, under the invited address. None when the link does not work.

    Raises InputRefused.
    """
    passwords.check_length(password)
    called = identity.tidy_name(name, "name")

    def prepare(user: User) -> None:
        if user.password_hash is not None:
            raise InputRefused(gettext("This address has a password already: sign in with it."))
        user.name, user.locale = called, language or user.locale
        identity.set_password(user, password)
        sessions.end(user.id, at)

    return _accept(token, at, prepare)


def accept_as_known(token: str, at: datetime, *, user_id: int | None, password: str = "") -> CurrentMember | None:
    """Become a member as the person who has the invited address: `user_id` is who is signed in; anybody else gives that
    person's `password`. None when the link does not work; raises InputRefused.
    """

    def prepare(user: User) -> None:
        if user.id != user_id and not passwords.is_right(password, user.password_hash):
            why = gettext("The password is not right.")
            raise InputRefused(why, [FieldError(why, "password")])

    return _accept(token, at, prepare)


def _accept(token: str, at: datetime, prepare: Callable[[User], None]) -> CurrentMember | None:
    row = _claimed(token, at)
    return None if row is None else _join(row, at, prepare)


def accept_vouched(organization_id: int, email: str, at: datetime) -> CurrentMember | None:
    """Become a member on the word of the organization's own identity provider. None without an open invitation.

    For addresses that are new here alone: about a person whom others know too, one organization's provider decides
    nothing, and they open the link.
    """
    asked = select(Invitation).filter_by(
        organization_id=organization_id, email=email, revoked_at=None, accepted_at=None
    )
    row = db.session.scalar(asked.where(Invitation.expires_at > at).with_for_update())
    if row is None or people.user_by_email(email) is not None:
        return None
    return _join(row, at, lambda _user: None)


def _join(row: Invitation, at: datetime, prepare: Callable[[User], None]) -> CurrentMember:
    tenancy.enter(row.organization_id)
    organization = db.session.get_one(Organization, row.organization_id)
    made = identity.add_member(organization, row.email, row.name, row.roles, at)
    prepare(made.user)
    row.accepted_at, row.accepted_by = at, made.user_id
    end_links(row, at)
    db.session.flush()
    joined = people.membership(made.user_id, made.uid)
    note("member.joined", joined, row, at)
    return joined


def _claimed(token: str, at: datetime) -> Invitation | None:
    """The invitation that a link leads to, locked: of two that use it at once the second finds it used."""
    found = queries.living_invitation(token, at)
    if found is None:
        return None
    db.session.execute(select(Invitation.id).where(Invitation.id == found.id).with_for_update())
    if queries.living_invitation(token, at) is None:
        return None
    return db.session.get_one(Invitation, found.id, populate_existing=True)


def _checked(member: CurrentMember, given: Invited) -> Invited:
    """The same, tidied. Raises InputRefused with everything that is wrong."""
    errors: list[FieldError] = []
    name = _or_error(errors, lambda: identity.tidy_name(given.name, "name"))
    email = _or_error(errors, lambda: _new_address(member, given.email))
    _or_error(errors, lambda: check_roles(member, given.roles, given.roles))
    if errors or name is None or email is None:
        raise InputRefused(gettext("Nobody was invited."), errors)
    return Invited(name, email, tuple(sorted(set(given.roles))))


def _or_error(errors: list[FieldError], check: Callable[[], Given]) -> Given | None:
    try:
        return check()
    except InputRefused as refused:
        errors.extend(refused.errors)
        return None


def _new_address(member: CurrentMember, given: str) -> str:
    email = identity.tidy_address(given)
    here = select(Member.id).join(User, User.id == Member.user_id)
    of_here = here.where(Member.organization_id == member.organization_id, Member.removed_at.is_(None))
    if db.session.scalar(of_here.where(User.email == email)) is not None:
        why = gettext("%(email)s is a member already. Change the roles in the list of members.", email=email)
        raise InputRefused(why, [FieldError(why, "email")])
    return email


def _same(earlier: Invitation, invited: Invited) -> Invitation:
    if (earlier.name, sorted(earlier.roles)) == (invited.name, list(invited.roles)):
        return earlier
    why = gettext("%(email)s is invited already. Revoke that invitation first, or send it again.", email=invited.email)
    raise InputRefused(why, [FieldError(why, "email")])


def _mail(member: CurrentMember, row: Invitation, at: datetime) -> None:
    details = {"invitation_id": row.id, "name": row.name, "locale": row.locale, "roles": row.roles, "by": member.name}
    tell(Telling(INVITED, row.organization_id, side_of(member), None, row.email, details), at)
