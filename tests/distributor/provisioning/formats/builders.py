"""Usage files made for tests."""

import io
import zipfile
from collections.abc import Mapping
from types import MappingProxyType

import xlsxwriter

from distributor.provisioning.formats import (
    HTTP_LIMITS,
    Limits,
    RefusedRow,
    UnreadableFile,
    UsageFile,
    read_usage,
)
from workflows.report_cycle import Cycle, bounds

HEADER = ("customer_ref", "customer_name", "sku", "provisioned_units", "used_units")
APRIL, MAY = Cycle(2026, 4), Cycle(2026, 5)

SHEET = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">{}</worksheet>'
TYPES = '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'
WORKBOOK = (
    '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
    '<sheets><sheet name="usage" sheetId="1" r:id="rId1"/></sheets></workbook>'
)
RELATIONS = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" '
    'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" '
    'Target="worksheets/sheet1.xml"/></Relationships>'
)
ROOT_RELATIONS = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" '
    'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" '
    'Target="xl/workbook.xml"/></Relationships>'
)


def read(
    data: bytes,
    *,
    name: str | None = None,
    cycle: Cycle = APRIL,
    format: str | None = None,  # noqa: A002 - the reader's own word
    limits: Limits = HTTP_LIMITS,
) -> UsageFile:
    """Read a file for a calendar month."""
    starts_on, ends_on = bounds(cycle, None)
    return read_usage(data, name=name, cycle=cycle, starts_on=starts_on, ends_on=ends_on, format=format, limits=limits)


def refusal(data: bytes, *, name: str | None = None, cycle: Cycle = APRIL, limits: Limits = HTTP_LIMITS) -> str:
    """Why a file as a whole can't be taken; fails when it can."""
    try:
        usage = read(data, name=name, cycle=cycle, limits=limits)
    except UnreadableFile as refused:
        return refused.message
    raise AssertionError(f"it was read: {usage.rows[:2]}, refused {usage.refused[:2]}")


def refused_of(data: bytes, *, cycle: Cycle = APRIL) -> list[tuple[int | None, str | None]]:
    """Row and field of what was refused."""
    return [(row.row, row.field) for row in read(data, cycle=cycle).refused]


def only_refused(data: bytes, *, cycle: Cycle = APRIL) -> RefusedRow:
    """The one refusal in a file."""
    (row,) = read(data, cycle=cycle).refused
    return row


def csv_file(*lines: str, separator: str = ",") -> bytes:
    """Our layout as CSV, the lines as given."""
    return "\r\n".join([separator.join(HEADER), *lines, ""]).encode()


def workbook(*rows: tuple[object, ...], header: tuple[str, ...] = HEADER, sheet: str = "usage") -> bytes:
    """A workbook with one sheet; a text that begins with "=" becomes a formula."""
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True, "default_date_format": "yyyy-mm-dd"}) as book:
        page = book.add_worksheet(sheet)
        for number, row in enumerate([header, *rows]):
            page.write_row(number, 0, row)
    return target.getvalue()


def raw_workbook(sheet: str, parts: Mapping[str, str | bytes] = MappingProxyType({})) -> bytes:
    """A workbook whose one sheet has this XML inside; ``parts`` adds or replaces parts, by name."""
    content: dict[str, str | bytes] = {
        "[Content_Types].xml": TYPES,
        "_rels/.rels": ROOT_RELATIONS,
        "xl/workbook.xml": WORKBOOK,
        "xl/_rels/workbook.xml.rels": RELATIONS,
        "xl/worksheets/sheet1.xml": SHEET.format(sheet),
    }
    content |= parts
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in content.items():
            archive.writestr(name, part)
    return target.getvalue()


def text_row(number: int, *cells: str) -> str:
    """XML of a row of texts."""
    inner = "".join(
        f'<c r="{chr(65 + place)}{number}" t="inlineStr"><is><t>{cell}</t></is></c>' for place, cell in enumerate(cells)
    )
    return f'<row r="{number}">{inner}</row>'
