"""What automatic submission would charge on top, for any number of open reports at once.

The same rules as `operations/automatic.charged`, as one query: a test compares the two line by line.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    CTE,
    Integer,
    Numeric,
    Select,
    Subquery,
    and_,
    case,
    cast,
    func,
    null,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.sql.elements import ColumnElement

from distributor.usage_reports.queries import LINE, REPORT
from workflows.usage_report import EDITABLE, Status

EARLIER_LINE, EARLIER = LINE.alias("earlier_line"), REPORT.alias("earlier_report")
OF_REPORT = ("account_id", "cycle", "uplift_percent", "rejected_before")
OF_LINE = (
    "customer_id", "product_id", "usage_source", "precision", "minor_unit", "unit_price", "provisioned_units",
    "chargeable_units", "amount", "unexplained", "reviewer_note", "note_answered",
)  # fmt: skip


def idle_costs(*conditions: ColumnElement[bool]) -> CTE:
    """Per open report that meets the `conditions`: `report_id`, `unexplained` lines, `missing` figures, open `notes`,
    and the `penalty` that doing nothing would cost. Reports with nothing unsettled are left out.
    """
    line = charged_lines(*conditions).subquery("charged")
    query = select(
        line.c.report_id,
        func.count().filter(line.c.unexplained).label("unexplained"),
        func.count().filter(line.c.chargeable_units.is_(None)).label("missing"),
        func.count().filter(line.c.has_open_note).label("notes"),
        func.sum(line.c.cost).label("penalty"),
    )
    return query.group_by(line.c.report_id).cte("idle_costs")


def charged_lines(*conditions: ColumnElement[bool]) -> Select[Any]:
    """The unsettled lines of open reports: `line_id`, `report_id`, `units` as automatic submission would charge them,
    and the `cost`, what that adds to the line's amount.
    """
    line = _floored(_started(_unsettled(*conditions)))
    units = case((line.c.unexplained, func.greatest(line.c.started, line.c.at_least)), else_=line.c.started)
    amount = func.round(func.coalesce(units * line.c.unit_price, 0), cast(line.c.minor_unit, Integer))
    return select(
        line.c.line_id,
        line.c.report_id,
        line.c.unexplained,
        line.c.chargeable_units,
        and_(line.c.reviewer_note.is_not(None), ~line.c.note_answered).label("has_open_note"),
        units.label("units"),
        (amount - line.c.amount).label("cost"),
    )


def _unsettled(*conditions: ColumnElement[bool]) -> Subquery:
    """Lines unexplained or without a figure. Apart: an index knows the former, few reports have the latter."""
    open_reports = (
        select(REPORT.c.id, REPORT.c.missing_figures, *(REPORT.c[name] for name in OF_REPORT))
        .where(REPORT.c.status.in_(EDITABLE), *conditions)
        .cte("open_reports")
    )
    columns = (
        LINE.c.id.label("line_id"),
        LINE.c.report_id,
        *(LINE.c[name] for name in OF_LINE),
        *(open_reports.c[name] for name in OF_REPORT),
    )
    lines = select(*columns).join_from(open_reports, LINE, LINE.c.report_id == open_reports.c.id)
    unknown = and_(open_reports.c.missing_figures > 0, LINE.c.chargeable_units.is_(None), ~LINE.c.unexplained)
    return union_all(lines.where(LINE.c.unexplained, ~LINE.c.penalised), lines.where(unknown)).subquery("unsettled")


def _started(line: Subquery) -> Subquery:
    """The lines with `last`, their last approved units, and `started`, the units given or estimated from those."""
    last = _last_approved(line)
    decimals = func.power(cast(10, Numeric), line.c.precision)
    raised = func.ceil(last.c.units * (100 + line.c.uplift_percent) / 100 * decimals) / decimals
    estimated = case((last.c.units.is_not(None), raised), (line.c.rejected_before, 0), else_=null())
    started = func.coalesce(line.c.chargeable_units, estimated)
    joined = line.outerjoin(last, true())
    return select(*line.c, last.c.units.label("last"), started.label("started")).select_from(joined).subquery("started")


def _last_approved(line: Subquery) -> Any:
    """Chargeable units of the last approved line of that customer and product; only asked where a figure is unknown."""
    return (
        select(EARLIER_LINE.c.chargeable_units.label("units"))
        .join_from(EARLIER, EARLIER_LINE, EARLIER_LINE.c.report_id == EARLIER.c.id)
        .where(
            or_(line.c.chargeable_units.is_(None), line.c.provisioned_units.is_(None)),
            EARLIER.c.account_id == line.c.account_id,
            EARLIER.c.cycle < line.c.cycle,
            EARLIER.c.status == Status.APPROVED,
            EARLIER_LINE.c.product_id == line.c.product_id,
            EARLIER_LINE.c.customer_id.is_not_distinct_from(line.c.customer_id),
        )
        .order_by(EARLIER.c.cycle.desc())
        .limit(1)
        .lateral("last_approved")
    )


def _floored(line: Subquery) -> Subquery:
    """The lines with `at_least`: the units below which an unexplained line is not charged."""
    fed = line.c.usage_source == "feed"
    at_least = case((line.c.provisioned_units.is_not(None), line.c.provisioned_units), (fed, line.c.last))
    return select(*line.c, at_least.label("at_least")).subquery("floored")
