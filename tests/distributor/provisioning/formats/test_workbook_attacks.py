"""Workbooks that are broken, or made to do harm: each is refused before a library lays it out in memory."""

import io
import struct
import zipfile

import pytest

from distributor.provisioning.formats import Limits
from tests.distributor.provisioning.formats.builders import (
    HEADER,
    RELATIONS,
    SHEET,
    WORKBOOK,
    csv_file,
    raw_workbook,
    read,
    refusal,
    text_row,
    workbook,
)

ROW = ("C1", "Acme", "EX-1", 40, 38)
HEAD = text_row(1, *HEADER)
GOOD_ROW = text_row(2, "C1", "Acme", "EX-1", "40", "38")
ENTITIES = '<!DOCTYPE a [<!ENTITY b "bbbbbbbb"><!ENTITY c "&b;&b;&b;&b;">]><a>&c;</a>'


def sheet(*rows: str) -> bytes:
    """A workbook with the header and these rows as XML."""
    return raw_workbook(f"<sheetData>{HEAD}{''.join(rows)}</sheetData>")


@pytest.mark.parametrize("name", ["usage.xlsx", "usage.XLSM", "usage.xls"])
def test_a_csv_file_named_as_a_workbook_is_refused(name: str) -> None:
    message = refusal(csv_file("C1,Acme,EX-1,40,38"), name=name)
    assert name in message
    assert "content is not one" in message


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, ".xls"),
        (b"%PDF-1.7 ...", "PDF"),
        (b"\x89PNG\r\n\x1a\n...", "picture"),
        (b"\x1f\x8b\x08...", "gzip"),
        (b"<html><table>", "web page"),
        (b"<?xml version='1.0'?>", "XML"),
        (b"PK\x03\x04 not a zip at all", "not that of an Excel workbook"),
        (workbook(ROW)[:-400], "not that of an Excel workbook"),
        (workbook(ROW)[:700], "not that of an Excel workbook"),
    ],
)
def test_other_kinds_of_files_are_told_apart(data: bytes, word: str) -> None:
    assert word in refusal(data)


def test_a_zip_of_something_else_is_refused() -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("content.xml", "<office:document/>")
    assert "not that of an Excel workbook" in refusal(target.getvalue())


def test_one_cell_far_away_is_refused_before_the_rectangle_is_laid_out() -> None:
    assert "1,048,575 rows" in refusal(sheet('<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'))
    assert "16,384 columns" in refusal(sheet('<row r="2"><c r="XFD2"><v>1</v></c></row>'))


def test_far_cells_without_a_position_of_their_own_are_found_too() -> None:
    counted = '<row r="1048576"><c t="str"><v>1</v></c></row>'
    assert "rows; at most" in refusal(raw_workbook(f"<sheetData>{counted}</sheetData>"))
    assert "columns; at most" in refusal(raw_workbook(f"<sheetData><row>{'<c><v>1</v></c>' * 70}</row></sheetData>"))


def test_cells_in_another_namespace_prefix_are_found_too() -> None:
    cell = '<x:row r="1048576"><x:c r="XFD1048576"><x:v>1</x:v></x:c></x:row>'
    part = (
        '<x:worksheet xmlns:x="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        f"<x:sheetData>{cell}</x:sheetData></x:worksheet>"
    )
    assert "rows; at most" in refusal(raw_workbook("", {"xl/worksheets/sheet1.xml": part}))


@pytest.mark.parametrize(
    "row",
    [
        '<row r="2"><c r="A9"><v>1</v></c></row>',
        '<row r="2"><c r="nowhere"><v>1</v></c></row>',
        '<row r="2"><c r="A2"><v>1</v></c><c><v>1</v></c></row>',
        '<row r="0"><c r="A0"><v>1</v></c></row>',
        '<row r="-1"><c r="A2"><v>1</v></c></row>',
        '<row r="99999999999999999999"><c r="A2"><v>1</v></c></row>',
    ],
)
def test_a_cell_that_is_not_where_its_row_is_is_refused(row: str) -> None:
    assert "proper" in refusal(sheet(row))


def test_a_zip_bomb_is_refused_by_its_ratio() -> None:
    assert "times its size" in refusal(sheet("<!--" + " " * 5_000_000 + "-->"))


def test_a_zip_bomb_is_refused_by_what_it_unpacks_to() -> None:
    bomb = raw_workbook("", {"xl/media/bomb.xml": b"\0" * 60_000_000})
    assert "unpacks to" in refusal(bomb)


def test_a_zip_that_lies_about_its_sizes_is_refused() -> None:
    honest = sheet("<!--" + "x" * 3_000_000 + "-->")
    size = struct.pack("<L", len(SHEET.format(f"<sheetData>{HEAD}<!--{'x' * 3_000_000}--></sheetData>")))
    assert refusal(honest.replace(size, struct.pack("<L", 1000)))


