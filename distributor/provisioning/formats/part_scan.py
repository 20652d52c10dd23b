"""One pass over the XML of a workbook part: where cells are, how much text they hold, which are broken."""

import re
from array import array
from string import ascii_uppercase

from distributor.provisioning.formats.shapes import MIB, Limits, UnreadableFile
from distributor.provisioning.formats.tables import too_many_columns, too_many_rows
from distributor.provisioning.formats.values import shown
from workflows.words import Words, words

DEEPEST = 64
# Kinds of cells whose value is looked at: a number of a shared text, the name of an error.
REFERRING = frozenset({"s", "e"})
LONGEST_VALUE = 40
NO_POSITION = words("A cell of the workbook has no proper position. Save the workbook again as “Excel Workbook”.")
# What stands in sheets and shared texts by the million and says nothing here.
ORDINARY = frozenset({"t", "r", "rPr", "sz", "color", "rFont", "family", "xf"})
# (row, column), from 0, and what stands there in words.
Broken = dict[tuple[int, int], Words]
_POSITION = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_DIGITS = re.compile(r"[0-9]{1,9}")


class SharedTexts:
    """Lengths of the texts that cells refer to by number, and what all referring cells need together."""

    def __init__(self, most: int) -> None:
        self.lengths, self.most, self.total = array("Q"), most, 0

    def referred(self, number: str) -> None:
        """Count a cell that refers to a text. Raises UnreadableFile when all of them need too much."""
        if not number.isdecimal() or int(number) >= len(self.lengths):
            raise UnreadableFile(
                words(
                    "A cell of the workbook refers to a text that is not there. "
                    "Save the workbook again as “Excel Workbook”."
                )
            )
        self.total += self.lengths[int(number)]
        if self.total > self.most:
            most = self.most // MIB
            raise UnreadableFile(
                words("The texts of the workbook need more than %(most)s MB when written out.", most=most)
            )


class PartScan:
    """Handlers for a parser. Raises UnreadableFile for cells outside of the limits, wherever they are.

    ``size``: of the part in bytes. ``broken``: cells without a value of their own. A sheet calls these handlers
    millions of times, so they look at as little as they can.
    """

    __slots__ = (
        "broken",
        "column",
        "depth",
        "filled",
        "formula",
        "in_shared",
        "in_value",
        "kind",
        "limits",
        "positioned",
        "row",
        "row_name",
        "size",
        "texts",
        "value",
    )

    def __init__(self, texts: SharedTexts, size: int, limits: Limits) -> None:
        self.texts, self.size, self.limits = texts, size, limits
        self.broken: Broken = {}
        self.depth, self.row, self.row_name, self.column = 0, -1, "", -1
        self.kind, self.filled, self.formula = "", False, False
        self.positioned: bool | None = None
        self.in_value, self.in_shared, self.value = False, False, ""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        self.depth += 1
        if self.depth > DEEPEST:
            raise UnreadableFile(
                words("The workbook's XML is nested too deeply. Save the workbook again as “Excel Workbook”.")
            )
        if name == "c":
            self._start_cell(attributes)
        elif name in {"v", "is"}:
            self._fill()
        elif name not in ORDINARY:
            self._start_other(name.rpartition(":")[2], attributes)

    def characters(self, text: str) -> None:
        """Text between elements."""
        if self.in_value:
            self.value += text[:LONGEST_VALUE]
        elif self.in_shared:
            self.texts.lengths[-1] += len(text)

    def end(self, name: str) -> None:
        """An element ends."""
        self.depth -= 1
        if self.in_value:
            self._end_value()
        elif self.in_shared:
            self.in_shared = name.rpartition(":")[2] != "si"
        elif (self.formula or self.kind == "e") and name.rpartition(":")[2] == "c":
            self._end_cell()

    def _start_other(self, name: str, attributes: dict[str, str]) -> None:
        if name == "row":
            self._start_row(attributes.get("r"))
            return
        self._check_counts(attributes)
        if name == "si":
            self.texts.lengths.append(0)
            self.in_shared = True
        elif name == "f":
            self.formula = True
        elif name == "c":
            self._start_cell(attributes)
        elif name in {"v", "is"}:
            self._fill()

    def _check_counts(self, attributes: dict[str, str]) -> None:
        # The library makes room for as many texts as a workbook says it has, before it looks.
        for name, value in attributes.items():
            if name.casefold().endswith("count"):
                # A count of uses ("count" of shared texts) may exceed what the part itself could hold.
                most = self.size if name.casefold().endswith("uniquecount") else self.limits.max_inflated
                _check_count(value, most // len("<si/>"))

    def _start_row(self, given: str | None) -> None:
        self.row = self.row + 1 if given is None else _number(given) - 1
        self.row_name, self.column = str(self.row + 1), -1

    def _start_cell(self, attributes: dict[str, str]) -> None:
        position = attributes.get("r")
        # Where some cells say their position and others leave it to be counted, readers differ in the result.
        if self.positioned is (position is None):
            raise UnreadableFile(NO_POSITION)
        self.positioned = position is not None
        self.column = self.column + 1 if position is None else self._column(position)
        self.kind, self.filled, self.formula = attributes.get("t", ""), False, False

    def _fill(self) -> None:
        self.filled, self.value = True, ""
        self.in_value = self.kind in REFERRING
        if self.row > self.limits.max_rows:
            raise too_many_rows(self.row, self.limits)
        if self.column >= self.limits.max_columns:
            raise too_many_columns(self.column + 1, self.limits)

    def _end_cell(self) -> None:
        if self.kind == "e":
            self.broken[self.row, self.column] = words("the error %(name)s", name=self.value.strip()[:20])
        elif not self.filled:
            self.broken[self.row, self.column] = words("a formula that was never calculated")

    def _end_value(self) -> None:
        self.in_value = False
        if self.kind == "s":
            self.texts.referred(self.value.strip())

    def _column(self, position: str) -> int:
        column = COLUMNS.get(position.removesuffix(self.row_name))
        if column is not None:
            return column
        match = _POSITION.fullmatch(position)
        if match is None or _number(match[2]) - 1 != self.row:
            raise UnreadableFile(NO_POSITION)
        return _column_number(match[1])


def _column_number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def _check_count(count: str, most: int) -> None:
    if not _DIGITS.fullmatch(count) or int(count) > most:
        raise UnreadableFile(
            words(
                "The workbook says that it has %(count)s parts of a kind. Save the workbook again as “Excel Workbook”.",
                count=shown(count),
            )
        )


def _number(text: str) -> int:
    if not _DIGITS.fullmatch(text) or int(text) < 1:
        raise UnreadableFile(
            words("A row of the workbook has no proper number. Save the workbook again as “Excel Workbook”.")
        )
    return int(text)


# The columns that nearly every file stays within.
COLUMNS = {letters: _column_number(letters) for letters in [*ascii_uppercase, *(f"A{b}" for b in ascii_uppercase)]}
