"""Exported files as a person's spreadsheet program handles them: open, change cells, save."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import xlsxwriter
from python_calamine import CalamineWorkbook

Grid = list[list[Any]]


def grid_of(content: bytes) -> Grid:
    """The cells of a workbook's first sheet, or of a CSV file."""
    if content.startswith(b"PK"):
        return CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()
    text = content.decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=";" if text.split("\r\n")[0].count(";") else ","))


def row_of(grid: Grid, text: str) -> list[Any]:
    """The first row that has the text in one of its cells."""
    return next(row for row in grid if text in row)


def set_cell(grid: Grid, customer: str, column: str, value: Any) -> None:
    """Change a customer's cell; `column` is the key in the first row."""
    row_of(grid, customer)[grid[0].index(column)] = value


def cell(grid: Grid, customer: str, column: str) -> Any:
    return row_of(grid, customer)[grid[0].index(column)]


def saved(grid: Grid, write: Callable[[Any, int, int, Any], None] | None = None) -> bytes:
    """A workbook with these cells; `write` may write a cell in another way than by its type."""
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True, "strings_to_formulas": False}) as book:
        sheet = book.add_worksheet("Edited")
        for row, cells in enumerate(grid):
            for column, value in enumerate(cells):
                if value != "":
                    (write or _write)(sheet, row, column, value)
    return target.getvalue()


def _write(sheet: Any, row: int, column: int, value: Any) -> None:
    sheet.write(row, column, value)


def saved_csv(grid: Grid, delimiter: str = ",") -> bytes:
    target = io.StringIO()
    csv.writer(target, delimiter=delimiter, lineterminator="\r\n").writerows(grid)
    return target.getvalue().encode("utf-8-sig")
