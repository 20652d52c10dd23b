"""Numbers, texts and times as they stand in a cell. What can't be read in exactly one way is refused.

Numbers are judged by pattern and length before ``Decimal`` sees them: it would take "1_000", Arabic digits
and exponents that take half a minute to write out.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Self

from workflows.units import LONGEST_NUMBER, MOST_INTEGER_DIGITS
from workflows.words import N_, Words, words

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
    """A cell that can't be taken; ``reason`` says why, for people."""

    def __init__(self, reason: Words) -> None:
        super().__init__(reason)
        self.reason = reason


class BrokenCell(str):
    """A workbook cell without a value; ``what`` says what stands there, e.g. "the error #DIV/0!"."""

    __slots__ = ("what",)

    what: Words

    @classmethod
    def holding(cls, what: Words) -> Self:
        """A cell that holds this instead of a value."""
        cell = cls(what)
        cell.what = what
        return cell


class NumberToken(str):
    """A number as it was written in JSON."""

    __slots__ = ()


def shown(value: object) -> Words:
    """A value quoted in a message: short and printable."""
    if isinstance(value, list | dict):
        return words("a list") if isinstance(value, list) else words("an object")
    text = _UNPRINTABLE.sub("�", str(value)[: SHOWN + 1])
    return words("“%(given)s”", given=f"{text[:SHOWN]}…" if len(text) > SHOWN else text)


def is_blank(cell: object) -> bool:
    """Is there nothing in the cell? An error is something."""
    return cell is None or (isinstance(cell, str) and not isinstance(cell, BrokenCell) and not cell.strip())


def text_of(cell: object, longest: int) -> str:
    """The text of a cell, trimmed and in one Unicode form; "" when blank. Raises WrongValue."""
    text = cell.strip() if type(cell) is str else _text_of_other(cell)
    if len(text) > longest:
        raise WrongValue(words("%(given)s characters; at most %(most)s", given=Decimal(len(text)), most=longest))
    if text.isascii() and text.isprintable():
        return text
    if _UNPRINTABLE.search(text):
        raise WrongValue(
            words("%(given)s holds a line break or another control character; remove it", given=shown(text))
        )
    return unicodedata.normalize("NFC", text)


def number_of(cell: object, *, decimal_comma: bool = False, exponent: bool = False) -> Decimal:
    """The number in a cell that is not blank, exact and not negative. Raises WrongValue.

    ``decimal_comma``: the file writes decimals after a comma (they may still stand after a point).
    ``exponent``: the file comes from a program that writes zero as "0E-20".
    """
    if isinstance(cell, str):
        if isinstance(cell, BrokenCell):
            raise WrongValue(words("holds %(what)s, not a number", what=cell.what))
        return _number_of_text(cell.strip(), decimal_comma, exponent)
    if isinstance(cell, bool):
        raise WrongValue(words("%(given)s is not a number", given=str(cell).upper()))
    if isinstance(cell, int | float):
        return _number_of_float(cell)
    raise WrongValue(_other_type(cell, NUMBER_WANTED))


def instant_of(cell: object) -> datetime:
    """The time in a cell, in UTC; a time without an offset is taken as UTC. Raises WrongValue."""
    if isinstance(cell, datetime):
        return cell.replace(tzinfo=UTC) if cell.tzinfo is None else cell.astimezone(UTC)
    if isinstance(cell, date):
        return datetime.combine(cell, time(), UTC)
    if not isinstance(cell, str) or isinstance(cell, BrokenCell):
        raise WrongValue(_other_type(cell, DATE_WANTED))
    return _instant_of_text(cell.strip())


def _text_of_other(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, BrokenCell):
        raise WrongValue(words("holds %(what)s, not a text", what=cell.what))
    if isinstance(cell, str):
        return str(cell)
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return _text_of_float(cell)
    raise WrongValue(_other_type(cell, TEXT_WANTED))


def _text_of_float(value: float) -> str:
    if abs(value) >= FIRST_UNTRUE_FLOAT:
        raise WrongValue(
            words("%(given)s was kept as a number and has lost digits; format the column as text", given=shown(value))
        )
    return format(value, FLOAT_FORMAT)


def _number_of_float(value: float) -> Decimal:
    if 0 <= value < 10**MOST_INTEGER_DIGITS and value == int(value):
        return Decimal(int(value))
    if not -float("inf") < value < float("inf"):
        raise WrongValue(words("%(given)s is not a finite number", given=shown(value)))
    if value < 0:
        raise WrongValue(words("%(given)s is negative; write 0 or more", given=shown(format(value, FLOAT_FORMAT))))
    return _written_out(Decimal(format(value, FLOAT_FORMAT)), value)


