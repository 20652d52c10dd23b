"""What the run measures on: one distributor, its partners with accounts, a catalogue, and usage for some cycles.

Written as the owner in a few statements; everything that has guards (reports, lines, actions) is made by the service.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import psycopg

from benchmarks.databases import owner
from workflows.report_cycle import Cycle, OpeningTerms, due_after, opens_at

PRODUCTS = 20
ACCOUNTS_OF_A_PARTNER = 10
AUTO_SUBMIT_AFTER_DAYS = 45
TERMS = OpeningTerms(closing_day=None, opens_on_day=20, opens_days_after_end=None, time_zone="Europe/Dublin")


@dataclass(frozen=True, slots=True)
class Kind:
    """`accounts` accounts, numbered after `prefix`, with usage of `lines` lines in each of the newest `cycles`.

    Where `cycles` is None, that is all of them.
    `unexplained`: share of the lines whose used units lie under provisioned, so that they need a comment.
    """

    prefix: str
    accounts: int
    lines: int
    unexplained: float = 0.0
    cycles: int | None = None


@dataclass(frozen=True, slots=True)
class Ground:
    """What there is: accounts of several kinds, and usage for some cycles, oldest first."""

    kinds: tuple[Kind, ...]
    cycles: tuple[Cycle, ...]

    def cycles_of(self, kind: Kind) -> tuple[Cycle, ...]:
        return self.cycles[-kind.cycles :] if kind.cycles else self.cycles


def recent_cycles(number: int, today: date) -> tuple[Cycle, ...]:
    """The `number` cycles that end with the month before `today`'s, oldest first."""
    cycles = [Cycle.from_date(today).previous()]
    while len(cycles) < number:
        cycles.append(cycles[-1].previous())
    return tuple(reversed(cycles))


def opening_instant(cycle: Cycle) -> datetime:
    """When every account's report of the cycle opens."""
    return opens_at(cycle, TERMS)


def due_instant(cycle: Cycle) -> datetime:
    """When every account's report of the cycle is due."""
    return due_after(opening_instant(cycle), AUTO_SUBMIT_AFTER_DAYS, TERMS.time_zone)


PEOPLE = """
INSERT INTO organizations (name, is_distributor) VALUES ('Meridian Cloud Distribution', true);
INSERT INTO organizations (name) SELECT 'Partner ' || n FROM generate_series(1, {partners}) n;
INSERT INTO users (email, name) SELECT 'person' || id || '@example.com', 'Person ' || id FROM organizations;
INSERT INTO members (organization_id, user_id, roles)
SELECT o.id, u.id, CASE WHEN o.is_distributor THEN ARRAY['reviewer'] ELSE ARRAY['preparer'] END
FROM organizations o JOIN users u ON u.email = 'person' || o.id || '@example.com';
INSERT INTO reporting_scopes (distributor_id, region, account_type, usage_reports)
SELECT id, 'Europe', 'MSP', true FROM organizations WHERE is_distributor;
INSERT INTO products (distributor_id, sku, vendor, name)
SELECT o.id, 'SKU-' || n, 'Vendor', 'Product number ' || n
FROM organizations o, generate_series(1, {products}) n WHERE o.is_distributor;
INSERT INTO prices (product_id, distributor_id, currency, unit_price)
SELECT id, distributor_id, 'EUR', 1 + id * 0.85 FROM products;
"""

ACCOUNTS = """
INSERT INTO accounts (
  number, distributor_id, msp_id, region, account_type, auto_submit_after_days, resubmit_after_days,
  opens_on_day, tolerance_units, tolerance_percent, currency, time_zone, usage_source, reports_from,
  corrections_allowed, uplift_percent, next_cycle, next_opens_at)
SELECT '{prefix}-' || n, d.id, m.id, 'Europe', 'MSP', {days}, 7,
  20, 1, 2, 'EUR', '{zone}', 'feed', '{first}', false, 0, '{first}', '{opens}'
FROM generate_series(0, {accounts} - 1) n
JOIN organizations d ON d.is_distributor
JOIN organizations m ON m.name = 'Partner ' || n / {of_a_partner} + 1;
INSERT INTO customers (account_id, distributor_id, msp_id, ref, name)
SELECT a.id, a.distributor_id, a.msp_id, 'C' || n, 'Customer number ' || n
FROM accounts a, generate_series(1, {customers}) n WHERE a.number LIKE '{prefix}-%';
"""

# Two lines for each customer. Provisioned units are the account's and line's, the same in each cycle; a line's used
# units are unknown, or lie five under provisioned where the line is to be a discrepancy.
USAGE = """
INSERT INTO usage_snapshots (
  account_id, distributor_id, msp_id, cycle, source, format, digest, row_count, imported_at, imported_by)
SELECT id, distributor_id, msp_id, '{cycle}', 'feed', 'json', sha256(''), {lines}, '{at}', 'benchmark' FROM accounts
WHERE number LIKE '{prefix}-%';
INSERT INTO usage_rows (
  snapshot_id, account_id, distributor_id, msp_id, customer_id, product_id, provisioned_units, used_units)
SELECT s.id, s.account_id, s.distributor_id, s.msp_id, c.id, p.id, 20 + n % 7 + s.account_id % 5,
  CASE WHEN (s.account_id * {lines} + n) * 617 % 1000 < {unexplained} * 1000 THEN 15 + n % 7 + s.account_id % 5 END
FROM usage_snapshots s
CROSS JOIN generate_series(0, {lines} - 1) n
JOIN accounts a ON a.id = s.account_id AND a.number LIKE '{prefix}-%'
JOIN customers c ON c.account_id = s.account_id AND c.ref = 'C' || n / 2 + 1
JOIN products p ON p.distributor_id = s.distributor_id AND p.sku = 'SKU-' || n % {products} + 1
WHERE s.cycle = '{cycle}';
"""


def fill(url: str, ground: Ground) -> None:
    """Write the ground into an empty database."""
    partners = max(-(-kind.accounts // ACCOUNTS_OF_A_PARTNER) for kind in ground.kinds)
    with owner(url) as connection:
        _run(connection, PEOPLE, partners=partners, products=PRODUCTS)
        for kind in ground.kinds:
            _add_accounts(connection, kind, ground.cycles_of(kind))


def _add_accounts(connection: psycopg.Connection, kind: Kind, cycles: tuple[Cycle, ...]) -> None:
    _run(
        connection, ACCOUNTS, prefix=kind.prefix, accounts=kind.accounts, customers=-(-kind.lines // 2),
        of_a_partner=ACCOUNTS_OF_A_PARTNER, first=cycles[0].first_day, opens=opening_instant(cycles[0]).isoformat(),
        days=AUTO_SUBMIT_AFTER_DAYS, zone=TERMS.time_zone,
    )  # fmt: skip
    _run(connection, "ANALYZE")
    for cycle in cycles:
        _run(
            connection, USAGE, prefix=kind.prefix, cycle=cycle.first_day, at=opening_instant(cycle).isoformat(),
            lines=kind.lines, products=PRODUCTS, unexplained=kind.unexplained,
        )  # fmt: skip
    _run(connection, "VACUUM ANALYZE")


def _run(connection: psycopg.Connection, script: str, **given: object) -> None:
    connection.execute(script.format(**given).encode())
