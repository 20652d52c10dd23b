"""A table read row by row, from CSV, a workbook or JSON; what is wrong is noted, and reading goes on."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from distributor.provisioning.formats.shapes import Limits, RefusedRow, UnreadableFile
from distributor.provisioning.formats.values import (
    WrongValue,
    instant_of,
    is_blank,
    number_of,
    shown,
    text_of,
)
from workflows.words import Words, counted, words

NumberedRow = tuple[int, Sequence[object]]
SHOWN_COLUMNS = 12
IS_BLANK = words("is blank")


@dataclass(frozen=True, slots=True)
class Table:
    """Names of columns and the numbered rows below them; ``decimal_comma`` as in ``number_of``."""

    header: tuple[str, ...]
    rows: Iterator[NumberedRow]
    decimal_comma: bool = False


class RowReader:
    """Takes the fields of one row after the other; ``ok`` tells whether the present row had nothing wrong.

    ``columns`` maps the field's name, as people read it in the file, to its place in the row.
    """

    def __init__(self, columns: Mapping[str, int], refused: list[RefusedRow], decimal_comma: bool = False) -> None:
        self.columns, self.refused, self.decimal_comma = columns, refused, decimal_comma
        self.number, self.ok = 0, True
        self.cells: Sequence[object] = ()

    def turn_to(self, number: int, cells: Sequence[object]) -> None:
        """Go on to the next row."""
        self.number, self.cells, self.ok = number, cells, True

    def refuse(self, field: str | None, reason: Words) -> None:
        """Note that the present row can't be taken."""
        self.ok = False
        self.refused.append(RefusedRow(self.number, field, reason))

    def text(self, field: str, longest: int, *, required: bool = True) -> str:
        """The trimmed text of a field; "" when it is blank or wrong."""
        try:
            text = text_of(self.cell(field), longest)
        except WrongValue as wrong:
            self.refuse(field, wrong.reason)
            return ""
        if required and not text:
            self.refuse(field, IS_BLANK)
        return text

    def number_in(
        self, field: str, *, exponent: bool = False, required: bool = True, drop_sign: bool = False
    ) -> Decimal | None:
        """The number of a field; None when it is blank or wrong. ``exponent`` as in ``number_of``."""
        cell = self.cell(field)
        if drop_sign and isinstance(cell, str):
            cell = cell.strip().removeprefix("-")
        try:
            if not is_blank(cell):
                return number_of(cell, decimal_comma=self.decimal_comma, exponent=exponent)
        except WrongValue as wrong:
            self.refuse(field, wrong.reason)
            return None
        if required:
            self.refuse(field, IS_BLANK)
        return None

    def instant(self, field: str) -> datetime | None:
        """The time of a field in UTC; None when it is wrong, and blank is wrong."""
        cell = self.cell(field)
        try:
            if not is_blank(cell):
                return instant_of(cell)
            self.refuse(field, IS_BLANK)
        except WrongValue as wrong:
            self.refuse(field, wrong.reason)
        return None

    def fits(self, width: int) -> bool:
        """Has the row as many cells as the header? Else it is refused; blank cells at the end do no harm."""
        cells = self.cells
        if len(cells) < width:
            why = counted(
                "%(num)s cell where the header has %(width)s",
                "%(num)s cells where the header has %(width)s",
                len(cells),
                width=width,
            )
            self.refuse(None, why)
        elif len(cells) > width and not all(is_blank(cell) for cell in cells[width:]):
            why = counted(
                "%(num)s cell where the header has %(width)s; is a text with a separator in it not in quotation marks?",
                "%(num)s cells where the header has %(width)s; "
                "is a text with a separator in it not in quotation marks?",
                len(cells),
                width=width,
            )
            self.refuse(None, why)
        return self.ok

    def cell(self, field: str) -> object:
        """What stands in a field, unjudged; None where the file has no such column."""
        place = self.columns.get(field)
        return None if place is None else self.cells[place]


def limited(rows: Iterable[NumberedRow], limits: Limits) -> Iterator[NumberedRow]:
    """The rows with anything in them. Raises UnreadableFile when there are more than allowed, or none."""
    filled = ((number, cells) for number, cells in rows if cells and not all(is_blank(cell) for cell in cells))
    count = 0
    for row in filled:
        count += 1
        if count > limits.max_rows:
            raise too_many_rows(count + sum(1 for _ in filled), limits)
        yield row
    if not count:
        raise UnreadableFile(words("There is no row below the header. Nothing was read."))


def too_many_rows(count: int, limits: Limits) -> UnreadableFile:
    """The refusal of a file with ``count`` rows."""
    most = Decimal(limits.max_rows)
    return UnreadableFile(
        counted(
            "%(num)s row; at most %(most)s. Split the file.",
            "%(num)s rows; at most %(most)s. Split the file.",
            count,
            most=most,
        )
    )


def too_many_columns(count: int, limits: Limits) -> UnreadableFile:
    """The refusal of a file with ``count`` columns."""
    most = limits.max_columns
    return UnreadableFile(
        counted("%(num)s column; at most %(most)s.", "%(num)s columns; at most %(most)s.", count, most=most)
    )


def header_of(cells: Sequence[object], limits: Limits) -> tuple[str, ...]:
    """The names of columns in the first row, without blank ones at the end. Raises UnreadableFile."""
    names = ["" if is_blank(cell) else str(cell).strip() for cell in cells]
    while names and not names[-1]:
        names.pop()
    if len(names) > limits.max_columns:
        raise too_many_columns(len(names), limits)
    return tuple(names)


def listed(names: Sequence[str]) -> Words:
    """Names of columns for a message, the first dozen."""
    if not names:
        return words("nothing")
    some, rest = tuple(shown(name) for name in names[:SHOWN_COLUMNS]), len(names) - SHOWN_COLUMNS
    return words("%(names)s and %(rest)s more", names=some, rest=rest) if rest > 0 else words("%(names)s", names=some)
