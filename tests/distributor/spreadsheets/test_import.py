"""A file that comes back: what it would change is shown, then saved whole; everything else is left alone and said."""

from __future__ import annotations

import io
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask

from distributor.database import db
from distributor.usage_reports.operations import drafts, steps
from tests.clients import sign_in
from tests.distributor.spreadsheets.books import Grid, cell, saved, saved_csv, set_cell
from tests.distributor.spreadsheets.conftest import AT, Desk
from tests.distributor.usage_reports.test_pages import counted_queries
from tests.factories import Story, member, organization
from workflows.usage_report import Role

DENTAL = "Harbour Dental"
TWO_LINES = "100 seats were a trial:\nended on 3 October"


def edited(desk: Desk, **cells: Any) -> Grid:
    """The exported report with Harbour Dental's cells changed."""
    grid = desk.export()
    for column, value in cells.items():
        set_cell(grid, DENTAL, column, value)
    return grid


def test_an_untouched_file_changes_nothing(desk: Desk) -> None:
    shown = desk.send(desk.exported())
    assert shown.status_code == 200
    assert "This file changes nothing" in shown.text
    assert "Save" not in shown.text.partition("<main")[2].partition("effect-title")[0]
    assert desk.send(desk.exported("csv"), "report.csv").text.count("This file changes nothing") == 1


def test_changes_are_shown_old_and_new_and_saved_once(desk: Desk) -> None:
    grid = edited(desk, chargeable_units=300, comment="100 seats were a trial")
    shown = desk.send(saved(grid))
    assert "This file would change 1 line" in shown.text
    assert "<del>290</del>" in shown.text
    assert "<ins>300</ins>" in shown.text
    assert desk.now().version == 1
    assert "1 change saved from the file." in desk.confirm(shown).text
    line = desk.line(DENTAL)
    assert (line.chargeable_units, line.comment, desk.now().version) == (300, "100 seats were a trial", 2)
    assert "no longer held" in desk.confirm(shown).text
    assert desk.now().version == 2


def test_csv_is_taken_too(desk: Desk) -> None:
    grid = desk.export("csv")
    set_cell(grid, DENTAL, "chargeable_units", "300")
    set_cell(grid, DENTAL, "comment", "'=a trial, really")
    desk.confirm(desk.send(saved_csv(grid), "report.csv"))
    assert (desk.line(DENTAL).chargeable_units, desk.line(DENTAL).comment) == (300, "=a trial, really")


def test_a_comment_of_several_lines_survives_the_way_there_and_back(desk: Desk) -> None:
    desk.confirm(desk.send(saved(edited(desk, comment="First\nsecond"))))
    assert desk.line(DENTAL).comment == "First\nsecond"
    assert "This file changes nothing" in desk.send(desk.exported()).text
    assert "This file changes nothing" in desk.send(desk.exported("csv"), "r.csv").text


def typed_on_the_plain_page(desk: Desk, comment: str, **more: str) -> dict[str, str]:
    """The page's form as a browser without scripts sends it: two signs for each break."""
    form = {"version": str(desk.now().version), **more}
    for line in desk.story.lines(desk.report):
        words = comment if line.customer_name == DENTAL else line.comment or ""
        form |= {f"v-{line.uid}": str(line.version), f"u-{line.uid}": f"{line.chargeable_units:f}"}
        form[f"c-{line.uid}"] = words.replace("\n", "\r\n")
    return form


def test_a_comment_of_several_lines_typed_on_the_plain_page_comes_back_unchanged(desk: Desk) -> None:
    desk.browser.post(f"{desk.path}/save", data=typed_on_the_plain_page(desk, TWO_LINES))
    assert desk.line(DENTAL).comment == TWO_LINES
    assert "This file changes nothing" in desk.send(desk.exported()).text
    assert "This file changes nothing" in desk.send(desk.exported("csv"), "report.csv").text
    kept = desk.now().version
    desk.browser.post(f"{desk.path}/save", data=typed_on_the_plain_page(desk, TWO_LINES))
    assert desk.now().version == kept


