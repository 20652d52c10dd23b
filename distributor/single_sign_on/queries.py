"""Reading identity providers, who may be sent to them, and who came from them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from flask_babel import gettext
from sqlalchemy import Row, Select, func, select

from distributor.database import db
from distributor.errors import NotFound
from distributor.identity.models import Member, Organization, User
from distributor.single_sign_on.models import FederatedIdentity, IdentityProvider
from workflows.usage_report import Role


@dataclass(frozen=True, slots=True)
class Door:
    """An organization that lets its members in by its provider."""

    provider_id: int
    organization_id: int
    organization_uid: UUID
    organization_name: str
    issuer: str
    client_id: str
    domains: tuple[str, ...]
    client_secret: bytes = field(repr=False)


def provider_of(organization_id: int) -> IdentityProvider | None:
    """An organization's provider, offered or not."""
    return db.session.scalar(select(IdentityProvider).filter_by(organization_id=organization_id))


def door(organization_uid: UUID) -> Door:
    """The door of an organization. Raises NotFound, also where there is none: strangers learn nothing by trying."""
    row = db.session.execute(_doors().where(Organization.uid == organization_uid)).one_or_none()
    if row is None:
        raise NotFound(gettext("This way to sign in"))
    return _door(row)


def door_of_provider(provider_id: int) -> Door | None:
    """The door a sign-in under way was sent through, while it is offered."""
    row = db.session.execute(_doors().where(IdentityProvider.id == provider_id)).one_or_none()
    return None if row is None else _door(row)


def doors_for(email: str) -> list[Door]:
    """The doors for an address, by its domain alone: whether anybody has the address is not asked."""
    domain = domain_of(email)
    if not domain or "\0" in domain:
        return []
    query = _doors().where(IdentityProvider.domains.contains([domain])).order_by(func.lower(Organization.name))
    return [_door(row) for row in db.session.execute(query)]


def has_door(organization_id: int) -> bool:
    """Whether the organization lets members in by its provider."""
    query = select(IdentityProvider.id).where(
        IdentityProvider.organization_id == organization_id, IdentityProvider.offered
    )
    return db.session.scalar(query) is not None


def domain_of(email: str) -> str:
    """What stands behind the last @, in small letters; nothing where there is none."""
    return email.strip().lower().rpartition("@")[2] if "@" in email else ""


def domains_of_members(organization_id: int) -> set[str]:
    """The domains of the addresses of an organization's members."""
    query = (
        select(func.split_part(User.email, "@", 2))
        .join(Member, Member.user_id == User.id)
        .where(Member.organization_id == organization_id, Member.removed_at.is_(None), User.disabled_at.is_(None))
        .distinct()
    )
    return set(db.session.scalars(query))


def admins_with_password(organization_id: int) -> list[Row[Any]]:
    """Admins who could keep a way in by password: `id`, `uid`, `name`, `email`."""
    query = (
        select(Member.id, Member.uid, User.name, User.email)
        .join(User, User.id == Member.user_id)
        .where(
            Member.organization_id == organization_id,
            Member.removed_at.is_(None),
            Member.roles.contains([str(Role.ADMIN)]),
            User.disabled_at.is_(None),
            User.password_hash.is_not(None),
        )
        .order_by(func.lower(User.name), Member.id)
    )
    return list(db.session.execute(query))


def bound_members(provider_id: int) -> list[Row[Any]]:
    """Who has come from the provider: `uid` of the binding, `name`, `email`, `last_used_at`."""
    query = (
        select(FederatedIdentity.uid, User.name, User.email, FederatedIdentity.last_used_at)
        .join(Member, Member.id == FederatedIdentity.member_id)
        .join(User, User.id == Member.user_id)
        .where(FederatedIdentity.provider_id == provider_id, Member.removed_at.is_(None))
        .order_by(func.lower(User.name), FederatedIdentity.id)
    )
    return list(db.session.execute(query))


def has_worked(provider: IdentityProvider) -> bool:
    """Whether anybody has come in by the provider as it is set now."""
    query = select(FederatedIdentity.id).filter_by(provider_id=provider.id, issuer=provider.issuer).limit(1)
    return db.session.scalar(query) is not None


def identity(provider_id: int, issuer: str, subject: str) -> FederatedIdentity | None:
    """The binding of (issuer, subject)."""
    return db.session.scalar(
        select(FederatedIdentity).filter_by(provider_id=provider_id, issuer=issuer, subject=subject)
    )


def binding_of(provider_id: int, member_id: int) -> FederatedIdentity | None:
    """The binding of a member, whoever it is to."""
    return db.session.scalar(select(FederatedIdentity).filter_by(provider_id=provider_id, member_id=member_id))


def living_member(organization_id: int, **which: Any) -> Member | None:
    """A member of the organization by `id` or `email` that is neither removed nor disabled."""
    query = (
        select(Member)
        .join(User, User.id == Member.user_id)
        .where(Member.organization_id == organization_id, Member.removed_at.is_(None), User.disabled_at.is_(None))
    )
    column = User.email if "email" in which else Member.id
    (value,) = which.values()
    return db.session.scalar(query.where(column == value))


def _doors() -> Select[*tuple[Any, ...]]:
    return (
        select(
            IdentityProvider.id.label("provider_id"),
            IdentityProvider.organization_id,
            Organization.uid.label("organization_uid"),
            Organization.name.label("organization_name"),
            IdentityProvider.issuer,
            IdentityProvider.client_id,
            IdentityProvider.client_secret,
            IdentityProvider.domains,
        )
        .join(Organization, Organization.id == IdentityProvider.organization_id)
        .where(IdentityProvider.offered)
    )


def _door(row: Row[*tuple[Any, ...]]) -> Door:
    return Door(**{**row._mapping, "domains": tuple(row.domains)})
