"""Sign-ins: rows on the server that a random cookie points at, so that each can be seen and ended."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, bindparam, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute

from distributor import tenancy
from distributor.database import db
from distributor.delegation.lending import lenders_of, with_lent
from distributor.identity.acting import CurrentMember
from distributor.identity.factor_models import missing
from distributor.identity.models import Member, Organization, User, WebSession
from distributor.single_sign_on import doors
from workflows.usage_report import Role

# Half a working day away from the desk ends a sign-in (OWASP ASVS 5.0, 7.3.1).
IDLE = timedelta(hours=12)
# However busy, everybody shows the password again every two weeks (7.3.2): a stolen cookie does not live for ever.
ABSOLUTE = timedelta(days=14)
# Knowing when somebody was last here to the minute is enough, and spares a write per request.
SEEN_EVERY = timedelta(minutes=1)
LONGEST_AGENT = 300

MEMBER_COLUMNS: tuple[Any, ...] = (
    User.id.label("user_id"),
    User.email,
    User.name,
    User.locale,
    Member.id.label("member_id"),
    Member.uid.label("member_uid"),
    Member.roles,
    Organization.id.label("organization_id"),
    Organization.uid.label("organization_uid"),
    Organization.name.label("organization_name"),
    Organization.is_distributor,
    and_(Organization.require_second_factor, missing(User.id)).label("must_enrol"),
)


@dataclass(frozen=True, slots=True)
class Known:
    """A member found behind a cookie or token; `seen_at` is when the row `id` was last used."""

    member: CurrentMember
    id: int
    seen_at: datetime | None


def digest(token: str) -> bytes:
    """What the database keeps of a secret that is random enough to need no salt."""
    return sha256(token.encode()).digest()


def start(
    user_id: int,
    member_id: int,
    at: datetime,
    *,
    address: str | None = None,
    agent: str | None = None,
    vouched_by: int | None = None,
    proved_at: datetime | None = None,
) -> str:
    """Make a sign-in; returns the secret for the cookie, which is nowhere kept.

    One that an organization's provider vouched for was proved when the provider says, if it says so.
    """
    token = secrets.token_urlsafe(32)
    db.session.add(
        WebSession(
            token_hash=digest(token),
            user_id=user_id,
            member_id=member_id,
            created_at=at,
            last_seen_at=at,
            proved_at=at if vouched_by is None else proved_at,
            vouched_by=vouched_by,
            expires_at=at + ABSOLUTE,
            address=address,
            user_agent=(agent or "")[:LONGEST_AGENT] or None,
        )
    )
    db.session.flush()
    return token


def find(token: str, at: datetime) -> Known | None:
    """The member behind a cookie; nobody when the sign-in has ended or the member or user is gone."""
    row = db.session.execute(_by_cookie(), {"digest": digest(token), "at": at, "idle": at - IDLE}).one_or_none()
    if row is None:
        return None
    tenancy.remember(row.organization_id)
    member = member_of(row, web_session_id=row.id, vouched_by=row.vouched_by)
    return Known(with_lent(member, row.lenders), row.id, row.last_seen_at)


def touch(known: Known, at: datetime) -> None:
    """Note that the sign-in is in use."""
    db.session.execute(update(WebSession).where(WebSession.id == known.id).values(last_seen_at=at))


def is_stale(seen_at: datetime | None, at: datetime) -> bool:
    """Whether the last use was noted so long ago that it is worth a write."""
    return seen_at is None or at - seen_at >= SEEN_EVERY


def of_user(user_id: int, at: datetime, *, vouched_by: int | None = None) -> list[Row[Any]]:
    """A person's living sign-ins with `organization_name`, the one used last first; of those that one organization
    vouched for, if it asks.
    """
    query = (
        select(WebSession.__table__, Organization.name.label("organization_name"))
        .join(Member, Member.id == WebSession.member_id)
        .join(Organization, Organization.id == Member.organization_id)
        .where(WebSession.user_id == user_id, Member.removed_at.is_(None), _lives(at), *_vouched(vouched_by))
        .order_by(WebSession.last_seen_at.desc(), WebSession.id.desc())
    )
    return list(db.session.execute(query))


def end(
    user_id: int, at: datetime, *, uid: UUID | None = None, row_id: int | None = None, vouched_by: int | None = None
) -> int:
    """End a person's sign-ins, or the one named; of those that one organization vouched for, if it asks. Returns how
    many were alive.
    """
    named = [WebSession.uid == uid] if uid else [WebSession.id == row_id] if row_id else []
    return _end(at, WebSession.user_id == user_id, *named, *_vouched(vouched_by))


def end_others(user_id: int, kept_id: int | None, at: datetime, *, vouched_by: int | None = None) -> int:
    """End all sign-ins of a person but one; of those that one organization vouched for, if it asks."""
    mine = WebSession.user_id == user_id, WebSession.id.is_distinct_from(kept_id)
    return _end(at, *mine, *_vouched(vouched_by))


def end_all(at: datetime) -> int:
    """End every sign-in there is; returns how many were alive."""
    return _end(at)


def end_of_member(member_id: int, at: datetime) -> int:
    """End the sign-ins to one membership."""
    return _end(at, WebSession.member_id == member_id)


def end_here(user_id: int, member_id: int, at: datetime, *, by_password: bool) -> None:
    """End a person's sign-ins that open one membership: those that act for it, and, where a password opens it, all that
    could switch to it. What the provider of another organization vouched for stays, as it opens nothing here.
    """
    here = WebSession.member_id == member_id
    _end(at, WebSession.user_id == user_id, or_(here, WebSession.vouched_by.is_(None)) if by_password else here)


def switch(session_id: int, member_id: int) -> None:
    """Let the sign-in act for another membership of the same person."""
    db.session.execute(update(WebSession).where(WebSession.id == session_id).values(member_id=member_id))


def members_by(link: InstrumentedAttribute[int], *more: Any) -> Select[*tuple[Any, ...]]:
    """Members that are neither removed nor disabled, reached over `link` (a column with their id).

    Whoever finds one works for its organization from then on, as far as the database is concerned.
    """
    return (
        select(*MEMBER_COLUMNS, *more, tenancy.naming(Organization.id))
        .join_from(link.class_, Member, Member.id == link)
        .join(User, User.id == Member.user_id)
        .join(Organization, Organization.id == Member.organization_id)
        .where(Member.removed_at.is_(None), User.disabled_at.is_(None))
    )


def member_of(row: Row[*tuple[Any, ...]], **more: Any) -> CurrentMember:
    """The member a row with MEMBER_COLUMNS describes."""
    return CurrentMember(
        user_id=row.user_id,
        member_id=row.member_id,
        member_uid=row.member_uid,
        email=row.email,
        name=row.name,
        locale=row.locale,
        organization_id=row.organization_id,
        organization_uid=row.organization_uid,
        organization_name=row.organization_name,
        is_distributor=row.is_distributor,
        roles=frozenset(Role(role) for role in row.roles),
        # A provider asks for what its organization wants; nothing of ours could be added to it.
        must_enrol=row.must_enrol and more.get("vouched_by") is None,
        **more,
    )


def _vouched(vouched_by: int | None) -> list[ColumnElement[bool]]:
    """Through a provider a person sees and ends what it vouched for: the others are none of its organization's."""
    return [WebSession.vouched_by == vouched_by] if vouched_by else []


def _end(at: datetime, *which: ColumnElement[bool]) -> int:
    ended = db.session.execute(
        update(WebSession).where(WebSession.revoked_at.is_(None), *which).values(revoked_at=at).returning(WebSession.id)
    )
    return len(ended.all())


@cache
def _by_cookie() -> Select[*tuple[Any, ...]]:
    """Built once: every page asks it."""
    lenders = lenders_of(Member.id).label("lenders")
    return members_by(
        WebSession.member_id, WebSession.id, WebSession.last_seen_at, WebSession.vouched_by, lenders
    ).where(
        WebSession.token_hash == bindparam("digest"),
        User.id == WebSession.user_id,
        doors.opens(),
        WebSession.revoked_at.is_(None),
        WebSession.expires_at > bindparam("at"),
        WebSession.last_seen_at > bindparam("idle"),
    )


def _lives(at: datetime) -> ColumnElement[bool]:
    return and_(
        WebSession.revoked_at.is_(None),
        WebSession.expires_at > at,
        WebSession.last_seen_at > at - IDLE,
    )
