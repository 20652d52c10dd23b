"""Usage as JSON."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from distributor.provisioning.formats import UnreadableFile, UsageRow
from tests.distributor.provisioning.formats.builders import only_refused, read, refusal, refused_of

LINE = {"customer_ref": "C1", "customer_name": "Acme", "sku": "EX-1", "provisioned_units": "40", "used_units": "38"}


def document(*lines: object, **fields: object) -> bytes:
    """A document with these lines."""
    return json.dumps({"lines": list(lines), **fields}).encode()


def test_a_line_becomes_units_of_a_customer_and_product() -> None:
    usage = read(document(LINE))
    assert (usage.format, usage.source, usage.counted_at) == ("json", "feed", None)
    assert usage.rows == [UsageRow(1, "C1", "Acme", "EX-1", Decimal(40), Decimal(38))]


def test_source_and_time_of_counting_are_taken_over() -> None:
    usage = read(document(LINE, source="provisioning-eu", counted_at="2026-04-30T20:00:00+02:00"))
    assert (usage.source, usage.counted_at) == ("provisioning-eu", datetime(2026, 4, 30, 18, tzinfo=UTC))


def test_numbers_are_taken_as_written_and_never_as_floats() -> None:
    data = document(LINE).replace(b'"40"', b"0.1000000000000000055")
    assert read(data).rows[0].provisioned_units == Decimal("0.1000000000000000055")


def test_no_lines_at_all_mean_that_nothing_was_used() -> None:
    assert read(document()).rows == []


def test_used_units_and_customer_may_be_null() -> None:
    usage = read(document(LINE | {"used_units": None, "customer_ref": None, "customer_name": None}))
    assert (usage.rows[0].customer_ref, usage.rows[0].used_units) == ("", None)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le"])
def test_other_encodings_are_read(encoding: str) -> None:
    data = json.dumps({"lines": [LINE | {"customer_name": "Müller"}]}, ensure_ascii=False).encode(encoding)
    assert read(data).rows[0].customer_name == "Müller"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("provisioned_units", "-1"),
        ("provisioned_units", -1),
        ("provisioned_units", 1e400),
        ("provisioned_units", float("nan")),
        ("provisioned_units", 10**4000),
        ("provisioned_units", "1,5"),
        ("provisioned_units", True),
        ("provisioned_units", None),
        ("provisioned_units", [1]),
        ("used_units", {}),
        ("sku", ""),
        ("sku", ["EX-1"]),
        ("sku", False),
        ("customer_name", "Ac\x00me"),
        ("customer_name", "Ac\ud800me"),
        ("customer_ref", "C" * 201),
    ],
)
def test_a_wrong_value_is_refused_with_line_and_field(field: str, value: object) -> None:
    refused = refused_of(document(LINE | {"sku": "EX-0"}, LINE | {field: value}))
    assert refused == [(2, field)]


def test_a_field_that_is_not_known_is_refused_with_its_line() -> None:
    refused = only_refused(document(LINE, LINE | {"used_unit": "3"}))
    assert (refused.row, refused.field) == (2, "used_unit")


def test_a_line_that_is_no_object_is_refused() -> None:
    assert refused_of(document(LINE, ["C1"], 7)) == [(2, None), (3, None)]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"{", "line 1, column 2"),
        (b'{"lines": [}', "broken"),
        (b"[]", "not an object"),
        (b"{}", "“lines” is missing"),
        (b'{"lines": {}}', "“lines” is missing"),
        (b'{"lines": [], "rows": []}', "“rows”"),
        (b'{"lines": [], "lines": []}', "“lines” twice"),
        (b'{"lines": [{"sku": "a", "sku": "b"}]}', "“sku” twice"),
        (b'{"lines": [], "source": 7}', "“source”"),
        (b'{"lines": [], "source": "  "}', "blank"),
        (b'{"lines": [], "source": ["x"]}', "“source”: a list"),
        (b'{"lines": [], "counted_at": "yesterday"}', "“counted_at”"),
        (b'{"lines": [], "counted_at": "2026-04-30T18:00:00"}', "“counted_at”"),
        (b'{"lines": [], "counted_at": "2026-02-30T18:00:00Z"}', "does not exist"),
        (b'{"lines": [], "counted_at": "0001-01-01T00:00:00+14:00"}', "does not exist"),
        (b'{"lines": ' + b"[" * 100_000, "nested"),
        (b'{"lines": "\xff"}', "UTF-8"),
    ],
)
def test_a_document_that_can_not_be_taken_is_refused(data: bytes, words: str) -> None:
    assert words in refusal(data)


@pytest.mark.parametrize("source", ["microsoft", "Microsoft", " MICROSOFT "])
def test_microsofts_name_is_no_source_of_a_document(source: str) -> None:
    with pytest.raises(UnreadableFile) as refused:
        read(document(LINE, source=source))
    assert (refused.value.field, "Give your source another name" in str(refused.value)) == ("source", True)


def test_a_source_may_have_microsoft_in_its_name() -> None:
    assert read(document(LINE, source="microsoft-eu")).source == "microsoft-eu"


def test_the_same_key_a_hundred_thousand_times_is_refused_at_once() -> None:
    assert "twice" in refusal(b"{" + b",".join(b'"k%d": 1' % (number // 2) for number in range(100_000)) + b"}")
