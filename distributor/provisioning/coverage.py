"""Whose usage is fresh, old or missing: the note above the review queue, and the page that lists every feed.

Judged in SQL for all accounts at once, so that the note costs the same for five accounts and for five thousand. A local
midnight comes out as in `workflows/report_cycle.py`: PostgreSQL, too, takes the later of two and the first after a gap.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Row, text

from distributor.database import db
from workflows.report_cycle import Cycle

Freshness = Literal["missing", "old", "fresh"]
# What needs somebody comes first.
FRESHNESS: tuple[Freshness, ...] = ("missing", "old", "fresh")
# Settled: fresh is what was counted within the last three days before now, or before the cycle's end once it is over.
FRESH_FOR = timedelta(days=3)
NAMED = 3

FEEDS = """
WITH reporting AS (
  SELECT a.id, a.number, a.msp_id, a.time_zone, (
    CASE WHEN a.closing_day IS NULL THEN CAST(:next_cycle AS date)
         ELSE CAST(:cycle AS date) + a.closing_day END)::timestamp AT TIME ZONE a.time_zone AS ends_at
  FROM accounts a
  JOIN reporting_scopes s ON s.distributor_id = a.distributor_id AND s.region = a.region
    AND s.account_type = a.account_type AND s.usage_reports
  WHERE a.distributor_id = :distributor AND a.usage_source = 'feed' AND a.reports_from <= :cycle
    AND (a.reports_until IS NULL OR a.reports_until >= :cycle)
), by_source AS (
  SELECT s.account_id, s.source,
    min(coalesce(s.counted_at, s.imported_at)) FILTER (WHERE s.cycle = :cycle) AS counted_at
  FROM usage_snapshots s
  WHERE s.distributor_id = :distributor AND s.account_id IN (SELECT id FROM reporting)
    AND s.cycle IN (:cycle, :previous) AND s.is_current AND NOT s.is_derived
  GROUP BY s.account_id, s.source
), delivered AS (
  SELECT account_id, min(counted_at) AS counted_at,
    array_agg(source ORDER BY source) FILTER (WHERE counted_at IS NOT NULL) AS sources,
    array_agg(source ORDER BY source) FILTER (WHERE counted_at IS NULL) AS absent
  FROM by_source GROUP BY account_id
), judged AS (
  SELECT r.number, m.name AS msp_name, r.time_zone, r.ends_at, d.counted_at,
    coalesce(d.sources, '{}') AS sources, coalesce(d.absent, '{}') AS absent
  FROM reporting r JOIN organizations m ON m.id = r.msp_id LEFT JOIN delivered d ON d.account_id = r.id
), feeds AS (
  SELECT *, CASE WHEN counted_at IS NULL OR absent <> '{}' THEN 'missing'
                 WHEN counted_at < least(:at, ends_at) - CAST(:fresh_for AS interval) THEN 'old'
                 ELSE 'fresh' END AS freshness
  FROM judged
)"""
COUNTED = text(f"""{FEEDS}
SELECT count(*) AS feeds, count(*) FILTER (WHERE freshness = 'fresh') AS fresh,
  count(*) FILTER (WHERE freshness = 'old') AS old, count(*) FILTER (WHERE freshness = 'missing') AS missing,
  max(counted_at) FILTER (WHERE freshness <> 'fresh') AS latest,
  bool_or(counted_at IS NULL) FILTER (WHERE freshness <> 'fresh') AS some_without,
  (array_agg(msp_name ORDER BY counted_at NULLS FIRST, number) FILTER (WHERE freshness <> 'fresh'))[1:{NAMED}] AS names,
  (array_agg(time_zone) FILTER (WHERE freshness <> 'fresh'))[1] AS time_zone
FROM feeds""")  # noqa: S608 - put together from constants
LISTED = text(f"""{FEEDS}, ranked AS (
  SELECT *, array_position(CAST(:freshness AS text[]), freshness) AS rank FROM feeds
)
SELECT * FROM ranked WHERE rank IS NOT NULL AND (rank, number) > (:rank, :number)
ORDER BY rank, number LIMIT :limit""")  # noqa: S608 - put together from constants


@dataclass(frozen=True, slots=True)
class Coverage:
    """Feeds of a distributor's accounts for one cycle, "47 of 50 usage feeds fresh".

    `names`: MSPs of the first few that are behind. `latest`: when the newest usage of those was counted, in the time
    zone of one of them; None when one of them has none at all.
    """

    feeds: int
    old: int
    missing: int
    names: tuple[str, ...] = ()
    latest: datetime | None = None
    time_zone: str = "UTC"

    @property
    def behind(self) -> int:
        """How many are missing or old."""
        return self.old + self.missing

    @property
    def fresh(self) -> int:
        return self.feeds - self.behind


@dataclass(frozen=True, slots=True)
class Feed:
    """How up to date one account's usage is. `counted_at`: of its oldest source. `sources`: those that delivered;
    `absent`: those that delivered for the cycle before and not for this one. `next_due`: until when newer usage is
    needed, in the past where it is overdue; None where none is.
    """

    number: str
    msp_name: str
    time_zone: str
    freshness: Freshness
    counted_at: datetime | None
    sources: tuple[str, ...]
    absent: tuple[str, ...]
    next_due: datetime | None


def coverage(distributor_id: int, cycle: Cycle, at: datetime) -> Coverage:
    """How many feeds are fresh: of all accounts that report this cycle and are not counted by hand. One query."""
    row = db.session.execute(COUNTED, _asked(distributor_id, cycle, at)).one()
    latest = None if row.some_without else row.latest
    return Coverage(row.feeds, row.old, row.missing, tuple(row.names or ()), latest, row.time_zone or "UTC")


def feeds(
    distributor_id: int,
    cycle: Cycle,
    at: datetime,
    *,
    only: Sequence[Freshness] = FRESHNESS,
    after: tuple[Freshness, str] | None = None,
    limit: int = 200,
) -> list[Feed]:
    """Feeds of one cycle, those that need somebody first; `after` is (freshness, account number) of the last one."""
    rank = FRESHNESS.index(after[0]) + 1 if after else 0
    place = {"freshness": _ranks(only), "rank": rank, "number": after[1] if after else "", "limit": limit}
    rows = db.session.execute(LISTED, {**_asked(distributor_id, cycle, at), **place})
    return [_feed(row, at) for row in rows]


def _ranks(only: Sequence[Freshness]) -> list[str | None]:
    """Every kind of freshness in its place, those that are not asked for left empty."""
    return [freshness if freshness in only else None for freshness in FRESHNESS]


def _asked(distributor_id: int, cycle: Cycle, at: datetime) -> dict[str, Any]:
    days: dict[str, date] = {
        "cycle": cycle.first_day,
        "previous": cycle.previous().first_day,
        "next_cycle": cycle.next().first_day,
    }
    return {"distributor": distributor_id, "at": at, "fresh_for": FRESH_FOR, **days}


def _feed(row: Row[Any], at: datetime) -> Feed:
    return Feed(
        row.number,
        row.msp_name,
        row.time_zone,
        row.freshness,
        row.counted_at,
        tuple(row.sources),
        tuple(row.absent),
        _next_due(row, at),
    )


def _next_due(row: Row[Any], at: datetime) -> datetime | None:
    if row.counted_at is None or row.absent:
        return None
    if row.freshness == "fresh" and at >= row.ends_at:
        return None
    due: datetime = min(row.counted_at + FRESH_FOR, row.ends_at)
    return due
