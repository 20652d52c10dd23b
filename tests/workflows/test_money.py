"""Currencies, rounding, totals and money at risk."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.errors import InvalidTerms
from workflows.money import MINOR_UNITS, amount_of, at_risk, line_amount, minor_unit, total
from workflows.units import LineState, penalise


def priced(provisioned: int | None, chargeable: int | None, price: str = "2.85", **changes: Any) -> LineState:
    provisioned_units = None if provisioned is None else Decimal(provisioned)
    chargeable_units = None if chargeable is None else Decimal(chargeable)
    return LineState(provisioned_units, None, chargeable_units, unit_price=Decimal(price), **changes)


@pytest.mark.parametrize(
    ("currency", "decimals"), [("EUR", 2), ("USD", 2), ("JPY", 0), ("ISK", 0), ("KWD", 3), ("TND", 3)]
)
def test_a_currency_has_its_minor_unit(currency: str, decimals: int) -> None:
    assert minor_unit(currency) == decimals


def test_every_currency_is_listed_once_by_its_three_letters() -> None:
    assert len(MINOR_UNITS) == 158
    assert all(len(code) == 3 and code.isupper() for code in MINOR_UNITS)


@pytest.mark.parametrize("code", ["eur", "XXX", "", "EURO", "€"])
def test_an_unknown_currency_is_refused(code: str) -> None:
    with pytest.raises(InvalidTerms, match="for example EUR") as caught:
        minor_unit(code)
    assert caught.value.field == "currency"


def test_a_word_that_is_no_currency_is_quoted_by_its_beginning() -> None:
    with pytest.raises(InvalidTerms, match=f"^“{'Q' * 20}” is"):
        minor_unit("Q" * 500)


@pytest.mark.parametrize(
    ("units", "price", "decimals", "amount"),
    [
        ("300", "2.85", 2, "855.00"),
        ("1", "0.005", 2, "0.01"),
        ("1", "0.00499999", 2, "0.00"),
        ("3", "0.015", 2, "0.05"),
        ("1.5", "333", 0, "500"),
        ("1", "1.0005", 3, "1.001"),
        ("999999999999.999999", "999999999999.999999", 2, "999999999999999998000000.00"),
    ],
)
def test_an_amount_is_rounded_half_up_to_the_minor_unit(units: str, price: str, decimals: int, amount: str) -> None:
    assert str(line_amount(Decimal(units), Decimal(price), decimals)) == amount


def test_a_total_is_the_sum_of_rounded_lines_and_unknown_ones_add_nothing() -> None:
    amounts = [amount_of(priced(1, 1, "0.005")), amount_of(priced(1, 1, "0.005")), amount_of(priced(1, None))]
    assert total(amounts) == Decimal("0.02")
    assert amount_of(LineState(chargeable_units=Decimal(1))) is None
    assert total([]) == 0


@pytest.mark.parametrize(
    ("case", "risk"),
    [
        (priced(400, 300, comment="a trial"), "285.00"),
        (penalise(priced(400, 300)), "285.00"),
        (penalise(priced(10, 12)), "0"),
        (priced(10, 12, comment="more"), "0"),
        (priced(200, 195, tolerance_percent=Decimal(5)), "0"),
        (priced(None, 5), "0"),
        (priced(400, None), "0"),
        (LineState(Decimal(400), None, Decimal(300)), "0"),
        (penalise(priced(None, 5), Decimal(9)), "11.40"),
    ],
)
def test_money_at_risk_is_what_is_under_reported_or_disputed(case: LineState, risk: str) -> None:
    assert at_risk(case) == Decimal(risk)


def test_the_three_unexplained_lines_of_the_story_are_worth_their_penalty() -> None:
    lines = [priced(400, 300, "2.85"), priced(120, 96, "1.90"), priced(64, 58, "19.80")]
    assert total(at_risk(case) for case in lines) == Decimal("449.40")
    assert total(at_risk(penalise(case)) for case in lines) == Decimal("449.40")


@given(st.decimals(0, 10**12, places=4), st.decimals(0, 10**6, places=4), st.sampled_from([0, 2, 3]))
def test_rounding_never_moves_an_amount_by_more_than_half_a_minor_unit(
    units: Decimal, price: Decimal, decimals: int
) -> None:
    half = Decimal(5).scaleb(-decimals - 1)
    assert abs(line_amount(units, price, decimals) - units * price) <= half
