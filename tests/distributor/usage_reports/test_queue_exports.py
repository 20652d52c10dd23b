"""The queue as a file: the same filter, texts as texts, numbers as numbers, all rows."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from python_calamine import CalamineWorkbook

from distributor.usage_reports import exports
from tests.clients import Browser, sign_in
from tests.distributor.usage_reports.reviewing import AT, approved, of_partner, submitted
from tests.factories import Story


@pytest.fixture
def story(app: Flask) -> Story:
    app.config["CLOCK"] = lambda: AT
    return Story()


@pytest.fixture
def browser(app: Flask, story: Story) -> Browser:
    return sign_in(app, story.reviewer)


def of_csv(browser: Browser, query: str = "") -> list[dict[str, str]]:
    answer = browser.get(f"/review/export.csv?{query}")
    assert (answer.status_code, answer.mimetype) == (200, "text/csv")
    return list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))


def of_xlsx(browser: Browser, query: str = "") -> list[dict[str, Any]]:
    answer = browser.get(f"/review/export.xlsx?{query}")
    assert (answer.status_code, answer.mimetype) == (200, exports.MIME_TYPES["xlsx"])
    heading, *rows = CalamineWorkbook.from_filelike(io.BytesIO(answer.data)).get_sheet_by_index(0).to_python()
    return [dict(zip(map(str, heading), row, strict=True)) for row in rows]


def test_both_kinds_hold_the_reports_of_the_filter_with_their_figures(story: Story, browser: Browser) -> None:
    approved(story, ("100", None))
    submitted(story, ("110", "100"))
    of_partner(story, "Aldergate IT", ("20", None))
    (row,) = of_csv(browser, "q=kestrel")
    assert (row["MSP"], row["Report cycle"], row["Status"]) == ("Kestrel IT Services", "2026-10", "Under review")
    assert (row["Amount"], row["Last approved"], row["Change in percent"]) == ("285.00", "285.00", "0.00")
    (cells,) = of_xlsx(browser, "q=kestrel")
    assert (cells["Amount"], cells["Discrepancies"], cells["At risk"]) == (285.0, 1.0, 28.5)
    assert cells["Submitted"] == "2026-10-21 00:00"


def test_the_export_follows_the_order_and_the_status_of_the_page(story: Story, browser: Browser) -> None:
    submitted(story, ("10", None))
    of_partner(story, "Aldergate IT", ("20", None))
    assert [row["MSP"] for row in of_csv(browser, "sort=partner")] == ["Aldergate IT", "Kestrel IT Services"]
    assert of_csv(browser, "status=rejected") == []


@pytest.mark.parametrize("name", ["=1+1", "+44 IT", "-cmd|x", "@sum", "'quoted", "\ttab"])
def test_a_name_never_becomes_a_formula(story: Story, browser: Browser, name: str) -> None:
    story.msp.name = name
    submitted(story, ("10", None))
    assert of_csv(browser)[0]["MSP"] == f"'{name}"
    assert of_xlsx(browser)[0]["MSP"] == name


def test_all_rows_come_however_many_a_page_shows(
    story: Story, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("distributor.usage_reports.review_queue_views.PAGE", 2)
    monkeypatch.setattr(exports, "ROWS_AT_ONCE", 2)
    for number in range(5):
        of_partner(story, f"MSP {number}", ("20", None))
    assert len(of_csv(browser)) == 5
    assert len(of_xlsx(browser)) == 5


def test_amounts_keep_every_digit(story: Story, browser: Browser) -> None:
    submitted(story, ("3", None))
    assert Decimal(of_csv(browser)[0]["Amount"]) == Decimal("8.55")
