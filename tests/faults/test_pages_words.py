"""Names that are formulas or markup: in every file they are text, on every page and in every mail they are words."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest
from flask import Flask
from python_calamine import CalamineWorkbook

from distributor.database import db
from distributor.identity.acting import acting
from distributor.usage_reports import saved_views
from distributor.usage_reports.operations import drafts, steps
from distributor.usage_reports.operations.drafts import LineDraft
from tests.clients import Browser, sign_in
from tests.factories import OPENED_AT, Story, customer, member, product, usage
from workflows.usage_report import Role

AT = OPENED_AT + timedelta(days=1)
FORMULAS = ["=cmd|' /C calc'!A0", "+1+1", "-1+1", "@SUM(1)", "\t=1", "\r=1", "'=1"]
MARKUP = "<img src=x onerror=alert(1)>"
FILES = [
    ("distributor", "/accounts/accounts.csv"), ("distributor", "/catalogue/products.csv"),
    ("distributor", "/review/export.csv?cycle=all&status=any"), ("msp", "/trends/export.csv?by=customer"),
    ("msp", "/trends/export.csv?by=product"), ("msp", "/reports/{report}/export.csv"),
]  # fmt: skip
BOOKS = [
    ("distributor", "/accounts/accounts.xlsx"), ("distributor", "/catalogue/products.xlsx"),
    ("distributor", "/review/export.xlsx?cycle=all&status=any"), ("msp", "/reports/export.xlsx"),
    ("msp", "/reports/{report}/export.xlsx"),
]  # fmt: skip
PAGES = [
    ("distributor", path) for path in (
        "/accounts", "/accounts/{account}", "/accounts/{account}/terms", "/accounts/new", "/accounts/reporting",
        "/catalogue", "/catalogue/{product}", "/review", "/review?view=clean", "/review/{report}", "/overview",
        "/overview/remind?cycle=2026-10", "/policy", "/policy/backtest", "/brand", "/brand/preview",
        "/brand/preview/mail", "/usage/coverage", "/search?q=img", "/search/options?q=img", "/notifications",
        "/reports/{report}/lines/{line}", "/reports/{report}/lines/{line}?part=drawer", "/review/{report}/lines",
    )
] + [
    ("msp", path) for path in (
        "/reports", "/reports/{report}", "/reports/{report}/lines/{line}", "/reports/{report}/history", "/terms",
        "/trends", "/trends?by=customer", "/search?q=img", "/search/options?q=img", "/reports/{report}/import",
    )
]  # fmt: skip


class Named:
    """Everything that can have a name has this one, and a report under review."""

    def __init__(self, app: Flask, name: str) -> None:
        self.app, self.name = app, name
        story = self.story = Story(number=name[:30], region=name[:30], po_number=name[:30])
        story.distributor.name = story.msp.name = name
        what = product(story.distributor, name[:30], name=name, vendor=name)
        usage(story.account, [(customer(story.account, name), what, "40", "30")])
        report = story.open_cycle()
        (line,) = story.lines(report)
        who = acting(story.preparer, report)
        drafts.save_lines(story.report(report), [LineDraft(line.uid, comment=name)], who, AT)
        steps.submit(story.report(report), who, AT)
        self.ids = {"report": report.uid, "line": line.uid, "account": story.account.uid, "product": what.uid}
        saved_views.save(story.admin, name.strip() or "x", "", AT) if name.isprintable() else None
        db.session.commit()

    def browser(self, side: str) -> Browser:
        admin = member(getattr(self.story, side), Role.ADMIN, Role.REVIEWER if side == "distributor" else Role.PREPARER)
        return sign_in(self.app, admin)


@pytest.fixture
def named(app: Flask, request: pytest.FixtureRequest) -> Named:
    app.config["CLOCK"] = lambda: AT
    return Named(app, request.param)


@pytest.mark.parametrize("named", FORMULAS, indirect=True, ids=ascii)
def test_a_name_is_a_formula_in_no_file(named: Named) -> None:
    browsers = {side: named.browser(side) for side in ("distributor", "msp")}
    for side, path in FILES:
        content = browsers[side].get(path.format(**named.ids))
        rows = list(csv.reader(io.StringIO(content.data.decode("utf-8-sig"), newline="")))
        assert len(rows) > 1, path
        assert not [cell for row in rows for cell in row if is_formula(cell)], path
    for side, path in BOOKS:
        content = browsers[side].get(path.format(**named.ids))
        assert content.status_code == 200, path
        cells = CalamineWorkbook.from_filelike(io.BytesIO(content.data)).get_sheet_by_index(0).to_python()
        assert named.name.strip() in {str(cell).strip() for row in cells for cell in row}, path


def is_formula(cell: str) -> bool:
    """Whether a spreadsheet would compute the cell; a plain number is none."""
    try:
        float(cell)
    except ValueError:
        return cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    return False


@pytest.mark.parametrize("named", [MARKUP], indirect=True, ids=["markup"])
def test_a_name_is_markup_on_no_page(named: Named) -> None:
    browsers = {side: named.browser(side) for side in ("distributor", "msp")}
    brand = {"name": MARKUP, "colour": "#123456", "footer": MARKUP, "reply_to": ""}
    assert browsers["distributor"].post("/brand", data=brand).status_code == 302
    for side, path in PAGES:
        answer = browsers[side].get(path.format(**named.ids))
        assert answer.status_code in {200, 409}, path
        assert "<img src=x" not in answer.text, path


@pytest.mark.parametrize("named", [MARKUP], indirect=True, ids=["markup"])
def test_what_was_typed_comes_back_as_words(named: Named) -> None:
    browser = named.browser("distributor")
    forms = {
        "/brand": {"name": MARKUP, "colour": MARKUP, "footer": MARKUP, "reply_to": MARKUP},
        "/policy": {"bulk_max_change_percent": MARKUP, "marked_change_percent": MARKUP},
        "/accounts/new": {"number": MARKUP, "msp": MARKUP, "contact_email_0": MARKUP, "currency": MARKUP},
        "/catalogue/new": {"sku": MARKUP, "name": MARKUP, "price": MARKUP, "precision": MARKUP},
        "/accounts/{account}/terms": {"number": MARKUP, "time_zone": MARKUP, "approval_limit": MARKUP},
        "/catalogue/{product}/price": {"price": MARKUP, "currency": MARKUP},
    }
    for path, form in forms.items():
        answer = browser.post(path.format(**named.ids), data=form)
        assert answer.status_code in {409, 422}, path
        assert "<img src=x" not in answer.text, path
