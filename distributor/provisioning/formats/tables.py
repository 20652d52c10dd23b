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

NumberedRow = tuple[int, Sequence[object]]
SHOWN_COLUMNS = 12


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

    def refuse(self, field: str | None, reason: str) -> None:
        """Note that the present row can't be taken."""
        self.ok = False
        self.refused.append(RefusedRow(self.number, field, reason))

    def text(self, field: str, longest: int, *, required: bool = True) -> str:
        """The trimmed text of a field; "" when it is blank or wrong."""
        try:
            text = text_of(self.cell(field), longest)
        except WrongValue as wrong:
            self.refuse(field, str(wrong))
            return ""
        if required and not text:
            self.refuse(field, "is blank")
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
            self.refuse(field, str(wrong))
            return None
        if required:
            self.refuse(field, "is blank")
        return None

    def instant(self, field: str) -> datetime | None:
        """The time of a field in UTC; None when it is wrong, and blank is wrong."""
        cell = self.cell(field)
        try:
            if not is_blank(cell):
                return instant_of(cell)
            self.refuse(field, "is blank")
        except WrongValue as wrong:
            self.refuse(field, str(wrong))
        return None

    def fits(self, width: int) -> bool:
        """Has the row as many cells as the header? Else it is refused; blank cells at the end do no harm."""
        cells = self.cells
        if len(cells) < width:
            self.refuse(None, f"{counted(len(cells), 'cell')} where the header has {width}")
        elif len(cells) > width and not all(is_blank(cell) for cell in cells[width:]):
            hint = "is a text with a separator in it not in quotation marks?"
            self.refuse(None, f"{counted(len(cells), 'cell')} where the header has {width}; {hint}")
        return self.ok

    def cell(self, field: str) -> object:
        """What stands in a field, unjudged; None where the file has no such column."""
        place = self.columns.get(field)
        return None if place is None else self.cells[place]


def counted(number: int, word: str) -> str:
    """ "1 row", "20,001 rows"."""
    return f"{number:,} {word}" if number == 1 else f"{number:,} {word}s"


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
        raise UnreadableFile("There is no row below the header. Nothing was read.")


def too_many_rows(count: int, limits: Limits) -> UnreadableFile:
    """The refusal of a file with ``count`` rows."""
    return UnreadableFile(f"{counted(count, 'row')}; at most {limits.max_rows:,}. Split the file.")


def too_many_columns(count: int, limits: Limits) -> UnreadableFile:
    """The refusal of a file with ``count`` columns."""
    return UnreadableFile(f"{counted(count, 'column')}; at most {limits.max_columns}.")


def header_of(cells: Sequence[object], limits: Limits) -> tuple[str, ...]:
    """The names of columns in the first row, without blank ones at the end. Raises UnreadableFile."""
    names = ["" if is_blank(cell) else str(cell).strip() for cell in cells]
    while names and not names[-1]:
        names.pop()
    if len(names) > limits.max_columns:
        raise too_many_columns(len(names), limits)
    return tuple(names)


def listed(names: Sequence[str]) -> str:
    """Names of columns for a message, the first dozen."""
    if not names:
        return "nothing"
    some = ", ".join(shown(name) for name in names[:SHOWN_COLUMNS])
    rest = len(names) - SHOWN_COLUMNS
    return f"{some} and {rest} more" if rest > 0 else some
