"""Numbers in cells: read exactly, or refused."""

from datetime import date, datetime, time
from decimal import Decimal

import pytest

from distributor.provisioning.formats.values import NumberToken, WrongValue, number_of


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("19", "19"),
        (" 19 ", "19"),
        ("19.5", "19.5"),
        ("19.000000000000000000", "19"),
        ("0", "0"),
        ("007", "7"),
        ("999999999999", "999999999999"),
        ("1.234", "1.234"),
        (19.0, "19"),
        (0.1 + 0.2, "0.3"),
        (11.716200000000001, "11.7162"),
        (1e-7, "0.0000001"),
        (NumberToken("19.50"), "19.5"),
    ],
)
def test_a_number_is_read_exactly_and_without_zeros_at_its_end(given: object, expected: str) -> None:
    assert str(number_of(given)) in {expected, f"{Decimal(expected):f}", str(Decimal(expected))}
    assert number_of(given) == Decimal(expected)


@pytest.mark.parametrize(
    "given",
    [
        "-1",
        "−1",
        -1.0,
        "NaN",
        "nan",
        "Infinity",
        "-inf",
        "∞",
        float("nan"),
        float("inf"),
        "1_000",
        "١٢",
        "1e3",
        "1E+999999",
        "0x10",
        "1 000",
        "1.2.3",
        ".5",
        "5.",
        "+5",
        "=1+1",
        "five",
        "1,5",
        "1,234",
        "1,234.5",
        "1000000000000",
        1e20,
        "9" * 61,
        "1" * 5000,
        True,
        date(2026, 4, 1),
        datetime(2026, 4, 1, 12),  # noqa: DTZ001 - as a workbook gives it
        time(12),
        ["1"],
    ],
)
def test_what_is_no_plain_number_is_refused(given: object) -> None:
    with pytest.raises(WrongValue):
        number_of(given)


@pytest.mark.parametrize(
    ("given", "expected"), [("19,5", "19.5"), ("19.5", "19.5"), ("1234,5", "1234.5"), ("0,125", "0.125")]
)
def test_a_semicolon_file_has_decimal_commas_and_points(given: str, expected: str) -> None:
    assert number_of(given, decimal_comma=True) == Decimal(expected)


@pytest.mark.parametrize("given", ["1.234", "1,234", "12.345", "999,999"])
def test_in_a_semicolon_file_three_digits_after_a_mark_could_be_thousands(given: str) -> None:
    with pytest.raises(WrongValue, match="could be read as"):
        number_of(given, decimal_comma=True)


@pytest.mark.parametrize("given", ["1.234,5", "1,234.5", "1.234.567", "1,234,567"])
def test_thousands_are_never_separated(given: str) -> None:
    with pytest.raises(WrongValue):
        number_of(given, decimal_comma=True)


@pytest.mark.parametrize(("given", "expected"), [("0E-20", "0"), ("1.5E+2", "150"), ("19.000000000000000000", "19")])
def test_a_programs_exponents_are_written_out(given: str, expected: str) -> None:
    assert str(number_of(given, exponent=True)) == expected


@pytest.mark.parametrize("given", ["1E+13", "1E+999", "1E+999999"])
def test_an_exponent_that_never_ends_is_refused(given: str) -> None:
    with pytest.raises(WrongValue):
        number_of(given, exponent=True)
