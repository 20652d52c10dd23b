"""Usage files as the readers give them, and imports of them, for tests of what an import does."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import select

from distributor.database import db
from distributor.identity.acting import Acting, operator
from distributor.provisioning.formats import SubscriptionRow, UsageFile, UsageRow, read_usage
from distributor.provisioning.operations import ImportResult, import_usage
from distributor.usage_reports.queries import ACCOUNT, REPORT, ReportRow
from tests.factories import CYCLE, OPENED_AT, Story
from workflows.report_cycle import Cycle, bounds

DATA = Path(__file__).parents[2] / "data"
AT = OPENED_AT + timedelta(days=1)

Given = tuple[str, str, str] | tuple[str, str, str, str]


def usage_file(*rows: Given, source: str = "feed", **fields: Any) -> UsageFile:
    """Rows of (customer, sku, provisioned, used?); a customer's reference is its name in small letters."""
    file = UsageFile("json", source, **fields)
    for number, (name, sku, provisioned, *used) in enumerate(rows, 1):
        units = Decimal(used[0]) if used else None
        file.rows.append(UsageRow(number, name.lower(), name, sku, Decimal(provisioned), units))
    return file


def charge(subscription: str, sku: str, quantity: str, start: date, end: date, **fields: Any) -> SubscriptionRow:
    """A charge of Microsoft's file; each subscription has a customer of its own."""
    row = fields.pop("row", 2)
    return SubscriptionRow(
        row, subscription, f"c-{subscription}", f"C {subscription}", sku, Decimal(quantity), start, end, **fields
    )


def microsoft_file(*charges: SubscriptionRow) -> UsageFile:
    return UsageFile("microsoft", "microsoft", subscriptions=list(charges))


def sample(name: str, cycle: str) -> UsageFile:
    """A real file of `tests/data`, read for the cycle."""
    read_for = Cycle.parse(cycle)
    starts_on, ends_on = bounds(read_for, None)
    return read_usage((DATA / name).read_bytes(), name=name, cycle=read_for, starts_on=starts_on, ends_on=ends_on)


def deliver(
    story: Story,
    file: UsageFile,
    *,
    cycle: Cycle = CYCLE,
    acting: Acting | None = None,
    at: datetime = AT,
    **options: Any,
) -> ImportResult:
    """Import as the distributor's operator unless somebody else acts."""
    row = db.session.execute(select(ACCOUNT).where(ACCOUNT.c.id == story.account.id)).one()
    return import_usage(row, cycle, file, acting or operator(), at, **options)


def counts(result: ImportResult) -> tuple[int, int, int, int]:
    return result.added, result.changed, result.removed, result.unchanged


def report_of(story: Story, cycle: Cycle = CYCLE) -> ReportRow:
    query = select(REPORT.c.id).where(REPORT.c.account_id == story.account.id, REPORT.c.cycle == cycle.first_day)
    return story.report(db.session.scalars(query).one())
