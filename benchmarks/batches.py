"""Opening and automatic submission of many reports: the scheduler's jobs against plain SQL with the same writes.

Each round works on copies of one database. What both wrote is compared: a floor that writes less would be no floor.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg

from benchmarks import databases
from benchmarks.figures import Figure, Round, share
from benchmarks.ground import Ground, Kind, due_instant, fill, opening_instant, recent_cycles
from benchmarks.service import application
from benchmarks.sizes import Sizes
from distributor.scheduler import jobs

SQL = Path(__file__).parent / "sql"
UNEXPLAINED = 0.05
LATE = timedelta(seconds=30)

# What must be the same in both databases, by table: what a row says, without what each database counts by itself.
WRITTEN = {
    "usage_reports": "account_id, cycle, status, version, due_at, submission_kind, "
    "amount, penalty, unexplained, line_count",
    "usage_report_lines": "account_id, sku, customer_ref, version, "
    "chargeable_units, declared_units, penalised, system_note",
    "report_actions": "account_id, version, step, at, actor_side, actor_name, via",
    "line_changes": "account_id, version, line_label, field, old, new",
    "notifications": "account_id, event, occasion, recipient, side, details",
    "accounts": "id, next_cycle, next_opens_at",
}


class FloorDiffersError(Exception):
    """Plain SQL and the service did not write the same: their times cannot be compared."""


@dataclass(frozen=True, slots=True)
class Timed:
    """Seconds for opening and for submitting everything."""

    opening: float
    submitting: float


def measure(server: str, sizes: Sizes, today: date) -> list[Figure]:
    """Opening and automatic submission of `sizes.accounts` reports."""
    (cycle,) = recent_cycles(1, today)
    original = databases.create(server, "batches")
    fill(original, Ground((Kind("ACC", sizes.accounts, sizes.lines, UNEXPLAINED),), (cycle,)))
    opening, due = opening_instant(cycle), due_instant(cycle) + LATE
    pairs = [_round(server, opening, due, number) for number in range(sizes.rounds)]
    databases.drop(server, "batches", "ours", "floor")
    what = f"{sizes.accounts:,} × {sizes.lines} lines"
    opened = [Round(sizes.accounts / ours.opening, sizes.accounts / floor.opening) for ours, floor in pairs]
    submitted = [Round(sizes.accounts / ours.submitting, sizes.accounts / floor.submitting) for ours, floor in pairs]
    return [
        share(f"open {what}, against one SQL statement", opened, 0.7, 0.95, "reports"),
        share(
            f"auto-submit {what}, {UNEXPLAINED:.0%} of them unexplained, against plain SQL",
            submitted,
            0.4,
            0.75,
            "reports",
        ),
    ]


def _round(server: str, opening: datetime, due: datetime, number: int) -> tuple[Timed, Timed]:
    """Both on a fresh copy, the one first that was second before: whatever the machine does, it does to both."""
    ours, floor = (databases.copy(server, "batches", name) for name in ("ours", "floor"))
    if number % 2:
        plain, service = _by_sql(floor, opening, due), _by_service(ours, opening, due)
    else:
        service, plain = _by_service(ours, opening, due), _by_sql(floor, opening, due)
    if _written(ours) != _written(floor):
        raise FloorDiffersError("Plain SQL and the service wrote different rows.")
    return service, plain


def _by_service(url: str, opening: datetime, due: datetime) -> Timed:
    with application(url):
        opened = seconds(lambda: jobs.open_reports(opening))
        databases.settle(url)
        return Timed(opened, seconds(lambda: jobs.submit_due(due)))


def _by_sql(url: str, opening: datetime, due: datetime) -> Timed:
    with databases.service_role(url) as connection:
        opened = seconds(lambda: _run(connection, opening, "open"))
        databases.settle(url)
        return Timed(opened, seconds(lambda: _run(connection, due, "auto_submit_lines", "auto_submit")))


def _run(connection: psycopg.Connection, at: datetime, *names: str) -> None:
    """One transaction of one or two statements."""
    for name in names:
        connection.execute((SQL / f"{name}.sql").read_bytes(), {"at": at})
    connection.commit()


def _written(url: str) -> dict[str, Any]:
    """Per table the number of rows and a sum over what they say, whatever their order."""
    with databases.owner(url) as connection:
        return {table: connection.execute(_digest(table, columns)).fetchone() for table, columns in WRITTEN.items()}


def _digest(table: str, columns: str) -> bytes:
    return f"SELECT count(*), sum(hashtextextended(ROW({columns})::text, 0)::numeric) FROM {table}".encode()


def seconds(work: Callable[[], object]) -> float:
    """How long it took."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
