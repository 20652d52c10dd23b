"""Reading usage: what is current, what was, and whose usage is missing or old."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Row, TextClause, and_, func, or_, select, text

from distributor.accounts.models import Account, ReportingScope
from distributor.database import db
from distributor.errors import NotFound
from distributor.identity.models import Organization
from distributor.provisioning.models import UsageSnapshot
from workflows.report_cycle import Cycle, bounds, midnight, zone

ACCOUNT = Account.__table__
SCOPE = ReportingScope.__table__
SNAPSHOT = UsageSnapshot.__table__
MSP = Organization.__table__

SnapshotRow = Row[Any]
# Settled: fresh is what was counted within the last three days before now, or before the cycle's end once it is over.
FRESH_FOR = timedelta(days=3)


def account_for_update(account_id: int) -> Row[Any]:
    """The account's row, locked against other imports, openings and changes of terms. Raises NotFound.

    Not against rows that only refer to it: whoever holds a report and makes a customer must not wait for an import that
    waits for the report.
    """
    query = select(ACCOUNT).where(ACCOUNT.c.id == account_id).with_for_update(key_share=True)
    row = db.session.execute(query).one_or_none()
    if row is None:
        raise NotFound("This account")
    return row


def current_snapshot(account_id: int, cycle: Cycle, source: str) -> SnapshotRow | None:
    """What the source says of the cycle now."""
    query = select(SNAPSHOT).where(
        SNAPSHOT.c.account_id == account_id,
        SNAPSHOT.c.cycle == cycle.first_day,
        SNAPSHOT.c.source == source,
        SNAPSHOT.c.is_current,
    )
    return db.session.execute(query).one_or_none()


def current_snapshots(account_id: int, source: str) -> list[SnapshotRow]:
    """What the source says of each cycle now, the oldest cycle first."""
    of_source = (SNAPSHOT.c.account_id == account_id, SNAPSHOT.c.source == source, SNAPSHOT.c.is_current)
    return list(db.session.execute(select(SNAPSHOT).where(*of_source).order_by(SNAPSHOT.c.cycle)))


def history(account_id: int, cycle: Cycle) -> list[SnapshotRow]:
    """Every delivery for the cycle, current ones first, then the newest first."""
    query = select(SNAPSHOT).where(SNAPSHOT.c.account_id == account_id, SNAPSHOT.c.cycle == cycle.first_day)
    newest_first = (SNAPSHOT.c.imported_at.desc(), SNAPSHOT.c.id.desc())
    return list(db.session.execute(query.order_by(SNAPSHOT.c.is_current.desc(), *newest_first)))


def snapshot_shape(row: SnapshotRow) -> dict[str, Any]:
    """A delivery as the REST API and pages show it."""
    return {
        "id": str(row.uid), "cycle": str(Cycle.from_date(row.cycle)), "source": row.source, "format": row.format,
        "file_name": row.file_name, "rows": row.row_count, "current": row.is_current, "derived": row.is_derived,
        "counted_at": row.counted_at, "imported_at": row.imported_at, "imported_by": row.imported_by,
    }  # fmt: skip


Freshness = Literal["fresh", "old", "missing"]


@dataclass(frozen=True, slots=True)
class Feed:
    """How up to date an account's usage is.

    `counted_at`: of its oldest source. `absent`: sources that delivered for the cycle before and not for this one.
    """

    account: Row[Any]
    freshness: Freshness
    counted_at: datetime | None
    absent: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Coverage:
    """Feeds of a distributor's accounts for one cycle, "47 of 50 usage feeds fresh"."""

    feeds: tuple[Feed, ...]

    @property
    def fresh(self) -> int:
        return sum(feed.freshness == "fresh" for feed in self.feeds)

    @property
    def behind(self) -> tuple[Feed, ...]:
        """Those whose usage is missing or old."""
        return tuple(feed for feed in self.feeds if feed.freshness != "fresh")


def coverage(distributor_id: int, cycle: Cycle, at: datetime) -> Coverage:
    """The feeds of all accounts that report this cycle and are not counted by hand; two queries for any number."""
    accounts = _reporting(distributor_id, cycle)
    deliveries = _deliveries([account.id for account in accounts], cycle)
    return Coverage(tuple(_feed(account, cycle, deliveries[account.id], at) for account in accounts))


