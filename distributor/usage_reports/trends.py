"""Units and money of an MSP over two years, by product or by customer. Summed by the database, in two queries.

Money is never added over currencies, nor units of one kind to others: what is summed has one `scale`, a currency or a
unit. A month with a figure missing is unknown, not less; one without a report is no month at all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, func, literal, or_, select

from distributor.database import db
from distributor.identity.acting import CurrentMember
from distributor.usage_reports.queries import ACCOUNT, DISTRIBUTOR, LINE, REPORT
from workflows.report_cycle import Cycle

Measure = Literal["amount", "units", "not_charged"]
Kind = Literal["product", "customer"]
MEASURES: tuple[Measure, ...] = ("amount", "units", "not_charged")
KINDS: tuple[Kind, ...] = ("product", "customer")
MONTHS = 24
FEWEST_MONTHS = 12


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked at: `first` to `last` cycle, of one account where `account` names it."""

    measure: Measure
    kind: Kind
    first: Cycle
    last: Cycle
    account: UUID | None = None

    @property
    def months(self) -> list[Cycle]:
        found = [self.first]
        while found[-1] < self.last:
            found.append(found[-1].next())
        return found


@dataclass(frozen=True, slots=True)
class Series:
    """A product or customer by month: None where the figure is not known, or nothing was held yet."""

    name: str
    second: str
    values: list[Decimal | None]

    @property
    def known(self) -> list[tuple[int, Decimal]]:
        return [(place, value) for place, value in enumerate(self.values) if value is not None]

    @property
    def change(self) -> Decimal | None:
        """Percent from the first known figure to the newest; None where there is no such thing."""
        if len(self.known) < 2 or not self.known[0][1]:
            return None
        first, last = self.known[0][1], self.known[-1][1]
        return (last - first) * 100 / first


@dataclass(frozen=True, slots=True)
class Total:
    """All of one scale by month. `reported` are the months that have a report."""

    scale: str
    values: list[Decimal | None]
    reported: list[bool]


def own_accounts(member: CurrentMember) -> list[Row[Any]]:
    """Accounts on which the member's organization is the MSP, as (uid, number, distributor_name)."""
    query = (
        select(ACCOUNT.c.uid, ACCOUNT.c.number, DISTRIBUTOR.c.name.label("distributor_name"))
        .join_from(ACCOUNT, DISTRIBUTOR, DISTRIBUTOR.c.id == ACCOUNT.c.distributor_id)
        .where(ACCOUNT.c.msp_id == member.organization_id)
        .order_by(ACCOUNT.c.number, ACCOUNT.c.id)
    )
    return list(db.session.execute(query))


def totals(member: CurrentMember, wanted: Wanted) -> list[Total]:
    """The sums of each scale, the one with most figures first."""
    scale = _scale(wanted.measure)
    sums = (_value(wanted.measure), _unknown(wanted.measure), func.count().label("lines"))
    query = select(scale.label("scale"), REPORT.c.cycle, *sums)
    rows = _rows(_lines_of(query, member, wanted).group_by(scale, REPORT.c.cycle))
    reported = {row.cycle for row in rows}
    by_scale: dict[str, list[Row[Any]]] = defaultdict(list)
    for row in rows:
        by_scale[row.scale].append(row)
    ordered = sorted(by_scale.items(), key=lambda each: (-sum(row.lines for row in each[1]), each[0]))
    months = [month.first_day for month in wanted.months]
    held = [month in reported for month in months]
    return [Total(scale, _values(rows, months, reported), held) for scale, rows in ordered]


def without_lead(wanted: Wanted, totals: Sequence[Total]) -> tuple[Wanted, list[Total]]:
    """The same from the first month with a report on, of at least a year: what was before says nothing."""
    lead = min((total.reported.index(True) for total in totals if any(total.reported)), default=0)
    lead = min(lead, len(wanted.months) - FEWEST_MONTHS)
    shorter = replace(wanted, first=wanted.months[lead])
    return shorter, [Total(total.scale, total.values[lead:], total.reported[lead:]) for total in totals]


