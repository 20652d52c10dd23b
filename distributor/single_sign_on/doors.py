"""Which way in opens which organization, as conditions for queries that know `Member` and `WebSession`.

They are part of the query that finds a member behind a cookie, so that a switch or a new rule counts on the next
request. A provider's word opens its own organization only: it says nothing about a person's other memberships.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import aliased

from distributor.identity.models import Member, User, WebSession
from distributor.single_sign_on.models import IdentityProvider
from workflows.usage_report import Role


def opens() -> ColumnElement[bool]:
    """Whether the sign-in opens the organization of its member."""
    return or_(
        WebSession.vouched_by == Member.organization_id,
        and_(WebSession.vouched_by.is_(None), password_opens()),
    )


def password_opens() -> ColumnElement[bool]:
    """Whether the member's own password or passkey opens the organization.

    Where the provider is required it is one admin's only; while that one is no admin any more, every admin's, as
    otherwise a provider that is down would lock the organization out for good.
    """
    required = (
        select(IdentityProvider.id)
        .where(
            IdentityProvider.organization_id == Member.organization_id,
            IdentityProvider.required,
            IdentityProvider.way_in_id != Member.id,
            or_(~Member.roles.contains([str(Role.ADMIN)]), _way_in_stands()),
        )
        .correlate(Member)
    )
    return ~required.exists()


def _way_in_stands() -> ColumnElement[bool]:
    keeper, person = aliased(Member), aliased(User)
    return (
        select(keeper.id)
        .join(person, person.id == keeper.user_id)
        .where(
            keeper.id == IdentityProvider.way_in_id,
            keeper.removed_at.is_(None),
            keeper.roles.contains([str(Role.ADMIN)]),
            person.disabled_at.is_(None),
            person.password_hash.is_not(None),
        )
        .correlate(IdentityProvider)
        .exists()
    )
