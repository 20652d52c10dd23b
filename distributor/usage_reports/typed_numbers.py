"""Numbers as people type them into forms, in their locale: js/grid/numbers.js reads them by the same rules."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from babel import Locale, numbers
from flask_babel import get_locale, gettext

from distributor.errors import FieldError, InputRefused

PLAIN = re.compile(r"[0-9]+(\.[0-9]+)?")
SPACES = re.compile(r"[\s\u00a0\u202f]")


def decimal_sign() -> str:
    """The sign before decimals in the reader's locale."""
    return str(numbers.get_decimal_symbol(_locale()))


def plain_number(typed: str, field: str = "chargeable_units", line: str | None = None) -> str:
    """What was typed as a plain decimal: "1.234,5" is "1234.5" for a German reader, and so is "1234.5". A text that is
    no number stays as it is, for whoever reads it to refuse. Raises InputRefused where it can be read as two numbers.
    """
    text = SPACES.sub("", typed)
    grouped, group, decimal = _way_of_writing(_locale())
    readings = {text} if PLAIN.fullmatch(text) else set()
    if grouped.fullmatch(text):
        readings.add(text.replace(group, "").replace(decimal, "."))
    if len(readings) > 1:
        reason = gettext(
            "“%(typed)s” can be read as two numbers. Write it without separators between thousands.", typed=typed[:40]
        )
        raise InputRefused(reason, [FieldError(reason, field, line)])
    return readings.pop() if readings else typed


def plain_numbers(typed: Mapping[str, str]) -> dict[str, str]:
    """Several fields at once, by name. Raises InputRefused that names each one that can be read as two numbers."""
    errors: list[FieldError] = []
    read: dict[str, str] = {}
    for field, text in typed.items():
        try:
            read[field] = plain_number(text, field)
        except InputRefused as refused:
            errors += refused.errors
    if errors:
        raise InputRefused(errors[0].reason, errors)
    return read


@lru_cache(maxsize=16)
def _way_of_writing(locale: Locale) -> tuple[re.Pattern[str], str, str]:
    """What a number of the locale looks like, its sign between thousands, its sign before decimals."""
    group, decimal = numbers.get_group_symbol(locale), numbers.get_decimal_symbol(locale)
    whole = rf"([0-9]{{1,3}}({re.escape(group)}[0-9]{{3}})+|[0-9]+)"
    return re.compile(rf"{whole}({re.escape(decimal)}[0-9]+)?"), group, decimal


def _locale() -> Locale:
    return get_locale() or Locale("en")
