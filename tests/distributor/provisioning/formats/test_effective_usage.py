"""Which of Microsoft's charges count in a cycle."""

from datetime import date
from decimal import Decimal

from distributor.provisioning.formats import SubscriptionRow, UsageRow, effective_usage
from tests.distributor.provisioning.formats.builders import APRIL, MAY
from workflows.report_cycle import Cycle, bounds

JUNE = Cycle(2026, 6)


def charge(
    units: int,
    start: str,
    end: str,
    *,
    row: int = 2,
    subscription: str = "S1",
    customer: str = "C1",
    sku: str = "P:0001",
    cancelled: bool = False,
) -> SubscriptionRow:
    """A charge of customer "Acme"."""
    first, last = date.fromisoformat(start), date.fromisoformat(end)
    return SubscriptionRow(
        row, subscription, customer, "Acme", sku, Decimal(units), first, last, "cycleCharge", cancelled
    )


def units(cycle: Cycle, *files: tuple[Cycle, list[SubscriptionRow]]) -> int | None:
    """Units of the only customer and product in a calendar month; None when there are none."""
    rows = effective_usage(files, *bounds(cycle, None))
    return int(rows[0].provisioned_units) if rows else None


def test_an_annual_charge_counts_in_every_month_it_was_paid_for() -> None:
    file = (APRIL, [charge(10, "2026-04-15", "2027-04-15")])
    assert [units(Cycle(2026, month), file) for month in (3, 4, 12)] == [None, 10, 10]
    assert [units(Cycle(2027, month), file) for month in (4, 5)] == [10, None]


def test_the_day_it_ends_is_no_longer_charged() -> None:
    file = (APRIL, [charge(10, "2026-04-01", "2026-05-01")])
    assert (units(APRIL, file), units(MAY, file)) == (10, None)


def test_a_cycle_with_a_closing_day_counts_what_overlaps_it() -> None:
    file = (APRIL, [charge(10, "2026-04-16", "2026-05-16")])
    assert effective_usage([file], *bounds(APRIL, 15)) == []
    assert len(effective_usage([file], *bounds(MAY, 15))) == 1


def test_the_last_quantity_in_the_period_counts_not_the_sum() -> None:
    rows = [
        charge(12, "2026-04-20", "2026-05-01", row=4),
        charge(10, "2026-04-01", "2026-05-01", row=2),
        charge(11, "2026-04-10", "2026-05-01", row=3),
    ]
    assert units(APRIL, (APRIL, rows)) == 12


def test_of_charges_that_start_together_the_lower_row_counts() -> None:
    rows = [charge(11, "2026-04-10", "2026-05-01", row=9), charge(10, "2026-04-10", "2026-05-01", row=3)]
    assert units(APRIL, (APRIL, rows)) == 11


def test_a_later_file_wins_in_whatever_order_the_files_come() -> None:
    april = (APRIL, [charge(10, "2026-04-20", "2027-04-01")])
    may = (MAY, [charge(7, "2026-04-10", "2027-04-01")])
    assert units(JUNE, april, may) == units(JUNE, may, april) == 7


def test_a_later_file_that_says_nothing_about_the_cycle_changes_nothing() -> None:
    april = (APRIL, [charge(10, "2026-04-01", "2027-04-01")])
    assert units(APRIL, april, (MAY, [charge(7, "2026-05-10", "2027-04-01")])) == 10


def test_a_cancelled_subscription_is_gone() -> None:
    rows = [charge(10, "2026-04-01", "2026-05-01"), charge(10, "2026-04-12", "2026-05-01", row=3, cancelled=True)]
    assert units(APRIL, (APRIL, rows)) is None


def test_a_cancellation_ends_an_annual_charge_for_good() -> None:
    april = (APRIL, [charge(10, "2026-04-01", "2027-04-01")])
    may = (MAY, [charge(10, "2026-05-03", "2026-05-31", cancelled=True)])
    assert (units(APRIL, april, may), units(MAY, april, may), units(JUNE, april, may)) == (10, None, None)


def test_a_subscription_taken_up_again_counts_again() -> None:
    rows = [
        charge(10, "2026-04-02", "2026-05-01", cancelled=True),
        charge(8, "2026-04-09", "2026-05-01", row=3),
    ]
    assert units(APRIL, (APRIL, rows)) == 8


def test_a_charge_of_no_days_says_nothing() -> None:
    rows = [charge(10, "2026-04-01", "2026-05-01"), charge(99, "2026-04-12", "2026-04-12", row=3)]
    assert units(APRIL, (APRIL, rows)) == 10


def test_subscriptions_of_one_customer_and_product_add_up() -> None:
    rows = [
        charge(10, "2026-04-01", "2026-05-01", row=5),
        charge(5, "2026-04-01", "2026-05-01", row=3, subscription="S2"),
        charge(1, "2026-04-01", "2026-05-01", row=4, subscription="S3", customer="C2"),
        charge(2, "2026-04-01", "2026-05-01", row=6, subscription="S4", sku="P:0002"),
    ]
    assert effective_usage([(APRIL, rows)], *bounds(APRIL, None)) == [
        UsageRow(3, "C1", "Acme", "P:0001", Decimal(15)),
        UsageRow(4, "C2", "Acme", "P:0001", Decimal(1)),
        UsageRow(6, "C1", "Acme", "P:0002", Decimal(2)),
    ]


def test_a_quantity_of_zero_is_no_usage() -> None:
    assert units(APRIL, (APRIL, [charge(0, "2026-04-01", "2026-05-01")])) is None
