"""The queue as a file: CSV written as it is read, a workbook in constant memory. Texts are texts, numbers numbers.

Text that a spreadsheet would run as a formula gets the sign of `list_files` in CSV; in a workbook it needs none.
"""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import xlsxwriter
from flask_babel import gettext

from distributor.list_files import DANGEROUS
from distributor.usage_reports.queue_page import change_of
from workflows.report_cycle import Cycle
from workflows.usage_report import Status, SubmissionKind

MIME_TYPES = {"csv": "text/csv", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
PIECE = 64 * 1024
ROWS_AT_ONCE = 200
HOUR = 3600


@dataclass(frozen=True, slots=True)
class ExportColumn:
    """A column: its heading, the value of a report at an instant, and how wide a workbook shows it."""

    heading: str
    value: Callable[[Any, datetime], Any]
    width: int = 12


def columns() -> tuple[ExportColumn, ...]:
    """The columns, their headings in the reader's language."""
    return (
        ExportColumn(gettext("MSP"), lambda row, _at: row.msp_name, 32),
        ExportColumn(gettext("Account"), lambda row, _at: row.account_number, 14),
        ExportColumn(gettext("Report cycle"), lambda row, _at: str(Cycle.from_date(row.cycle))),
        ExportColumn(gettext("Status"), lambda row, _at: _status(row.status), 16),
        ExportColumn(gettext("Submitted"), lambda row, _at: _local(row.submitted_at, row.time_zone), 17),
        ExportColumn(gettext("Submission"), lambda row, _at: _kind(row.submission_kind), 24),
        ExportColumn(gettext("Due"), lambda row, _at: _local(row.due_at, row.time_zone), 17),
        ExportColumn(gettext("Time zone"), lambda row, _at: row.time_zone, 18),
        ExportColumn(gettext("Lines"), lambda row, _at: row.line_count),
        ExportColumn(gettext("Discrepancies"), lambda row, _at: row.discrepancies),
        ExportColumn(gettext("Explained"), lambda row, _at: row.discrepancies - row.uncommented),
        ExportColumn(gettext("Penalised"), lambda row, _at: row.penalised),
        ExportColumn(gettext("Estimated"), lambda row, _at: row.estimated),
        ExportColumn(gettext("Currency"), lambda row, _at: row.currency),
        ExportColumn(gettext("Amount"), lambda row, _at: row.amount, 14),
        ExportColumn(gettext("Last approved"), lambda row, _at: row.last_amount, 14),
        ExportColumn(gettext("Change in percent"), lambda row, _at: _change(row), 18),
        ExportColumn(gettext("At risk"), lambda row, _at: row.at_risk, 14),
        ExportColumn(gettext("Waiting hours"), _waiting, 14),
    )


def _status(status: str) -> str:
    return {
        Status.MSP_PREPARING: gettext("MSP preparing"),
        Status.UNDER_REVIEW: gettext("Under review"),
        Status.APPROVED: gettext("Approved"),
        Status.REJECTED: gettext("Rejected"),
    }[Status(status)]


def _kind(kind: str | None) -> str:
    if kind is None:
        return ""
    return {
        SubmissionKind.MANUAL: gettext("Manual"),
        SubmissionKind.AUTOMATIC: gettext("Automatic"),
        SubmissionKind.AUTOMATIC_WITH_PENALTY: gettext("Automatic, with penalty"),
    }[SubmissionKind(kind)]


def _local(at: datetime | None, zone: str) -> str:
    return f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}" if at else ""


def _change(row: Any) -> Decimal | None:
    change = change_of(row.amount, row.last_amount)
    return None if change is None else round(change, 2)


def _waiting(row: Any, at: datetime) -> Decimal | None:
    if row.status != Status.UNDER_REVIEW:
        return None
    return round(Decimal((at - row.submitted_at).total_seconds()) / HOUR, 1)


def csv_of(reports: Iterable[Any], at: datetime) -> Iterator[bytes]:
    """The reports as CSV in UTF-8 with the mark by which Excel knows it, in pieces of some rows."""
    shown = columns()
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow([_guarded(column.heading) for column in shown])
    yield b"\xef\xbb\xbf"
    for number, report in enumerate(reports, 1):
        writer.writerow([_cell(column.value(report, at)) for column in shown])
        if number % ROWS_AT_ONCE == 0:
            yield _emptied(buffer)
    yield _emptied(buffer)


def _emptied(buffer: io.StringIO) -> bytes:
    piece = buffer.getvalue().encode()
    buffer.seek(0)
    buffer.truncate()
    return piece


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return f"{value:f}"
    return _guarded(value) if isinstance(value, str) else str(value)


def _guarded(text: str) -> str:
    return f"'{text}" if text.startswith(DANGEROUS) else text


def xlsx_of(reports: Iterable[Any], at: datetime) -> Iterator[bytes]:
    """The reports as a workbook: rows go to a file as they are read, which is then sent in pieces."""
    with tempfile.TemporaryFile() as file:
        _write_workbook(file, reports, at)
        file.seek(0)
        while piece := file.read(PIECE):
            yield piece


def _write_workbook(file: Any, reports: Iterable[Any], at: datetime) -> None:
    with xlsxwriter.Workbook(file, {"constant_memory": True, "strings_to_formulas": False}) as book:
        heading = book.add_format({"bold": True, "bottom": 1})
        sheet = book.add_worksheet(gettext("Usage reports")[:31])
        shown = columns()
        for place, column in enumerate(shown):
            sheet.set_column(place, place, column.width)
            sheet.write_string(0, place, column.heading, heading)
        sheet.freeze_panes(1, 1)
        for line, report in enumerate(reports, 1):
            for place, column in enumerate(shown):
                _write_cell(sheet, line, place, column.value(report, at))


def _write_cell(sheet: Any, line: int, place: int, value: Any) -> None:
    if isinstance(value, str):
        sheet.write_string(line, place, value)
    elif value is not None:
        sheet.write_number(line, place, float(value))
