"""What people prove themselves by beside a password: one-time codes, recovery codes, passkeys."""

from __future__ import annotations

from sqlalchemy import BigInteger, ColumnElement, ForeignKey, LargeBinary, Text, exists, or_
from sqlalchemy.orm import InstrumentedAttribute, Mapped, mapped_column

from distributor.database import Base, Id, Instant, Uid


class CodeSeed(Base):
    """The seed of a person's one-time codes, locked; it counts once a first code has confirmed it."""

    __tablename__ = "code_seeds"

    user_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("users.id"), primary_key=True)
    seed: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[Instant]
    confirmed_at: Mapped[Instant | None]
    last_step: Mapped[int | None] = mapped_column(BigInteger)


class RecoveryCode(Base):
    """A code for the day on which the telephone is lost; only its SHA-256 is kept."""

    __tablename__ = "recovery_codes"

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("users.id"))
    code_hash: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[Instant]
    used_at: Mapped[Instant | None]


class Passkey(Base):
    """The public half of a key that a device or a password manager holds."""

    __tablename__ = "passkeys"

    id: Mapped[Id]
    uid: Mapped[Uid]
    user_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("users.id"))
    credential_id: Mapped[bytes] = mapped_column(LargeBinary)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sign_count: Mapped[int] = mapped_column(BigInteger)
    name: Mapped[str] = mapped_column(Text)
    created_at: Mapped[Instant]
    last_used_at: Mapped[Instant | None]


class PasskeyChallenge(Base):
    """What a passkey is asked to sign, once; `user_id` where it is known who will."""

    __tablename__ = "passkey_challenges"

    challenge_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    user_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id"))
    expires_at: Mapped[Instant]


class PendingSignIn(Base):
    """A sign-in whose password was right and whose second step is still to come."""

    __tablename__ = "pending_sign_ins"

    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    user_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("users.id"))
    expires_at: Mapped[Instant]


def missing(user_id: InstrumentedAttribute[int]) -> ColumnElement[bool]:
    """Whether a person has no second factor, for use in a query."""
    has_codes = exists().where(CodeSeed.user_id == user_id, CodeSeed.confirmed_at.is_not(None))
    return ~or_(has_codes, exists().where(Passkey.user_id == user_id))
