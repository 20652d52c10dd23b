"""Lists of reports: the MSP's own, the distributor's queue. Filters are values, never SQL; a list is one query."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, Select, and_, func, literal, or_, select, union_all
from sqlalchemy.sql.elements import ColumnElement

from distributor.catalogue.models import Customer, Product
from distributor.database import db
from distributor.identity.acting import CurrentMember
from distributor.provisioning.queries import missing_usage
from distributor.usage_reports.operations.automatic import CLEAN
from distributor.usage_reports.queries import ACCOUNT, MSP, REPORT, ReportRow, reports
from workflows.report_cycle import Cycle
from workflows.usage_report import Status

ListedReport = Row[Any]
EARLIER = REPORT.alias("earlier")
MOST_LISTED = 500

# Amount of the account's report of the cycle before, whatever became of it; the change on a list is against this.
PREVIOUS_AMOUNT = (
    select(EARLIER.c.amount)
    .where(EARLIER.c.account_id == REPORT.c.account_id, EARLIER.c.cycle < REPORT.c.cycle)
    .order_by(EARLIER.c.cycle.desc())
    .limit(1)
    .scalar_subquery()
)


def since(newest: Cycle, months: int) -> Cycle:
    """The first of the `months` cycles that end with `newest`."""
    first = newest
    for _ in range(months - 1):
        first = first.previous()
    return first


def msp_reports(member: CurrentMember, first: date, last: date) -> list[ListedReport]:
    """The member's own reports of cycles from `first` to `last`, newest first, each with `previous_amount`."""
    query = (
        reports()
        .add_columns(PREVIOUS_AMOUNT.label("previous_amount"))
        .where(REPORT.c.msp_id == member.organization_id, REPORT.c.cycle.between(first, last))
        .order_by(REPORT.c.cycle.desc(), ACCOUNT.c.number)
        .limit(MOST_LISTED)
    )
    return list(db.session.execute(query))


def next_opening(member: CurrentMember) -> datetime | None:
    """When the next report of the member's own accounts opens."""
    found: datetime | None = db.session.scalar(
        select(func.min(ACCOUNT.c.next_opens_at)).where(ACCOUNT.c.msp_id == member.organization_id)
    )
    return found


def years(member: CurrentMember) -> list[int]:
    """Years of the member's own reports, newest first."""
    year = func.extract("year", REPORT.c.cycle)
    query = select(year).where(REPORT.c.msp_id == member.organization_id).distinct().order_by(year.desc())
    return [int(found) for found in db.session.scalars(query)]


@dataclass(frozen=True, slots=True)
class QueueFilter:
    """What a reviewer narrows the queue to; it is the address of the page."""

    cycle: date | None = None
    status: Status | None = Status.UNDER_REVIEW
    partner: str = ""
    view: str = "risk"


def is_clean() -> ColumnElement[bool]:
    """Reports that may be approved together: what a policy may approve too, apart from its own limits."""
    return and_(REPORT.c.line_count > 0, *(REPORT.c[name] == 0 for name in CLEAN))


VIEWS: dict[str, ColumnElement[bool]] = {
    "penalty": REPORT.c.penalised > 0,
    "clean": is_clean(),
}


def queue(
    member: CurrentMember, wanted: QueueFilter, *, after: tuple[Any, int] | None = None, limit: int = 50
) -> list[ListedReport]:
    """Reports of the member's partners, most money at risk first; `after` is (at_risk, id) of the last one seen."""
    query = (
        reports()
        .add_columns(PREVIOUS_AMOUNT.label("previous_amount"), is_clean().label("is_clean"))
        .where(REPORT.c.distributor_id == member.organization_id, *_conditions(wanted))
        .order_by(REPORT.c.at_risk.desc(), REPORT.c.id.desc())
        .limit(limit)
    )
    if after is not None:
        risk, report_id = after
        beyond = and_(REPORT.c.at_risk == risk, REPORT.c.id < report_id)
        query = query.where(or_(REPORT.c.at_risk < risk, beyond))
    return list(db.session.execute(query))


