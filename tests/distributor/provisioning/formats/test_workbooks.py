"""Our own layout as a workbook."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from distributor.provisioning.formats import UsageRow
from tests.distributor.provisioning.formats.builders import (
    HEADER,
    only_refused,
    raw_workbook,
    read,
    refusal,
    refused_of,
    text_row,
    workbook,
)

ROW = ("C1", "Acme", "EX-1", 40, 38)


def raw(provisioned: str) -> bytes:
    """A workbook with one row, whose provisioned units are this cell, from its attributes on."""
    texts = "".join(f'<c r="{place}2" t="inlineStr"><is><t>{place}</t></is></c>' for place in "ABC")
    sheet = text_row(1, *HEADER) + f'<row r="2">{texts}<c r="D2"{provisioned}</c></row>'
    return raw_workbook(f"<sheetData>{sheet}</sheetData>")


def test_a_row_becomes_units_of_a_customer_and_product() -> None:
    usage = read(workbook(ROW))
    assert usage.format == "distributor-xlsx"
    assert usage.rows == [UsageRow(2, "C1", "Acme", "EX-1", Decimal(40), Decimal(38))]


def test_numbers_come_without_the_noise_of_binary_fractions() -> None:
    assert str(read(raw("><v>0.30000000000000004</v>")).rows[0].provisioned_units) == "0.3"
    assert str(read(raw("><v>11.716200000000001</v>")).rows[0].provisioned_units) == "11.7162"


def test_a_customer_ref_kept_as_a_number_is_read_as_written() -> None:
    usage = read(workbook((554027867388, "Acme", 1001, 4, "")))
    assert (usage.rows[0].customer_ref, usage.rows[0].sku) == ("554027867388", "1001")


def test_a_customer_ref_that_lost_digits_is_refused() -> None:
    refused = only_refused(workbook((12345678901234567890, "Acme", "EX-1", 4, "")))
    assert (refused.row, refused.field) == (2, "customer_ref")
    assert "format the column as text" in refused.reason


def test_a_formula_gives_its_stored_result() -> None:
    assert read(raw("><f>SUM(1,3)</f><v>4</v>")).rows[0].provisioned_units == 4


def test_a_formula_that_was_never_calculated_is_refused() -> None:
    refused = only_refused(raw("><f>SUM(1,3)</f>"))
    assert (refused.row, refused.field) == (2, "provisioned_units")
    assert "never calculated" in refused.reason


@pytest.mark.parametrize("error", ["#DIV/0!", "#N/A", "#REF!", "#VALUE!"])
def test_an_error_is_told_from_a_blank_cell(error: str) -> None:
    refused = only_refused(raw(f' t="e"><f>1/0</f><v>{error}</v>'))
    assert (refused.row, refused.field) == (2, "provisioned_units")
    assert error in refused.reason


def test_an_error_in_a_name_is_refused_and_in_used_units_is_not_unknown() -> None:
    cells = '<c r="A2"><v>1</v></c><c r="B2" t="e"><v>#N/A</v></c><c r="C2"><v>1</v></c><c r="D2"><v>1</v></c>'
    sheet = f'{text_row(1, *HEADER)}<row r="2">{cells}<c r="E2" t="e"><v>#N/A</v></c></row>'
    data = raw_workbook(f"<sheetData>{sheet}</sheetData>")
    assert refused_of(data) == [(2, "customer_name"), (2, "used_units")]


@pytest.mark.parametrize(
    "value",
    [date(2026, 4, 1), datetime(2026, 4, 1, 12, 30), timedelta(hours=5), True],  # noqa: DTZ001 - cells know no zone
)
def test_a_date_or_a_truth_value_is_no_number(value: object) -> None:
    assert refused_of(workbook(("C1", "Acme", "EX-1", value, ""))) == [(2, "provisioned_units")]


def test_a_sku_that_became_a_date_is_refused() -> None:
    refused = only_refused(workbook(("C1", "Acme", date(2026, 2, 1), 4, "")))
    assert (refused.row, refused.field) == (2, "sku")
    assert "format the column as text" in refused.reason


def test_a_number_kept_as_text_is_read_and_with_a_decimal_comma_refused() -> None:
    assert read(workbook(("C1", "Acme", "EX-1", "40.5", ""))).rows[0].provisioned_units == Decimal("40.5")
    assert refused_of(workbook(("C1", "Acme", "EX-1", "40,5", ""))) == [(2, "provisioned_units")]


@pytest.mark.parametrize("value", [-1, -0.5, 1e12, 1e300])
def test_a_number_out_of_range_is_refused(value: float) -> None:
    assert refused_of(workbook(("C1", "Acme", "EX-1", value, ""))) == [(2, "provisioned_units")]


def test_empty_rows_are_passed_over_and_counted() -> None:
    assert read(workbook(("", "", "", "", ""), ROW)).rows[0].row == 3


def test_rows_above_the_header_are_not_guessed_away() -> None:
    sheet = "<sheetData>" + text_row(3, *HEADER) + text_row(4, "C1", "Acme", "EX-1", "4", "") + "</sheetData>"
    assert "Found: nothing" in refusal(raw_workbook(sheet))


def test_a_workbook_of_something_else_says_which_sheet_was_looked_at() -> None:
    message = refusal(workbook(("a", 1), header=("Name", "Seats"), sheet="Data"))
    assert "“Data”" in message
    assert "“Name”; “Seats”" in message


@pytest.mark.parametrize("data", [workbook(), workbook(header=()), raw_workbook(""), raw_workbook("<sheetData/>")])
def test_a_workbook_without_rows_is_refused(data: bytes) -> None:
    assert refusal(data)


def test_the_name_of_a_file_decides_nothing() -> None:
    assert read(workbook(ROW), name="usage.csv").format == "distributor-xlsx"
