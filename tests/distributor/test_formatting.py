"""Figures and dates as people read them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from flask import Flask
from flask_babel import force_locale

from distributor import formatting
from workflows.report_cycle import Cycle

pytestmark = pytest.mark.usefixtures("context")
DUE = datetime(2026, 10, 31, 0, 0, tzinfo=UTC)


@pytest.fixture
def context(app: Flask) -> None:
    """Formatting asks for the reader's language, so it needs an application."""


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "–"), (0, "0"), (1234, "1,234"), (Decimal("1234.5000"), "1,234.5"), (Decimal("-100"), "−100"),
        (Decimal("100.0000"), "100"), (Decimal("1E+3"), "1,000"), (Decimal("0.0001"), "0.0001"),
    ],
)  # fmt: skip
def test_units_show_decimals_only_where_there_are_some(value: Decimal | None, shown: str) -> None:
    assert formatting.units(value) == shown


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (Decimal("449.4"), 2, "449.40"), (Decimal("1234567.885"), "EUR", "1,234,567.89"),
        (Decimal("-0.5"), "EUR", "−0.50"),
        (1200, "JPY", "1,200"), (Decimal("1.5"), "KWD", "1.500"), (None, 2, "–"),
    ],
)  # fmt: skip
def test_money_has_the_decimals_of_its_currency(value: Decimal | None, unit: str | int, shown: str) -> None:
    assert formatting.money(value, unit) == shown


def test_numbers_take_the_readers_signs() -> None:
    with force_locale("de"):
        assert formatting.money(Decimal("-1234.5")) == "−1.234,50"
        assert formatting.units(Decimal("1234.5")) == "1.234,5"
    assert formatting.money(Decimal("-1234.5")) == "−1,234.50"


def test_plain_figures_are_for_inputs_and_never_grouped() -> None:
    with force_locale("de"):
        assert [formatting.plain(one) for one in (Decimal("1234.50"), 40, Decimal("1E+3"), None)] == [
            "1234.5",
            "40",
            "1000",
            "",
        ]


def test_percent_is_given_in_percent_and_does_not_break() -> None:
    assert formatting.percent(Decimal("27.5")) == "27.5\u00a0%"
    assert formatting.percent(Decimal("33.333")) == "33.33\u00a0%"
    assert formatting.percent(Decimal("33.333"), 0) == "33\u00a0%"


@pytest.mark.parametrize(
    ("zone", "shown"),
    [
        ("Europe/Dublin", "Sat 31 Oct 2026 at 00:00 GMT"), ("Europe/Berlin", "Sat 31 Oct 2026 at 01:00 CET"),
        ("America/Sao_Paulo", "Fri 30 Oct 2026 at 21:00 UTC−03:00"),
        ("Asia/Kathmandu", "Sat 31 Oct 2026 at 05:45 UTC+05:45"),
    ],
)  # fmt: skip
def test_an_instant_names_its_zone(zone: str, shown: str) -> None:
    assert formatting.instant(DUE, zone) == shown


def test_a_day_is_the_day_in_the_zone_asked_for() -> None:
    assert formatting.day(date(2026, 10, 31)) == "Sat 31 Oct 2026"
    assert formatting.day(DUE, "America/New_York") == "Fri 30 Oct 2026"
    assert formatting.clock_time(DUE, "America/New_York") == "20:00"


@pytest.mark.parametrize(
    ("length", "shown"),
    [
        (timedelta(days=3, hours=9, minutes=48, seconds=59), "3 d 9 h 48 min"), (timedelta(hours=4), "4 h"),
        (timedelta(days=1, minutes=5), "1 d 5 min"), (timedelta(seconds=59), "0 min"), (timedelta(days=-1), "0 min"),
    ],
)  # fmt: skip
def test_a_length_of_time_leaves_out_what_is_none(length: timedelta, shown: str) -> None:
    assert formatting.duration(length) == shown


@pytest.mark.parametrize("cycle", [Cycle(2026, 10), date(2026, 10, 1), "2026-10"])
def test_a_cycle_is_named_after_its_month(cycle: Cycle | date | str) -> None:
    assert formatting.cycle_name(cycle) == "October 2026"
    with force_locale("de"):
        assert formatting.cycle_name(cycle) == "Oktober 2026"


@pytest.mark.parametrize(
    ("first", "last", "shown"),
    [
        (date(2026, 10, 1), date(2026, 10, 31), "1–31 October"),
        (date(2026, 9, 26), date(2026, 10, 25), "26 Sep – 25 Oct"),
    ],
)
def test_a_cycles_days_are_written_as_a_span(first: date, last: date, shown: str) -> None:
    assert formatting.day_span(first, last) == shown


def test_narrow_columns_show_an_instant_without_year_and_zone() -> None:
    assert formatting.short_instant(DUE, "Europe/Dublin") == "31 Oct, 00:00"
    assert formatting.short_day(DUE, "America/New_York") == "30 Oct"
    with force_locale("de"):
        assert formatting.short_instant(DUE) == "31. Okt., 00:00"


@pytest.mark.parametrize(
    ("value", "shown"),
    [(Decimal(2), "+2.0\u00a0%"), (Decimal("-0.31"), "−0.3\u00a0%"), (Decimal("-0.04"), "0.0\u00a0%"), (None, "–")],
)
def test_a_change_has_its_sign_and_one_decimal(value: Decimal | None, shown: str) -> None:
    assert formatting.signed_percent(value) == shown


def test_a_long_wait_is_shown_by_its_largest_parts() -> None:
    assert formatting.duration(timedelta(days=4, hours=17, minutes=3), 2) == "4 d 17 h"


def test_every_filter_takes_an_unknown_value(app: Flask) -> None:
    others = {
        "currency_symbol",
        "cycle_name",
        "month_name",
        "short_month",
        "day_span",
        "zone_city",
        "plain",
        "for_typing",
        "over_provisioned",
    }
    taking_none = set(formatting.FILTERS) - others
    shown = {name: formatting.FILTERS[name](None) for name in sorted(taking_none)}
    assert set(shown.values()) == {"–"}, shown
    assert taking_none <= set(app.jinja_env.filters)