def _conditions(wanted: QueueFilter) -> Sequence[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.cycle is not None:
        found.append(REPORT.c.cycle == wanted.cycle)
    if wanted.status is not None:
        found.append(REPORT.c.status == wanted.status)
    if wanted.partner:
        text = wanted.partner.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        found.append(or_(MSP.c.name.ilike(f"%{text}%"), ACCOUNT.c.number.ilike(f"%{text}%")))
    if wanted.view in VIEWS:
        found.append(VIEWS[wanted.view])
    return found


def queue_totals(member: CurrentMember, cycle: date | None) -> list[Row[Any]]:
    """Per status and currency of a cycle (all cycles when None): `number`, `amount`, `at_risk`, `clean`, `penalty`."""
    query = (
        select(
            REPORT.c.status,
            REPORT.c.currency,
            func.count().label("number"),
            func.sum(REPORT.c.amount).label("amount"),
            func.sum(REPORT.c.at_risk).label("at_risk"),
            func.count().filter(is_clean()).label("clean"),
            func.count().filter(REPORT.c.penalised > 0).label("penalty"),
        )
        .where(REPORT.c.distributor_id == member.organization_id)
        .group_by(REPORT.c.status, REPORT.c.currency)
    )
    if cycle is not None:
        query = query.where(REPORT.c.cycle == cycle)
    return list(db.session.execute(query))


def cycles(member: CurrentMember, limit: int = 36) -> list[date]:
    """The newest cycles of the member's partners that have a report, newest first, without reading every report."""
    found: list[date] = []
    newest = select(func.max(REPORT.c.cycle)).where(REPORT.c.distributor_id == member.organization_id)
    cycle: date | None = db.session.scalar(newest)
    oldest = select(func.min(REPORT.c.cycle)).where(REPORT.c.distributor_id == member.organization_id)
    first: date | None = db.session.scalar(oldest)
    while cycle is not None and first is not None and cycle >= first and len(found) < limit:
        found.append(cycle)
        cycle = Cycle.from_date(cycle).previous().first_day
    return found


MOST_OFFERED = 1000
Choice = tuple[str, str]


def added_line_choices(report: ReportRow) -> tuple[list[Choice], list[Choice]]:
    """What a line counted by hand may name: products as (sku, "name (sku)") and the account's customers as (reference,
    name). Without products there is nothing to add, and no customer either.
    """
    offered = union_all(_addable_products(report), _customers_of(report)).subquery()
    rows = db.session.execute(select(offered).order_by(offered.c.kind, func.lower(offered.c.name))).all()
    products = [(row.key, f"{row.name} ({row.key})") for row in rows if row.kind == "product"]
    return products, [(row.key, row.name) for row in rows if row.kind == "customer"] if products else []


def _addable_products(report: ReportRow) -> Select[str, str, str]:
    """Hand-counted products, and all of them while a source has not delivered."""
    source = func.coalesce(Product.usage_source, report.usage_source)
    missing = missing_usage(report.account_id, report.cycle)
    query = select(literal("product").label("kind"), Product.sku.label("key"), Product.name.label("name"))
    offered = (Product.distributor_id == report.distributor_id, or_(source == "manual", missing))
    return query.where(*offered).order_by(func.lower(Product.name)).limit(MOST_OFFERED)


def _customers_of(report: ReportRow) -> Select[str, str, str]:
    query = select(literal("customer"), Customer.ref, Customer.name).where(Customer.account_id == report.account_id)
    return query.order_by(func.lower(Customer.name)).limit(MOST_OFFERED)


def neighbours(report: ReportRow) -> tuple[Any, Any]:
    """Uids of the reports before and after this one in the queue of its status and cycle; None at the ends."""
    among = (
        REPORT.c.distributor_id == report.distributor_id,
        REPORT.c.status == report.status,
        REPORT.c.cycle == report.cycle,
    )
    higher = or_(REPORT.c.at_risk > report.at_risk, and_(REPORT.c.at_risk == report.at_risk, REPORT.c.id > report.id))
    lower = or_(REPORT.c.at_risk < report.at_risk, and_(REPORT.c.at_risk == report.at_risk, REPORT.c.id < report.id))
    before = select(REPORT.c.uid).where(*among, higher).order_by(REPORT.c.at_risk, REPORT.c.id).limit(1)
    after = select(REPORT.c.uid).where(*among, lower).order_by(REPORT.c.at_risk.desc(), REPORT.c.id.desc()).limit(1)
    found = db.session.execute(select(before.scalar_subquery(), after.scalar_subquery())).one()
    return found[0], found[1]
