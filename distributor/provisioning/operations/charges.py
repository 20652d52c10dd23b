"""Microsoft's charges: kept per file, and what they mean for every cycle they tell of (settled.md, "Usage")."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy import Row, text

from distributor.database import db
from distributor.provisioning.formats import MICROSOFT, SubscriptionRow, effective_usage
from distributor.provisioning.operations.snapshots import Counted, Delivery, Difference, keys_of, put_snapshot
from distributor.provisioning.queries import current_snapshots
from workflows.report_cycle import Cycle, bounds

AccountRow = Row[Any]
# Microsoft's longest term is three years: later than that no charge can tell anything.
MOST_CYCLES_AHEAD = 36


def cycles_told_of(account: AccountRow, cycle: Cycle, charges: Sequence[SubscriptionRow]) -> list[Cycle]:
    """The cycles whose units may move when these charges replace those of the cycle's file; `cycle` among them.

    Later ones as far as any charge runs or units were worked out before; earlier ones only where the source has
    delivered: a charge of today does not open up a past nobody reported. A cycle whose units came under Microsoft's
    name in another format (which was once possible) is left alone: no charges stand behind them to work them out from.
    """
    starts, ends = _reach(account, cycle, charges)
    present = current_snapshots(account.id, MICROSOFT)
    delivered = {Cycle.from_date(row.cycle) for row in present if row.format == MICROSOFT}
    others = {Cycle.from_date(row.cycle) for row in present if row.format != MICROSOFT}
    before = {c for c in delivered if c < cycle and starts is not None and bounds(c, account.closing_day)[1] >= starts}
    after = {c for c in delivered if c > cycle}
    return sorted({cycle, *({*before, *after, *_ahead(account, cycle, ends)} - others)})


def _reach(account: AccountRow, cycle: Cycle, charges: Sequence[SubscriptionRow]) -> tuple[date | None, date | None]:
    """From when this file's charges, old or new, tell anything, and until when any charge of the account does."""
    query = text("""SELECT min(charge_start) FILTER (WHERE file_cycle = :cycle) AS starts, max(charge_end) AS ends
                    FROM subscription_charges WHERE account_id = :account""")
    row = db.session.execute(query, {"account": account.id, "cycle": cycle.first_day}).one()
    starts = [day for day in (row.starts, *(charge.charge_start for charge in charges)) if day is not None]
    ends = [day for day in (row.ends, *(charge.charge_end for charge in charges)) if day is not None]
    return min(starts, default=None), max(ends, default=None)


def _ahead(account: AccountRow, cycle: Cycle, ends: date | None) -> list[Cycle]:
    cycles: list[Cycle] = []
    following = cycle.next()
    while ends and len(cycles) < MOST_CYCLES_AHEAD and bounds(following, account.closing_day)[0] < ends:
        cycles.append(following)
        following = following.next()
    return cycles


DELETE = text("DELETE FROM subscription_charges WHERE account_id = :account AND file_cycle = :cycle")
INSERT = text("""
INSERT INTO subscription_charges (account_id, distributor_id, msp_id, file_cycle, row_number, subscription_id,
  customer_id, product_id, quantity, charge_start, charge_end, is_cancelled)
SELECT :account, :distributor, :msp, :cycle, x.row_number, x.subscription_id, c.id, x.product_id, x.quantity,
  x.charge_start, x.charge_end, x.is_cancelled
FROM unnest(CAST(:rows AS int[]), CAST(:subscriptions AS text[]), CAST(:refs AS text[]), CAST(:products AS bigint[]),
            CAST(:quantities AS numeric[]), CAST(:starts AS date[]), CAST(:ends AS date[]),
            CAST(:cancelled AS boolean[]))
       AS x (row_number, subscription_id, ref, product_id, quantity, charge_start, charge_end, is_cancelled)
JOIN customers c ON c.account_id = :account AND c.ref = x.ref""")


def replace_file(
    account: AccountRow, cycle: Cycle, charges: Sequence[SubscriptionRow], product_ids: Mapping[str, int]
) -> None:
    """Keep these charges as the cycle's file, instead of those that were there; `product_ids` by the file's SKU."""
    given = {**keys_of(account), "cycle": cycle.first_day}
    db.session.execute(DELETE, {"account": account.id, "cycle": cycle.first_day})
    columns = {
        "rows": [charge.row for charge in charges],
        "subscriptions": [charge.subscription_id for charge in charges],
        "refs": [charge.customer_ref for charge in charges],
        "products": [product_ids[charge.sku] for charge in charges],
        "quantities": [charge.quantity for charge in charges],
        "starts": [charge.charge_start for charge in charges],
        "ends": [charge.charge_end for charge in charges],
        "cancelled": [charge.cancelled for charge in charges],
    }
    db.session.execute(INSERT, {**given, **columns})


def put_cycles(
    account: AccountRow, cycle: Cycle, cycles: Sequence[Cycle], delivery: Delivery
) -> dict[Cycle, Difference]:
    """Work out the units of each of `cycles` from all files; `delivery` is that of `cycle`, the rest follows.

    `cycles` are those of `cycles_told_of`. The file replaces whatever its own cycle had under Microsoft's name.
    """
    files = _files(account, bounds(cycles[0], account.closing_day)[0])
    present = {Cycle.from_date(row.cycle): row for row in current_snapshots(account.id, MICROSOFT)}
    differences: dict[Cycle, Difference] = {}
    for told in cycles:
        counted = _counted(files, told, account.closing_day)
        if counted or told == cycle or told in present:
            meant = delivery if told == cycle else _following(delivery, present.get(told))
            differences[told] = put_snapshot(account, told, counted, meant)
    return differences


def _following(delivery: Delivery, present: Row[Any] | None) -> Delivery:
    """What another cycle's units say of themselves: its own file stays its own, everything else is derived."""
    if present is None or present.is_derived:
        return replace(delivery, counted_at=None, file_name=None, derived=True)
    return replace(delivery, counted_at=present.counted_at, file_name=present.file_name)


CHARGES = text("""
SELECT x.file_cycle, x.row_number, x.subscription_id, c.ref, x.product_id, x.quantity, x.charge_start, x.charge_end,
  x.is_cancelled
FROM subscription_charges x JOIN customers c ON c.id = x.customer_id
WHERE x.account_id = :account AND (x.charge_end > :since OR x.is_cancelled)""")


def _files(account: AccountRow, since: date) -> list[tuple[Cycle, list[SubscriptionRow]]]:
    files: dict[Cycle, list[SubscriptionRow]] = defaultdict(list)
    for row in db.session.execute(CHARGES, {"account": account.id, "since": since}):
        # The product's id stands in for its SKU: all that is asked of it is to tell products apart.
        charge = SubscriptionRow(
            row.row_number, row.subscription_id, row.ref, "", str(row.product_id), row.quantity, row.charge_start,
            row.charge_end, cancelled=row.is_cancelled,
        )  # fmt: skip
        files[Cycle.from_date(row.file_cycle)].append(charge)
    return list(files.items())


def _counted(files: list[tuple[Cycle, list[SubscriptionRow]]], cycle: Cycle, closing_day: int | None) -> list[Counted]:
    rows = effective_usage(files, *bounds(cycle, closing_day))
    return [Counted(row.customer_ref, int(row.sku), row.provisioned_units) for row in rows]
