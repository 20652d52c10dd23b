"""What journeys through the report grid have in common: its fields, its words, and how one pastes into it."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

from distributor.database import db
from distributor.usage_reports import queries
from distributor.usage_reports.queries import ReportRow

SAVED = re.compile(r"^Saved at \d\d:\d\d$")

PASTE = """(field, [text, html]) => {
    const clipboardData = new DataTransfer();
    clipboardData.setData("text/plain", text);
    if (html) clipboardData.setData("text/html", html);
    field.dispatchEvent(new ClipboardEvent("paste", {clipboardData, bubbles: true, cancelable: true}));
}"""


def units(page: Page, number: int = 0) -> Locator:
    """Chargeable units of the `number`-th line on the page."""
    return page.locator(".units").nth(number)


def comment(page: Page, number: int = 0) -> Locator:
    return page.locator("textarea.comment").nth(number)


def values(page: Page) -> list[str]:
    """All chargeable units as they stand in their fields."""
    found: list[str] = page.locator(".units").evaluate_all("fields => fields.map(field => field.value)")
    return found


def paste(field: Locator, text: str, html: str = "") -> None:
    """Put a block on the clipboard as a spreadsheet does, and paste it."""
    field.focus()
    field.evaluate(PASTE, [text, html])


def saves_within(page: Page, milliseconds: int) -> None:
    """How soon after the last key the page saves by itself."""
    page.locator("[data-grid]").evaluate("(form, wait) => { form.dataset.autosaveMs = wait; }", milliseconds)


def never_saves_by_itself(page: Page) -> None:
    saves_within(page, 3_600_000)


def said(page: Page, words: str | re.Pattern[str]) -> None:
    """The bar that stays in sight says how far the draft is."""
    expect(page.locator("[data-changes-text]")).to_have_text(words)


def actions(report: ReportRow) -> list[str]:
    """The steps taken on the report, oldest first, as the database has them now."""
    db.session.rollback()
    return [action.step for action in reversed(queries.history(report.id))]
