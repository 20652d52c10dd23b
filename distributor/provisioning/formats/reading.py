"""The one way in: which format a file has, by what is in it, and reading it."""

from datetime import date
from typing import IO, BinaryIO

from distributor.provisioning.formats import connect, microsoft, own_layout
from distributor.provisioning.formats.csv_tables import read_table
from distributor.provisioning.formats.intake import container_of, taken_in
from distributor.provisioning.formats.json_usage import read_json
from distributor.provisioning.formats.shapes import (
    FORMATS,
    HTTP_LIMITS,
    MICROSOFT,
    Format,
    Limits,
    Period,
    UnreadableFile,
    UsageFile,
)
from distributor.provisioning.formats.tables import Table, listed
from distributor.provisioning.formats.values import shown
from distributor.provisioning.formats.workbooks import Workbook
from workflows.report_cycle import Cycle
from workflows.words import words

KNOWN_HEADERS = (
    words(
        "our own layout (%(columns)s, and used_units where known; CSV or XLSX)",
        columns=", ".join(own_layout.REQUIRED),
    ),
    words("Microsoft's reconciliation file (CSV with %(columns)s, …)", columns=", ".join(microsoft.REQUIRED)),
    words(
        "CloudBlue Connect's usage file (XLSX, sheet “records” with %(columns)s, …)",
        columns=", ".join(connect.REQUIRED),
    ),
)


def read_usage(
    data: BinaryIO | bytes,
    *,
    name: str | None,
    cycle: Cycle,
    starts_on: date,
    ends_on: date,
    format: str | None = None,  # noqa: A002 - the word people use for it on the command line
    limits: Limits = HTTP_LIMITS,
) -> UsageFile:
    """Read a usage file for the cycle, which runs from ``starts_on`` to ``ends_on``, both included.

    What the file is follows from its content; ``name`` only helps to word a refusal, and a ``format`` given
    must agree. Wrong rows are in ``refused``. Raises UnreadableFile when the file as a whole can't be
    taken.
    """
    if format is not None and format not in FORMATS:
        known = ", ".join(FORMATS)
        raise UnreadableFile(words("%(given)s is not a format. Known: %(known)s.", given=shown(format), known=known))
    with taken_in(data, limits) as file:
        usage = _read(file, name, Period(cycle, starts_on, ends_on), limits)
    if format not in {None, usage.format}:
        raise UnreadableFile(
            words("The file is in the format %(found)s, not %(wanted)s.", found=usage.format, wanted=format)
        )
    return usage


def _read(file: IO[bytes], name: str | None, period: Period, limits: Limits) -> UsageFile:
    container = container_of(file, name)
    if container == "workbook":
        return _read_workbook(file, period, limits)
    return read_json(file, limits) if container == "json" else _read_csv(file, period, limits)


def _read_csv(file: IO[bytes], period: Period, limits: Limits) -> UsageFile:
    table = read_table(file, limits)
    if own_layout.matches(table.header):
        return _own("distributor-csv", table)
    if microsoft.matches(table.header):
        usage = UsageFile("microsoft", source=MICROSOFT)
        microsoft.read_rows(table, usage, period)
        return usage
    if connect.matches(table.header):
        raise UnreadableFile(
            words("CloudBlue Connect's usage file is read as the workbook (.xlsx) it comes as, not as CSV.")
        )
    raise _unknown(table)


def _read_workbook(file: IO[bytes], period: Period, limits: Limits) -> UsageFile:
    workbook = Workbook(file, limits)
    if connect.SHEET in workbook.sheets:
        table = workbook.table(connect.SHEET)
        if connect.matches(table.header):
            usage = UsageFile("connect", source="connect")
            connect.read_rows(table, usage, period)
            return usage
    first = workbook.sheets[0]
    table = workbook.table(first)
    if own_layout.matches(table.header):
        return _own("distributor-xlsx", table)
    if microsoft.matches(table.header):
        raise UnreadableFile(
            words(
                "Microsoft's reconciliation file is read as the CSV it is downloaded as: "
                "a spreadsheet drops leading zeros of its ids."
            )
        )
    raise _unknown(table, first)


def _own(kind: Format, table: Table) -> UsageFile:
    usage = UsageFile(kind, source="feed")
    own_layout.read_rows(table, usage)
    return usage


def _unknown(table: Table, sheet: str | None = None) -> UnreadableFile:
    known = {"found": listed(table.header), "known": KNOWN_HEADERS}
    if sheet:
        why = words(
            "The first row of the sheet %(sheet)s is not the header of a usage file. "
            "Found: %(found)s. Known: %(known)s.",
            sheet=shown(sheet),
            **known,
        )
    else:
        why = words("The first line is not the header of a usage file. Found: %(found)s. Known: %(known)s.", **known)
    return UnreadableFile(why)
