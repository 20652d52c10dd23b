"""Numbers, texts and times as they stand in a cell. What can't be read in exactly one way is refused.

Numbers are judged by pattern and length before ``Decimal`` sees them: it would take "1_000", Arabic digits
and exponents that take half a minute to write out.
"""

import re
import unicodedata
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from workflows.units import LONGEST_NUMBER, MOST_INTEGER_DIGITS

# From here on a float has lost digits that a long identifier had.
FIRST_UNTRUE_FLOAT = 10**15
# Excel computes with 17 digits and shows 15; the last two are binary noise.
FLOAT_FORMAT = ".15g"
SHOWN = 40

_PLAIN = re.compile(r"[0-9]+(\.[0-9]+)?")
_EXPONENT = re.compile(r"[0-9]+(\.[0-9]+)?[eE][+-]?[0-9]{1,2}")
_NOT_FINITE = re.compile(r"[+-]?(s?nan|inf|infinity|∞)", re.IGNORECASE)
_ONE_GROUP = re.compile(r"[1-9][0-9]{0,2}[.,][0-9]{3}")
# Control characters, line and paragraph separators, direction overrides, halves of surrogate pairs.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_INSTANT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[T ]([0-9]{2}:[0-9]{2}(?::[0-9]{2})?)(?:\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})?)?"
)
_TIME_TYPES = (date, time, timedelta)


class WrongValue(Exception):  # noqa: N818 - caught in this package, where it becomes a refused row
    """A cell that can't be taken; its text is the reason, for people."""


class BrokenCell(str):
    """A workbook cell without a value; the text says what stands there, e.g. "the error #DIV/0!"."""

    __slots__ = ()


class NumberToken(str):
    """A number as it was written in JSON."""

    __slots__ = ()


def shown(value: object) -> str:
    """A value quoted in a message: short and printable."""
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "an object"
    text = _UNPRINTABLE.sub("�", str(value)[: SHOWN + 1])
    return f"“{text[:SHOWN]}…”" if len(text) > SHOWN else f"“{text}”"


def is_blank(cell: object) -> bool:
    """Is there nothing in the cell? An error is something."""
    return cell is None or (isinstance(cell, str) and not isinstance(cell, BrokenCell) and not cell.strip())


def text_of(cell: object, longest: int) -> str:
    """The text of a cell, trimmed and in one Unicode form; "" when blank. Raises WrongValue."""
    text = cell.strip() if type(cell) is str else _text_of_other(cell)
    if len(text) > longest:
        raise WrongValue(f"{len(text):,} characters; at most {longest}")
    if text.isascii() and text.isprintable():
        return text
    if _UNPRINTABLE.search(text):
        raise WrongValue(f"{shown(text)} holds a line break or another control character; remove it")
    return unicodedata.normalize("NFC", text)


def number_of(cell: object, *, decimal_comma: bool = False, exponent: bool = False) -> Decimal:
    """The number in a cell that is not blank, exact and not negative. Raises WrongValue.

    ``decimal_comma``: the file writes decimals after a comma (they may still stand after a point).
    ``exponent``: the file comes from a program that writes zero as "0E-20".
    """
    if isinstance(cell, str):
        if isinstance(cell, BrokenCell):
            raise WrongValue(f"holds {cell}, not a number")
        return _number_of_text(cell.strip(), decimal_comma, exponent)
    if isinstance(cell, bool):
        raise WrongValue(f"{str(cell).upper()} is not a number")
    if isinstance(cell, int | float):
        return _number_of_float(cell)
    raise WrongValue(_other_type(cell, "number"))


def instant_of(cell: object) -> datetime:
    """The time in a cell, in UTC; a time without an offset is taken as UTC. Raises WrongValue."""
    if isinstance(cell, datetime):
        return cell.replace(tzinfo=UTC) if cell.tzinfo is None else cell.astimezone(UTC)
    if isinstance(cell, date):
        return datetime.combine(cell, time(), UTC)
    if not isinstance(cell, str) or isinstance(cell, BrokenCell):
        raise WrongValue(_other_type(cell, "date"))
    return _instant_of_text(cell.strip())


def _text_of_other(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, BrokenCell):
        raise WrongValue(f"holds {cell}, not a text")
    if isinstance(cell, str):
        return str(cell)
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return _text_of_float(cell)
    raise WrongValue(_other_type(cell, "text"))


