"""Reading usage: what is current, what was, and whether some is missing. Whose is old stands in coverage.py."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from flask_babel import gettext
from sqlalchemy import Row, TextClause, func, select, text

from distributor.accounts.models import Account
from distributor.database import db
from distributor.errors import NotFound
from distributor.provisioning.models import UsageSnapshot
from workflows.report_cycle import Cycle

ACCOUNT = Account.__table__
SNAPSHOT = UsageSnapshot.__table__

SnapshotRow = Row[Any]


def account_for_update(account_id: int) -> Row[Any]:
    """The account's row, locked against other imports, openings and changes of terms. Raises NotFound.

    Not against rows that only refer to it: whoever holds a report and makes a customer must not wait for an import that
    waits for the report.
    """
    query = select(ACCOUNT).where(ACCOUNT.c.id == account_id).with_for_update(key_share=True)
    row = db.session.execute(query).one_or_none()
    if row is None:
        raise NotFound(gettext("This account"))
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