def test_one_long_text_in_many_cells_is_refused_before_it_is_copied() -> None:
    text = f'<sst xmlns="x"><si><t>{"x" * 30_000}</t></si></sst>'
    cells = "".join(f'<row r="{row}"><c r="A{row}" t="s"><v>0</v></c></row>' for row in range(2, 3000))
    data = raw_workbook(f"<sheetData>{cells}</sheetData>", {"xl/sharedStrings.xml": text})
    assert "when written out" in refusal(data, limits=Limits(zip_ratio=10_000))


@pytest.mark.parametrize("number", ["5", "-1", "x", "", "9" * 50, "²"])
def test_a_text_that_is_not_there_is_refused(number: str) -> None:
    assert "not there" in refusal(sheet(f'<row r="2"><c r="A2" t="s"><v>{number}</v></c></row>'))


@pytest.mark.parametrize(
    "part", ["xl/worksheets/sheet1.xml", "xl/workbook.xml", "xl/styles.xml", "xl/sharedStrings.xml"]
)
def test_xml_entities_are_refused_in_every_part(part: str) -> None:
    assert "entities" in refusal(raw_workbook("", {part: ENTITIES}))


def test_external_entities_are_refused() -> None:
    part = '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>'
    assert "entities" in refusal(raw_workbook("", {"xl/worksheets/sheet1.xml": part}))


def test_entities_hidden_in_utf_16_are_refused() -> None:
    assert "entities" in refusal(raw_workbook("", {"xl/worksheets/sheet1.xml": ENTITIES.encode("utf-16")}))


def test_deep_nesting_is_refused() -> None:
    assert "nested too deeply" in refusal(raw_workbook("<a>" * 3000 + "</a>" * 3000))


def test_one_endless_token_is_refused() -> None:
    part = f'<worksheet a="{"x" * 2_500_000}"/>'
    assert "one piece" in refusal(raw_workbook("", {"xl/worksheets/sheet1.xml": part}), limits=Limits(zip_ratio=10_000))


def test_too_many_parts_are_refused() -> None:
    parts = {f"xl/part{number}.xml": "<a/>" for number in range(1100)}
    assert "1,105 parts" in refusal(raw_workbook("", parts))


def test_two_parts_of_one_name_are_refused() -> None:
    assert "same name" in refusal(raw_workbook("", {"xl/WORKSHEETS/SHEET1.xml": SHEET.format("")}))


@pytest.mark.parametrize(
    "parts",
    [
        {"xl/worksheets/sheet1.xml": "<worksheet><sheetData>"},
        {"xl/worksheets/sheet1.xml": "no xml"},
        {"xl/worksheets/sheet1.xml": ""},
        {"xl/workbook.xml": ""},
        {"xl/workbook.xml": "<workbook/>"},
        {"xl/workbook.xml": WORKBOOK.replace("rId1", "rId9")},
        {"xl/_rels/workbook.xml.rels": RELATIONS.replace("rId1", "rId2")},
        {"xl/sharedStrings.xml": "<sst><si>"},
    ],
)
def test_broken_parts_are_refused(parts: dict[str, str]) -> None:
    good = f"<sheetData>{HEAD}{GOOD_ROW}</sheetData>"
    assert len(read(raw_workbook(good)).rows) == 1
    assert refusal(raw_workbook(good, parts))


def test_a_sheet_kept_outside_of_what_was_judged_is_refused() -> None:
    data = raw_workbook("")
    hidden = RELATIONS.replace("worksheets/sheet1.xml", "media/sheet1.png")
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(target, "w") as archive:
        for name in source.namelist():
            archive.writestr(name, hidden if name.endswith(".rels") else source.read(name))
        archive.writestr(
            "xl/media/sheet1.png", SHEET.format('<sheetData><row><c r="XFD1048576"><v>1</v></c></row></sheetData>')
        )
    assert refusal(target.getvalue())


def test_an_encrypted_member_is_refused() -> None:
    data = bytearray(workbook(ROW))
    place = data.find(b"PK\x01\x02")
    while place >= 0:
        data[place + 8] |= 1
        place = data.find(b"PK\x01\x02", place + 4)
    assert "not that of an Excel workbook" in refusal(bytes(data))


@pytest.mark.parametrize("count", ["99999999999", "18446744073709551616", "-1", "many", "2000"])
def test_a_number_of_texts_that_can_not_be_is_refused_before_room_is_made(count: str) -> None:
    texts = f'<sst count="1" uniqueCount="{count}"><si><t>x</t></si></sst>'
    assert "says that it has" in refusal(raw_workbook("", {"xl/sharedStrings.xml": texts}))


def test_a_table_as_large_as_a_sheet_can_be_is_read_no_further_than_its_cells() -> None:
    extent = '<dimension ref="A1:XFD1048576"/>'
    merged = '<mergeCells count="1"><mergeCell ref="A1:XFD1048576"/></mergeCells>'
    data = raw_workbook(f"{extent}<sheetData>{HEAD}{GOOD_ROW}</sheetData>{merged}")
    assert len(read(data).rows) == 1


def test_few_texts_used_many_times_are_no_attack() -> None:
    data = workbook(*((f"C{number}", "Acme", "EX-1", 1, "") for number in range(500)))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert b'count="1505" uniqueCount="507"' in archive.read("xl/sharedStrings.xml")
    assert len(read(data).rows) == 500
