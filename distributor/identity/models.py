"""Organizations, users, their memberships, sign-in sessions and API tokens."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, FetchedValue, ForeignKey, LargeBinary, SmallInteger, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from distributor.database import Base, Created, Id, Instant, Uid


class Organization(Base):
    """A company. Which side it stands on follows from its accounts; `is_distributor` lets it own a catalogue."""

    __tablename__ = "organizations"

    id: Mapped[Id]
    uid: Mapped[Uid]
    name: Mapped[str] = mapped_column(Text)
    is_distributor: Mapped[bool] = mapped_column(default=False)
    require_second_factor: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[Created]


class User(Base):
    """A person with an address and a password; rights hang on memberships, never here."""

    __tablename__ = "users"

    id: Mapped[Id]
    uid: Mapped[Uid]
    email: Mapped[str] = mapped_column(Text, unique=True)
    name: Mapped[str] = mapped_column(Text)
    phone: Mapped[str | None] = mapped_column(Text)
    password_hash: Mapped[str | None] = mapped_column(Text)
    locale: Mapped[str] = mapped_column(Text, default="en")
    created_at: Mapped[Created]
    disabled_at: Mapped[Instant | None]
    words_seen_at: Mapped[Instant | None]


class Member(Base):
    """A person's roles in an organization."""

    __tablename__ = "members"

    id: Mapped[Id]
    uid: Mapped[Uid]
    organization_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("organizations.id"))
    user_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("users.id"))
    roles: Mapped[list[str]] = mapped_column(ARRAY(Text))
    muted: Mapped[list[str]] = mapped_column(ARRAY(Text), FetchedValue())
    created_at: Mapped[Created]
    removed_at: Mapped[Instant | None]

    organization: Mapped[Organization] = relationship()
    user: Mapped[User] = relationship()


class WebSession(Base):
    """A sign-in: the browser holds a random token, this row its SHA-256."""

    __tablename__ = "web_sessions"

    id: Mapped[Id]
    uid: Mapped[Uid]
    token_hash: Mapped[bytes] = mapped_column(LargeBinary)
    user_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("users.id"))
    member_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("members.id"))
    created_at: Mapped[Instant]
    last_seen_at: Mapped[Instant]
    expires_at: Mapped[Instant]
    revoked_at: Mapped[Instant | None]
    proved_at: Mapped[Instant | None]
    vouched_by: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("organizations.id"))
    address: Mapped[str | None] = mapped_column(Text)
    user_agent: Mapped[str | None] = mapped_column(Text)


class ApiToken(Base):
    """A bearer token of one membership; only its SHA-256 is kept."""

    __tablename__ = "api_tokens"

    id: Mapped[Id]
    uid: Mapped[Uid]
    member_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("members.id"))
    name: Mapped[str] = mapped_column(Text)
    prefix: Mapped[str] = mapped_column(Text)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    created_at: Mapped[Instant]
    expires_at: Mapped[Instant | None]
    last_used_at: Mapped[Instant | None]
    last_used_from: Mapped[str | None] = mapped_column(Text)
    expiry_told_at: Mapped[Instant | None]
    reported_at: Mapped[Instant | None]
    revoked_at: Mapped[Instant | None]
    revoked_by: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id"))


class ApiTokenAddress(Base):
    """A network that a token was used from."""

    __tablename__ = "api_token_addresses"

    token_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("api_tokens.id"), primary_key=True)
    address: Mapped[str] = mapped_column(Text, primary_key=True)
    first_used_at: Mapped[Instant]


class PasswordLink(Base):
    """A single-use "set your password" link."""

    __tablename__ = "password_links"

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("users.id"))
    token_hash: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[Instant]
    expires_at: Mapped[Instant]
    used_at: Mapped[Instant | None]


class IdempotentAnswer(Base):
    """The answer given to an Idempotency-Key, kept to be given again."""

    __tablename__ = "idempotent_answers"

    member_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("members.id"), primary_key=True)
    key: Mapped[str] = mapped_column(Text, primary_key=True)
    request_hash: Mapped[bytes] = mapped_column(LargeBinary)
    status: Mapped[int] = mapped_column(SmallInteger)
    body: Mapped[str] = mapped_column(Text)
    headers: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    created_at: Mapped[Created]
