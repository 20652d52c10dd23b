"""Lists as files: accounts and products as CSV or Excel, out and in again, in one layout that survives the round trip.

Columns say how their cells are read. A blank cell is None; a column that is not in the file is not in its rows. Text
that a spreadsheet would run as a formula is written with an apostrophe before it, which is taken off again on reading.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Literal

import xlsxwriter
from flask_babel import gettext

from distributor.provisioning.formats.csv_tables import read_table
from distributor.provisioning.formats.intake import container_of, taken_in
from distributor.provisioning.formats.shapes import HTTP_LIMITS, Limits, RefusedRow, UnreadableFile
from distributor.provisioning.formats.tables import RowReader, Table, listed
from distributor.provisioning.formats.workbooks import Workbook

Kind = Literal["text", "number", "whole", "flag", "cycle"]
YES, NO = "yes", "no"
FLAGS = {"yes": True, "true": True, "1": True, "ja": True, "no": False, "false": False, "0": False, "nein": False}
# What a spreadsheet would take for the beginning of a formula, and our own sign that keeps it from doing so.
DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "'")
MOST_DIGITS = 4
CYCLE = re.compile(r"([0-9]{4}-[0-9]{2})(-01)?")
TEXT_FORMAT = 49
CSV_TYPE = "text/csv"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name in the file, how its cells are read, and a sentence that explains it."""

    name: str
    kind: Kind = "text"
    explained: str = ""
    longest: int = 300


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of a list. `more` makes a column of a name that is not among them, or None."""

    columns: tuple[Column, ...]
    required: tuple[str, ...]
    more: Callable[[str], Column | None] = lambda _name: None


@dataclass(frozen=True, slots=True)
class GivenRow:
    """A row of a file: its number, as a spreadsheet counts, and its values by column."""

    number: int
    values: Mapping[str, Any]


@dataclass(slots=True)
class GivenList:
    """What a file held: readable rows, and what was wrong with the others."""

    columns: tuple[str, ...]
    rows: list[GivenRow] = field(default_factory=list)
    refused: list[RefusedRow] = field(default_factory=list)


def read_list(content: bytes, name: str | None, layout: Layout, limits: Limits = HTTP_LIMITS) -> GivenList:
    """Read a CSV file or workbook. Raises UnreadableFile when the file as a whole cannot be taken."""
    with taken_in(content, limits) as file:
        container = container_of(file, name)
        if container == "json":
            raise UnreadableFile(gettext("This is JSON. Upload CSV or XLSX."))
        if container == "workbook":
            workbook = Workbook(file, limits)
            return _rows(workbook.table(workbook.sheets[0]), layout, guarded=False)
        return _rows(read_table(file, limits), layout, guarded=True)


def _rows(table: Table, layout: Layout, *, guarded: bool) -> GivenList:
    columns = _columns(table.header, layout)
    given = GivenList(tuple(column.name for column in columns))
    places = {column.name: place for place, column in enumerate(columns)}
    reader = RowReader(places, given.refused, table.decimal_comma)
    for number, cells in table.rows:
        reader.turn_to(number, cells)
        if not reader.fits(len(columns)):
            continue
        values = {column.name: _value(reader, column, guarded=guarded) for column in columns}
        if reader.ok:
            given.rows.append(GivenRow(number, values))
    return given


def _columns(header: Sequence[str], layout: Layout) -> list[Column]:
    known = {column.name.casefold(): column for column in layout.columns}
    found = [known.get(name.casefold()) or layout.more(name.strip()) for name in header]
    names = [column.name for column in found if column is not None]
    if unknown := [name for name, column in zip(header, found, strict=True) if column is None]:
        said = gettext("The header has unknown columns: %(names)s. Known: %(known)s.")
        raise UnreadableFile(said % {"names": listed(unknown), "known": ", ".join(c.name for c in layout.columns)})
    if missing := [name for name in layout.required if name not in names]:
        raise UnreadableFile(gettext("The first line lacks the column %(name)s.", name=listed(missing)))
    if twice := [name for name in dict.fromkeys(names) if names.count(name) > 1]:
        raise UnreadableFile(gettext("The header names %(name)s twice. Leave each column once.", name=listed(twice)))
    return [column for column in found if column is not None]


def _value(reader: RowReader, column: Column, *, guarded: bool) -> Any:
    if column.kind == "number":
        number = reader.number_in(column.name, required=False)
        return None if number is None else f"{number:f}"
    if column.kind == "whole":
        return _whole(reader, column)
    if column.kind == "cycle" and isinstance(reader.cell(column.name), date):
        return f"{reader.cell(column.name):%Y-%m}"
    text = reader.text(column.name, column.longest, required=False)
    if guarded and text[:1] == "'" and text[1:2] in DANGEROUS:
        text = text[1:]
    return _read_text(reader, column, text) if text else None


def _read_text(reader: RowReader, column: Column, text: str) -> Any:
    if column.kind == "flag":
        if text.casefold() not in FLAGS:
            reader.refuse(column.name, gettext("“%(given)s” is neither yes nor no.", given=text[:40]))
        return FLAGS.get(text.casefold())
    if column.kind == "cycle":
        match = CYCLE.fullmatch(text)
        return match[1] if match else text
    return text


def _whole(reader: RowReader, column: Column) -> int | None:
    number = reader.number_in(column.name, required=False)
    if number is None:
        return None
    if number != int(number) or number.adjusted() > MOST_DIGITS:
        reader.refuse(column.name, gettext("“%(given)s” is not a whole number.", given=f"{number:f}"[:40]))
        return None
    return int(number)


def write_csv(columns: Sequence[Column], rows: Iterable[Mapping[str, Any]]) -> bytes:
    """The list as CSV: UTF-8 with the mark by which Excel knows it, a decimal point, formulas defused."""
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow([column.name for column in columns])
    for row in rows:
        writer.writerow([_csv_cell(column, row.get(column.name)) for column in columns])
    return file.getvalue().encode("utf-8-sig")


def _csv_cell(column: Column, value: Any) -> str:
    text = _written(value)
    return f"'{text}" if column.kind == "text" and text.startswith(DANGEROUS) else text


def _written(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return YES if value else NO
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def write_xlsx(columns: Sequence[Column], rows: Iterable[Mapping[str, Any]], sheet: str) -> bytes:
    """The list as a workbook, texts as text and numbers as numbers; a second sheet explains the columns."""
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True, "strings_to_formulas": False}) as workbook:
        bold = workbook.add_format({"bold": True, "bottom": 1})
        plain = workbook.add_format({"num_format": TEXT_FORMAT})
        page, notes = workbook.add_worksheet(sheet), workbook.add_worksheet("columns")
        for place, column in enumerate(columns):
            page.set_column(place, place, max(14, len(column.name) + 2), None if _is_number(column) else plain)
            page.write_string(0, place, column.name, bold)
        page.freeze_panes(1, 1)
        for line, row in enumerate(rows, 1):
            _write_row(page, line, columns, row)
        notes.set_column(0, 1, 60)
        for line, column in enumerate(columns):
            notes.write_string(line, 0, column.name)
            notes.write_string(line, 1, str(column.explained))
    return target.getvalue()


def _write_row(page: Any, line: int, columns: Sequence[Column], row: Mapping[str, Any]) -> None:
    for place, column in enumerate(columns):
        value = row.get(column.name)
        if value is None:
            continue
        if _is_number(column):
            page.write_number(line, place, float(value))
        else:
            page.write_string(line, place, _written(value))


def _is_number(column: Column) -> bool:
    return column.kind in {"number", "whole"}