@pytest.mark.parametrize("stored", [TWO_LINES, TWO_LINES.replace("\n", "\r\n")])
def test_the_same_words_with_other_breaks_answer_no_note(
    desk: Desk, stored: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as earlier:  # when breaks were kept as they came
        earlier.setattr(drafts, "plain_breaks", str)
        desk.colleague_saves(DENTAL, "300", stored)
    assert desk.line(DENTAL).comment == stored
    steps.submit(desk.now(), desk.story.by(desk.story.preparer), AT)
    notes = {desk.line(DENTAL).uid: "Which trial?"}
    steps.reject(desk.now(), desk.story.by(desk.story.reviewer), AT, reason="See the note", notes=notes)
    db.session.commit()
    assert "This file changes nothing" in desk.send(desk.exported()).text
    form = typed_on_the_plain_page(desk, TWO_LINES, step="submit")
    assert desk.browser.post(f"{desk.path}/save", data=form).status_code == 409
    assert (desk.now().status, desk.line(DENTAL).note_answered) == ("rejected", False)


def test_rows_sorted_apart_from_their_hidden_columns_are_refused(desk: Desk) -> None:
    grid = edited(desk, chargeable_units=39)
    shown = grid[0].index("report")
    first, second = (next(row for row in grid if name in row) for name in (DENTAL, "Ålesund & Co"))
    first[:shown], second[:shown] = second[:shown], first[:shown]
    page = desk.send(saved(grid)).text
    assert page.count("are those of another line than the hidden columns name") == 2
    assert "This file changes nothing" in page


@pytest.mark.parametrize(
    ("typed", "units"),
    [("300", 300), (" 300 ", 300), ("7,5", Decimal("7.5")), ("7.5", Decimal("7.5")), (7.125, Decimal("7.125"))],
)
def test_numbers_written_as_text_and_with_a_comma_are_read(desk: Desk, typed: object, units: Decimal) -> None:
    grid = desk.export()
    set_cell(grid, "Quay", "chargeable_units", typed)
    desk.confirm(desk.send(saved(grid)))
    assert desk.line("Quay").chargeable_units == units


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("many", "is not a number"),
        (-3, "is negative"),
        (3.5, "this product takes whole units only"),
        ("1.500", "could be read as"),
        ("", "Chargeable units are needed here"),
        (True, "is not a number"),
        ("=1+1", "is a formula"),
        (1e300, "digits"),
    ],
)
def test_a_wrong_figure_is_refused_with_its_row_and_the_rest_can_be_saved(desk: Desk, typed: object, why: str) -> None:
    grid = edited(desk, chargeable_units=typed)
    set_cell(grid, "Ålesund & Co", "comment", "Checked")
    shown = desk.send(saved(grid))
    assert "Refused rows" in shown.text
    assert why in shown.text
    desk.confirm(shown)
    assert (desk.line(DENTAL).chargeable_units, desk.line("Ålesund & Co").comment) == (290, "Checked")


def test_a_cell_with_an_error_is_refused(desk: Desk) -> None:
    def write(sheet: Any, row: int, column: int, value: Any) -> None:
        if value == 300:
            sheet.write_formula(row, column, "=1/0", None, "#DIV/0!")
        else:
            sheet.write(row, column, value)

    shown = desk.send(saved(edited(desk, chargeable_units=300), write))
    assert "Refused rows" in shown.text
    assert "#DIV/0!" in shown.text


def test_a_comment_that_is_too_long_is_refused(desk: Desk) -> None:
    shown = desk.send(saved(edited(desk, comment="x" * 2001)))
    assert "2,001 characters; at most 2000" in shown.text


def test_other_columns_are_ignored_and_said(desk: Desk) -> None:
    shown = desk.send(saved(edited(desk, provisioned_units=300, unit_price=0.01)))
    assert "1 value in “Provisioned” differs from the report." in shown.text
    assert "1 value in “Unit price” differs from the report." in shown.text
    assert "This file changes nothing" in shown.text


def test_rows_that_are_missing_unknown_or_doubled_are_said(desk: Desk) -> None:
    grid = edited(desk, chargeable_units=300)
    place = next(number for number, row in enumerate(grid) if "Quay" in row)
    grid[place] = ["nobody", "Nobody", "NONE", *[""] * (len(grid[0]) - 3)]
    grid.append(list(next(row for row in grid if DENTAL in row)))
    shown = desk.send(saved(grid))
    assert "This report has no line of this customer and product" in shown.text
    assert "This is the same line as row" in shown.text
    assert "1 line of the report is not in the file." in shown.text


def test_without_the_hidden_columns_lines_are_found_by_customer_and_sku(desk: Desk) -> None:
    line = desk.line(DENTAL)
    grid = [
        ["SKU", "Customer reference", "Comment", "Chargeable"],
        [line.sku, line.customer_ref, "100 seats were a trial", 300],
    ]
    shown = desk.send(saved(grid))
    assert "This file would change 1 line" in shown.text
    desk.confirm(shown)
    assert desk.line(DENTAL).chargeable_units == 300


def test_what_a_colleague_changed_meanwhile_stays_where_the_file_was_not_touched(desk: Desk) -> None:
    grid = edited(desk, comment="100 seats were a trial")
    desk.colleague_saves(DENTAL, "310")
    desk.colleague_saves("Ålesund & Co", "39")
    shown = desk.send(saved(grid))
    assert "Changed by somebody else since the export" not in shown.text
    desk.confirm(shown)
    line = desk.line(DENTAL)
    assert (line.chargeable_units, line.comment) == (310, "100 seats were a trial")
    assert desk.line("Ålesund & Co").chargeable_units == 39


@pytest.mark.parametrize(("choice", "units"), [("theirs", 310), ("mine", 300)])
def test_where_both_changed_a_cell_the_person_chooses(desk: Desk, choice: str, units: int) -> None:
    grid = edited(desk, chargeable_units=300)
    desk.colleague_saves(DENTAL, "310")
    shown = desk.send(saved(grid))
    assert "Changed by somebody else since the export" in shown.text
    assert 'value="theirs" checked' in shown.text
    desk.confirm(shown, **{f"k-{desk.line(DENTAL).uid}": choice})
    assert desk.line(DENTAL).chargeable_units == units


