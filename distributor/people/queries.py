"""Reading the people of an organization, its invitations, and what a mailed link leads to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from flask_babel import gettext
from sqlalchemy import ColumnElement, Row, Select, Table, and_, any_, exists, func, literal, or_, select, true
from sqlalchemy.orm import aliased

from distributor import stored_sentences
from distributor.accounts.models import Account
from distributor.database import db
from distributor.delivery.events import ADDRESS_NEW, ADDRESS_OLD, INVITED, PASSWORD_LINK, PASSWORD_RESET
from distributor.delivery.models import Notification
from distributor.errors import NotFound
from distributor.identity.acting import CurrentMember
from distributor.identity.models import ApiToken, Member, Organization, User, WebSession
from distributor.identity.queries import members_of
from distributor.identity.sessions import digest
from distributor.people.models import AddressChange, AddressLink, Invitation, InvitationLink
from workflows.usage_report import Role

# A mail that waited longer than its link would have lived is of no use, and may come as a surprise.
RESET_WAITS = timedelta(hours=1)
MAIL: Any = Notification.__table__


def people_of(organization_id: int) -> Sequence[Row[Any]]:
    """Members by name, with `last_seen_at` (by a sign-in) and `can_sign_in` (a password, or a sign-in before)."""
    query = _people().where(Member.organization_id == organization_id)
    return db.session.execute(query.order_by(func.lower(User.name), Member.id)).all()


def person(uid: UUID, member: CurrentMember) -> Row[Any]:
    """One member of the reader's organization, with the number of `tokens` alive and `is_at_home`. Raises NotFound."""
    tokens = select(func.count()).where(ApiToken.member_id == Member.id, ApiToken.revoked_at.is_(None))
    query = _people().add_columns(tokens.scalar_subquery().label("tokens"), _at_home().label("is_at_home"))
    row = db.session.execute(
        query.where(Member.uid == uid, Member.organization_id == member.organization_id)
    ).one_or_none()
    if row is None:
        raise NotFound(gettext("This member"))
    return row


def _at_home() -> ColumnElement[bool]:
    """Whether the person was made for this organization or accepted its invitation. Others were put into it by a
    distributor without being asked, which gives it no say over their sign-ins elsewhere.
    """
    any_of_theirs = aliased(Member)
    first = select(func.min(any_of_theirs.id)).where(any_of_theirs.user_id == Member.user_id).scalar_subquery()
    accepted = exists().where(
        Invitation.organization_id == Member.organization_id, Invitation.accepted_by == Member.user_id
    )
    return or_(Member.id == first, accepted)


def _people() -> Select[Any]:
    seen = select(func.max(WebSession.last_seen_at)).where(WebSession.member_id == Member.id).scalar_subquery()
    return (
        select(
            Member.id,
            Member.uid,
            Member.roles,
            Member.created_at,
            User.id.label("user_id"),
            User.name,
            User.email,
            User.phone,
            seen.label("last_seen_at"),
            has_entered().label("can_sign_in"),
        )
        .join(User, User.id == Member.user_id)
        .where(Member.removed_at.is_(None), User.disabled_at.is_(None))
    )


def has_entered() -> Any:
    """Whether a user has a password, or came in without one; who never did cannot look after an organization."""
    ever = select(WebSession.id).where(WebSession.user_id == User.id).exists()
    return User.password_hash.is_not(None) | ever


def other_admins(organization_id: int, member_id: int) -> int:
    """How many admins there are beside this member who can sign in."""
    query = (
        select(func.count())
        .select_from(Member)
        .join(User, User.id == Member.user_id)
        .where(
            Member.organization_id == organization_id,
            Member.id != member_id,
            Member.removed_at.is_(None),
            User.disabled_at.is_(None),
            literal(str(Role.ADMIN)) == any_(Member.roles),
            has_entered(),
        )
    )
    return db.session.scalars(query).one()


def offered_roles(member: CurrentMember) -> tuple[Role, ...]:
    """The roles that mean something in the member's organization, the strongest first."""
    is_msp = not member.is_distributor or db.session.scalar(
        select(select(Account.id).where(Account.msp_id == member.organization_id).exists())
    )
    sides = (member.is_distributor, bool(is_msp))
    told = ((Role.ADMIN, True), (Role.REVIEWER, sides[0]), (Role.PREPARER, sides[1]), (Role.VIEWER, True))
    return tuple(role for role, offered in told if offered)


