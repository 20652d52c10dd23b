"""Reading people, their memberships and the links they were sent."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from flask_babel import gettext
from sqlalchemy import Row, func, select

from distributor.database import db
from distributor.errors import InputRefused, NotFound
from distributor.identity.acting import CurrentMember
from distributor.identity.models import Member, Organization, PasswordLink, User, WebSession
from distributor.identity.sessions import MEMBER_COLUMNS, digest, member_of
from distributor.single_sign_on import doors


def user_by_email(email: str) -> User | None:
    """The user with this address, in any spelling of case."""
    if "\0" in email:  # PostgreSQL takes no such text, not even to compare with
        return None
    return db.session.scalar(select(User).where(User.email == tidy_email(email)))


def person_by_email(email: str) -> User:
    """The user with this address who is a member somewhere. Raises NotFound."""
    found = user_by_email(email)
    if found is None or not members_of(found.id):
        raise NotFound(gettext("A member %(email)s", email=tidy_email(email)))
    return found


def user(user_id: int) -> User:
    """A user that is known to exist."""
    return db.session.get_one(User, user_id)


def tidy_email(email: str) -> str:
    """An address as it is kept: without space around it, in small letters."""
    return email.strip().lower()


def members_of(user_id: int) -> list[CurrentMember]:
    """A person's memberships, the one last used first."""
    used = select(func.max(WebSession.last_seen_at)).where(WebSession.member_id == Member.id).scalar_subquery()
    query = (
        select(*MEMBER_COLUMNS)
        .join_from(Member, User, User.id == Member.user_id)
        .join(Organization, Organization.id == Member.organization_id)
        .where(Member.user_id == user_id, Member.removed_at.is_(None), User.disabled_at.is_(None))
        .order_by(used.desc().nulls_last(), Member.id)
    )
    return [member_of(row) for row in db.session.execute(query)]


def members_by_own_proof(user_id: int) -> list[CurrentMember]:
    """The memberships that a person's own password or passkey opens, the one last used first."""
    opened = set(db.session.scalars(select(Member.id).where(Member.user_id == user_id, doors.password_opens())))
    return [member for member in members_of(user_id) if member.member_id in opened]


def membership(user_id: int, uid: UUID) -> CurrentMember:
    """One membership of a person. Raises NotFound."""
    for member in members_of(user_id):
        if member.member_uid == uid:
            return member
    raise NotFound(gettext("This membership"))


def member_by_email(email: str, organization: str | None = None) -> CurrentMember:
    """The member with this address; `organization` tells several apart by name. Raises NotFound, InputRefused."""
    found = user_by_email(email)
    members = members_of(found.id) if found else []
    if organization is not None:
        members = [one for one in members if one.organization_name.lower() == organization.strip().lower()]
    if not members:
        raise NotFound(_member_named(tidy_email(email), organization))
    if len(members) > 1:
        names = ", ".join(sorted(member.organization_name for member in members))
        why = gettext(
            "%(email)s is a member of several organizations: name one of %(names)s.", email=email, names=names
        )
        raise InputRefused(why)
    return members[0]


def _member_named(email: str, organization: str | None) -> str:
    if organization:
        return gettext("A member %(email)s of %(organization)s", email=email, organization=organization.strip())
    return gettext("A member %(email)s", email=email)


def only_distributor_name() -> str | None:
    """The name of the distributor where there is one only, to greet visitors with."""
    names = db.session.scalars(select(Organization.name).where(Organization.is_distributor).limit(2)).all()
    return names[0] if len(names) == 1 else None


def living_link(token: str, at: datetime) -> Row[str, str] | None:
    """The `email` and `name` of the person whose "set your password" link this is, while it works."""
    query = (
        select(User.email, User.name)
        .join(PasswordLink, PasswordLink.user_id == User.id)
        .where(
            PasswordLink.token_hash == digest(token),
            PasswordLink.used_at.is_(None),
            PasswordLink.expires_at > at,
            User.disabled_at.is_(None),
        )
    )
    return db.session.execute(query).one_or_none()
