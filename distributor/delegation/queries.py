"""Reading who acts for whom, now and later."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from flask_babel import gettext
from sqlalchemy import Row, Select, func, or_, select, union_all
from sqlalchemy.orm import aliased

from distributor.accounts.models import Account
from distributor.database import db
from distributor.delegation.models import Substitute
from distributor.errors import NotFound
from distributor.identity.models import Member, User

ABSENT, STANDING_IN = aliased(Member, name="absent"), aliased(Member, name="standing_in")
ABSENT_USER, SUBSTITUTE_USER = aliased(User, name="absent_user"), aliased(User, name="substitute_user")
FALLBACK_ZONE = "UTC"
COLLEAGUE: tuple[Any, ...] = (Member.id, Member.uid, User.id.label("user_id"), User.name, User.email)
DAYS: tuple[Any, ...] = (Substitute.first_day, Substitute.last_day)


def of_organization(organization_id: int, at: datetime) -> Sequence[Row[Any]]:
    """Substitutions that last or are still to come, the next first, with the names and addresses of both."""
    return db.session.execute(_running(at).where(Substitute.organization_id == organization_id)).all()


def of_absent(member_id: int, at: datetime) -> Sequence[Row[Any]]:
    """The same, of those who act for one member."""
    return db.session.execute(_running(at).where(Substitute.absent_id == member_id)).all()


def of_member(member_id: int, at: datetime) -> Sequence[Row[Any]]:
    """The same, of those in which a member is either of the two."""
    either = or_(Substitute.absent_id == member_id, Substitute.substitute_id == member_id)
    return db.session.execute(_running(at).where(either)).all()


def of_substitute(member_id: int, at: datetime) -> Sequence[Row[Any]]:
    """The same, of those for whom one member acts."""
    return db.session.execute(_running(at).where(Substitute.substitute_id == member_id)).all()


def one(uid: UUID, organization_id: int) -> Row[Any]:
    """One substitution of an organization, whether or not it is over. Raises NotFound."""
    query = _named().where(Substitute.uid == uid, Substitute.organization_id == organization_id)
    row = db.session.execute(query).one_or_none()
    if row is None:
        raise NotFound(gettext("This substitution"))
    return row


def colleagues(organization_id: int) -> Sequence[Row[Any]]:
    """Everybody in the organization by name: `id`, `uid`, `user_id`, `name`, `email`."""
    query = (
        select(*COLLEAGUE)
        .join(User, User.id == Member.user_id)
        .where(Member.organization_id == organization_id, Member.removed_at.is_(None), User.disabled_at.is_(None))
        .order_by(func.lower(User.name), Member.id)
    )
    return db.session.execute(query).all()


def home_zone(organization_id: int) -> str:
    """The time zone of most of the organization's accounts, on whichever side; UTC without any."""
    sides = [
        select(Account.time_zone).where(side == organization_id) for side in (Account.msp_id, Account.distributor_id)
    ]
    zones = union_all(*sides).subquery()
    query = select(zones.c.time_zone).group_by(zones.c.time_zone).order_by(func.count().desc(), zones.c.time_zone)
    return db.session.scalar(query.limit(1)) or FALLBACK_ZONE


def overlapping(absent_id: int, substitute_id: int, starts_at: datetime, ends_at: datetime) -> Row[Any] | None:
    """A substitution of the same two people that shares a moment with this time."""
    query = select(*DAYS).where(
        Substitute.absent_id == absent_id,
        Substitute.substitute_id == substitute_id,
        Substitute.revoked_at.is_(None),
        Substitute.starts_at < ends_at,
        Substitute.ends_at > starts_at,
    )
    return db.session.execute(query.limit(1)).one_or_none()


def _running(at: datetime) -> Select[Any]:
    lasting = (Substitute.revoked_at.is_(None), Substitute.ends_at > at)
    living = (ABSENT.removed_at.is_(None), STANDING_IN.removed_at.is_(None))
    return _named().where(*lasting, *living).order_by(Substitute.starts_at, Substitute.id)


def _named() -> Select[Any]:
    return (
        select(
            Substitute.__table__,
            ABSENT_USER.id.label("absent_user_id"),
            ABSENT_USER.name.label("absent_name"),
            ABSENT_USER.email.label("absent_email"),
            SUBSTITUTE_USER.id.label("substitute_user_id"),
            SUBSTITUTE_USER.name.label("substitute_name"),
            SUBSTITUTE_USER.email.label("substitute_email"),
        )
        .select_from(Substitute)
        .join(ABSENT, ABSENT.id == Substitute.absent_id)
        .join(ABSENT_USER, ABSENT_USER.id == ABSENT.user_id)
        .join(STANDING_IN, STANDING_IN.id == Substitute.substitute_id)
        .join(SUBSTITUTE_USER, SUBSTITUTE_USER.id == STANDING_IN.user_id)
    )
