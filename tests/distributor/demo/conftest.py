"""What the demo's tests look at; none of them changes it."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.sql.elements import ColumnElement

from distributor.database import db
from distributor.usage_reports.queries import LINE, REPORT, LineRow, ReportRow, reports


def found(*conditions: ColumnElement[bool]) -> list[ReportRow]:
    """Reports, the oldest cycle first."""
    return list(db.session.execute(reports().where(*conditions).order_by(REPORT.c.cycle, REPORT.c.id)))


def lines_of(report_id: int) -> dict[tuple[str, str], LineRow]:
    """A report's lines by customer's name and SKU."""
    rows = db.session.execute(select(LINE).where(LINE.c.report_id == report_id))
    return {(row.customer_name, row.sku): row for row in rows}
