"""Invitations, changes of an address, what was asked for by people who forgot their password; and the links to each."""

from __future__ import annotations

from sqlalchemy import BigInteger, ForeignKey, LargeBinary, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from distributor.database import Base, Id, Instant, Uid


class Invitation(Base):
    """An address asked into an organization with these roles; open until it is accepted or revoked."""

    __tablename__ = "invitations"

    id: Mapped[Id]
    uid: Mapped[Uid]
    organization_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("organizations.id"))
    email: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    roles: Mapped[list[str]] = mapped_column(ARRAY(Text))
    invited_by: Mapped[int] = mapped_column(BigInteger, ForeignKey("users.id"))
    locale: Mapped[str] = mapped_column(Text)
    created_at: Mapped[Instant]
    mailed_at: Mapped[Instant]
    expires_at: Mapped[Instant]
    revoked_at: Mapped[Instant | None]
    accepted_at: Mapped[Instant | None]
    accepted_by: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id"))


class InvitationLink(Base):
    """A secret that was mailed for an invitation."""

    __tablename__ = "invitation_links"

    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    invitation_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("invitations.id"))
    created_at: Mapped[Instant]
    ended_at: Mapped[Instant | None]


class AddressChange(Base):
    """A person's wish to sign in with another address; done once both addresses have confirmed it."""

    __tablename__ = "address_changes"

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("users.id"))
    old_email: Mapped[str] = mapped_column(Text)
    new_email: Mapped[str] = mapped_column(Text)
    created_at: Mapped[Instant]
    expires_at: Mapped[Instant]
    old_confirmed_at: Mapped[Instant | None]
    new_confirmed_at: Mapped[Instant | None]
    stopped_at: Mapped[Instant | None]
    done_at: Mapped[Instant | None]


class AddressLink(Base):
    """A secret that was mailed to the old or the new address of a change."""

    __tablename__ = "address_links"

    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    change_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("address_changes.id"))
    address: Mapped[str] = mapped_column(Text)
    created_at: Mapped[Instant]


class PasswordRequest(Base):
    """An address that was typed as that of somebody who forgot the password."""

    __tablename__ = "password_requests"

    id: Mapped[Id]
    email: Mapped[str] = mapped_column(Text)
    requested_at: Mapped[Instant]
