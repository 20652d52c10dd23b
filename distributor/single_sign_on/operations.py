"""An organization's settings for signing in through its own provider; each change ends what it makes untrue."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from flask_babel import gettext
from sqlalchemy import delete, select, update

from distributor import vault
from distributor.audit import operations as audit
from distributor.database import db
from distributor.errors import FieldError, Forbidden, InputRefused, NotFound
from distributor.identity.acting import CurrentMember, operator
from distributor.identity.models import Member, WebSession
from distributor.single_sign_on import discovery, queries
from distributor.single_sign_on.fetching import FetchError
from distributor.single_sign_on.models import FederatedIdentity, IdentityProvider
from workflows.usage_report import Role

LONGEST = 500
MOST_DOMAINS = 50
_DOMAIN = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")


@dataclass(frozen=True, slots=True)
class Typed:
    """The form as it was typed. An empty `secret` keeps the one there is; `way_in` is a member's uid."""

    issuer: str
    client_id: str
    domains: str
    offered: bool
    required: bool
    way_in: str
    secret: str = field(repr=False, default="")


def check_may_change(member: CurrentMember) -> None:
    """Raises Forbidden unless an admin asks."""
    if Role.ADMIN not in member.own_roles:
        raise Forbidden(gettext("How an organization signs in is decided by its admins only."))


def save(member: CurrentMember, typed: Typed, at: datetime) -> IdentityProvider:
    """Keep the settings. Raises Forbidden, InputRefused; what it refuses changes nothing."""
    check_may_change(member)
    provider = queries.provider_of(member.organization_id)
    domains = _domains(typed.domains)
    if errors := [*_wrong(typed, provider), *_wrong_domains(domains, member.organization_id)]:
        raise InputRefused(gettext("The settings were not saved."), errors)
    way_in_id = _way_in(typed, provider, member)
    if provider is None:
        provider = IdentityProvider(organization_id=member.organization_id)
    else:
        _end_what_falls(provider, typed, way_in_id, at)
    _fill(provider, typed, domains, way_in_id)
    _note(member, provider, at, has_new_secret=bool(typed.secret))
    return provider


def remove(member: CurrentMember, at: datetime) -> None:
    """Forget the provider; who came through it is signed out, passwords work again. Doing it twice is fine."""
    check_may_change(member)
    provider = queries.provider_of(member.organization_id)
    if provider is None:
        return
    _end_vouched(member.organization_id, at)
    db.session.delete(provider)
    audit.record("sso.removed", by=member, at=at, organization_id=member.organization_id, subject=provider.issuer)
    db.session.flush()


def lift(organization_id: int, at: datetime) -> bool:
    """Let passwords and passkeys open the organization again, for the operator; False where they do already.

    The provider stays and is offered as before: nobody is signed out.
    """
    provider = queries.provider_of(organization_id)
    if provider is None or not provider.required:
        return False
    provider.required, provider.way_in_id = False, None
    audit.record("sso.lifted", by=operator(), at=at, organization_id=organization_id, subject=provider.issuer)
    db.session.flush()
    return True


def release(member: CurrentMember, uid: UUID, at: datetime) -> str:
    """Untie a member from the person at the provider, who is signed out; returns the name. Raises NotFound."""
    check_may_change(member)
    provider = queries.provider_of(member.organization_id)
    found = [one for one in queries.bound_members(provider.id) if one.uid == uid] if provider else []
    if not found:
        raise NotFound(gettext("This binding"))
    untied = db.session.scalar(
        delete(FederatedIdentity).where(FederatedIdentity.uid == uid).returning(FederatedIdentity.member_id)
    )
    _end_vouched(member.organization_id, at, member_id=untied)
    audit.record("sso.released", by=member, at=at, organization_id=member.organization_id, subject=found[0].email)
    return str(found[0].name)


def _wrong(typed: Typed, provider: IdentityProvider | None) -> list[FieldError]:
    found = [_wrong_issuer(typed.issuer), _wrong_line(typed.client_id, "client_id", gettext("the client ID"))]
    if typed.secret or provider is None:
        found.append(_wrong_line(typed.secret, "client_secret", gettext("the client secret")))
    elif _is_another(typed, provider):
        why = gettext("Another issuer or client has another secret: type it too.")
        found.append(FieldError(why, "client_secret"))
    return [one for one in found if one is not None]


def _wrong_issuer(issuer: str) -> FieldError | None:
    try:
        discovery.check_issuer(issuer)
    except FetchError as error:
        return FieldError(str(error), "issuer")
    if len(issuer) > LONGEST:
        return FieldError(gettext("An issuer has at most %(most)s characters.", most=LONGEST), "issuer")
    return None


def _wrong_line(text: str, name: str, label: str) -> FieldError | None:
    if text.strip() and len(text) <= LONGEST and text.isascii() and text.isprintable():
        return None
    return FieldError(gettext("Copy %(what)s from the provider: one line of plain text.", what=label), name)


