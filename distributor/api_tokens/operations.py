"""What happens to API tokens: made, revoked, reported as leaked, about to end. Each is told and stands in the audit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from flask_babel import gettext
from sqlalchemy import Row, delete, update

from distributor import tenancy
from distributor.api_tokens import queries
from distributor.api_tokens.models import TokenReport
from distributor.audit.operations import record
from distributor.database import db
from distributor.delivery.events import (
    TOKEN_CREATED,
    TOKEN_EXPIRING,
    TOKEN_REPORTED,
    TOKEN_REPORTED_TO_ADMIN,
    TOKEN_REVOKED,
)
from distributor.delivery.telling import Telling, tell
from distributor.errors import Forbidden, NotFound
from distributor.identity import tokens
from distributor.identity.acting import Acting, CurrentMember
from distributor.identity.models import ApiToken
from distributor.identity.sessions import digest
from workflows.usage_report import Role, Side

# Whoever sends more has pasted a file.
LONGEST_REPORT = 2_000


def make(
    member: CurrentMember, name: str, scopes: Iterable[str], expires_at: datetime | None, at: datetime,
    *, by: Acting | None = None,
) -> tuple[str, ApiToken]:  # fmt: skip
    """Make a token of `member`, or have the operator (`by`) make it; tell its owner and note it.

    Returns its text, which can't be read again. Raises InputRefused.
    """
    text, row = tokens.create_token(member, name, scopes, expires_at, at)
    about = {"name": row.name, "scopes": row.scopes, "expires_at": expires_at and expires_at.isoformat()}
    here, subject = member.organization_id, f"{row.prefix}…"
    record("token.created", by=by or member, at=at, organization_id=here, subject=subject, details=about)
    _tell(TOKEN_CREATED, _home(member), member.user_id, at, about | {"prefix": row.prefix})
    return text, row


def revoke_own(member: CurrentMember, uid: UUID, at: datetime) -> None:
    """End one of one's tokens for the very next call. Raises NotFound."""
    row = queries.of_colleague(uid, member)
    if row.member_id != member.member_id:
        raise NotFound(gettext("This token"))
    _revoke(row, at, member.user_id)
    _note("token.revoked", member, row, at, {"name": row.name, "owner": row.email})


def check_admin(member: CurrentMember) -> None:
    """Raises Forbidden for who is no admin."""
    if Role.ADMIN not in member.own_roles:
        raise Forbidden(gettext("The tokens of all members are seen and revoked by your organization's admins."))


def revoke(member: CurrentMember, uid: UUID, at: datetime) -> Row[Any]:
    """End a token of one's organization as its admin, and tell its owner. Raises Forbidden, NotFound."""
    check_admin(member)
    row = queries.of_colleague(uid, member)
    _revoke(row, at, member.user_id)
    _note("token.revoked", member, row, at, {"name": row.name, "owner": row.email})
    if row.user_id != member.user_id:
        about = {"name": row.name, "prefix": row.prefix, "by": member.name}
        _tell(TOKEN_REVOKED, _home(member), row.user_id, at, about)
    return row


def report(text: str, at: datetime) -> None:
    """Take a report of a leaked token: a whole one is revoked at once, and `settle` tells whom it concerns.

    The same work for every text, so that nobody learns whether there is such a token.
    """
    found = tokens.found_in(text)
    if found is None:
        return
    whole, prefix = found
    valid = (ApiToken.token_hash == digest(whole), ApiToken.revoked_at.is_(None))
    db.session.execute(update(ApiToken).where(*valid).values(revoked_at=at, reported_at=at))
    db.session.add(TokenReport(prefix=prefix, reported_at=at))


def settle(at: datetime) -> int:
    """Tell owners and admins of the tokens reported since; returns how many reports were settled."""
    taken = db.session.execute(delete(TokenReport).returning(TokenReport.prefix, TokenReport.reported_at)).all()
    for prefix, reported_at in sorted(set(taken), key=lambda each: each.reported_at):
        row = queries.by_prefix(prefix)
        if row is not None and _is_news(row, reported_at):
            _settle(row, reported_at)
    return len(taken)


def _is_news(row: Row[Any], reported_at: datetime) -> bool:
    """A token is told of once by its prefix, and once more when its whole text turned up."""
    if row.revoked_at is not None:
        return bool(row.revoked_at == row.reported_at == reported_at)
    return row.reported_at is None


def _settle(row: Row[Any], at: datetime) -> None:
    tenancy.enter(row.organization_id)
    revoked = row.revoked_at is not None
    db.session.execute(update(ApiToken).where(ApiToken.id == row.id).values(reported_at=at))
    _note("token.reported", None, row, at, {"name": row.name, "owner": row.email, "revoked": revoked})
    about = {"name": row.name, "prefix": row.prefix, "owner": row.owner, "revoked": revoked}
    home = (row.organization_id, _side(row.is_distributor))
    _tell(TOKEN_REPORTED, home, row.user_id, at, about)
    for user_id in queries.admins_of(row.organization_id):
        if user_id != row.user_id:
            _tell(TOKEN_REPORTED_TO_ADMIN, home, user_id, at, about)


def warn(at: datetime) -> int:
    """Tell owners of tokens that end within seven days, once; returns how many tokens that were."""
    rows = queries.expiring(at)
    for _, of_member in groupby(rows, key=lambda row: row.member_id):
        _warn(list(of_member), at)
    return len(rows)


def _warn(rows: Sequence[Row[Any]], at: datetime) -> None:
    ids = [row.id for row in rows]
    db.session.execute(update(ApiToken).where(ApiToken.id.in_(ids)).values(expiry_told_at=at))
    ending = [{"name": row.name, "prefix": row.prefix} for row in rows]
    home = (rows[0].organization_id, _side(rows[0].is_distributor))
    _tell(TOKEN_EXPIRING, home, rows[0].user_id, at, {"tokens": ending, "at": rows[0].expires_at.isoformat()})


def _revoke(row: Row[Any], at: datetime, by: int) -> None:
    db.session.execute(update(ApiToken).where(ApiToken.id == row.id).values(revoked_at=at, revoked_by=by))


def _note(what: str, by: CurrentMember | None, row: Any, at: datetime, about: dict[str, Any]) -> None:
    here = by.organization_id if by is not None else row.organization_id
    record(what, by=by, at=at, organization_id=here, subject=f"{row.prefix}…", details=about)


def _tell(event: str, home: tuple[int, Side], user_id: int, at: datetime, about: dict[str, Any]) -> None:
    organization_id, side = home
    tell(Telling(event, organization_id, side, user_id, details=about), at)


def _home(member: CurrentMember) -> tuple[int, Side]:
    return member.organization_id, _side(member.is_distributor)


def _side(is_distributor: bool) -> Side:
    return Side.DISTRIBUTOR if is_distributor else Side.MSP
