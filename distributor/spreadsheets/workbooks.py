"""A report as an Excel workbook: what may be changed is unlocked and checked while it is typed, the rest computes."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import xlsxwriter
from flask_babel import gettext
from xlsxwriter.utility import xl_rowcol_to_cell
from xlsxwriter.worksheet import Worksheet

from distributor.formatting import cycle_name, instant, percent, units
from distributor.spreadsheets.columns import EDITABLE, HIDDEN, KEYS, NOTE, labels, state_words
from distributor.spreadsheets.formulas import quoted
from distributor.spreadsheets.line_rows import AT, LineRows
from distributor.spreadsheets.looks import Looks
from distributor.usage_reports.operations.drafts import LONGEST_COMMENT
from distributor.usage_reports.queries import LineRow, ReportRow
from workflows.report_cycle import Cycle

SHOWN = len(KEYS) - len(HIDDEN)
# Rows count from 0 here, as XlsxWriter has them: keys, title, four rows of facts, what to do, headings.
TITLE, FACTS, ADVICE, HEADINGS, FIRST = 1, 2, 6, 7, 8
WIDTHS = {
    "customer_ref": 20, "customer_name": 30, "sku": 22, "product_name": 34, "unit": 10, "comment": 48,
    "reviewer_note": 34, "state": 20,
}  # fmt: skip
OTHER_WIDTH = 13
A4 = 9
NOT_IN_A_NAME = re.compile(r"[\[\]:*?/\\']")


class Sheet(Worksheet):
    """Takes formulas as they are: looking into each for functions that newer programs brought, of which ours use none,
    is a third of the work of a long report.
    """

    def _prepare_formula(self, formula: str, _expand_future_functions: bool = False) -> str:
        return formula.removeprefix("=")


def xlsx_of(report: ReportRow, lines: Sequence[LineRow], status: str, at: datetime, *, editable: bool) -> bytes:
    """The workbook; `status` is the report's in words, `editable` unlocks the two columns."""
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"constant_memory": True}) as book:
        book.set_properties({"title": _title(report), "company": report.distributor_name, "created": at})
        sheet = book.add_worksheet(NOT_IN_A_NAME.sub(" ", gettext("Usage report"))[:31], worksheet_class=Sheet)
        looks = Looks(book, report.minor_unit)
        _set_up(sheet, looks, report, lines)
        _write_head(sheet, looks, report, status, editable)
        _write_lines(sheet, looks, report, lines, editable)
        _guard(sheet, looks, len(lines), editable)
    return target.getvalue()


def _title(report: ReportRow) -> str:
    return gettext("Usage report %(cycle)s", cycle=cycle_name(report.cycle))


def _set_up(sheet: Any, looks: Looks, report: ReportRow, lines: Sequence[LineRow]) -> None:
    """Widths, what is hidden, what stays in sight, and how it prints."""
    unused = () if any(line.rolled_up_units is not None for line in lines) else ("rolled_up_units",)
    for key, place in AT.items():
        hidden = {"hidden": True} if key in HIDDEN or key in unused else {}
        sheet.set_column(place, place, WIDTHS.get(key, OTHER_WIDTH), looks.plain, hidden)
    sheet.freeze_panes(FIRST, AT["sku"])
    sheet.set_landscape()
    sheet.set_paper(A4)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(HEADINGS)
    sheet.print_area(TITLE, 0, FIRST + len(lines), SHOWN - 1)
    named = f"{report.account_number}, {Cycle.from_date(report.cycle)}".replace("&", "&&")
    sheet.set_footer(f"&L{named}&R{gettext('Page %(page)s of %(pages)s', page='&P', pages='&N')}")


def _write_head(sheet: Any, looks: Looks, report: ReportRow, status: str, editable: bool) -> None:
    sheet.set_row(0, None, None, {"hidden": True})
    for key, place in AT.items():
        sheet.write_string(0, place, key)
    sheet.set_row(TITLE, 26)
    sheet.write_string(TITLE, 0, _title(report), looks.title)
    _note(sheet, TITLE)
    for row, pairs in enumerate(_facts(report, status), FACTS):
        for place, (label, value) in zip((0, 3), pairs, strict=True):
            sheet.write_string(row, place, label, looks.label)
            sheet.write_string(row, place + 1, value, looks.plain)
        _note(sheet, row)
    advice = (
        gettext("Change only the columns with a blue heading, then import this file on the page of the report.")
        if editable
        else gettext("This report cannot be changed now: the file is for reading.")
    )
    sheet.write_string(ADVICE, 0, advice, looks.label)
    _note(sheet, ADVICE)
    sheet.set_row(HEADINGS, 30)
    for key, label in labels().items():
        sheet.write_string(HEADINGS, AT[key], label, looks.heading(key, editable=editable and key in EDITABLE))
    _note(sheet, HEADINGS)


