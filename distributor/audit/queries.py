"""Reading the audit trail: an organization sees its own chain and those of the accounts it is a side of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Row, ScalarSelect, Select, Table, Text, func, or_, select
from sqlalchemy import cast as as_type

from distributor.accounts.models import Account
from distributor.audit.models import AuditEntry, AuditHead
from distributor.database import db
from distributor.identity.models import Organization

ENTRY = cast("Table", AuditEntry.__table__)
HEAD = cast("Table", AuditHead.__table__)
ACCOUNT = cast("Table", Account.__table__)
PAGE_SIZE = 50
AT_ONCE = 1000

EntryRow = Row[Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a list is narrowed to. `what` is a whole fact or its first word ("report"), `person` part of a name,
    `account` an account's number; days are whole ones in UTC. `before`: older than this entry, by chain and number.
    """

    what: str = ""
    person: str = ""
    account: str = ""
    since: date | None = None
    until: date | None = None
    before: tuple[str, int] | None = None


def seen_by(organization_id: int, table: Table = ENTRY) -> ColumnElement[bool]:
    """The first wall: the organization's own chain and those of its accounts."""
    columns = table.c
    return or_(
        columns.organization_id == organization_id,
        columns.distributor_id == organization_id,
        columns.msp_id == organization_id,
    )


def entries(organization_id: int, asked: Asked, *, limit: int = PAGE_SIZE) -> list[EntryRow]:
    """The newest entries in sight, with `chain`, `account_number` and the actor's `organization_name`."""
    query = whole_entries().where(seen_by(organization_id), *_narrowed(asked))
    return list(db.session.execute(query.order_by(ENTRY.c.id.desc()).limit(limit)))


def all_entries(organization_id: int, asked: Asked) -> Iterator[EntryRow]:
    """Every entry in sight, newest first, read a thousand at a time."""
    while rows := entries(organization_id, asked, limit=AT_ONCE):
        yield from rows
        asked = replace(asked, before=(rows[-1].chain, rows[-1].number))


def whole_entries() -> Select[Any]:
    """Entries with what people read of them, and `details_text`, the details as they were hashed."""
    acting = Organization.__table__.alias("acting")
    return (
        select(
            ENTRY,
            HEAD.c.chain,
            as_type(ENTRY.c.details, Text).label("details_text"),
            ACCOUNT.c.number.label("account_number"),
            ACCOUNT.c.uid.label("account_uid"),
            acting.c.name.label("organization_name"),
        )
        .join(HEAD, HEAD.c.id == ENTRY.c.chain_id)
        .outerjoin(ACCOUNT, ACCOUNT.c.id == ENTRY.c.account_id)
        .outerjoin(acting, acting.c.uid == ENTRY.c.actor_organization)
    )


def heads(organization_id: int) -> Sequence[Row[Any]]:
    """The ends of the organization's chains, its own first, then by account number: `chain`, `number`, `hash`,
    `account_number`.
    """
    query = (
        select(HEAD, ACCOUNT.c.number.label("account_number"))
        .outerjoin(ACCOUNT, ACCOUNT.c.id == HEAD.c.account_id)
        .where(seen_by(organization_id, HEAD))
        .order_by(ACCOUNT.c.number.is_not(None), ACCOUNT.c.number, HEAD.c.id)
    )
    return db.session.execute(query).all()


def _narrowed(asked: Asked) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if asked.what:
        conditions.append(or_(ENTRY.c.what == asked.what, ENTRY.c.what.startswith(f"{asked.what}.", autoescape=True)))
    if asked.person:
        conditions.append(ENTRY.c.actor_name.icontains(asked.person, autoescape=True))
    if asked.account:
        conditions.append(func.lower(ACCOUNT.c.number) == asked.account.lower())
    if asked.since:
        conditions.append(ENTRY.c.at >= _midnight(asked.since))
    if asked.until:
        conditions.append(ENTRY.c.at < _midnight(asked.until) + timedelta(days=1))
    if asked.before:
        conditions.append(ENTRY.c.id < _place(*asked.before))
    return conditions


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), ZoneInfo("UTC"))


def _place(chain: str, number: int) -> ScalarSelect[int]:
    """An entry's place in the list of all: nowhere when it is out of sight, so that it tells nothing of others."""
    found = select(ENTRY.c.id).join(HEAD, HEAD.c.id == ENTRY.c.chain_id)
    return found.where(HEAD.c.chain == chain, ENTRY.c.number == number).scalar_subquery()
