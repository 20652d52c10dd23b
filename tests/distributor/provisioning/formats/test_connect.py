"""CloudBlue Connect's usage file."""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import pytest

from distributor.provisioning.formats import ProductHint
from distributor.provisioning.formats.connect import OPTIONAL, REQUIRED
from tests.distributor.provisioning.formats.builders import APRIL, MAY, only_refused, read, refusal, workbook
from workflows.report_cycle import Cycle

SAMPLE = Path(__file__).parents[3] / "data" / "connect-usage-file.xlsx"
HEADER = REQUIRED + OPTIONAL
RECORD: dict[str, object] = {
    "record_id": "R1",
    "item_search_criteria": "item.mpn",
    "item_search_value": "S3",
    "quantity": 2,
    "start_time_utc": "2026-05-01 00:00:00",
    "end_time_utc": "2026-05-31 23:59:59",
    "asset_search_value": "AS-1",
    "item_name": "Storage",
    "item_precision": "Decimal(2)",
    "v.customer_id": "C1",
}


def records(*changes: Mapping[str, object]) -> bytes:
    """A file with a record per change, each with an id of its own."""
    rows = [RECORD | {"record_id": f"R{number}"} | dict(change) for number, change in enumerate(changes)]
    return workbook(*(tuple(row.get(name, "") for name in HEADER) for row in rows), header=HEADER, sheet="records")


def test_the_sample_gives_five_lines() -> None:
    usage = read(SAMPLE.read_bytes(), cycle=MAY)
    assert (usage.format, usage.source, usage.refused) == ("connect", "connect", [])
    assert [(row.row, row.customer_ref, row.sku, int(row.provisioned_units)) for row in usage.rows] == [
        (2, "554027867388", "AmazonEC2", 1),
        (3, "554027867388", "AmazonS3", 1),
        (4, "175ac3de-8ae0-6a5d-58b3-92ba3b67931d", "CFQ7TTC0LFLX:0021:CFQ7TTC12ZPW", 1),
        (5, "74128247-f247-31ee-8b63-0ad538626a37", "CFQ7TTC0LH16:0001:CFQ7TTC0W27W", 1),
        (6, "1ED00000000", "65304853CA01A12", 28),
    ]


def test_a_three_part_id_of_microsoft_has_its_sku_as_alias() -> None:
    aliases = [row.sku_alias for row in read(SAMPLE.read_bytes(), cycle=MAY).rows]
    assert aliases == [None, None, "CFQ7TTC0LFLX:0021", "CFQ7TTC0LH16:0001", None]


def test_the_file_tells_no_names_of_customers_and_no_prices() -> None:
    usage = read(SAMPLE.read_bytes(), cycle=MAY)
    assert {row.customer_name for row in usage.rows} == {""}
    assert usage.currencies == {}
    assert usage.products["AmazonS3"] == ProductHint(
        "AmazonS3", "Amazon Simple Storage Service", unit="unit", precision=8
    )


def test_records_of_one_customer_and_product_add_up() -> None:
    usage = read(records({}, {"quantity": 0.25}, {"v.customer_id": "C2"}), cycle=MAY)
    assert [(row.row, row.provisioned_units) for row in usage.rows] == [(2, Decimal("2.25")), (4, Decimal(2))]


def test_availabilities_of_one_product_of_microsoft_add_up() -> None:
    skus = ("CFQ7TTC0LFLX:0021:CFQ7TTC12ZPW", "CFQ7TTC0LFLX:0021:CFQ7TTC127J1")
    usage = read(records(*({"item_search_value": sku} for sku in skus)), cycle=MAY)
    assert [(row.sku, row.sku_alias, int(row.provisioned_units)) for row in usage.rows] == [
        (skus[0], "CFQ7TTC0LFLX:0021", 4)
    ]


def test_without_a_customer_id_the_asset_is_the_customer() -> None:
    assert read(records({"v.customer_id": ""}), cycle=MAY).rows[0].customer_ref == "AS-1"


def test_found_by_connects_own_number_the_mpn_is_the_sku() -> None:
    change = {"item_search_criteria": "item.global_id", "item_search_value": "PRD-1-2", "item_mpn": "S3-GLACIER"}
    assert read(records(change), cycle=MAY).rows[0].sku == "S3-GLACIER"


@pytest.mark.parametrize(("given", "precision"), [("", 1), ("Integer", 1), ("integer", 1), ("Decimal(8)", 8)])
def test_precision_is_what_the_file_says_or_its_figures_need(given: str, precision: int) -> None:
    usage = read(records({"item_precision": given, "quantity": 1.5}), cycle=MAY)
    assert usage.products["S3"].precision == precision


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("quantity", ""),
        ("quantity", -1),
        ("quantity", "lots"),
        ("item_search_value", ""),
        ("item_search_value", "S" * 101),
        ("start_time_utc", ""),
        ("start_time_utc", 46143),
        ("end_time_utc", "31.05.2026"),
        ("end_time_utc", "2026-04-30 00:00:00"),
        ("item_precision", "Decimal(x)"),
        ("record_id", "R0"),
    ],
)
def test_a_wrong_field_is_refused_with_its_row(field: str, value: object) -> None:
    refused = only_refused(records({}, {field: value}), cycle=MAY)
    assert (refused.row, refused.field) == (3, field)


@pytest.mark.parametrize("cycle", [APRIL, Cycle(2026, 6)])
def test_a_record_outside_of_the_cycle_is_refused(cycle: Cycle) -> None:
    refused = only_refused(records({}), cycle=cycle)
    assert (refused.row, refused.field) == (2, "start_time_utc")
    assert str(cycle) in refused.reason


def test_a_record_that_reaches_into_the_cycle_counts() -> None:
    change = {"start_time_utc": "2026-04-20 00:00:00", "end_time_utc": "2026-05-01 00:00:00"}
    assert len(read(records(change), cycle=MAY).rows) == 1


def test_as_csv_it_is_refused_with_the_way_out() -> None:
    assert "(.xlsx)" in refusal((",".join(HEADER) + "\nx\n").encode())
