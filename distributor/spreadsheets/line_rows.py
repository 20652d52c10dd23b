"""The rows of an exported workbook, one for each line: values, and formulas with their present results."""

from __future__ import annotations

from typing import Any

from distributor.spreadsheets.columns import EDITABLE, KEYS, Cells, cells_of, state_words
from distributor.spreadsheets.formulas import Formulas
from distributor.spreadsheets.looks import Looks
from distributor.usage_reports.queries import LineRow, ReportRow

AT = {key: place for place, key in enumerate(KEYS)}
COMPUTED = frozenset({"difference", "amount", "state"})
# What the review says of a line does not follow from its figures.
SAID = frozenset({"accepted", "note", "penalised"})


class LineRows:
    """Writes lines into a sheet; `editable` unlocks what may be changed, but not on lines that were accepted."""

    def __init__(self, sheet: Any, looks: Looks, report: ReportRow, *, editable: bool) -> None:
        self.sheet, self.looks, self.report, self.editable = sheet, looks, report, editable
        self.formulas, self.words = Formulas(report, AT), state_words()

    def write(self, row: int, line: LineRow) -> None:
        """Write one line into the row, which counts from 0."""
        cells = cells_of(self.report, line)
        unlocked = EDITABLE if self.editable and not cells.accepted else ()
        for key, value in cells.values.items():
            if key not in COMPUTED:
                look = self.looks.cell(key, cells.values["decimals"], editable=key in unlocked)
                self._write(row, AT[key], value, look)
        self._write_figures(row, cells)
        self._write_state(row, line, cells.values["state"])

    def _write(self, row: int, place: int, value: Any, look: Any) -> None:
        """Text as text, whatever it begins with; blank cells carry their look too, else they would be locked."""
        if value is None or value == "":
            self.sheet.write_blank(row, place, None, look)
        elif isinstance(value, str):
            self.sheet.write_string(row, place, value, look)
        else:
            self.sheet.write_number(row, place, value, look)

    def _write_figures(self, row: int, cells: Cells) -> None:
        made = {"difference": self.formulas.difference(row), "amount": self.formulas.amount(row)}
        for key, formula in made.items():
            present = cells.values[key]
            look = self.looks.cell(key, cells.values["decimals"])
            self.sheet.write_formula(row, AT[key], formula, look, "" if present is None else float(present))

    def _write_state(self, row: int, line: LineRow, state: str) -> None:
        if state in SAID:
            self.sheet.write_string(row, AT["state"], self.words[state], self.looks.plain)
        else:
            live = self.formulas.state(row, line, self.words)
            self.sheet.write_formula(row, AT["state"], live, self.looks.plain, self.words[state])