def open_invitations(organization_id: int) -> Sequence[Row[Any]]:
    """Invitations neither accepted nor revoked, the newest first, with `inviter` and their newest mail's `mail_status`
    and `mail_attempts`.
    """
    mail = (
        select(MAIL.c.status, MAIL.c.attempts)
        .where(
            MAIL.c.user_id.is_(None),
            MAIL.c.recipient == Invitation.email,
            MAIL.c.details["invitation_id"].as_integer() == Invitation.id,
        )
        .order_by(MAIL.c.id.desc())
        .limit(1)
        .lateral("mail")
    )
    query = (
        select(
            _table(Invitation),
            User.name.label("inviter"),
            mail.c.status.label("mail_status"),
            mail.c.attempts.label("mail_attempts"),
        )
        .join(User, User.id == Invitation.invited_by)
        .outerjoin(mail, true())
        .where(Invitation.organization_id == organization_id, _is_open())
        .order_by(Invitation.id.desc())
    )
    return db.session.execute(query).all()


def invitation_for_update(uid: UUID, member: CurrentMember) -> Invitation:
    """An open invitation of the member's organization, locked. Raises NotFound."""
    query = select(Invitation).where(
        Invitation.uid == uid, Invitation.organization_id == member.organization_id, _is_open()
    )
    row = db.session.scalar(query.with_for_update())
    if row is None:
        raise NotFound(gettext("This invitation"))
    return row


def open_invitation_of(organization_id: int, email: str) -> Invitation | None:
    """The open invitation of an address, whether or not it has expired."""
    return db.session.scalar(
        select(Invitation).where(Invitation.organization_id == organization_id, Invitation.email == email, _is_open())
    )


def living_invitation(token: str, at: datetime) -> Row[Any] | None:
    """What a link invites to, while it works: the invitation with `organization`, and `user_id` and `has_password` of
    the person who has the address already.
    """
    query = (
        select(
            _table(Invitation),
            Organization.name.label("organization"),
            User.id.label("user_id"),
            User.password_hash.is_not(None).label("has_password"),
        )
        .join(InvitationLink, InvitationLink.invitation_id == Invitation.id)
        .join(Organization, Organization.id == Invitation.organization_id)
        .outerjoin(User, User.email == Invitation.email)
        .where(
            InvitationLink.token_hash == digest(token),
            InvitationLink.ended_at.is_(None),
            Invitation.expires_at > at,
            User.disabled_at.is_(None),
            _is_open(),
        )
    )
    return db.session.execute(query).one_or_none()


def living_change(token: str, at: datetime) -> Row[Any] | None:
    """The change of address that a link leads to, while it works, with `address` ("old" or "new"), the person's `name`
    and whether the new address `is_taken` by somebody meanwhile.
    """
    taken = select(User.id).where(User.email == AddressChange.new_email).exists()
    query = (
        select(_table(AddressChange), AddressLink.address, User.name, taken.correlate(AddressChange).label("is_taken"))
        .join(AddressLink, AddressLink.change_id == AddressChange.id)
        .join(User, User.id == AddressChange.user_id)
        .where(AddressLink.token_hash == digest(token), User.disabled_at.is_(None), *_still_open(at))
    )
    return db.session.execute(query).one_or_none()


def open_change(user_id: int, at: datetime) -> Row[Any] | None:
    """A person's change of address that waits for its confirmations."""
    query = select(_table(AddressChange)).where(AddressChange.user_id == user_id, *_still_open(at))
    return db.session.execute(query).one_or_none()


def home_of(user_id: int) -> CurrentMember | None:
    """The membership a person used last: where mails and the audit about the person belong. None without any."""
    return next(iter(members_of(user_id)), None)


def why_over(row: Any, at: datetime) -> str | None:
    """Why a mail about a person is of no use any more, in English; None where it still is."""
    if row.event == INVITED:
        query = select(Invitation.id).where(
            Invitation.id == row.details["invitation_id"], Invitation.expires_at > at, _is_open()
        )
        return None if db.session.scalar(query) else stored_sentences.INVITATION_OVER
    if row.event in {ADDRESS_NEW, ADDRESS_OLD}:
        change = select(AddressChange.id).where(AddressChange.id == row.details["change_id"], *_still_open(at))
        return None if db.session.scalar(change) else stored_sentences.CHANGE_OVER
    if row.event in {PASSWORD_LINK, PASSWORD_RESET} and not _still_signs_in_with(row.user_id, row.recipient):
        return stored_sentences.ADDRESS_LEFT
    if row.event == PASSWORD_RESET and at - row.created_at > RESET_WAITS:
        return stored_sentences.RESET_OVER
    return None


def _still_signs_in_with(user_id: int, email: str) -> bool:
    return db.session.scalar(select(User.id).where(User.id == user_id, User.email == email)) is not None


def _is_open() -> Any:
    return and_(Invitation.revoked_at.is_(None), Invitation.accepted_at.is_(None))


def _still_open(at: datetime) -> tuple[Any, ...]:
    return AddressChange.stopped_at.is_(None), AddressChange.done_at.is_(None), AddressChange.expires_at > at


def _table(model: Any) -> Table:
    table: Table = model.__table__
    return table
