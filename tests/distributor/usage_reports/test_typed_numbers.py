"""Numbers as people type them: read in their locale, plainly too, and refused where they could be two numbers."""

from __future__ import annotations

import pytest
from flask import Flask
from flask_babel import force_locale

from distributor.errors import InputRefused
from distributor.usage_reports.typed_numbers import decimal_sign, plain_number


@pytest.mark.parametrize(
    ("locale", "typed", "plain"),
    [
        ("de", "1.234,5", "1234.5"),
        ("de", "1234,5", "1234.5"),
        ("de", "1234.5", "1234.5"),
        ("de", "12,125", "12.125"),
        ("de", "1.234.567", "1234567"),
        ("de", "40", "40"),
        ("en", "1,234.5", "1234.5"),
        ("en", "1,234", "1234"),
        ("en", " 1\u00a0234 ", "1234"),
    ],
)
def test_a_number_is_read_as_its_reader_writes_it(app: Flask, locale: str, typed: str, plain: str) -> None:
    with app.test_request_context(), force_locale(locale):
        assert plain_number(typed) == plain


@pytest.mark.parametrize("typed", ["1.234", "1.500", "12.000"])
def test_what_could_be_two_numbers_is_refused(app: Flask, typed: str) -> None:
    with app.test_request_context(), force_locale("de"), pytest.raises(InputRefused) as refused:
        plain_number(typed, line="a line")
    assert (refused.value.errors[0].line, refused.value.errors[0].field) == ("a line", "chargeable_units")


@pytest.mark.parametrize("typed", ["", "3,5", "about forty", "1,23,456", "-3", "1.2.3"])
def test_what_is_no_number_is_left_for_others_to_refuse(app: Flask, typed: str) -> None:
    with app.test_request_context(), force_locale("en"):
        assert plain_number(typed) == typed


def test_the_decimal_sign_is_the_locales(app: Flask) -> None:
    with app.test_request_context(), force_locale("de"):
        assert decimal_sign() == ","
