"""What the pages about accounts read: the list with its filters, and what stands around one account."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Row, and_, func, or_, select, text, true
from sqlalchemy.sql.elements import ColumnElement

from distributor.accounts.queries import ACCOUNT, MSP, SCOPE, AccountRow, accounts
from distributor.database import db
from distributor.identity.acting import CurrentMember
from distributor.identity.models import Member, User
from distributor.provisioning.models import UsageSnapshot
from distributor.usage_reports.models import UsageReport
from workflows.usage_report import Role

REPORT = UsageReport.__table__
MEMBER = Member.__table__
USER = User.__table__
SNAPSHOT = UsageSnapshot.__table__

ListedAccount = Row[Any]
SHOWN_REPORTS = 12
SHOWN_CYCLES = 3
REPORTING = {"on": True, "off": False}
# Who at a partner works on reports, and who at a distributor decides on them.
MSP_ROLES = (Role.ADMIN, Role.PREPARER)
DISTRIBUTOR_ROLES = (Role.ADMIN, Role.REVIEWER)


@dataclass(frozen=True, slots=True)
class AccountFilter:
    """What a list of accounts is narrowed to; it is the address of the page. `reporting`: "on", "off" or ""."""

    search: str = ""
    region: str = ""
    account_type: str = ""
    reporting: str = ""

    @property
    def narrows(self) -> bool:
        return bool(self.search or self.region or self.account_type or self.reporting)


def listed(
    member: CurrentMember, wanted: AccountFilter, *, after: tuple[str, int] | None = None, limit: int = 50
) -> list[ListedAccount]:
    """The distributor's accounts by number, each with its newest report (`report_uid`, `report_cycle`,
    `report_status`, `report_amount`, `report_currency`, `report_minor_unit`; None before the first).
    """
    newest = _newest_report()
    query = (
        accounts()
        .add_columns(*(newest.c[name].label(f"report_{name}") for name in NEWEST))
        .join(newest, true(), isouter=True)
        .where(ACCOUNT.c.distributor_id == member.organization_id, *_conditions(wanted))
        .order_by(ACCOUNT.c.number, ACCOUNT.c.id)
        .limit(limit)
    )
    if after is not None:
        number, identity = after
        query = query.where(or_(ACCOUNT.c.number > number, and_(ACCOUNT.c.number == number, ACCOUNT.c.id > identity)))
    return list(db.session.execute(query))


NEWEST = ("uid", "cycle", "status", "amount", "currency", "minor_unit")


def _newest_report() -> Any:
    return (
        select(*(REPORT.c[name] for name in NEWEST))
        .where(REPORT.c.account_id == ACCOUNT.c.id)
        .order_by(REPORT.c.cycle.desc())
        .limit(1)
        .lateral("newest")
    )


def _conditions(wanted: AccountFilter) -> Sequence[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [
        or_(*(column.icontains(word, autoescape=True) for column in (ACCOUNT.c.number, MSP.c.name)))
        for word in wanted.search.split()
    ]
    if wanted.region:
        found.append(ACCOUNT.c.region == wanted.region)
    if wanted.account_type:
        found.append(ACCOUNT.c.account_type == wanted.account_type)
    if wanted.reporting in REPORTING:
        reports = and_(SCOPE.c.usage_reports, ACCOUNT.c.next_opens_at.is_not(None))
        found.append(reports if REPORTING[wanted.reporting] else ~reports)
    return found


def every_account(distributor_id: int, *, lock: bool = False) -> list[AccountRow]:
    """All accounts of a distributor, for files and imports; locked in the order of their ids when `lock`."""
    query = accounts().where(ACCOUNT.c.distributor_id == distributor_id)
    if lock:
        return list(db.session.execute(query.order_by(ACCOUNT.c.id).with_for_update(of=ACCOUNT, key_share=True)))
    return list(db.session.execute(query.order_by(ACCOUNT.c.number, ACCOUNT.c.id)))


def people(organization_ids: Sequence[int], roles: Sequence[Role]) -> list[Row[Any]]:
    """Members of the organizations with one of the roles, by name: `organization_id`, `name`, `email`, `roles`."""
    query = (
        select(MEMBER.c.organization_id, USER.c.name, USER.c.email, USER.c.phone, MEMBER.c.roles)
        .join_from(MEMBER, USER, USER.c.id == MEMBER.c.user_id)
        .where(
            MEMBER.c.organization_id.in_(organization_ids),
            MEMBER.c.removed_at.is_(None),
            USER.c.disabled_at.is_(None),
            MEMBER.c.roles.overlap([str(role) for role in roles]),
        )
        .order_by(func.lower(USER.c.name), USER.c.id)
    )
    return list(db.session.execute(query))


def last_reports(account_id: int) -> list[Row[Any]]:
    """The account's newest reports, newest first."""
    query = select(REPORT).where(REPORT.c.account_id == account_id).order_by(REPORT.c.cycle.desc())
    return list(db.session.execute(query.limit(SHOWN_REPORTS)))