def _reporting(distributor_id: int, cycle: Cycle) -> list[Row[Any]]:
    in_scope = and_(
        SCOPE.c.distributor_id == ACCOUNT.c.distributor_id,
        SCOPE.c.region == ACCOUNT.c.region,
        SCOPE.c.account_type == ACCOUNT.c.account_type,
        SCOPE.c.usage_reports,
    )
    query = (
        select(*ACCOUNT.c, MSP.c.name.label("msp_name"))
        .join_from(ACCOUNT, SCOPE, in_scope)
        .join(MSP, MSP.c.id == ACCOUNT.c.msp_id)
        .where(
            ACCOUNT.c.distributor_id == distributor_id,
            ACCOUNT.c.usage_source == "feed",
            ACCOUNT.c.reports_from <= cycle.first_day,
            or_(ACCOUNT.c.reports_until.is_(None), ACCOUNT.c.reports_until >= cycle.first_day),
        )
        .order_by(ACCOUNT.c.number)
    )
    return list(db.session.execute(query))


def _deliveries(account_ids: Sequence[int], cycle: Cycle) -> dict[int, list[Row[Any]]]:
    cycles = [cycle.first_day, cycle.previous().first_day]
    query = select(
        SNAPSHOT.c.account_id, SNAPSHOT.c.cycle, SNAPSHOT.c.source, SNAPSHOT.c.counted_at, SNAPSHOT.c.imported_at
    ).where(
        SNAPSHOT.c.account_id.in_(account_ids),
        SNAPSHOT.c.cycle.in_(cycles),
        SNAPSHOT.c.is_current,
        SNAPSHOT.c.is_derived.is_(False),
    )
    found: dict[int, list[Row[Any]]] = defaultdict(list)
    rows: list[Row[Any]] = list(db.session.execute(query))
    for row in rows:
        found[row.account_id].append(row)
    return found


def _feed(account: Row[Any], cycle: Cycle, deliveries: Sequence[Row[Any]], at: datetime) -> Feed:
    now = {row.source: row.counted_at or row.imported_at for row in deliveries if row.cycle == cycle.first_day}
    absent = tuple(sorted({row.source for row in deliveries} - set(now)))
    counted_at = min(now.values(), default=None)
    if counted_at is None or absent:
        return Feed(account, "missing", counted_at, absent)
    return Feed(account, "fresh" if counted_at >= _stale_before(account, cycle, at) else "old", counted_at)


def _stale_before(account: Row[Any], cycle: Cycle, at: datetime) -> datetime:
    _, ends_on = bounds(cycle, account.closing_day)
    end = midnight(ends_on + timedelta(days=1), zone(account.time_zone))
    return min(at, end) - FRESH_FOR


MISSING = """
(NOT EXISTS (SELECT FROM usage_snapshots WHERE account_id = :account AND cycle = :cycle AND is_current)
  OR EXISTS (
    SELECT FROM usage_snapshots known WHERE known.account_id = :account AND NOT known.is_derived
      AND known.cycle < :cycle AND NOT EXISTS (
        SELECT FROM usage_snapshots s WHERE s.account_id = :account AND s.cycle = :cycle AND s.source = known.source
          AND s.is_current AND NOT s.is_derived)))"""


def usage_is_missing(account_id: int, cycle: date) -> bool:
    """Whether some source of the account has not delivered for the cycle; each is judged by itself (domain.md)."""
    return bool(db.session.execute(text(f"SELECT {MISSING}"), {"account": account_id, "cycle": cycle}).scalar_one())


def missing_usage(account_id: int, cycle: date) -> TextClause:
    """`usage_is_missing` as a condition of another query."""
    return text(MISSING).bindparams(account=account_id, cycle=cycle)


def usage_delivered(account_id: int, cycle: date) -> Row[int, datetime | None]:
    """How many `sources` have delivered for the cycle, and `counted_at`: when the oldest of it was counted, if told."""
    query = select(func.count().label("sources"), func.min(UsageSnapshot.counted_at).label("counted_at")).filter_by(
        account_id=account_id, cycle=cycle, is_current=True, is_derived=False
    )
    return db.session.execute(query).one()
