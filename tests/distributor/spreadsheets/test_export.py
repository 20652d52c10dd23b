"""The exported files: what stands in them, what may be changed in them, and that no name ever becomes a formula."""

from __future__ import annotations

import io
import re
import zipfile
from decimal import Decimal

import pytest
from babel import Locale
from flask import Flask

from distributor.spreadsheets.columns import HIDDEN, KEYS
from distributor.spreadsheets.text import csv_of, guarded, unguarded
from distributor.usage_reports import queries
from distributor.usage_reports.operations import steps
from tests.clients import sign_in
from tests.distributor.spreadsheets.books import cell, grid_of, row_of
from tests.distributor.spreadsheets.conftest import AT, Desk
from tests.distributor.usage_reports.test_pages import counted_queries
from tests.factories import Story, member, organization
from workflows.usage_report import Role


def parts(content: bytes) -> dict[str, str]:
    """The XML of the workbook's sheet and of its formats."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {
            "sheet": archive.read("xl/worksheets/sheet1.xml").decode(),
            "styles": archive.read("xl/styles.xml").decode(),
            "book": archive.read("xl/workbook.xml").decode(),
        }


def test_the_workbook_has_head_lines_and_sum(desk: Desk) -> None:
    grid = desk.export()
    assert tuple(grid[0]) == KEYS
    assert "Usage report October 2026" in grid[1]
    assert row_of(grid, "Account")[:5] == ["Account", "MER-1042", "", "MSP", "Kestrel IT Services"]
    assert row_of(grid, "Status")[1] == "MSP preparing"
    assert row_of(grid, "Due")[1].startswith("Sat 31 Oct 2026 at 00:00")
    assert (cell(grid, "Harbour Dental", "provisioned_units"), cell(grid, "Harbour Dental", "used_units")) == (400, 290)
    assert (cell(grid, "Harbour Dental", "difference"), cell(grid, "Harbour Dental", "amount")) == (-110, 826.5)
    assert cell(grid, "Harbour Dental", "state") == "Needs a comment"
    assert cell(grid, "Ålesund & Co", "state") == "Agrees"
    assert row_of(grid, "Total")[KEYS.index("amount")] == float(desk.now().amount)


def test_only_the_two_columns_are_unlocked_and_everything_else_is_protected(desk: Desk) -> None:
    found = parts(desk.exported())
    assert "<sheetProtection" in found["sheet"]
    assert "password" not in found["sheet"]
    unlocked = {str(number) for number, xf in enumerate(formats(found["styles"])) if 'locked="0"' in xf}
    columns = {re.sub(r"\d", "", at) for at, style in cells(found["sheet"]) if style in unlocked}
    assert columns == {letter(KEYS.index("chargeable_units")), letter(KEYS.index("comment"))}


def formats(styles: str) -> list[str]:
    return styles.partition("<cellXfs")[2].partition("</cellXfs>")[0].split("<xf ")[1:]


def cells(sheet: str) -> list[tuple[str, str]]:
    return re.findall(r'<c r="([A-Z]+\d+)" s="(\d+)"', sheet)


def letter(place: int) -> str:
    return chr(ord("A") + place)


def test_typing_is_checked_differences_are_coloured_and_heads_stay(desk: Desk) -> None:
    sheet = parts(desk.exported())["sheet"]
    assert sheet.count("<dataValidation ") == 2
    assert "ISNUMBER(H9)" in sheet
    assert "<conditionalFormatting" in sheet
    assert '<pane xSplit="2" ySplit="8"' in sheet
    # sorting by its arrows moves the hidden columns along
    assert f'<autoFilter ref="A8:{letter(len(KEYS) - 1)}' in sheet
    assert 'orientation="landscape"' in sheet
    assert sheet.count('hidden="1"') >= 2  # the row of keys and the columns that lead back
    assert len(HIDDEN) == 5


def test_a_name_is_text_and_never_a_formula(desk: Desk) -> None:
    sheet = parts(desk.exported())["sheet"]
    assert "<t>=Space</t>" in sheet
    assert all("Space" not in formula for formula in re.findall(r"<f>(.*?)</f>", sheet))


def test_numbers_have_the_digits_of_currency_and_product(desk: Desk) -> None:
    styles = parts(desk.exported())["styles"]
    for wanted in ("#,##0.00", "#,##0.000", "#,##0.00####"):
        assert wanted in styles or wanted == "#,##0.00"  # that one is built in


def test_who_cannot_edit_gets_a_file_to_read(app: Flask, desk: Desk) -> None:
    for who in (desk.story.reviewer, member(desk.story.msp, Role.VIEWER)):
        found = parts(desk.exported(who=who))
        assert 'locked="0"' not in found["styles"]
        assert "<dataValidation" not in found["sheet"]
        assert row_of(desk.export(who=who), "This report cannot be changed now: the file is for reading.")


def test_a_submitted_report_is_to_be_read_by_its_msp_too(desk: Desk) -> None:
    desk.colleague_saves("Harbour Dental", "400")
    steps.submit(desk.now(), desk.story.by(desk.story.preparer), AT)
    assert 'locked="0"' not in parts(desk.exported())["styles"]


def test_strangers_find_no_file(app: Flask, desk: Desk) -> None:
    stranger = sign_in(app, member(organization("Elsewhere"), Role.ADMIN))
    for kind in ("xlsx", "csv"):
        assert stranger.get(f"{desk.path}/export.{kind}").status_code == 404
    assert stranger.get(f"{desk.path}/export.pdf").status_code == 404


def test_the_file_is_named_after_account_and_cycle(desk: Desk) -> None:
    answer = desk.browser.get(f"{desk.path}/export.xlsx")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="usage-report-MER-1042-2026-10.xlsx"'
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_report_without_lines_is_exported_too(app: Flask, story: Story) -> None:
    report = story.open()
    answer = sign_in(app, story.preparer).get(f"/reports/{report.uid}/export.xlsx")
    assert "Usage report October 2026" in grid_of(answer.data)[1]
    assert sign_in(app, story.preparer).get(f"/reports/{report.uid}/export.csv").status_code == 200


def test_csv_holds_the_same_with_guarded_texts(desk: Desk) -> None:
    grid = desk.export("csv")
    assert tuple(grid[0]) == KEYS
    assert cell(grid, "Harbour Dental", "difference") == "-110"
    assert cell(grid, "Quay", "product_name") == "'=Space"


def test_csv_for_a_reader_with_decimal_commas_can_be_read_in_one_way_only(app: Flask, desk: Desk) -> None:
    desk.colleague_saves("Quay", "1.234", "Measured")
    lines = queries.lines(desk.report.id)
    with app.test_request_context():
        german = grid_of(csv_of(desk.now(), lines, Locale("de")))
    assert cell(german, "Quay", "chargeable_units") == "1,2340"
    assert cell(german, "Quay", "unit_price") == "0,1234"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@a", "\tx", "'", "'=x", "''", "plain", "'plain", ""])
def test_the_guard_can_be_taken_away_again(text: str) -> None:
    assert unguarded(guarded(text)) == text
    assert not guarded(text).startswith(("=", "+", "-", "@", "\t", "\r"))


def test_an_export_asks_the_database_a_fixed_number_of_times(desk: Desk) -> None:
    for kind in ("xlsx", "csv"):
        with counted_queries() as seen:
            desk.browser.get(f"{desk.path}/export.{kind}")
        assert len(seen) <= 4, "\n".join(seen)


def test_amounts_are_exact_in_the_cells(desk: Desk) -> None:
    desk.colleague_saves("Quay", "1.234", "Measured")
    assert Decimal(str(cell(desk.export(), "Quay", "amount"))) == desk.line("Quay").amount
