"""Our own layout as CSV: what is read, and what is refused where."""

import codecs
from decimal import Decimal

import pytest

from distributor.provisioning.formats import ProductHint, UsageRow
from tests.distributor.provisioning.formats.builders import HEADER, csv_file, only_refused, read, refusal, refused_of

LINE = "C1,Acme,EX-1,40,38"


def test_a_row_becomes_units_of_a_customer_and_product() -> None:
    usage = read(csv_file(LINE))
    assert (usage.format, usage.source, usage.refused) == ("distributor-csv", "feed", [])
    assert usage.rows == [UsageRow(2, "C1", "Acme", "EX-1", Decimal(40), Decimal(38))]


def test_columns_may_stand_in_any_order_and_used_units_may_be_missing() -> None:
    usage = read(b"SKU,Provisioned_Units,customer_name,customer_ref\nEX-1,40,Acme,C1\n")
    assert usage.rows == [UsageRow(2, "C1", "Acme", "EX-1", Decimal(40), None)]


def test_blank_used_units_are_unknown_not_zero() -> None:
    assert [row.used_units for row in read(csv_file("C1,Acme,EX-1,40,", "C1,Acme,EX-2,4,0")).rows] == [None, Decimal(0)]


def test_an_account_that_reports_totals_only_leaves_the_customer_blank() -> None:
    assert read(csv_file(",,EX-1,40,")).rows == [UsageRow(2, "", "", "EX-1", Decimal(40), None)]


@pytest.mark.parametrize(("line", "field"), [("C1,,EX-1,4,", "customer_name"), (",Acme,EX-1,4,", "customer_ref")])
def test_half_a_customer_is_refused(line: str, field: str) -> None:
    assert refused_of(csv_file(line)) == [(2, field)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_unicode_files_are_read_with_and_without_a_mark(encoding: str) -> None:
    data = csv_file("C1,Müller & Söhne,EX-1,40,38").decode().encode(encoding)
    assert read(data).rows[0].customer_name == "Müller & Söhne"


def test_a_big_endian_file_with_its_mark_is_read() -> None:
    assert len(read(codecs.BOM_UTF16_BE + csv_file(LINE).decode().encode("utf-16-be")).rows) == 1


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_the_separator_follows_from_the_header(separator: str) -> None:
    line = LINE.replace(",", separator)
    assert read(csv_file(line, separator=separator)).rows[0].provisioned_units == 40


def test_a_semicolon_file_may_have_decimal_commas() -> None:
    assert read(csv_file("C1;Acme;EX-1;40,5;38", separator=";")).rows[0].provisioned_units == Decimal("40.5")


def test_a_decimal_comma_in_a_comma_file_is_refused_with_the_way_out() -> None:
    refused = only_refused(csv_file(LINE, 'C2,Bolt,EX-1,"40,5",38'))
    assert (refused.row, refused.field) == (3, "provisioned_units")
    assert "after a point" in refused.reason


def test_a_number_with_two_readings_is_refused_with_its_row() -> None:
    refused = only_refused(csv_file("C1;Acme;EX-1;1.234;", separator=";"))
    assert (refused.row, refused.field) == (2, "provisioned_units")
    assert "1234" in refused.reason


def test_everything_wrong_in_a_row_is_told_at_once() -> None:
    assert refused_of(csv_file("C1,Acme,,-4,x", LINE)) == [
        (2, "sku"),
        (2, "provisioned_units"),
        (2, "used_units"),
    ]


def test_the_same_customer_and_product_twice_names_both_rows() -> None:
    refused = only_refused(csv_file(LINE, "C2,Bolt,EX-1,1,", LINE))
    assert (refused.row, refused.field) == (4, "sku")
    assert "row 2" in refused.reason


def test_one_customer_ref_with_two_names_is_refused() -> None:
    refused = only_refused(csv_file(LINE, "C1,Acne,EX-2,1,"))
    assert (refused.row, refused.field) == (3, "customer_name")


def test_a_line_break_in_quotation_marks_does_not_shift_the_rows() -> None:
    data = csv_file('"C1","Acme\nLtd",EX-1,40,38', "C2,Bolt,EX-1,minus,")
    assert refused_of(data) == [(2, "customer_name"), (3, "provisioned_units")]


def test_blank_lines_are_passed_over_and_counted() -> None:
    assert read(csv_file("", ",,,,", LINE)).rows[0].row == 4


@pytest.mark.parametrize("line", ["C1,Acme,EX-1", "C1,Acme,EX-1,40,38,7", "C1,Acme, Inc.,EX-1,40,38"])
def test_a_ragged_row_is_refused(line: str) -> None:
    refused = only_refused(csv_file(line))
    assert (refused.row, refused.field) == (2, None)
    assert "the header has 5" in refused.reason


def test_blank_cells_at_the_end_of_a_row_do_no_harm() -> None:
    assert len(read(csv_file(LINE + ",,")).rows) == 1


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ("C" * 201 + ",Acme,EX-1,4,", "customer_ref"),
        ("C1," + "A" * 301 + ",EX-1,4,", "customer_name"),
        ("C1,Acme," + "E" * 101 + ",4,", "sku"),
        ("C1,Acme,EX-1," + "4" * 61 + ",", "provisioned_units"),
    ],
)
def test_an_over_long_cell_is_refused(line: str, field: str) -> None:
    assert refused_of(csv_file(line)) == [(2, field)]