def deliveries(account_id: int) -> list[Row[Any]]:
    """Current usage of the account's newest cycles, newest first: what was delivered, by whom, when it was counted."""
    cycles = (
        select(SNAPSHOT.c.cycle)
        .where(SNAPSHOT.c.account_id == account_id, SNAPSHOT.c.is_current)
        .distinct()
        .order_by(SNAPSHOT.c.cycle.desc())
        .limit(SHOWN_CYCLES)
    )
    query = select(SNAPSHOT).where(
        SNAPSHOT.c.account_id == account_id, SNAPSHOT.c.is_current, SNAPSHOT.c.cycle.in_(cycles)
    )
    return list(db.session.execute(query.order_by(SNAPSHOT.c.cycle.desc(), SNAPSHOT.c.source)))


def own_accounts(member: CurrentMember) -> list[AccountRow]:
    """The accounts on which the member's organization is the MSP."""
    query = accounts().where(ACCOUNT.c.msp_id == member.organization_id)
    return list(db.session.execute(query.order_by(ACCOUNT.c.number, ACCOUNT.c.id)))


@dataclass(frozen=True, slots=True)
class Consequences:
    """What a change of terms would meet. `newest_cycle`: of the newest report; `discrepancies` of it under the old and
    the new tolerance; `unpriced`: its products without a price in the new currency.
    """

    newest_cycle: date | None
    discrepancies: int
    new_discrepancies: int
    unpriced: int


CONSEQUENCES = text("""
WITH newest AS (SELECT * FROM usage_reports WHERE account_id = :account ORDER BY cycle DESC LIMIT 1)
SELECT n.cycle, n.discrepancies,
  (SELECT count(*) FROM usage_report_lines l WHERE l.report_id = n.id
     AND line_is_discrepancy(l.provisioned_units,
           line_figure(l.chargeable_units, l.declared_units, l.penalised, l.estimated),
           CAST(:units AS numeric), CAST(:percent AS numeric))) AS new_discrepancies,
  (SELECT count(DISTINCT l.product_id) FROM usage_report_lines l
     LEFT JOIN prices p ON p.product_id = l.product_id AND p.currency = :currency
   WHERE l.report_id = n.id AND p.product_id IS NULL) AS unpriced
FROM newest n""")


def consequences(account_id: int, columns: dict[str, Any]) -> Consequences:
    """What the account's newest report would look like under these terms."""
    given = {
        "account": account_id,
        "units": columns["tolerance_units"],
        "percent": columns["tolerance_percent"],
        "currency": columns["currency"],
    }
    row = db.session.execute(CONSEQUENCES, given).one_or_none()
    if row is None:
        return Consequences(None, 0, 0, 0)
    return Consequences(row.cycle, row.discrepancies, row.new_discrepancies, row.unpriced)
