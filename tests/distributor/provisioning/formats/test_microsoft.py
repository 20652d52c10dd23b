"""Microsoft's reconciliation file, as downloaded and with one thing changed."""

import csv
import io
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from distributor.provisioning.formats import UsageFile, effective_usage
from tests.distributor.provisioning.formats.builders import (
    APRIL,
    MAY,
    only_refused,
    read,
    refusal,
    refused_of,
    workbook,
)
from workflows.report_cycle import Cycle, bounds

SAMPLE = Path(__file__).parents[3] / "data" / "microsoft-nce-reconciliation.csv"


def changed(*changes: dict[str, str], header: tuple[str, str] = ("", "")) -> bytes:
    """The sample's first rows, each with some columns changed; a row per change."""
    rows = list(csv.reader(io.StringIO(SAMPLE.read_text("utf-8-sig"))))
    columns = rows[0]
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(columns)
    for row, change in zip(rows[1:], changes, strict=False):
        writer.writerow([change.get(name, cell) for name, cell in zip(columns, row, strict=True)])
    return out.getvalue().replace(*header, 1).encode()


def in_cycle(usage: UsageFile, cycle: Cycle) -> dict[str, Decimal]:
    """Units per customer."""
    rows = effective_usage([(APRIL, usage.subscriptions)], *bounds(cycle, None))
    return {row.customer_ref: row.provisioned_units for row in rows}


def test_the_sample_gives_april_98_lines_of_98_customers_and_1299_units() -> None:
    usage = read(SAMPLE.read_bytes())
    rows = effective_usage([(APRIL, usage.subscriptions)], *bounds(APRIL, None))
    assert (usage.format, usage.source, usage.refused, usage.skipped) == ("microsoft", "microsoft", [], [])
    assert (len(rows), len({row.customer_ref for row in rows})) == (98, 98)
    assert sum(row.provisioned_units for row in rows) == 1299


def test_all_rows_of_the_sample_are_kept_the_cancelled_ones_marked() -> None:
    charges = read(SAMPLE.read_bytes()).subscriptions
    assert sum(charge.quantity for charge in charges) == 1337
    assert [charge.quantity for charge in charges if charge.cancelled] == [19, 19]


def test_a_row_is_read_with_its_days_and_its_sku() -> None:
    charge = read(SAMPLE.read_bytes()).subscriptions[0]
    assert (charge.row, charge.customer_name, charge.sku) == (2, "Soylent Labs 000", "CFQ7TTC0LFLX:0021")
    assert (charge.charge_start, charge.charge_end) == (date(2026, 4, 27), date(2026, 5, 27))
    assert (str(charge.quantity), charge.charge_type, charge.cancelled) == ("9", "cycleCharge", False)


def test_the_sample_counts_in_later_months_as_long_as_it_was_paid_for() -> None:
    usage = read(SAMPLE.read_bytes())
    assert len(in_cycle(usage, MAY)) == 95
    assert len(in_cycle(usage, Cycle(2026, 12))) == 54


def test_products_come_with_name_vendor_and_the_first_price() -> None:
    product = read(SAMPLE.read_bytes()).products["CFQ7TTC0LFLX:0021"]
    assert (product.name, product.vendor) == ("Microsoft 365 E3 (no Teams)", "Microsoft Corporation")
    assert (str(product.price), product.currency, product.precision, product.other_prices) == ("9.25", "USD", 0, 41)


def test_the_currencies_are_told_with_their_first_row() -> None:
    usage = read(changed({}, {"Currency": "EUR"}, {}))
    assert usage.currencies == {"USD": 2, "EUR": 3}


def test_a_price_in_another_currency_than_the_bill_is_not_taken() -> None:
    usage = read(changed({"Currency": "EUR"}))
    assert [(hint.price, hint.currency) for hint in usage.products.values()] == [(None, None)]


def test_quantity_counts_where_billable_quantity_is_blank() -> None:
    usage = read(changed({"BillableQuantity": "", "Quantity": "7"}, {"BillableQuantity": "3", "Quantity": "7"}))
    assert [charge.quantity for charge in usage.subscriptions] == [7, 3]


def test_zero_is_written_with_an_exponent() -> None:
    assert read(changed({"BillableQuantity": "0E-18"})).subscriptions[0].quantity == 0


def test_a_credit_says_nothing_about_units_and_is_told() -> None:
    usage = read(changed({}, {"BillableQuantity": "-5.000"}, {"ChargeType": "customerCredit"}))
    assert [charge.row for charge in usage.subscriptions] == [2]
    assert [(row.row, row.field) for row in usage.skipped] == [(3, "ChargeType"), (4, "ChargeType")]


@pytest.mark.parametrize("kind", ["cancelSubscription", "cancelImmediate", "Cancel"])
def test_a_cancellation_counts_with_either_sign(kind: str) -> None:
    usage = read(changed({"ChargeType": kind, "BillableQuantity": "-5"}, {"ChargeType": kind}))
    assert all(charge.cancelled for charge in usage.subscriptions)
    assert [charge.quantity for charge in usage.subscriptions] == [5, 5]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("SubscriptionId", ""),
        ("CustomerId", " "),
        ("CustomerId", "C" * 201),
        ("ProductId", ""),
        ("SkuId", ""),
        ("SkuId", "21"),
        ("ChargeType", ""),
        ("Currency", ""),
        ("Currency", "Euro"),
        ("BillableQuantity", "many"),
        ("BillableQuantity", "1E+999999"),
        ("EffectiveUnitPrice", "-1"),
        ("ChargeStartDate", ""),
        ("ChargeStartDate", "4/27/2026 12:00:00 AM"),
        ("ChargeEndDate", "2026-02-30T00:00:00Z"),
        ("ChargeEndDate", "2026-04-01T00:00:00Z"),
        ("MeterDescription", "Compute hours"),
    ],
)
def test_a_wrong_field_is_refused_with_its_row(field: str, value: str) -> None:
    refused = only_refused(changed({}, {field: value}, {}))
    assert (refused.row, refused.field) == (3, field)


def test_a_period_that_ends_a_second_before_midnight_includes_that_day() -> None:
    usage = read(changed({"ChargeEndDate": "2026-05-26T23:59:59Z"}))
    assert usage.subscriptions[0].charge_end == date(2026, 5, 27)


def test_an_export_by_program_has_other_spellings() -> None:
    data = changed({}, header=("CustomerId", "customer_id"))
    assert len(read(data.replace(b"ChargeStartDate", b"charge_start_date", 1)).subscriptions) == 1


def test_a_cycle_that_the_file_says_nothing_about_is_refused() -> None:
    message = refusal(SAMPLE.read_bytes(), cycle=Cycle(2026, 3))
    assert "cycle 2026-03" in message
    assert "2026-04-01 to" in message


def test_a_doubled_column_is_refused() -> None:
    assert "“Quantity” twice" in refusal(changed({}, header=("BillableQuantity", "quantity")))


def test_a_workbook_made_of_it_is_refused_because_ids_lose_their_zeros() -> None:
    header, row = csv.reader(io.StringIO(changed({}).decode()))
    assert "leading zeros" in refusal(workbook(tuple(row), header=tuple(header)))


def test_without_a_needed_column_it_is_an_unknown_file() -> None:
    assert "not the header" in refusal(changed({}, header=("SubscriptionId", "Subscription")))


def test_an_odd_row_is_refused() -> None:
    assert refused_of(changed({}) + b"a,b,c\r\n") == [(3, None)]