def series(member: CurrentMember, wanted: Wanted, total: Total, limit: int | None) -> tuple[list[Series], int]:
    """Products or customers of the total's scale, those that sum up to most first, and how many there are."""
    cells = _cells(member, wanted, total.scale).cte("cells")
    ranked = (
        select(cells.c.key, func.sum(cells.c.value).label("sum"), func.count().over().label("number"))
        .group_by(cells.c.key)
        .order_by(func.sum(cells.c.value).desc().nulls_last(), cells.c.key)
        .limit(limit)
        .subquery("ranked")
    )
    query = (
        select(*cells.c, ranked.c.number)
        .join_from(cells, ranked, cells.c.key == ranked.c.key)
        .order_by(ranked.c.sum.desc().nulls_last(), ranked.c.key, cells.c.cycle)
    )
    rows = _rows(query)
    by_key: dict[int, list[Row[Any]]] = defaultdict(list)
    for row in rows:
        by_key[row.key].append(row)
    months = [month.first_day for month in wanted.months]
    reported = {month for month, has_report in zip(months, total.reported, strict=True) if has_report}
    found = [_series(some, months, reported) for some in by_key.values()]
    return found, rows[0].number if rows else 0


def _series(rows: Sequence[Row[Any]], months: Sequence[date], reported: set[date]) -> Series:
    return Series(rows[-1].name or "", rows[-1].second or "", _values(rows, months, reported))


def _rows(query: Select[Any]) -> list[Row[Any]]:
    return list(db.session.execute(query))


def _cells(member: CurrentMember, wanted: Wanted, scale: str) -> Select[Any]:
    """A value for each product or customer and month."""
    # Lines without a customer are one row together; as a number, so that the join stays a hash join.
    key = LINE.c.product_id if wanted.kind == "product" else func.coalesce(LINE.c.customer_id, 0)
    name = LINE.c.product_name if wanted.kind == "product" else LINE.c.customer_name
    second = LINE.c.sku if wanted.kind == "product" else literal("")
    query = select(
        key.label("key"),
        func.max(name).label("name"),
        func.max(second).label("second"),
        REPORT.c.cycle,
        _value(wanted.measure),
        _unknown(wanted.measure),
    )
    lines = _lines_of(query, member, wanted).where(_scale(wanted.measure) == scale)
    return lines.group_by(key, REPORT.c.cycle)


def _lines_of(query: Select[Any], member: CurrentMember, wanted: Wanted) -> Select[Any]:
    found = query.join_from(REPORT, LINE, LINE.c.report_id == REPORT.c.id).where(
        REPORT.c.msp_id == member.organization_id,
        REPORT.c.cycle.between(wanted.first.first_day, wanted.last.first_day),
    )
    if wanted.measure == "not_charged":
        # Nobody provisions what is counted by hand, so nothing of it can go uncharged.
        found = found.where(LINE.c.usage_source == "feed")
    if wanted.account is not None:
        account = select(ACCOUNT.c.id).where(ACCOUNT.c.uid == wanted.account).scalar_subquery()
        found = found.where(REPORT.c.account_id == account)
    return found


def _scale(measure: Measure) -> ColumnElement[Any]:
    return LINE.c.unit if measure == "units" else REPORT.c.currency


def _value(measure: Measure) -> ColumnElement[Any]:
    uncharged = func.greatest(LINE.c.provisioned_units - LINE.c.chargeable_units, 0) * LINE.c.unit_price
    values: dict[Measure, Any] = {
        "amount": LINE.c.amount,
        "units": LINE.c.chargeable_units,
        "not_charged": func.round(uncharged, LINE.c.minor_unit),
    }
    return func.sum(values[measure]).label("value")


def _unknown(measure: Measure) -> ColumnElement[Any]:
    """Whether a figure is missing that the sum would need."""
    needed: dict[Measure, tuple[Any, ...]] = {
        "amount": (LINE.c.chargeable_units, LINE.c.unit_price),
        "units": (LINE.c.chargeable_units,),
        "not_charged": (LINE.c.provisioned_units, LINE.c.chargeable_units, LINE.c.unit_price),
    }
    return func.bool_or(or_(*(column.is_(None) for column in needed[measure]))).label("unknown")


def _values(rows: Iterable[Row[Any]], months: Sequence[date], reported: set[date]) -> list[Decimal | None]:
    """A figure for each month: None before anything was held, where one is missing, or no report was."""
    by_month = {row.cycle: row for row in rows}
    start = min(by_month, default=None)
    found: list[Decimal | None] = []
    for month in months:
        row = by_month.get(month)
        if row is not None:
            found.append(None if row.unknown else row.value)
        else:
            found.append(Decimal(0) if start is not None and month > start and month in reported else None)
    return found
