"""One pass over the XML of a workbook part: where cells are, how much text they hold, which are broken."""

import re
from array import array

from distributor.provisioning.formats.shapes import MIB, Limits, UnreadableFile
from distributor.provisioning.formats.tables import too_many_columns, too_many_rows

DEEPEST = 64
# Kinds of cells whose value is looked at: a number of a shared text, the name of an error.
REFERRING = frozenset({"s", "e"})
LONGEST_VALUE = 40
NO_POSITION = "A cell of the workbook has no proper position. Save the workbook again as “Excel Workbook”."
_POSITION = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_DIGITS = re.compile(r"[0-9]{1,9}")


class SharedTexts:
    """Lengths of the texts that cells refer to by number, and what all referring cells need together."""

    def __init__(self, most: int) -> None:
        self.lengths, self.most, self.total = array("Q"), most, 0

    def referred(self, number: str) -> None:
        """Count a cell that refers to a text. Raises UnreadableFile when all of them need too much."""
        if not _DIGITS.fullmatch(number) or int(number) >= len(self.lengths):
            raise UnreadableFile(
                "A cell of the workbook refers to a text that is not there. Save the workbook again."
            )
        self.total += self.lengths[int(number)]
        if self.total > self.most:
            raise UnreadableFile(
                f"The texts of the workbook need more than {self.most // MIB} MB when written out."
            )


class PartScan:
    """Handlers for a parser. Raises UnreadableFile for cells outside of the limits, wherever they are.

    ``broken``: cells without a value of their own, (row, column) from 0, in words.
    """

    def __init__(self, texts: SharedTexts, limits: Limits) -> None:
        self.texts, self.limits = texts, limits
        self.broken: dict[tuple[int, int], str] = {}
        self.depth, self.row, self.column = 0, -1, -1
        self.kind, self.filled, self.formula = "", False, False
        self.positioned: bool | None = None
        self.in_value, self.in_shared, self.value = False, False, ""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        self.depth += 1
        if self.depth > DEEPEST:
            raise UnreadableFile(
                "The workbook's XML is nested too deeply. Save it again as “Excel Workbook”."
            )
        name = name.rpartition(":")[2]
        if name == "c":
            self._start_cell(attributes)
        elif name in {"v", "is"}:
            self._fill()
            self.in_value, self.value = self.kind in REFERRING, ""
        elif name == "f":
            self.formula = True
        elif name == "row":
            self._start_row(attributes.get("r"))
        elif name == "si":
            self.texts.lengths.append(0)
            self.in_shared = True

    def characters(self, text: str) -> None:
        """Text between elements."""
        if self.in_value:
            self.value += text[:LONGEST_VALUE]
        elif self.in_shared:
            self.texts.lengths[-1] += len(text)

    def end(self, name: str) -> None:
        """An element ends."""
        self.depth -= 1
        name = name.rpartition(":")[2]
        if name == "v":
            self._end_value()
        elif name == "c":
            self._end_cell()
        elif name == "si":
            self.in_shared = False

    def _start_row(self, given: str | None) -> None:
        self.row = self.row + 1 if given is None else self._number(given) - 1
        self.column = -1

    def _start_cell(self, attributes: dict[str, str]) -> None:
        position = attributes.get("r")
        if self.positioned is None:
            self.positioned = position is not None
        # Where some cells say their position and others leave it to be counted, readers differ in the result.
        if self.positioned is (position is None):
            raise UnreadableFile(NO_POSITION)
        self.column = self.column + 1 if position is None else self._column(position)
        self.kind, self.filled, self.formula = attributes.get("t", ""), False, False

    def _fill(self) -> None:
        self.filled = True
        if self.row > self.limits.max_rows:
            raise too_many_rows(self.row, self.limits)
        if self.column >= self.limits.max_columns:
            raise too_many_columns(self.column + 1, self.limits)

    def _end_cell(self) -> None:
        if self.kind == "e":
            self.broken[self.row, self.column] = f"the error {self.value.strip()[:20]}"
        elif self.formula and not self.filled:
            self.broken[self.row, self.column] = "a formula that was never calculated"

    def _end_value(self) -> None:
        self.in_value = False
        if self.kind == "s":
            self.texts.referred(self.value.strip())

    def _column(self, position: str) -> int:
        match = _POSITION.fullmatch(position)
        if match is None or self._number(match[2]) - 1 != self.row:
            raise UnreadableFile(NO_POSITION)
        column = 0
        for letter in match[1]:
            column = column * 26 + ord(letter) - ord("A") + 1
        return column - 1

    def _number(self, text: str) -> int:
        if not _DIGITS.fullmatch(text) or int(text) < 1:
            raise UnreadableFile("A row of the workbook has no proper number. Save the workbook again.")
        return int(text)
