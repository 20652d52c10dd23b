"""A report as CSV: the same columns as the workbook. Numbers stay numbers, and no text is ever a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from babel import Locale, numbers

from distributor.formatting import plain
from distributor.spreadsheets.columns import KEYS, cells_of, state_words
from distributor.usage_reports.queries import LineRow, ReportRow

# A cell that begins with one of these is a formula to a spreadsheet.
DANGEROUS = ("=", "+", "-", "@", "\t", "\r")
GUARD = "'"


def guarded(text: str) -> str:
    """The text with an apostrophe in front where a spreadsheet would compute it; `unguarded` takes it away again."""
    return GUARD + text if text.startswith((*DANGEROUS, GUARD)) else text


def unguarded(text: str) -> str:
    """The text as it was before `guarded`."""
    return text[1:] if text.startswith(GUARD) and text[1:].startswith((*DANGEROUS, GUARD)) else text


def csv_of(report: ReportRow, lines: Iterable[LineRow], locale: Locale) -> bytes:
    """The file as the reader's spreadsheet opens it: semicolons and decimal commas where the locale writes those."""
    comma = numbers.get_decimal_symbol(locale) == ","
    target = io.StringIO()
    writer = csv.writer(target, delimiter=";" if comma else ",", lineterminator="\r\n")
    writer.writerow(KEYS)
    states = state_words()
    for line in lines:
        cells = cells_of(report, line).values
        writer.writerow([_cell(cells[key] if key != "state" else states[cells[key]], comma) for key in KEYS])
    return target.getvalue().encode("utf-8-sig")


def _cell(value: Any, comma: bool) -> str:
    if isinstance(value, Decimal):
        return _with_comma(plain(value)) if comma else plain(value)
    return guarded(value) if isinstance(value, str) else "" if value is None else str(value)


def _with_comma(text: str) -> str:
    """Three decimals would read like thousands: so there are four."""
    whole, _, decimals = text.partition(".")
    if not decimals:
        return whole
    return f"{whole},{decimals}0" if len(decimals) == 3 else f"{whole},{decimals}"
