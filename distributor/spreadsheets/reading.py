"""A spreadsheet that came back: its rows with the cells that matter, each with what was wrong with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import IO
from uuid import UUID

from flask_babel import force_locale, gettext

from distributor.errors import FieldError, InputRefused
from distributor.provisioning.formats import HTTP_LIMITS, UnreadableFile
from distributor.provisioning.formats.csv_tables import read_table
from distributor.provisioning.formats.intake import container_of, taken_in
from distributor.provisioning.formats.tables import Table
from distributor.provisioning.formats.values import BrokenCell, WrongValue, is_blank, number_of, shown, text_of
from distributor.provisioning.formats.workbooks import Workbook
from distributor.saying import said
from distributor.spreadsheets.columns import DIGEST, KEYS, NOTE, labels
from distributor.spreadsheets.text import unguarded
from distributor.usage_reports.operations.drafts import LONGEST_COMMENT
from distributor.words import is_storable, plain_breaks
from workflows.units import BLANKS
from workflows.words import words

LONGEST_KEY = 300
# Sheets that people put in front; the table is looked for behind them.
MOST_SHEETS = 5
FIGURES = ("provisioned_units", "used_units", "unit_price")
UNREADABLE = Decimal(-1)
NEEDED = frozenset({"chargeable_units", "comment"})


@dataclass(slots=True)
class Row:
    """A row of the file. `units` and `comment` are what stands there; `wrong` says by column why one cannot be taken.

    `line`, `version` and `seen` come from the hidden columns, where the file still has them. `figures` are the other
    numbers, for saying which of them somebody changed.
    """

    number: int
    ref: str = ""
    sku: str = ""
    report: UUID | None = None
    line: UUID | None = None
    version: int | None = None
    seen: str = ""
    units: Decimal | None = None
    comment: str | None = None
    figures: dict[str, Decimal | None] = field(default_factory=dict)
    wrong: dict[str, str] = field(default_factory=dict)


def read(content: bytes, name: str) -> list[Row]:
    """The rows of a workbook or CSV file. Raises InputRefused where the file as a whole cannot be taken."""
    try:
        with taken_in(content, HTTP_LIMITS) as file, _table_of(file, name) as (table, is_csv):
            reader = _Reader(_columns(table.header), table.decimal_comma or not is_csv, is_csv=is_csv)
            return [reader.row(number, cells) for number, cells in table.rows if not reader.is_note(cells)]
    except UnreadableFile as error:
        raise refused(said(error.message)) from error


def refused(message: str) -> InputRefused:
    """The refusal of a file as a whole."""
    return InputRefused(message, [FieldError(message, "file")])


@contextmanager
def _table_of(file: IO[bytes], name: str) -> Iterator[tuple[Table, bool]]:
    container = container_of(file, name)
    if container == "json":
        raise refused(gettext("The file is JSON. Import the Excel or CSV file that this report was exported to."))
    if container == "text":
        yield read_table(file, HTTP_LIMITS), True
        return
    workbook = Workbook(file, HTTP_LIMITS)
    tables = (workbook.table(sheet) for sheet in workbook.sheets[:MOST_SHEETS])
    found = [table for table in tables if set(_columns(table.header)) >= NEEDED]
    yield (found[0] if found else workbook.table(workbook.sheets[0])), False


def _columns(header: Sequence[str]) -> dict[str, int]:
    """Places of the known columns: by their keys, or by their names where the hidden row of keys is gone."""
    known = {key: key for key in KEYS}
    for locale in ("en", None):
        known |= {label.casefold(): key for key, label in _labels(locale).items()}
    found: dict[str, int] = {}
    for place, name in enumerate(header):
        key = known.get(name.casefold())
        if key is not None:
            found.setdefault(key, place)
    return found


def _labels(locale: str | None) -> Mapping[str, str]:
    if locale is None:
        return labels()
    with force_locale(locale):
        return labels()


class _Reader:
    """Takes rows apart. `decimal_comma`: numbers written as text may have one."""

    def __init__(self, columns: Mapping[str, int], decimal_comma: bool, *, is_csv: bool) -> None:
        self.columns, self.decimal_comma, self.is_csv = columns, decimal_comma, is_csv
        if not columns.keys() >= NEEDED or not columns.keys() & {"line", "sku"}:
            raise refused(
                gettext(
                    "This is not a report that was exported here: the columns for chargeable units and comments are "
                    "missing. Export the report, change that file and import it."
                )
            )

    def is_note(self, cells: Sequence[object]) -> bool:
        """Whether the row is there for people only."""
        given = self._cell(cells, "line")
        return isinstance(given, str) and given.startswith(NOTE)

    def row(self, number: int, cells: Sequence[object]) -> Row:
        row = Row(number)
        row.ref, row.sku = self._text(cells, "customer_ref"), self._text(cells, "sku")
        row.report, row.line = self._uid(cells, "report"), self._uid(cells, "line")
        row.version = self._whole(cells, "line_version")
        row.seen = self._seen(cells)
        for key in FIGURES:
            self._note_figure(row, cells, key)
        try:
            row.units = self._number(self._cell(cells, "chargeable_units"))
        except WrongValue as wrong:
            row.wrong["chargeable_units"] = said(wrong.reason)
        try:
            row.comment = self._comment(self._cell(cells, "comment"))
        except WrongValue as wrong:
            row.wrong["comment"] = said(wrong.reason)
        return row

    def _cell(self, cells: Sequence[object], key: str) -> object:
        place = self.columns.get(key)
        return cells[place] if place is not None and place < len(cells) else None

    def _text(self, cells: Sequence[object], key: str) -> str:
        """A text to find the line by; what cannot be read finds none."""
        try:
            text = text_of(self._cell(cells, key), LONGEST_KEY)
        except WrongValue:
            return ""
        return unguarded(text) if self.is_csv else text

    def _uid(self, cells: Sequence[object], key: str) -> UUID | None:
        try:
            return UUID(self._text(cells, key))
        except ValueError:
            return None

    def _whole(self, cells: Sequence[object], key: str) -> int | None:
        text = self._text(cells, key)
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None

    def _seen(self, cells: Sequence[object]) -> str:
        text = self._text(cells, "seen")
        return text[1:] if len(text) == 1 + 2 * DIGEST else ""

    def _note_figure(self, row: Row, cells: Sequence[object], key: str) -> None:
        """A figure that is never taken; what cannot be read counts as changed."""
        if key not in self.columns:
            return
        try:
            row.figures[key] = self._number(self._cell(cells, key))
        except WrongValue:
            row.figures[key] = UNREADABLE

    def _number(self, cell: object) -> Decimal | None:
        if is_blank(cell):
            return None
        try:
            return number_of(cell, decimal_comma=self.decimal_comma)
        except WrongValue:
            # "3,5" in a file with commas between columns stands in quotation marks and can be read in one way only.
            if self.decimal_comma or not isinstance(cell, str) or isinstance(cell, BrokenCell) or "," not in cell:
                raise
            return number_of(cell, decimal_comma=True)

    def _comment(self, cell: object) -> str | None:
        if not isinstance(cell, str) or isinstance(cell, BrokenCell):
            return text_of(cell, LONGEST_COMMENT) or None
        text = plain_breaks(cell).strip(BLANKS)
        text = unguarded(text) if self.is_csv else text
        if len(text) > LONGEST_COMMENT:
            raise WrongValue(
                words("%(given)s characters; at most %(most)s", given=Decimal(len(text)), most=LONGEST_COMMENT)
            )
        if not is_storable(text):
            raise WrongValue(words("%(given)s holds a control character; remove it", given=shown(text)))
        return text or None
