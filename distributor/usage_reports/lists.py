"""Lists of the MSP's own reports, and of what a line added by hand may name. The distributor's is review_queue.py."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, Select, func, literal, or_, select, union_all

from distributor.catalogue.models import Customer, Product
from distributor.database import db
from distributor.identity.acting import CurrentMember
from distributor.provisioning.queries import missing_usage
from distributor.usage_reports.queries import ACCOUNT, REPORT, ReportRow, reports
from workflows.report_cycle import Cycle

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
