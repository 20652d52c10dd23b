"""Reading a workbook's sheets as tables."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from distributor.provisioning.formats.intake import IN_MEMORY
from distributor.provisioning.formats.part_scan import Broken
from distributor.provisioning.formats.shapes import Limits, UnreadableFile
from distributor.provisioning.formats.tables import NumberedRow, Table, header_of, limited
from distributor.provisioning.formats.values import BrokenCell
from distributor.provisioning.formats.workbook_guard import NO_WORKBOOK, guard
from workflows.words import Words


class Workbook:
    """An opened workbook that passed the guard. Raises UnreadableFile when it can't be opened."""

    def __init__(self, file: IO[bytes], limits: Limits) -> None:
        self.limits = limits
        with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as copy:
            self.broken = guard(file, copy, limits)
            copy.seek(0)
            self.calamine = _opened(copy)
        if not self.sheets:
            raise UnreadableFile(NO_WORKBOOK)

    @property
    def sheets(self) -> list[str]:
        """Names of the sheets, in order."""
        return self.calamine.sheet_names

    def table(self, name: str) -> Table:
        """The table on a sheet. Raises UnreadableFile."""
        sheet = _sheet(self.calamine, name)
        rows = _rows(sheet, self.broken.get(name, {}))
        header = header_of(next(rows, (1, ()))[1], self.limits)
        return Table(header, limited(rows, self.limits))


def _opened(file: IO[bytes]) -> CalamineWorkbook:
    with _library_errors():
        return CalamineWorkbook.from_filelike(file)


def _sheet(workbook: CalamineWorkbook, name: str) -> CalamineSheet:
    with _library_errors():
        return workbook.get_sheet_by_name(name)


def _rows(sheet: CalamineSheet, broken: Broken) -> Iterator[NumberedRow]:
    by_row: dict[int, dict[int, Words]] = {}
    for (row, column), what in broken.items():
        by_row.setdefault(row, {})[column] = what
    with _library_errors():
        for number, cells in enumerate(sheet.iter_rows(), 1):
            yield number, _marked(cells, by_row[number - 1]) if number - 1 in by_row else cells


def _marked(cells: Sequence[object], broken: dict[int, Words]) -> list[object]:
    """The cells, those without a value marked: the library gives them as blank."""
    return [BrokenCell.holding(broken[column]) if column in broken else cell for column, cell in enumerate(cells)]


@contextmanager
def _library_errors() -> Iterator[None]:
    try:
        yield
    except (CalamineError, OSError, ValueError, OverflowError):
        raise UnreadableFile(NO_WORKBOOK) from None
    except BaseException as error:
        # A panic of the library comes as a BaseException of a class that can't be imported.
        if type(error).__name__ != "PanicException":
            raise
        raise UnreadableFile(NO_WORKBOOK) from None
