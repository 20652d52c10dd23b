"""How the cells of an exported report look. Colours are those of the light theme: a sheet of paper has no other."""

from __future__ import annotations

from typing import Any

INK, QUIET, LINE = "#131924", "#5C6778", "#E4E7EC"
BRAND, BRAND_SOFT = "#2456D3", "#EAF0FE"
HEAD = "#F5F6F8"
RED, RED_SOFT, AMBER, AMBER_SOFT = "#B3221A", "#FDEDEB", "#8F4700", "#FEF3E0"
# The number under which workbooks know the format “Text”: what is typed there is never computed.
TEXT_FORMAT = 49
TEXTS = frozenset({"customer_ref", "customer_name", "sku", "product_name", "unit", "comment", "reviewer_note", "state"})
WRAPPED = frozenset({"comment", "reviewer_note"})
RIGHT = frozenset(
    {"provisioned_units", "used_units", "chargeable_units", "difference", "unit_price", "amount", "rolled_up_units"}
)  # fmt: skip


class Looks:
    """Formats of one workbook, each made once; `minor_unit` is the number of the currency's decimals."""

    def __init__(self, book: Any, minor_unit: int) -> None:
        self.book, self.minor_unit = book, minor_unit
        self.made: dict[tuple[str, int, bool], Any] = {}
        self.plain = book.add_format({"font_color": INK, "valign": "top"})
        self.title = book.add_format({"bold": True, "font_size": 16, "font_color": INK})
        self.label = book.add_format({"font_color": QUIET, "valign": "top"})
        total = {"bold": True, "top": 1, "top_color": INK, "font_color": INK}
        self.total = book.add_format(total)
        self.total_money = book.add_format({**total, "num_format": self._money()})
        self.red = book.add_format({"font_color": RED, "bg_color": RED_SOFT})
        self.amber = book.add_format({"font_color": AMBER, "bg_color": AMBER_SOFT})

    def heading(self, key: str, *, editable: bool) -> Any:
        """A column's heading; blue where the column may be changed."""
        colours = {"bg_color": BRAND, "font_color": "#FFFFFF"} if editable else {"bg_color": HEAD, "font_color": INK}
        align = "right" if key in RIGHT else "left"
        return self.book.add_format(
            {"bold": True, "text_wrap": True, "valign": "vcenter", "align": align, "bottom": 1, "bottom_color": LINE}
            | colours
        )

    def cell(self, key: str, decimals: int, *, editable: bool = False) -> Any:
        """A line's cell in a column; `decimals` are those of the product's units."""
        wanted = (key, decimals, editable)
        if wanted not in self.made:
            self.made[wanted] = self.book.add_format(self._properties(*wanted))
        return self.made[wanted]

    def _properties(self, key: str, decimals: int, editable: bool) -> dict[str, Any]:
        found: dict[str, Any] = {"valign": "top", "font_color": INK, "bottom": 1, "bottom_color": LINE}
        if editable:
            found |= {"locked": False, "bg_color": BRAND_SOFT}
        if key in TEXTS:
            found["num_format"] = TEXT_FORMAT
        elif key in RIGHT:
            found["num_format"] = self._number(key, decimals)
        return {**found, "text_wrap": True} if key in WRAPPED else found

    def _number(self, key: str, decimals: int) -> str:
        if key == "unit_price":
            return self._money() + "#" * max(0, 6 - self.minor_unit) if self.minor_unit else "#,##0.######"
        if key == "amount":
            return self._money()
        plain = "#,##0" + ("." + "0" * decimals if decimals else "")
        return f"+{plain};-{plain};{plain}" if key == "difference" else plain

    def _money(self) -> str:
        return "#,##0" + ("." + "0" * self.minor_unit if self.minor_unit else "")
