"""What Microsoft's charges mean for one cycle.

A charge counts in every cycle it overlaps, because a subscription paid by the year is charged in one month
only; and of the charges of one subscription the latest counts, because a change of quantity is charged
beside what it replaces.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date

from distributor.provisioning.formats.shapes import SubscriptionRow, UsageRow
from workflows.report_cycle import Cycle

Files = Iterable[tuple[Cycle, Iterable[SubscriptionRow]]]


def effective_usage(files: Files, starts_on: date, ends_on: date) -> list[UsageRow]:
    """Units per customer and product in the cycle from ``starts_on`` to ``ends_on``, both included.

    ``files``: each with the cycle it was imported into, in any order. Per subscription the latest charge
    that overlaps counts: of the newest file, in it the one that starts last, of those the lowest in the
    file. A cancellation ends all charges before it for good, also those that were paid for longer. ``row``:
    the lowest row that counts.
    """
    sums: dict[tuple[str, str], UsageRow] = {}
    for charge in _latest(files, starts_on, ends_on):
        if not charge.cancelled:
            _add(sums, charge)
    return sorted((row for row in sums.values() if row.provisioned_units), key=lambda row: row.row)


def overlaps(charge: SubscriptionRow, starts_on: date, ends_on: date) -> bool:
    """Does the charge say anything about these days? A cancellation does about all days from its start on."""
    if charge.cancelled:
        return charge.charge_start <= ends_on
    return starts_on < charge.charge_end and charge.charge_start <= ends_on and charge.charge_start < charge.charge_end


def _latest(files: Files, starts_on: date, ends_on: date) -> Iterator[SubscriptionRow]:
    latest: dict[str, SubscriptionRow] = {}
    for _, rows in sorted(files, key=lambda file: file[0]):
        relevant = [row for row in rows if overlaps(row, starts_on, ends_on)]
        for row in sorted(relevant, key=lambda row: (row.charge_start, row.row)):
            latest[row.subscription_id] = row
    yield from latest.values()


def _add(sums: dict[tuple[str, str], UsageRow], charge: SubscriptionRow) -> None:
    key = charge.customer_ref, charge.sku
    known = sums.get(key)
    if known is None:
        ref, name, sku = charge.customer_ref, charge.customer_name, charge.sku
        sums[key] = UsageRow(charge.row, ref, name, sku, charge.quantity)
        return
    total = known.provisioned_units + charge.quantity
    sums[key] = replace(known, row=min(known.row, charge.row), provisioned_units=total)
