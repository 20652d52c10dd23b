"""The guide's pictures are taken from the service itself, by this test: `make pictures` writes them into
docs/guide/pictures, every other run into a folder of its own, so that a page that can no longer be shown fails here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Page
from sqlalchemy import ColumnElement, select

from distributor.accounts.models import Account
from distributor.config import SOURCE
from distributor.database import db
from distributor.usage_reports.queries import REPORT
from tests.journeys.demo_site import ADMIN, PREPARER, REVIEWER, DemoSite
from workflows.usage_report import Status

GUIDE = SOURCE / "docs" / "guide"
LINK = re.compile(r"!\[([^\]]*)\]\(pictures/([a-z-]+)\.png\)")


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of the guide: who looks at which address, and what they do before it is taken."""

    name: str
    who: str
    address: str
    act: Callable[[Page], object] = lambda page: None
    width: int = 1440
    height: int = 1000
    dark: bool = False


def kestrels_report() -> str:
    return _report(Account.number == "MER-1042", REPORT.c.status == Status.MSP_PREPARING)


def riskiest_report() -> str:
    return _report(REPORT.c.status == Status.UNDER_REVIEW)


def kestrels_account() -> str:
    return str(db.session.scalars(select(Account.uid).where(Account.number == "MER-1042")).one())


def _report(*conditions: ColumnElement[bool]) -> str:
    query = select(REPORT.c.uid).join(Account, Account.id == REPORT.c.account_id).where(*conditions)
    return str(db.session.scalars(query.order_by(REPORT.c.at_risk.desc()).limit(1)).one())


def open_drawer(page: Page) -> None:
    page.locator("tr.line .units").first.focus()
    page.keyboard.press("e")
    page.get_by_role("heading", name="Twelve months").wait_for()


def search_for_shannon(page: Page) -> None:
    page.keyboard.press("Control+k")
    page.keyboard.type("shannon")
    page.get_by_role("option", name="Shannon").first.wait_for()


PICTURES = (
    Picture("reports", PREPARER, "/reports"),
    Picture("report", PREPARER, "/reports/{kestrels_report}", height=1400),
    Picture("report-dark", PREPARER, "/reports/{kestrels_report}", dark=True),
    Picture("report-phone", PREPARER, "/reports/{kestrels_report}", width=390, height=1400),
    Picture("line", PREPARER, "/reports/{kestrels_report}", open_drawer),
    Picture("search", PREPARER, "/reports", search_for_shannon),
    Picture("trends", PREPARER, "/trends"),
    Picture("terms", PREPARER, "/terms"),
    Picture("words", PREPARER, "/words"),
    Picture("profile", PREPARER, "/profile"),
    Picture("overview", REVIEWER, "/overview", height=1200),
    Picture("queue", REVIEWER, "/review", height=1160),
    Picture("review", REVIEWER, "/review/{riskiest_report}", height=1280),
    Picture("feeds", REVIEWER, "/usage/coverage"),
    Picture("accounts", ADMIN, "/accounts"),
    Picture("account", ADMIN, "/accounts/{kestrels_account}"),
    Picture("catalogue", ADMIN, "/catalogue"),
    Picture("policy", ADMIN, "/policy/backtest?percent=5"),
    Picture("brand", ADMIN, "/brand"),
)


@pytest.fixture
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Where pictures go: the guide's folder for `--pictures`, else this test's own."""
    return GUIDE / "pictures" if request.config.getoption("--pictures") else tmp_path


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.name)
def test_a_picture_of_the_guide_can_be_taken(demo_site: DemoSite, demo: Flask, picture: Picture, folder: Path) -> None:
    page = demo_site.person(
        picture.who, width=picture.width, height=picture.height, theme="dark" if picture.dark else "light"
    )
    known = {find.__name__: find() for find in (kestrels_report, riskiest_report, kestrels_account)}
    answer = page.goto(picture.address.format(**known))
    assert answer is not None
    assert answer.ok
    picture.act(page)
    folder.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=folder / f"{picture.name}.png", animations="disabled")


def test_the_guide_shows_every_picture_and_says_in_words_what_it_shows() -> None:
    shown = [link for page in sorted(GUIDE.glob("*.md")) for link in LINK.findall(page.read_text())]
    assert {name for _words, name in shown} == {picture.name for picture in PICTURES}
    assert all(len(words) > 20 for words, _name in shown)
    assert {file.stem for file in (GUIDE / "pictures").glob("*.png")} == {picture.name for picture in PICTURES}
