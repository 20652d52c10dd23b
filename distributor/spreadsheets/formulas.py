"""The formulas of an exported report: they follow the two columns that may be changed."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from xlsxwriter.utility import xl_rowcol_to_cell

from distributor.formatting import plain
from distributor.usage_reports.queries import LineRow, ReportRow


class Formulas:
    """Formulas by row; `at` gives each column's place. They are in the notation of the file format: English, points."""

    def __init__(self, report: ReportRow, at: Mapping[str, int]) -> None:
        self.minor_unit, self.at = report.minor_unit, at
        self.tolerance = (plain(report.tolerance_units), plain(report.tolerance_percent / Decimal(100)))

    def difference(self, row: int) -> str:
        charged, held = self._cell(row, "chargeable_units"), self._cell(row, "provisioned_units")
        return f'=IF(OR({charged}="",{held}=""),"",{charged}-{held})'

    def amount(self, row: int) -> str:
        charged, price = self._cell(row, "chargeable_units"), self._cell(row, "unit_price")
        return f'=IF(OR({charged}="",{price}=""),"",ROUND({charged}*{price},{self.minor_unit}))'

    def sum_of(self, key: str, first: int, last: int) -> str:
        """The sum of what the filter leaves in sight."""
        return f"=SUBTOTAL(109,{self._cell(first, key)}:{self._cell(last, key)})"

    def state(self, row: int, line: LineRow, words: Mapping[str, str]) -> str:
        """How the line stands by its figures and comment; floats are compared with room for their last digits."""
        charged, held = self._cell(row, "chargeable_units"), self._cell(row, "provisioned_units")
        said = f'IF(TRIM({self._cell(row, "comment")})="",{quoted(words["need"])},{quoted(words["explained"])})'
        if line.provisioned_units is None:
            known = said if line.usage_source == "feed" else quoted(words["counted"])
        else:
            units, share = self.tolerance
            beyond = f"ROUND(ABS({charged}-{held})-MAX({units},{held}*{share}),6)>0"
            within = f"IF({charged}<>{held},{quoted(words['tolerance'])},{quoted(words['agree'])})"
            known = f"IF({beyond},{said},{within})"
        return f'=IF({charged}="",{quoted(words["missing"])},{known})'

    def _cell(self, row: int, key: str) -> str:
        return str(xl_rowcol_to_cell(row, self.at[key]))


def quoted(words: str) -> str:
    """A text as a formula holds it."""
    doubled = words.replace('"', '""')
    return f'"{doubled}"'
