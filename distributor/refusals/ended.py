"""Whose a cookie or token was that opens nothing any more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import request
from sqlalchemy import Row, Select, select

from distributor.database import db
from distributor.identity import tokens
from distributor.identity.models import ApiToken, Member, User, WebSession
from distributor.identity.sessions import digest


@dataclass(frozen=True, slots=True)
class Ended:
    """A sign-in or token; `reason` is why it opens nothing, empty where its time is simply over or it still lives."""

    id: int
    organization_id: int
    subject: str
    reason: str


def bearer_token() -> str:
    """What this request sends as its token."""
    scheme, _, sent = request.headers.get("Authorization", "").partition(" ")
    return sent.strip() if scheme.lower() == "bearer" else ""


def session(sent: str) -> Ended | None:
    """The sign-in behind a cookie, alive or not; None for a cookie that this service never gave."""
    row = db.session.execute(_by(WebSession).where(WebSession.token_hash == digest(sent))).one_or_none()
    return None if row is None else Ended(row.id, row.organization_id, row.email, _why(row))


def token(sent: str) -> Ended | None:
    """The API token of this text, alive or not; None for one that this service never gave."""
    if not tokens.is_well_formed(sent):
        return None
    query = _by(ApiToken).add_columns(ApiToken.prefix).where(ApiToken.token_hash == digest(sent))
    row = db.session.execute(query).one_or_none()
    return None if row is None else Ended(row.id, row.organization_id, f"{row.prefix}…", _why(row))


def _by(kept: type[WebSession | ApiToken]) -> Select[*tuple[Any, ...]]:
    return (
        select(kept.id, kept.revoked_at, Member.organization_id, Member.removed_at, User.email, User.disabled_at)
        .join_from(kept, Member, Member.id == kept.member_id)
        .join(User, User.id == Member.user_id)
    )


def _why(row: Row[*tuple[Any, ...]]) -> str:
    if row.removed_at is not None or row.disabled_at is not None:
        return "removed"
    return "ended" if row.revoked_at is not None else ""