def _text_of_float(value: float) -> str:
    if abs(value) >= FIRST_UNTRUE_FLOAT:
        raise WrongValue(f"{shown(value)} was kept as a number and has lost digits; format the column as text")
    return format(value, FLOAT_FORMAT)


def _number_of_float(value: float) -> Decimal:
    if 0 <= value < 10**MOST_INTEGER_DIGITS and value == int(value):
        return Decimal(int(value))
    if not -float("inf") < value < float("inf"):
        raise WrongValue(f"{shown(value)} is not a finite number")
    if value < 0:
        raise WrongValue(f"{shown(format(value, FLOAT_FORMAT))} is negative; write 0 or more")
    return _written_out(Decimal(format(value, FLOAT_FORMAT)), value)


def _number_of_text(text: str, decimal_comma: bool, exponent: bool) -> Decimal:
    # The common case first: a file of 100,000 rows has little else.
    if len(text) <= MOST_INTEGER_DIGITS and text.isascii() and text.isdigit():
        return Decimal(text)
    if len(text) > LONGEST_NUMBER:
        raise WrongValue(f"{shown(text)} is too long for a number")
    plain = _with_point(text, decimal_comma)
    if _PLAIN.fullmatch(plain) or (exponent and _EXPONENT.fullmatch(plain)):
        return _written_out(Decimal(plain), text)
    raise WrongValue(_why_no_number(text))


def _with_point(text: str, decimal_comma: bool) -> str:
    if decimal_comma and _ONE_GROUP.fullmatch(text):
        whole, decimals = re.split(r"[.,]", text)
        raise WrongValue(
            f"{shown(text)} could be read as {whole}{decimals} or as {whole} and a fraction; "
            f"write {whole}{decimals} or {whole},{decimals}0"
        )
    if "," not in text:
        return text
    if not decimal_comma and re.fullmatch(r"[0-9]+,[0-9]+", text):
        raise WrongValue(
            f"{shown(text)} has a comma: write decimals after a point, and no separators for thousands "
            "(decimal commas are read in files separated by semicolons only)"
        )
    if not decimal_comma or text.count(",") > 1 or "." in text:
        raise WrongValue(f"{shown(text)} is not a plain number; write it without separators for thousands")
    return text.replace(",", ".")


def _why_no_number(text: str) -> str:
    if _NOT_FINITE.fullmatch(text):
        return f"{shown(text)} is not a finite number"
    if text[:1] in {"-", "−"} and text[1:2].isdigit():
        return f"{shown(text)} is negative; write 0 or more"
    if text.startswith("="):
        return f"{shown(text)} is a formula; write the number itself"
    return f"{shown(text)} is not a number"


def _written_out(value: Decimal, given: object) -> Decimal:
    """Without an exponent and without zeros at the end: precision is judged by value, 19.000 is 19."""
    if not value:
        return Decimal(0)
    if value.adjusted() >= MOST_INTEGER_DIGITS:
        raise WrongValue(f"{shown(given)} has more than {MOST_INTEGER_DIGITS} digits before the decimals")
    text = format(value, "f")
    return Decimal(text.rstrip("0").rstrip(".") if "." in text else text)


def _instant_of_text(text: str) -> datetime:
    match = _INSTANT.fullmatch(text) if len(text) <= LONGEST_NUMBER else None
    if match is None:
        raise WrongValue(f"{shown(text)} is not a date like 2026-04-27 or a time like 2026-04-27T00:00:00Z")
    try:
        day, clock, offset = match[1], match[2] or "00:00", (match[3] or "Z").replace("Z", "+00:00")
        return datetime.fromisoformat(f"{day}T{clock}{offset}").astimezone(UTC)
    except (ValueError, OverflowError):
        raise WrongValue(f"{shown(text)} is a date or time that does not exist") from None


def _other_type(cell: object, wanted: str) -> str:
    if isinstance(cell, BrokenCell):
        return f"holds {cell}, not a {wanted}"
    if isinstance(cell, _TIME_TYPES):
        return f"{shown(cell)} is a date or time, not a {wanted}; format the column as {wanted}"
    if isinstance(cell, bool):
        return f"{str(cell).upper()} is not a {wanted}"
    return f"a {wanted} is wanted here"