def _domains(text: str) -> list[str]:
    return sorted({part.lower().removeprefix("@") for part in re.split(r"[\s,;]+", text) if part})


def _wrong_domains(domains: list[str], organization_id: int) -> list[FieldError]:
    """Somebody of the organization must have an address there: so nobody claims another company's people."""
    if not 0 < len(domains) <= MOST_DOMAINS:
        return [
            FieldError(gettext("Name 1 to %(most)s domains, such as company.example.", most=MOST_DOMAINS), "domains")
        ]
    wrong = [name for name in domains if not _DOMAIN.fullmatch(name)]
    if wrong:
        return [FieldError(gettext("“%(name)s” is no domain such as company.example.", name=wrong[0][:60]), "domains")]
    strange = sorted(set(domains) - queries.domains_of_members(organization_id))
    if not strange:
        return []
    why = gettext(
        "No member here has an address at %(names)s. Name the domains of your members.", names=", ".join(strange)
    )
    return [FieldError(why, "domains")]


def _way_in(typed: Typed, provider: IdentityProvider | None, member: CurrentMember) -> int | None:
    """The admin whose password goes on working while the provider is required. Raises InputRefused."""
    if not typed.required:
        return None
    if not typed.offered:
        _refuse(gettext("Members cannot be required to sign in in a way that is not offered."), "offered")
    if provider is None or _is_another(typed, provider) or not queries.has_worked(provider):
        why = gettext("Nobody has signed in this way yet. Save it without this, sign in with it once, then require it.")
        _refuse(why, "required")
    chosen = [one.id for one in queries.admins_with_password(member.organization_id) if str(one.uid) == typed.way_in]
    if not chosen:
        _refuse(gettext("Choose an admin with a password who keeps a way in."), "way_in")
    return int(chosen[0])


def _refuse(why: str, name: str) -> None:
    raise InputRefused(why, [FieldError(why, name)])


def _is_another(typed: Typed, provider: IdentityProvider) -> bool:
    return (typed.issuer, typed.client_id) != (provider.issuer, provider.client_id)


def _end_what_falls(provider: IdentityProvider, typed: Typed, way_in_id: int | None, at: datetime) -> None:
    """Sign out those whom the new settings would not have let in."""
    if _is_another(typed, provider):
        _forget_people(provider, at)
    if not typed.offered:
        _end_vouched(provider.organization_id, at)
    if typed.required and not provider.required:
        _end_passwords(provider.organization_id, way_in_id, at)


def _fill(provider: IdentityProvider, typed: Typed, domains: list[str], way_in_id: int | None) -> None:
    provider.issuer, provider.client_id, provider.domains = typed.issuer, typed.client_id, domains
    provider.offered, provider.required, provider.way_in_id = typed.offered, typed.required, way_in_id
    if typed.secret:
        provider.client_secret = vault.lock(typed.secret)
    db.session.add(provider)
    db.session.flush()


def _forget_people(provider: IdentityProvider, at: datetime) -> None:
    """Subjects mean nothing at another provider, and at some nothing to another client."""
    db.session.execute(delete(FederatedIdentity).where(FederatedIdentity.provider_id == provider.id))
    _end_vouched(provider.organization_id, at)


def _end_vouched(organization_id: int, at: datetime, *, member_id: int | None = None) -> None:
    one = [WebSession.member_id == member_id] if member_id else []
    db.session.execute(
        update(WebSession)
        .where(WebSession.vouched_by == organization_id, WebSession.revoked_at.is_(None), *one)
        .values(revoked_at=at)
    )


def _end_passwords(organization_id: int, way_in_id: int | None, at: datetime) -> None:
    """Sign out who came by password, but for the one who keeps that way in."""
    others = select(Member.id).where(Member.organization_id == organization_id, Member.id != way_in_id)
    db.session.execute(
        update(WebSession)
        .where(WebSession.member_id.in_(others), WebSession.vouched_by.is_(None), WebSession.revoked_at.is_(None))
        .values(revoked_at=at)
    )


def _note(member: CurrentMember, provider: IdentityProvider, at: datetime, *, has_new_secret: bool) -> None:
    kept = {
        "client_id": provider.client_id,
        "domains": provider.domains,
        "offered": provider.offered,
        "required": provider.required,
        "way_in": _email_of(provider, member.organization_id),
        "new_secret": has_new_secret,
    }
    audit.record(
        "sso.changed",
        by=member,
        at=at,
        organization_id=member.organization_id,
        subject=provider.issuer,
        details=kept,
    )


def _email_of(provider: IdentityProvider, organization_id: int) -> str | None:
    kept = [one for one in queries.admins_with_password(organization_id) if one.id == provider.way_in_id]
    return str(kept[0].email) if kept else None
