"""What stands below a report and above: partners' approved figures, and the lines, products and prices that take them.

Each query asks for one kind of thing and Python puts them together: joined in SQL, they are compared row by row as soon
as the planner takes a report's lines for few.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from distributor.database import db
from distributor.usage_reports.operations.usage import PRICE_AT_OPENING
from distributor.usage_reports.queries import ReportRow
from workflows.usage_report import Status

SOURCES = text("""
SELECT b.id, a.number AS account, o.name AS partner, b.uid, coalesce(b.version, 0) AS version,
       coalesce(b.status, '') AS status, b.starts_on, b.ends_on,
       (SELECT max(act.version) FROM report_actions act WHERE act.report_id = b.id AND act.step <> 'invoice') AS settled
FROM usage_reports r
JOIN accounts a ON a.distributor_id = r.msp_id
JOIN organizations o ON o.id = a.msp_id
JOIN reporting_scopes s ON s.distributor_id = a.distributor_id AND s.region = a.region
  AND s.account_type = a.account_type
LEFT JOIN usage_reports b ON b.account_id = a.id AND b.cycle = r.cycle
WHERE r.id = :report AND (b.id IS NOT NULL OR
  s.usage_reports AND a.reports_from <= r.cycle AND (a.reports_until IS NULL OR a.reports_until >= r.cycle))
ORDER BY lower(o.name), a.number, a.id""")

SUMS = text("""
SELECT report_id, sku, min(product_name) AS name, min(unit) AS unit, min(unit) = max(unit) AS is_one_unit,
       sum(chargeable_units) AS units, count(*) AS lines
FROM usage_report_lines WHERE report_id = ANY(CAST(:reports AS bigint[])) GROUP BY report_id, sku""")

LINES = text("""
SELECT l.id, l.uid, l.version, l.customer_ref, l.customer_name, l.product_id, l.product_name, l.sku, l.unit,
       l."precision", l.usage_source, l.chargeable_units, l.provisioned_units, l.comment, l.accepted, l.amount,
       l.unit_price, m.units AS marked_units, f.report_id AS from_id, f.version AS from_version
FROM usage_report_lines l
LEFT JOIN rolled_up_lines m ON m.line_id = l.id
LEFT JOIN rolled_up_from f ON f.line_id = l.id
WHERE l.report_id = :report""")

PRODUCTS = text(f"""
SELECT p.id, p.sku, p.name, p.unit, p."precision", coalesce(p.usage_source, r.usage_source) AS usage_source,
       {PRICE_AT_OPENING} AS price
FROM usage_reports r
JOIN products p ON p.distributor_id = r.distributor_id AND p.sku = ANY(CAST(:skus AS text[]))
LEFT JOIN prices price ON price.product_id = p.id AND price.currency = r.currency
WHERE r.id = :report""")

CUSTOMERS = text("SELECT ref, name FROM customers WHERE account_id = :account AND ref = ANY(CAST(:refs AS text[]))")


@dataclass(frozen=True, slots=True)
class Source:
    """A partner's account with its report of the cycle, if there is one: `status` is "" until it opens. `settled`: the
    version in which its figures came to stand as they are; an invoice changes none.
    """

    id: int | None
    account: str
    partner: str
    uid: UUID | None
    version: int
    status: str
    starts_on: date | None
    ends_on: date | None
    settled: int | None

    @property
    def is_carried(self) -> bool:
        return self.status == Status.APPROVED


@dataclass(frozen=True, slots=True)
class Pair:
    """A partner's units of one product, the product above, and the line above where there is one. `lines` are those
    below; `ref` and `customer_name` the partner as the account above knows it.
    """

    source: Source
    ref: str
    sku: str
    name: str
    unit_below: str
    is_one_unit: bool
    units_below: Decimal
    lines: int
    product: Row[Any] | None = None
    line: Row[Any] | None = None
    customer_name: str | None = None

    @property
    def product_name(self) -> str:
        return self.product.name if self.product else self.name

    @property
    def held_units(self) -> Decimal | None:
        return self.line.chargeable_units if self.line else None

    @property
    def amount(self) -> Decimal:
        return self.line.amount if self.line else Decimal(0)

    @property
    def price(self) -> Decimal | None:
        """Of the line, as it stood at opening; a line that joins pays the same."""
        if self.line:
            return self.line.unit_price
        return self.product.price if self.product else None

    @property
    def usage_source(self) -> str:
        known = self.line or self.product
        return known.usage_source if known else ""

    @property
    def measure(self) -> tuple[str, int] | None:
        """Unit and decimals above: of the line as it opened, else of the product; None where there is neither."""
        known = self.line or self.product
        return (known.unit, known.precision) if known else None

    @property
    def marked_units(self) -> Decimal | None:
        return self.line.marked_units if self.line else None

    @property
    def is_current(self) -> bool:
        """Whether the line names the report below as it stands now."""
        line, settled = self.line, self.source.settled
        return bool(line and settled and line.from_id == self.source.id and line.from_version >= settled)


def sources_of(report: ReportRow) -> tuple[Source, ...]:
    """The partners' accounts that report for this cycle, by the partner's name."""
    return tuple(Source(*row) for row in db.session.execute(SOURCES, {"report": report.id}))


def pairs_of(report: ReportRow, sources: Iterable[Source]) -> list[Pair]:
    """What the approved reports hold of each product, and what they hold no more, with what is above it."""
    carried = {source.id: source for source in sources if source.is_carried}
    if not carried:
        return []
    lines = db.session.execute(LINES, {"report": report.id}).all()
    below = [_summed(row, carried) for row in db.session.execute(SUMS, {"reports": list(carried)})]
    pairs = [*below, *_gone(lines, carried, {(pair.ref, pair.sku) for pair in below})]
    return sorted(_met(report, pairs, lines), key=lambda pair: (pair.source.partner.lower(), pair.ref, pair.sku))


def _summed(row: Row[Any], carried: Mapping[int | None, Source]) -> Pair:
    source = carried[row.report_id]
    return Pair(source, source.account, row.sku, row.name, row.unit, row.is_one_unit, row.units, row.lines)


def _gone(
    lines: Sequence[Row[Any]], carried: Mapping[int | None, Source], held: set[tuple[str, str]]
) -> Iterator[Pair]:
    """Lines that nothing below speaks for any more: those rolled up earlier, also under another number of the account,
    and those of last cycle's products whose figure is still open.
    """
    by_number = {source.account: source for source in carried.values()}
    for line in lines:
        is_open = line.from_id is None and line.chargeable_units is None and line.usage_source == "manual"
        source = by_number.get(line.customer_ref) if is_open else carried.get(line.from_id)
        if source and line.customer_ref and (line.customer_ref, line.sku) not in held:
            yield Pair(source, line.customer_ref, line.sku, line.product_name, line.unit, True, Decimal(0), 0)


def _met(report: ReportRow, pairs: Sequence[Pair], lines: Sequence[Row[Any]]) -> Iterator[Pair]:
    skus, refs = list({pair.sku for pair in pairs}), list({pair.ref for pair in pairs})
    products = {row.sku: row for row in db.session.execute(PRODUCTS, {"report": report.id, "skus": skus})}
    names = {row.ref: row.name for row in db.session.execute(CUSTOMERS, {"account": report.account_id, "refs": refs})}
    held = {(line.customer_ref, line.product_id): line for line in lines}
    for pair in pairs:
        product = products.get(pair.sku)
        line = held.get((pair.ref, product.id)) if product else None
        name = line.customer_name if line else names.get(pair.ref)
        yield replace(pair, product=product, line=line, customer_name=name)
