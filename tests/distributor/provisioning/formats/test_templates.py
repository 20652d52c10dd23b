"""The templates to download: what they say is what the reader reads."""

import io
import zipfile

from python_calamine import CalamineWorkbook

from distributor.provisioning.formats import csv_template, xlsx_template
from tests.distributor.provisioning.formats.builders import HEADER, read, refusal


def test_the_csv_template_filled_in_is_read() -> None:
    assert len(read(csv_template() + b"C1,Acme,EX-1,40,38\r\n").rows) == 1


def test_the_templates_as_they_are_have_nothing_to_read() -> None:
    assert "no row below the header" in refusal(csv_template())
    assert "no row below the header" in refusal(xlsx_template())


def test_the_workbook_has_the_header_and_explains_every_column() -> None:
    book = CalamineWorkbook.from_filelike(io.BytesIO(xlsx_template()))
    assert book.get_sheet_by_name("usage").to_python() == [list(HEADER)]
    assert [row[0] for row in book.get_sheet_by_name("columns").to_python()] == list(HEADER)


def test_the_workbook_keeps_leading_zeros() -> None:
    with zipfile.ZipFile(io.BytesIO(xlsx_template())) as archive:
        assert b'numFmtId="49"' in archive.read("xl/styles.xml")
