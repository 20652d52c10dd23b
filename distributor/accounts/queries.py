"""Reading accounts. Every query that answers a person is scoped to what their organization may see."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

from flask_babel import gettext
from sqlalchemy import Row, Select, and_, func, or_, select
from sqlalchemy.orm import aliased
from sqlalchemy.sql.elements import ColumnElement

from distributor.accounts.models import Account, ReportingScope
from distributor.database import db
from distributor.errors import InputRefused, NotFound
from distributor.identity.acting import CurrentMember
from distributor.identity.models import Organization
from workflows.report_cycle import Cycle

ACCOUNT = Account.__table__
SCOPE = ReportingScope.__table__
MSP = aliased(Organization.__table__, name="msp")
DISTRIBUTOR = aliased(Organization.__table__, name="distributor")

AccountRow = Row[Any]


def accounts() -> Select[Any]:
    """Accounts with uid and name of both sides (`msp_uid`, `msp_name` …) and whether they have `usage_reports`."""
    in_scope = and_(
        SCOPE.c.distributor_id == ACCOUNT.c.distributor_id,
        SCOPE.c.region == ACCOUNT.c.region,
        SCOPE.c.account_type == ACCOUNT.c.account_type,
    )
    tables = (
        ACCOUNT.join(MSP, MSP.c.id == ACCOUNT.c.msp_id)
        .join(DISTRIBUTOR, DISTRIBUTOR.c.id == ACCOUNT.c.distributor_id)
        .join(SCOPE, in_scope)
    )
    columns = (
        *ACCOUNT.c,
        MSP.c.uid.label("msp_uid"),
        MSP.c.name.label("msp_name"),
        DISTRIBUTOR.c.uid.label("distributor_uid"),
        DISTRIBUTOR.c.name.label("distributor_name"),
        SCOPE.c.usage_reports,
    )
    return select(*columns).select_from(tables)


def in_sight(member: CurrentMember) -> ColumnElement[bool]:
    """Accounts on which the member's organization stands on either side."""
    own = member.organization_id
    return or_(ACCOUNT.c.msp_id == own, ACCOUNT.c.distributor_id == own)


def accounts_in_sight(
    member: CurrentMember, *, search: str = "", after: tuple[str, int] | None = None, limit: int = 50
) -> list[AccountRow]:
    """Accounts by number, at most `limit` after the keyset `after`; `search` looks into number and both names."""
    query = accounts().where(in_sight(member), *_matching(search)).order_by(ACCOUNT.c.number, ACCOUNT.c.id)
    if after is not None:
        number, identity = after
        later = and_(ACCOUNT.c.number == number, ACCOUNT.c.id > identity)
        query = query.where(or_(ACCOUNT.c.number > number, later))
    return list(db.session.execute(query.limit(limit)))


def keyset(row: AccountRow) -> tuple[str, int]:
    """Where a page of accounts that ends with this row goes on."""
    return row.number, row.id


def account(uid: UUID, member: CurrentMember) -> AccountRow:
    """One account in the member's sight. Raises NotFound."""
    return _one(accounts().where(ACCOUNT.c.uid == uid, in_sight(member)))


def account_for_update(uid: UUID, member: CurrentMember) -> AccountRow:
    """The same, locked against openings, imports and other changes until the end of the transaction."""
    query = accounts().where(ACCOUNT.c.uid == uid, in_sight(member))
    return _one(query.with_for_update(of=ACCOUNT, key_share=True))


def account_by_id(account_id: int) -> AccountRow:
    """One account by its internal id, for whoever found it in sight already."""
    return _one(accounts().where(ACCOUNT.c.id == account_id))


