"""A report out to a spreadsheet and back: export, change cells, look at what would change, save."""

from __future__ import annotations

import pytest
from playwright.sync_api import FilePayload, Page, expect

from distributor.usage_reports.queries import ReportRow
from tests.distributor.spreadsheets.books import Grid, grid_of, saved, set_cell
from tests.factories import Story
from tests.journeys.axe import found_by_axe
from tests.journeys.site import Site


@pytest.fixture
def report(story: Story) -> ReportRow:
    return story.open(("400", "290"), ("40", None), ("12", None))


@pytest.mark.parametrize("scripts", [True, False])
@pytest.mark.parametrize("width", [1440, 390])
def test_out_to_a_spreadsheet_and_back(
    site: Site, story: Story, report: ReportRow, *, scripts: bool, width: int
) -> None:
    page = site.member(story.preparer, scripts=scripts, width=width)
    page.goto(f"/reports/{report.uid}")
    grid = exported(page)
    name = str(story.lines(report)[0].customer_name)
    set_cell(grid, name, "chargeable_units", 300)
    set_cell(grid, name, "comment", "100 seats were a trial")
    page.get_by_role("link", name="Import").click()
    send(page, grid)
    expect(page.get_by_role("heading", name="This file would change 1 line")).to_be_visible()
    expect(page.locator("ins").first).to_have_text("300")
    if scripts:
        assert found_by_axe(page) == []
    page.get_by_role("button", name="Save 1 change").click()
    expect(page.get_by_text("1 change saved from the file.")).to_be_visible()
    line = story.lines(report)[0]
    assert (line.chargeable_units, line.comment) == (300, "100 seats were a trial")


def exported(page: Page) -> Grid:
    with page.expect_download() as download:
        page.get_by_role("link", name="Export to Excel").click()
    return grid_of(download.value.path().read_bytes())


def send(page: Page, grid: Grid) -> None:
    file = FilePayload(name="report.xlsx", mimeType="application/octet-stream", buffer=saved(grid))
    page.get_by_label("Excel or CSV file").set_input_files(file)
    page.get_by_role("button", name="Show what would change").click()
