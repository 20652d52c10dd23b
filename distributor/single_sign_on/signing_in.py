"""A sign-in through a provider, from the moment it is sent there to the moment the door opens.

The authorization code flow with PKCE (RFC 6749, RFC 7636) and OpenID Connect Core 1.0. Its state works once, for ten
minutes and in the browser that began; a person is known by (issuer, subject), never by an address that may pass on to
somebody else. Nobody becomes a member by signing in.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, delete, select, update

from distributor import vault
from distributor.audit import operations as audit
from distributor.database import db
from distributor.identity import queries as people
from distributor.identity import sessions, step_up
from distributor.identity.acting import CurrentMember
from distributor.identity.models import Member
from distributor.identity.sessions import digest
from distributor.people.operations import invitations
from distributor.single_sign_on import queries
from distributor.single_sign_on.id_tokens import Vouched
from distributor.single_sign_on.models import FederatedIdentity, SignInAttempt
from distributor.single_sign_on.queries import Door

LIVES = timedelta(minutes=10)
LONGEST_WANTED = 2_000


class SignInRefused(Exception):  # noqa: N818 - reads as what happened
    """The provider's answer opens nothing; `reason` says in one word why, for the trail and for people's words."""

    def __init__(self, reason: str, subject: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.subject = subject


@dataclass(frozen=True, slots=True)
class Begun:
    """What the provider is asked with."""

    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """A sign-in that has just come back, used up by having been found."""

    provider_id: int
    session_id: int | None
    nonce: str
    verifier: str
    wanted: str | None
    begun_at: datetime


@dataclass(frozen=True, slots=True)
class Opened:
    """A new sign-in: the cookie's secret and whose it is."""

    token: str
    member: CurrentMember


def begin(door: Door, browser: str, at: datetime, *, wanted: str | None = None, session_id: int | None = None) -> Begun:
    """Keep what the answer will be held against. `browser` is the secret that only the asking browser has."""
    begun = Begun(secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(48))
    db.session.execute(delete(SignInAttempt).where(SignInAttempt.expires_at < at - LIVES))
    db.session.add(
        SignInAttempt(
            state_hash=digest(begun.state),
            browser_hash=digest(browser),
            provider_id=door.provider_id,
            session_id=session_id,
            nonce=begun.nonce,
            verifier=vault.lock(begun.verifier),
            wanted=wanted if wanted and len(wanted) <= LONGEST_WANTED else None,
            created_at=at,
            expires_at=at + LIVES,
        )
    )
    db.session.flush()
    return begun


def provider_asked(state: str) -> int | None:
    """Which provider a state was made for, be it used, over or another browser's: to know whose trail to write to."""
    return db.session.scalar(select(SignInAttempt.provider_id).filter_by(state_hash=digest(state)))


def take(state: str, browser: str, at: datetime) -> Attempt:
    """Use the state up, which works once. Raises SignInRefused."""
    row: Row[Any] | None = db.session.execute(
        update(SignInAttempt)
        .where(
            SignInAttempt.state_hash == digest(state),
            SignInAttempt.browser_hash == digest(browser),
            SignInAttempt.used_at.is_(None),
            SignInAttempt.expires_at > at,
        )
        .values(used_at=at)
        .returning(SignInAttempt.__table__)
    ).one_or_none()
    verifier = vault.unlock(row.verifier) if row is not None else None
    if row is None or verifier is None:
        raise SignInRefused("state")
    return Attempt(row.provider_id, row.session_id, row.nonce, verifier, row.wanted, row.created_at)


def open_door(
    door: Door, vouched: Vouched, at: datetime, *, address: str | None = None, agent: str | None = None
) -> Opened:
    """Sign the person in to the door's organization, and to no other. Raises SignInRefused."""
    member = member_of(door, vouched, at)
    token = sessions.start(
        member.user_id,
        member.id,
        at,
        address=address,
        agent=agent,
        vouched_by=door.organization_id,
        proved_at=vouched.proved_at,
    )
    current = people.membership(member.user_id, member.uid)
    audit.record(
        "session.started",
        by=current,
        at=at,
        organization_id=door.organization_id,
        subject=current.email,
        details={"through": door.issuer},
    )
    return Opened(token, current)


def confirm(door: Door, vouched: Vouched, attempt: Attempt, member: CurrentMember | None, at: datetime) -> str:
    """Count the provider's word as a fresh proof for the sign-in that asked for it; returns its cookie's new secret.

    Only for one that it vouched for itself: a sign-in by password opens other organizations too, and changes how the
    person gets in everywhere. Raises SignInRefused.
    """
    proved_at = vouched.proved_at
    if member is None or member.web_session_id != attempt.session_id or member.vouched_by != door.organization_id:
        raise SignInRefused("session")
    if member_of(door, vouched, at).id != member.member_id:
        raise SignInRefused("another-person", member.email)
    if proved_at is None or at - proved_at >= step_up.LASTS:
        raise SignInRefused("auth_time", member.email)
    token = step_up.prove(member, proved_at)
    audit.record(
        "session.confirmed",
        by=member,
        at=at,
        organization_id=door.organization_id,
        subject=member.email,
        details={"through": door.issuer},
    )
    return token


def member_of(door: Door, vouched: Vouched, at: datetime) -> Member:
    """The member the provider vouches for, bound by the first time. Raises SignInRefused."""
    known = queries.identity(door.provider_id, vouched.issuer, vouched.subject)
    if known is None:
        return _bind(door, vouched, at)
    member = queries.living_member(door.organization_id, id=known.member_id)
    if member is None:
        raise SignInRefused("not-a-member", vouched.email or "")
    known.last_used_at = at
    db.session.flush()
    return member


def _bind(door: Door, vouched: Vouched, at: datetime) -> Member:
    """Tie (issuer, subject) to the member with the verified address, in one of the domains the provider is for."""
    email = vouched.email
    if email is None:
        raise SignInRefused("email_verified")
    if queries.domain_of(email) not in door.domains:
        raise SignInRefused("domain", email)
    member = queries.living_member(door.organization_id, email=email) or _invited(door, email, at)
    if queries.binding_of(door.provider_id, member.id) is not None:
        raise SignInRefused("bound-otherwise", email)
    _keep_binding(door, vouched, member, at)
    return member


def _invited(door: Door, email: str, at: datetime) -> Member:
    """The member that an invitation makes of the person. Raises SignInRefused."""
    joined = invitations.accept_vouched(door.organization_id, email, at)
    if joined is None:
        raise SignInRefused("not-a-member", email)
    return db.session.get_one(Member, joined.member_id)


def _keep_binding(door: Door, vouched: Vouched, member: Member, at: datetime) -> None:
    db.session.add(
        FederatedIdentity(
            provider_id=door.provider_id,
            issuer=vouched.issuer,
            subject=vouched.subject,
            member_id=member.id,
            created_at=at,
            last_used_at=at,
        )
    )
    db.session.flush()
    audit.record(
        "sso.bound",
        by=None,
        at=at,
        organization_id=door.organization_id,
        subject=vouched.email or "",
        details={"issuer": vouched.issuer},
    )