def _number_of_text(text: str, decimal_comma: bool, exponent: bool) -> Decimal:
    # The common case first: a file of 100,000 rows has little else.
    if len(text) <= MOST_INTEGER_DIGITS and text.isascii() and text.isdigit():
        return Decimal(text)
    if len(text) > LONGEST_NUMBER:
        raise WrongValue(words("%(given)s is too long for a number", given=shown(text)))
    plain = _with_point(text, decimal_comma)
    if _PLAIN.fullmatch(plain) or (exponent and _EXPONENT.fullmatch(plain)):
        return _written_out(Decimal(plain), text)
    raise WrongValue(_why_no_number(text))


def _with_point(text: str, decimal_comma: bool) -> str:
    if decimal_comma and _ONE_GROUP.fullmatch(text):
        whole, decimals = re.split(r"[.,]", text)
        raise WrongValue(
            words(
                "%(given)s could be read as %(whole)s or as %(part)s and a fraction; write %(whole)s or %(fraction)s",
                given=shown(text),
                whole=f"{whole}{decimals}",
                part=whole,
                fraction=f"{whole},{decimals}0",
            )
        )
    if "," not in text:
        return text
    if not decimal_comma and re.fullmatch(r"[0-9]+,[0-9]+", text):
        raise WrongValue(
            words(
                "%(given)s has a comma: write decimals after a point, and no separators for thousands "
                "(decimal commas are read in files separated by semicolons only)",
                given=shown(text),
            )
        )
    if not decimal_comma or text.count(",") > 1 or "." in text:
        raise WrongValue(
            words("%(given)s is not a plain number; write it without separators for thousands", given=shown(text))
        )
    return text.replace(",", ".")


def _why_no_number(text: str) -> Words:
    if _NOT_FINITE.fullmatch(text):
        return words("%(given)s is not a finite number", given=shown(text))
    if text[:1] in {"-", "−"} and text[1:2].isdigit():
        return words("%(given)s is negative; write 0 or more", given=shown(text))
    if text.startswith("="):
        return words("%(given)s is a formula; write the number itself", given=shown(text))
    return words("%(given)s is not a number", given=shown(text))


def _written_out(value: Decimal, given: object) -> Decimal:
    """Without an exponent and without zeros at the end: precision is judged by value, 19.000 is 19."""
    if not value:
        return Decimal(0)
    if value.adjusted() >= MOST_INTEGER_DIGITS:
        raise WrongValue(
            words(
                "%(given)s has more than %(most)s digits before the decimals",
                given=shown(given),
                most=MOST_INTEGER_DIGITS,
            )
        )
    text = format(value, "f")
    return Decimal(text.rstrip("0").rstrip(".") if "." in text else text)


def _instant_of_text(text: str) -> datetime:
    match = _INSTANT.fullmatch(text) if len(text) <= LONGEST_NUMBER else None
    if match is None:
        raise WrongValue(
            words("%(given)s is not a date like 2026-04-27 or a time like 2026-04-27T00:00:00Z", given=shown(text))
        )
    try:
        day, clock, offset = match[1], match[2] or "00:00", (match[3] or "Z").replace("Z", "+00:00")
        return datetime.fromisoformat(f"{day}T{clock}{offset}").astimezone(UTC)
    except (ValueError, OverflowError):
        raise WrongValue(words("%(given)s is a date or time that does not exist", given=shown(text))) from None


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a column takes, said of each kind of thing that stands there instead: whole sentences in any language."""

    instead_of_broken: str
    instead_of_time: str
    instead_of_flag: str
    at_all: Words


NUMBER_WANTED = _Wanted(
    N_("holds %(what)s, not a number"),
    N_("%(given)s is a date or time, not a number; format the column as number"),
    N_("%(given)s is not a number"),
    words("a number is wanted here"),
)
TEXT_WANTED = _Wanted(
    N_("holds %(what)s, not a text"),
    N_("%(given)s is a date or time, not a text; format the column as text"),
    N_("%(given)s is not a text"),
    words("a text is wanted here"),
)
DATE_WANTED = _Wanted(
    N_("holds %(what)s, not a date"),
    N_("%(given)s is not a date"),
    N_("%(given)s is not a date"),
    words("a date is wanted here"),
)


def _other_type(cell: object, wanted: _Wanted) -> Words:
    if isinstance(cell, BrokenCell):
        return words(wanted.instead_of_broken, what=cell.what)
    if isinstance(cell, _TIME_TYPES):
        return words(wanted.instead_of_time, given=shown(cell))
    if isinstance(cell, bool):
        return words(wanted.instead_of_flag, given=str(cell).upper())
    return wanted.at_all