@pytest.mark.parametrize("sign", ["\0", "\x07", "\x7f", "\u2028", "\u202e"])
def test_control_characters_are_refused(sign: str) -> None:
    assert refused_of(csv_file(f"C1,Ac{sign}me,EX-1,4,")) == [(2, "customer_name")]


def test_text_in_another_unicode_form_is_the_same_customer() -> None:
    data = csv_file("Z\u00fcrich,Acme,EX-1,4,", "Zu\u0308rich,Acme,EX-1,5,")
    assert refused_of(data) == [(3, "sku")]


def test_a_formula_in_a_text_stays_a_text_and_in_a_number_is_refused() -> None:
    assert read(csv_file("C1,=HYPERLINK(1),EX-1,4,")).rows[0].customer_name == "=HYPERLINK(1)"
    assert refused_of(csv_file("C1,Acme,EX-1,=2+2,")) == [(2, "provisioned_units")]


def test_an_old_encoding_is_refused_with_the_line() -> None:
    message = refusal(csv_file(LINE) + "C2,Müller,EX-1,1,\n".encode("cp1252"))
    assert "Line 3" in message
    assert "UTF-8" in message


def test_broken_utf_16_is_refused() -> None:
    assert "UTF-16" in refusal(codecs.BOM_UTF16_LE + csv_file(LINE).decode().encode("utf-16-le") + b"\x00\xd8\x01")


def test_an_open_quotation_mark_is_refused_with_the_line() -> None:
    assert "line 3" in refusal(csv_file(LINE, 'C2,"Bolt,EX-1,1,'))


def test_a_quotation_mark_in_the_middle_is_refused() -> None:
    assert "line 2" in refusal(csv_file('"C1"x,Acme,EX-1,4,'))


def test_a_cell_as_large_as_a_file_is_refused() -> None:
    assert "131,072" in refusal(csv_file(f'"{"C" * 200_000}",Acme,EX-1,4,'))


def test_an_unknown_header_says_what_was_found_and_what_is_known() -> None:
    message = refusal(b"Name,Seats\nAcme,4\n")
    assert "“Name”; “Seats”" in message
    assert all(known in message for known in ("provisioned_units", "ChargeStartDate", "asset_search_value"))


def test_an_unknown_column_is_refused_rather_than_passed_over() -> None:
    assert "“used_unit”" in refusal(b"customer_ref,customer_name,sku,provisioned_units,used_unit\nC1,Acme,EX-1,4,3\n")


def test_a_doubled_column_is_refused() -> None:
    assert "“sku” twice" in refusal(b"customer_ref,customer_name,sku,provisioned_units,SKU\nC1,Acme,EX-1,4,3\n")


@pytest.mark.parametrize("data", [b"", csv_file(), csv_file("", ",,,,"), b"\xef\xbb\xbf"])
def test_a_file_without_rows_is_refused(data: bytes) -> None:
    assert refusal(data)


def test_every_product_is_hinted_with_the_decimals_it_needs() -> None:
    usage = read(csv_file("C1,Acme,GB,4.25,4.5", "C2,Bolt,GB,3,", LINE))
    assert usage.products["GB"] == ProductHint("GB", name="GB", precision=2)
    assert usage.products["EX-1"].precision == 0


def test_a_file_that_is_not_what_it_was_said_to_be_is_refused() -> None:
    with pytest.raises(Exception, match="distributor-csv, not microsoft"):
        read(csv_file(LINE), format="microsoft")
    with pytest.raises(Exception, match="“xml” is not a format"):
        read(csv_file(LINE), format="xml")


def test_the_header_is_the_documented_one() -> None:
    assert HEADER == ("customer_ref", "customer_name", "sku", "provisioned_units", "used_units")
