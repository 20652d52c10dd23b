"""Identity providers of organizations, who they vouched for, and sign-ins that are under way."""

from __future__ import annotations

from sqlalchemy import BigInteger, ForeignKey, LargeBinary, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from distributor.database import Base, Created, Id, Instant, Uid


class IdentityProvider(Base):
    """Where an organization's members sign in. `client_secret` is locked away (distributor/vault.py).

    Where it is `required`, only `way_in_id` still opens the organization with a password (docs/decisions/0024).
    """

    __tablename__ = "identity_providers"

    id: Mapped[Id]
    uid: Mapped[Uid]
    organization_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("organizations.id"), unique=True)
    issuer: Mapped[str] = mapped_column(Text)
    client_id: Mapped[str] = mapped_column(Text)
    client_secret: Mapped[bytes] = mapped_column(LargeBinary)
    domains: Mapped[list[str]] = mapped_column(ARRAY(Text))
    offered: Mapped[bool] = mapped_column(default=False)
    required: Mapped[bool] = mapped_column(default=False)
    way_in_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("members.id"))
    created_at: Mapped[Created]


class FederatedIdentity(Base):
    """The person behind (issuer, subject), bound to one member when the provider first vouched for their address."""

    __tablename__ = "federated_identities"

    id: Mapped[Id]
    uid: Mapped[Uid]
    provider_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("identity_providers.id"))
    issuer: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    member_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("members.id"))
    created_at: Mapped[Instant]
    last_used_at: Mapped[Instant]


class SignInAttempt(Base):
    """A sign-in that was sent to a provider. `session_id` names the sign-in that wants to be confirmed by it."""

    __tablename__ = "sign_in_attempts"

    id: Mapped[Id]
    state_hash: Mapped[bytes] = mapped_column(LargeBinary)
    browser_hash: Mapped[bytes] = mapped_column(LargeBinary)
    provider_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("identity_providers.id"))
    session_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("web_sessions.id"))
    nonce: Mapped[str] = mapped_column(Text)
    verifier: Mapped[bytes] = mapped_column(LargeBinary)
    wanted: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[Instant]
    expires_at: Mapped[Instant]
    used_at: Mapped[Instant | None]