def test_a_report_that_moved_on_after_the_look_is_shown_anew(desk: Desk) -> None:
    shown = desk.send(saved(edited(desk, chargeable_units=300)))
    desk.colleague_saves("Ålesund & Co", "39")
    again = desk.confirm(shown)
    assert again.status_code == 412
    assert "This file would change 1 line" in again.text
    assert desk.line(DENTAL).chargeable_units == 290
    assert "1 change saved" in desk.confirm(again).text


def test_another_reports_file_is_refused_by_name_only_for_those_who_may_know(app: Flask, desk: Desk) -> None:
    content = desk.exported()
    other, _ = desk.story.open_account()
    own = desk.browser.post(f"/reports/{other.uid}/import", data={"file": upload(content)})
    assert own.status_code == 422
    assert "This file is of the report 2026-10 of account MER-1042." in own.text
    stranger = Story()
    theirs = stranger.open(("40", None))
    answer = sign_in(app, stranger.preparer).post(f"/reports/{theirs.uid}/import", data={"file": upload(content)})
    assert "exported from another report" in answer.text
    assert "MER-1042" not in answer.text


def upload(content: bytes) -> Any:
    return io.BytesIO(content), "report.xlsx"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "The file is empty."),
        (b"%PDF-1.7 nothing", "a PDF"),
        (b"PK\x03\x04 broken", "not that of an Excel workbook"),
        (b'{"lines": []}', "The file is JSON"),
        (b"a,b\r\n1,2\r\n", "not a report that was exported here"),
        (b"sku,chargeable_units,comment\r\n", "There is no row below the header"),
    ],
)
def test_a_file_that_is_something_else_is_refused_beside_its_field(desk: Desk, content: bytes, why: str) -> None:
    answer = desk.send(content, "report.csv")
    assert answer.status_code == 422
    assert why in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert desk.now().version == 1


def test_a_file_has_to_be_chosen(desk: Desk) -> None:
    answer = desk.browser.post(f"{desk.path}/import", data={})
    assert (answer.status_code, "Choose a file." in answer.text) == (422, True)


def test_more_rows_than_allowed_are_refused(desk: Desk) -> None:
    rows = "".join(f"S-{number},1,\r\n" for number in range(20_001))
    answer = desk.send(f"sku,chargeable_units,comment\r\n{rows}".encode(), "long.csv")
    assert "at most 20,000" in answer.text


def test_only_those_who_may_save_import(app: Flask, desk: Desk) -> None:
    content = desk.exported()
    for who, status in (
        (desk.story.reviewer, 403),
        (member(desk.story.msp, Role.VIEWER), 403),
        (member(organization("Elsewhere"), Role.ADMIN), 404),
    ):
        browser = sign_in(app, who)
        assert browser.get(f"{desk.path}/import").status_code == status
        assert desk.send(content, browser=browser).status_code == status
        form = {"held": "00000000-0000-0000-0000-000000000000", "version": "1"}
        assert browser.post(f"{desk.path}/import/confirm", data=form).status_code == status


def test_a_file_is_held_for_the_one_who_sent_it(app: Flask, desk: Desk) -> None:
    shown = desk.send(saved(edited(desk, chargeable_units=300)))
    desk.browser = sign_in(app, member(desk.story.msp, Role.PREPARER))
    assert "no longer held" in desk.confirm(shown).text
    assert desk.line(DENTAL).chargeable_units == 290


def test_a_submitted_report_takes_no_file(desk: Desk) -> None:
    shown = desk.send(saved(edited(desk, chargeable_units=400)))
    desk.colleague_saves(DENTAL, "400")
    steps.submit(desk.now(), desk.story.by(desk.story.preparer), AT)
    assert desk.browser.get(f"{desk.path}/import").status_code == 409
    assert desk.confirm(shown).status_code == 409
    assert desk.line(DENTAL).chargeable_units == 400


def test_accepted_lines_stay_as_they_are(desk: Desk) -> None:
    desk.colleague_saves(DENTAL, "300", "A trial")
    steps.submit(desk.now(), desk.story.by(desk.story.preparer), AT)
    notes = {desk.line("Quay").uid: "Is that all?"}
    steps.reject(desk.now(), desk.story.by(desk.story.reviewer), AT, reason="One is open", notes=notes)
    grid = desk.export()
    assert cell(grid, DENTAL, "state") == "Accepted"
    assert (cell(grid, "Quay", "state"), cell(grid, "Quay", "reviewer_note")) == ("Note to answer", "Is that all?")
    set_cell(grid, DENTAL, "chargeable_units", 310)
    assert "The distributor accepted this line" in desk.send(saved(grid)).text


def test_reading_and_saving_ask_the_database_a_fixed_number_of_times(desk: Desk) -> None:
    content = saved(edited(desk, chargeable_units=300, comment="A trial"))
    with counted_queries() as seen:
        shown = desk.send(content)
    assert len(seen) <= 9, "\n".join(seen)
    with counted_queries() as seen:
        desk.confirm(shown)
    assert len([one for one in seen if "held_files" in one]) <= 3
