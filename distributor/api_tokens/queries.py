"""Reading the API tokens of an organization, and those about which somebody is to be told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from flask_babel import gettext
from sqlalchemy import Row, Select, any_, func, literal, or_, select

from distributor.database import db
from distributor.errors import NotFound
from distributor.identity.acting import CurrentMember
from distributor.identity.models import ApiToken, Member, Organization, User
from workflows.usage_report import Role

WARNED_BEFORE = timedelta(days=7)
MOST = 500


def of_organization(organization_id: int, search: str = "") -> Sequence[Row[Any]]:
    """Tokens that were not revoked, reported ones first, with `email` and `owner`, at most 500; `search` narrows them
    to a name, the beginning of a token, or a person.
    """
    query = _tokens().where(Member.organization_id == organization_id, ApiToken.revoked_at.is_(None))
    if search:
        query = query.where(_matches(search))
    order = (ApiToken.reported_at.desc().nulls_last(), func.lower(User.name), ApiToken.created_at.desc(), ApiToken.id)
    return db.session.execute(query.order_by(*order).limit(MOST)).all()


def of_colleague(uid: UUID, member: CurrentMember) -> Row[Any]:
    """One token of the reader's organization that was not revoked. Raises NotFound."""
    mine = (ApiToken.uid == uid, Member.organization_id == member.organization_id, ApiToken.revoked_at.is_(None))
    row = db.session.execute(_tokens().where(*mine)).one_or_none()
    if row is None:
        raise NotFound(gettext("This token"))
    return row


def by_prefix(prefix: str) -> Row[Any] | None:
    """The token with this prefix, revoked or not, whoever's it is."""
    return db.session.execute(_tokens().where(ApiToken.prefix == prefix)).one_or_none()


def expiring(at: datetime) -> Sequence[Row[Any]]:
    """Tokens that end within seven days and whose owners do not know yet, locked, those of a member together."""
    soon = (ApiToken.expires_at > at, ApiToken.expires_at <= at + WARNED_BEFORE)
    untold = (ApiToken.revoked_at.is_(None), ApiToken.expiry_told_at.is_(None), Member.removed_at.is_(None))
    query = _tokens().where(*soon, *untold).order_by(ApiToken.member_id, ApiToken.expires_at)
    return db.session.execute(query.with_for_update(of=ApiToken, skip_locked=True)).all()


def admins_of(organization_id: int) -> Sequence[int]:
    """Users who are its admins."""
    query = select(Member.user_id).join(User, User.id == Member.user_id)
    here = (Member.organization_id == organization_id, literal(str(Role.ADMIN)) == any_(Member.roles))
    return db.session.scalars(query.where(*here, Member.removed_at.is_(None), User.disabled_at.is_(None))).all()


def _tokens() -> Select[Any]:
    return (
        select(
            ApiToken.__table__,
            User.id.label("user_id"),
            User.name.label("owner"),
            User.email,
            Organization.id.label("organization_id"),
            Organization.is_distributor,
        )
        .join(Member, Member.id == ApiToken.member_id)
        .join(User, User.id == Member.user_id)
        .join(Organization, Organization.id == Member.organization_id)
    )


def _matches(search: str) -> Any:
    text = search.replace("\0", "")
    inside = [column.icontains(text, autoescape=True) for column in (ApiToken.name, User.name, User.email)]
    return or_(ApiToken.prefix.startswith(text, autoescape=True), *inside)