def account_by_number(number: str, distributor_name: str | None = None) -> AccountRow:
    """For operators: the account of this number, of this distributor where several have one. Raises InputRefused."""
    query = accounts().where(ACCOUNT.c.number == number).order_by(func.lower(DISTRIBUTOR.c.name))
    found = list(db.session.execute(query))
    if distributor_name is not None:
        wanted = distributor_name.strip().lower()
        found = [row for row in found if row.distributor_name.lower() == wanted]
    if not found:
        raise InputRefused(_no_account(number, distributor_name))
    if len(found) > 1:
        names = ", ".join(row.distributor_name for row in found)
        why = gettext(
            "Several distributors have an account %(number)s: %(names)s. Say which with --distributor.",
            number=number,
            names=names,
        )
        raise InputRefused(why)
    return found[0]


def _no_account(number: str, distributor: str | None) -> str:
    if not distributor:
        return gettext("There is no account %(number)s.", number=number)
    return gettext(
        "There is no account %(number)s of the distributor “%(distributor)s”.", number=number, distributor=distributor
    )


def reporting_scopes(distributor_id: int) -> list[Row[Any]]:
    """The distributor's regions and account types, with how many accounts each has and whether they report."""
    count = func.count(ACCOUNT.c.id).label("accounts")
    of_scope = and_(
        ACCOUNT.c.distributor_id == SCOPE.c.distributor_id,
        ACCOUNT.c.region == SCOPE.c.region,
        ACCOUNT.c.account_type == SCOPE.c.account_type,
    )
    query = (
        select(SCOPE.c.region, SCOPE.c.account_type, SCOPE.c.usage_reports, count)
        .select_from(SCOPE.outerjoin(ACCOUNT, of_scope))
        .where(SCOPE.c.distributor_id == distributor_id)
        .group_by(SCOPE.c.id)
        .order_by(SCOPE.c.region, SCOPE.c.account_type)
    )
    return list(db.session.execute(query))


def account_shape(row: AccountRow) -> dict[str, Any]:
    """`account` of the REST API, with `po_number` and whether its region and type have `usage_reports`."""
    return {
        "id": str(row.uid),
        "number": row.number,
        "region": row.region,
        "type": row.account_type,
        "po_number": row.po_number,
        "usage_reports": row.usage_reports,
        "distributor": {"id": str(row.distributor_uid), "name": row.distributor_name},
        "msp": {"id": str(row.msp_uid), "name": row.msp_name},
        "next_cycle": _cycle(row.next_cycle),
        "next_opens_at": row.next_opens_at,
        "terms": terms_shape(row),
    }


AS_THEY_ARE = (
    "auto_submit_after_days", "resubmit_after_days", "opens_on_day", "opens_days_after_end", "closing_day", "currency",
    "time_zone", "usage_source", "corrections_allowed", "escalate_to_admins_days", "escalate_to_distributor_days",
)  # fmt: skip
NUMBERS = ("tolerance_units", "tolerance_percent", "approval_limit", "uplift_percent")


def terms_shape(row: AccountRow) -> dict[str, Any]:
    """`account.terms` of the REST API: numbers as text, cycles as "2026-10"."""
    percent = plain(row.auto_approve_max_change_percent)
    return {
        **{name: getattr(row, name) for name in AS_THEY_ARE},
        **{name: plain(getattr(row, name)) for name in NUMBERS},
        "reports_from": _cycle(row.reports_from),
        "reports_until": _cycle(row.reports_until),
        "auto_approve": None if percent is None else {"max_change_percent": percent},
    }


def plain(value: Decimal | None) -> str | None:
    """A decimal as text without an exponent or trailing zeros."""
    return None if value is None else f"{value.normalize():f}"


def _cycle(first_day: Any) -> str | None:
    return None if first_day is None else str(Cycle.from_date(first_day))


def _matching(search: str) -> list[ColumnElement[bool]]:
    columns = (ACCOUNT.c.number, MSP.c.name, DISTRIBUTOR.c.name)
    return [or_(*(column.icontains(word, autoescape=True) for column in columns)) for word in search.split()]


def _one(query: Select[Any]) -> AccountRow:
    row = db.session.execute(query).one_or_none()
    if row is None:
        raise NotFound(gettext("This account"))
    return row
