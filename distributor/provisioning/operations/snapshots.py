"""One delivery of units: written whole, compared with what it replaces, kept for history ever after."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Row, text

from distributor.database import db
from distributor.provisioning.formats import MICROSOFT
from distributor.provisioning.queries import current_snapshot
from workflows.report_cycle import Cycle

AccountRow = Row[Any]


@dataclass(frozen=True, slots=True)
class Counted:
    """Units of one customer (by reference; None: the account's total) and product (by id)."""

    ref: str | None
    product_id: int
    provisioned: Decimal
    used: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """Where units come from. `derived`: worked out from another cycle's file, the source itself has not delivered."""

    source: str
    format: str
    counted_at: datetime | None
    imported_at: datetime
    imported_by: str
    file_name: str | None = None
    derived: bool = False


@dataclass(frozen=True, slots=True)
class Difference:
    """How a delivery differs from the one it replaces, in rows. `kept` is false where nothing new had to be kept."""

    kept: bool
    added: int = 0
    changed: int = 0
    removed: int = 0
    unchanged: int = 0


def put_snapshot(account: AccountRow, cycle: Cycle, counted: Sequence[Counted], delivery: Delivery) -> Difference:
    """Make these units the current ones of the source for the cycle. The same content again changes nothing."""
    digest = _digest(counted)
    earlier = current_snapshot(account.id, cycle, delivery.source)
    if earlier is not None and _is_same(earlier, digest, delivery):
        return Difference(kept=False, unchanged=earlier.row_count)
    if earlier is not None:
        db.session.execute(text("UPDATE usage_snapshots SET is_current = false WHERE id = :id"), {"id": earlier.id})
    identity = _insert_snapshot(account, cycle, len(counted), digest, delivery)
    _insert_rows(account, identity, counted)
    return _difference(earlier.id, identity) if earlier is not None else Difference(kept=True, added=len(counted))


def _digest(counted: Iterable[Counted]) -> bytes:
    """SHA-256 of the units in a fixed order and spelling, so that the order of a file does not matter."""
    lines = sorted(
        f"{row.ref or ''}\t{row.product_id}\t{_plain(row.provisioned)}\t{_plain(row.used)}" for row in counted
    )
    return hashlib.sha256("\n".join(lines).encode()).digest()


def _plain(value: Decimal | None) -> str:
    return "" if value is None else f"{value.normalize():f}"


def _is_same(earlier: Row[Any], digest: bytes, delivery: Delivery) -> bool:
    # Microsoft's own file is told from units stored under its name in another format: only the first has charges.
    before = (bytes(earlier.digest), earlier.counted_at, earlier.is_derived, earlier.format == MICROSOFT)
    return before == (digest, delivery.counted_at, delivery.derived, delivery.format == MICROSOFT)


SNAPSHOT = text("""
INSERT INTO usage_snapshots (account_id, distributor_id, msp_id, cycle, source, format, file_name, digest, is_derived,
  row_count, counted_at, imported_at, imported_by)
VALUES (:account, :distributor, :msp, :cycle, :source, :format, :file_name, :digest, :derived,
  :rows, :counted_at, :at, :by)
RETURNING id""")


def _insert_snapshot(account: AccountRow, cycle: Cycle, rows: int, digest: bytes, delivery: Delivery) -> int:
    given = {
        **keys_of(account), "cycle": cycle.first_day, "source": delivery.source, "format": delivery.format,
        "file_name": delivery.file_name, "digest": digest, "derived": delivery.derived, "rows": rows,
        "counted_at": delivery.counted_at, "at": delivery.imported_at, "by": delivery.imported_by,
    }  # fmt: skip
    return int(db.session.execute(SNAPSHOT, given).scalar_one())


def keys_of(account: AccountRow) -> Mapping[str, int]:
    """The keys that every row of the account carries, as parameters of a statement."""
    return {"account": account.id, "distributor": account.distributor_id, "msp": account.msp_id}


ROWS = text("""
INSERT INTO usage_rows (snapshot_id, account_id, distributor_id, msp_id, customer_id, product_id, provisioned_units,
  used_units)
SELECT :snapshot, :account, :distributor, :msp, c.id, x.product_id, x.provisioned, x.used
FROM unnest(CAST(:refs AS text[]), CAST(:products AS bigint[]), CAST(:provisioned AS numeric[]),
            CAST(:used AS numeric[]))
       AS x (ref, product_id, provisioned, used)
LEFT JOIN customers c ON c.account_id = :account AND c.ref = x.ref""")


def _insert_rows(account: AccountRow, snapshot: int, counted: Sequence[Counted]) -> None:
    given = {
        **keys_of(account), "snapshot": snapshot,
        "refs": [row.ref for row in counted],
        "products": [row.product_id for row in counted],
        "provisioned": [row.provisioned for row in counted],
        "used": [row.used for row in counted],
    }  # fmt: skip
    db.session.execute(ROWS, given)


DIFFERENCE = text("""
SELECT count(*) FILTER (WHERE o.id IS NULL) AS added, count(*) FILTER (WHERE n.id IS NULL) AS removed,
       count(*) FILTER (WHERE o.id IS NOT NULL AND n.id IS NOT NULL AND NOT same.units) AS changed,
       count(*) FILTER (WHERE same.units) AS unchanged
FROM (SELECT * FROM usage_rows WHERE snapshot_id = :earlier) o
FULL JOIN (SELECT * FROM usage_rows WHERE snapshot_id = :now) n
  ON n.product_id = o.product_id AND coalesce(n.customer_id, 0) = coalesce(o.customer_id, 0)
CROSS JOIN LATERAL (SELECT o.id IS NOT NULL AND n.id IS NOT NULL
  AND (o.provisioned_units, o.used_units) IS NOT DISTINCT FROM (n.provisioned_units, n.used_units) AS units) same""")


def _difference(earlier: int, now: int) -> Difference:
    row = db.session.execute(DIFFERENCE, {"earlier": earlier, "now": now}).one()
    return Difference(True, row.added, row.changed, row.removed, row.unchanged)
