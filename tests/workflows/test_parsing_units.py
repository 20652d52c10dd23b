"""Reading units from people, files and programs."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.errors import InvalidUnits
from workflows.units import parse_units


@pytest.mark.parametrize(
    ("given_units", "precision", "value"),
    [
        ("19", 0, "19"),
        ("19.000000000000000000", 0, "19"),
        (" 19 ", 0, "19"),
        ("007", 0, "7"),
        ("1.5", 2, "1.50"),
        ("0", 0, "0"),
        ("1E3", 0, "1000"),
        ("15e-1", 1, "1.5"),
        ("999999999999", 0, "999999999999"),
        (12, 0, "12"),
        (Decimal("12.0"), 0, "12"),
        (Decimal("1E+3"), 0, "1000"),
        (Decimal("-0"), 0, "0"),
        (19.0, 0, "19"),
        (0.1, 1, "0.1"),
        # The longest that are read.
        ("0" * 59 + "7", 0, "7"),
        (Decimal("1." + "0" * 59), 0, "1"),
        (123456789012.345, 3, "123456789012.345"),
    ],
)
def test_units_are_read_by_value(given_units: str | Decimal | int | float, precision: int, value: str) -> None:
    assert str(parse_units(given_units, precision)) == value


@pytest.mark.parametrize(
    ("given_units", "why"),
    [
        ("-1", "negative"),
        ("−1", "negative"),
        (-1, "negative"),
        (Decimal("-0.5"), "negative"),
        ("NaN", "number"),
        ("sNaN", "number"),
        ("Infinity", "number"),
        (Decimal("NaN"), "number"),
        (Decimal("Infinity"), "number"),
        (float("inf"), "number"),
        (float("nan"), "number"),
        ("1E+999999", "number"),
        (Decimal("1E+999999"), "number"),
        (Decimal("1E-999999"), "number"),
        ("1e99", "more than 12 digits"),
        ("1_000", "number"),
        ("٣", "number"),
        ("１２", "number"),
        ("1,5", "after a point"),
        ("1.234,5", "after a point"),
        ("1,000", "after a point"),
        ("1000000000000", "more than 12 digits"),
        (10**12, "more than 12 digits"),
        ("1.5", "whole units"),
        (Decimal("0.001"), "whole units"),
        (0.1 + 0.2, "not exact"),
        (123456789.1234567, "not exact"),
        ("0" * 60 + "7", "number"),
        (Decimal("1." + "0" * 60), "number"),
        ("", "number"),
        ("  ", "number"),
        ("+1", "number"),
        (".5", "number"),
        ("1.", "number"),
        ("0x10", "number"),
        ("1 000", "number"),
        (True, "number"),
    ],
)
def test_what_are_no_units_is_refused_with_the_reason(given_units: str | Decimal | int | float, why: str) -> None:
    with pytest.raises(InvalidUnits, match=why) as caught:
        parse_units(given_units, 0, "chargeable_units")
    assert caught.value.field == "chargeable_units"
    assert len(caught.value.message) < 200


def test_a_very_long_number_is_refused_with_a_short_sentence() -> None:
    for endless in (10**5000, -(10**5000), "9" * 1_000_000, Decimal("1." + "0" * 5000)):
        with pytest.raises(InvalidUnits) as caught:
            parse_units(endless, 0)
        assert len(caught.value.message) < 200


def test_a_long_number_is_quoted_by_its_beginning_and_a_longer_one_not_at_all() -> None:
    with pytest.raises(InvalidUnits, match=f"^“1{'0' * 39}” can't be taken"):
        parse_units(10**40, 0)
    with pytest.raises(InvalidUnits, match="^A very long number can't be taken"):
        parse_units(10**40 + 1, 0)


def test_what_json_may_hold_instead_of_a_number_is_refused() -> None:
    odd: list[Any] = [None, [], {}, b"1"]
    for value in odd:
        with pytest.raises(InvalidUnits):
            parse_units(value, 0)


def test_too_many_decimals_are_refused_with_the_number_allowed() -> None:
    with pytest.raises(InvalidUnits, match="at most 2 decimals"):
        parse_units("1.005", 2)


@given(st.decimals(0, 999_999_999_999, places=3), st.integers(3, 6))
def test_units_within_the_precision_keep_their_value(units: Decimal, precision: int) -> None:
    assert parse_units(str(units), precision) == parse_units(units, precision) == units


@given(st.text(max_size=70) | st.floats() | st.integers() | st.decimals(allow_nan=True), st.integers(0, 6))
def test_whatever_is_given_the_answer_is_sane_units_or_a_refusal(
    anything: str | float | int | Decimal, precision: int
) -> None:
    try:
        units = parse_units(anything, precision)
    except InvalidUnits:
        return
    assert 0 <= units < 10**12
    assert units.as_tuple().exponent == -precision