def _facts(report: ReportRow, status: str) -> list[tuple[tuple[str, str], tuple[str, str]]]:
    tolerance = gettext(
        "%(units)s units or %(percent)s",
        units=units(report.tolerance_units),
        percent=percent(report.tolerance_percent),
    )
    return [
        ((gettext("Account"), report.account_number), (gettext("MSP"), report.msp_name)),
        ((gettext("Report cycle"), cycle_name(report.cycle)), (gettext("Distributor"), report.distributor_name)),
        ((gettext("Status"), status), (gettext("Version"), str(report.version))),
        ((gettext("Due"), instant(report.due_at, report.time_zone)), (gettext("Tolerance"), tolerance)),
    ]


def _note(sheet: Any, row: int) -> None:
    """Mark a row as one that is not read back."""
    sheet.write_string(row, AT["line"], NOTE)


def _write_lines(sheet: Any, looks: Looks, report: ReportRow, lines: Sequence[LineRow], editable: bool) -> None:
    rows = LineRows(sheet, looks, report, editable=editable)
    for row, line in enumerate(lines, FIRST):
        rows.write(row, line)
    last = FIRST + len(lines)
    sheet.write_string(last, 0, gettext("Total"), looks.total)
    for key in KEYS[1:SHOWN]:
        sheet.write_blank(last, AT[key], None, looks.total)
    if lines:
        formula = rows.formulas.sum_of("amount", FIRST, last - 1)
        sheet.write_formula(last, AT["amount"], formula, looks.total_money, float(report.amount))
    _note(sheet, last)


def _guard(sheet: Any, looks: Looks, count: int, editable: bool) -> None:
    """Protection without a password, checks while typing, colours, a filter."""
    sheet.protect("", {"autofilter": True, "format_columns": True, "format_rows": True})
    if not count:
        return
    last = FIRST + count - 1
    # Over the hidden columns as well, so that sorting by its arrows moves each line's id and digests along.
    sheet.autofilter(HEADINGS, 0, last, len(KEYS) - 1)
    words, state = state_words(), xl_rowcol_to_cell(FIRST, AT["state"], col_abs=True)
    waits = ",".join(f"{state}={quoted(words[key])}" for key in ("need", "missing", "note"))
    for key in ("chargeable_units", "difference", "state"):
        place = (FIRST, AT[key], last, AT[key])
        sheet.conditional_format(*place, {"type": "formula", "criteria": f"=OR({waits})", "format": looks.red})
        explained = f"={state}={quoted(words['explained'])}"
        sheet.conditional_format(*place, {"type": "formula", "criteria": explained, "format": looks.amber})
    if editable:
        _check_while_typing(sheet, last)


def _check_while_typing(sheet: Any, last: int) -> None:
    figure = xl_rowcol_to_cell(FIRST, AT["chargeable_units"])
    decimals = xl_rowcol_to_cell(FIRST, AT["decimals"], col_abs=True)
    sheet.data_validation(
        FIRST, AT["chargeable_units"], last, AT["chargeable_units"],
        {"validate": "custom", "value": f"=AND(ISNUMBER({figure}),{figure}>=0,ROUND({figure},{decimals})={figure})",
         "error_title": gettext("Not a number of units")[:32],
         "error_message": gettext("Write 0 or more, with no more decimals than this product takes.")[:255]},
    )  # fmt: skip
    sheet.data_validation(
        FIRST, AT["comment"], last, AT["comment"],
        {"validate": "length", "criteria": "<=", "value": LONGEST_COMMENT,
         "error_title": gettext("Too long")[:32],
         "error_message": gettext("A comment has at most %(most)s characters.", most=LONGEST_COMMENT)[:255]},
    )  # fmt: skip
