"""The demo's service in real browsers: what people of the story see, in any language, theme and width."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Literal

import pytest
from flask import Flask
from playwright.sync_api import Browser, Error, Page
from sqlalchemy import select, update

from distributor.accounts.models import Account
from distributor.catalogue.models import Product
from distributor.database import db
from distributor.delivery.models import Notification
from distributor.identity import sessions
from distributor.identity.current import cookie_name
from distributor.identity.models import Member, User
from distributor.usage_reports.queries import LINE, REPORT
from tests.demo_database import AT
from tests.journeys.site import Site, served
from workflows.usage_report import Status

PREPARER = "aoife.brennan@kestrel.example"
REVIEWER = "tomas.keane@meridian.example"
ADMIN = "niamh.doyle@meridian.example"
KESTREL = "MER-1042"
# Who looks at everything there is meets pages that are not his.
ANY_REFUSAL = re.compile(r"Failed to load resource: the server responded with a status of 4\d\d ")
# Addresses that answer with something else than a page.
NO_PAGES = (
    "/api/v1/", "/static/", "/healthz", "/readyz", "/metrics", "/usage-template", "/reports/form-token",
    "/brand/preview/mail",
)  # fmt: skip


class DemoSite(Site):
    """The demo at the moment of the design's pictures."""

    def person(
        self, email: str, *, theme: Literal["light", "dark"] = "light", locale: str = "en-IE", **options: Any
    ) -> Page:
        """A page of a fresh browser in which this person is signed in and reads `locale`."""
        page = self.visitor(theme=theme, locale=locale, **options)
        query = select(Member.user_id, Member.id).join(User, User.id == Member.user_id).where(User.email == email)
        user_id, member_id = db.session.execute(query).one()
        db.session.execute(update(User).where(User.id == user_id).values(locale=locale[:2]))
        token = sessions.start(user_id, member_id, AT)
        db.session.commit()
        page.context.add_cookies([{"name": cookie_name(), "value": token, "url": self.url}])
        return page


def report_of(status: Status, *, account: str | None = None) -> str:
    """The uid of the report in this status with the most money at risk, of one account or of any."""
    query = select(REPORT.c.uid).join(Account, Account.id == REPORT.c.account_id).where(REPORT.c.status == status)
    if account:
        query = query.where(Account.number == account)
    return str(db.session.scalars(query.order_by(REPORT.c.at_risk.desc(), REPORT.c.id).limit(1)).one())


def address_of_a_line(report: str) -> str:
    """The page of a line that needs words, or of any line where none does."""
    query = select(LINE.c.uid).join(REPORT, REPORT.c.id == LINE.c.report_id).where(REPORT.c.uid == report)
    line = db.session.scalars(query.order_by(LINE.c.unexplained.desc(), LINE.c.id).limit(1)).one()
    return f"/reports/{report}/lines/{line}"


def addresses(app: Flask, who: str) -> Iterator[str]:
    """Every address asked for with GET, with the things this person can name. Some answer with no page: see `shows`."""
    for rule in app.url_map.iter_rules():
        if "GET" in (rule.methods or ()) and not rule.arguments and not rule.rule.startswith(NO_PAGES):
            yield rule.rule
    yield "/api/v1/docs"
    yield from _of_the_msp() if who == PREPARER else _of_the_distributor()


def _of_the_msp() -> Iterator[str]:
    preparing = report_of(Status.MSP_PREPARING, account=KESTREL)
    yield from (f"/reports/{preparing}", f"/reports/{preparing}/import", address_of_a_line(preparing))
    yield f"/reports/{report_of(Status.APPROVED, account=KESTREL)}"


def _of_the_distributor() -> Iterator[str]:
    for status in (Status.MSP_PREPARING, Status.APPROVED, Status.REJECTED):
        yield f"/review/{report_of(status)}"
    yield f"/reports/{report_of(Status.APPROVED)}/history"
    yield address_of_a_line(report_of(Status.UNDER_REVIEW))
    account = db.session.scalars(select(Account.uid).where(Account.number == KESTREL)).one()
    yield from (f"/accounts/{account}", f"/accounts/{account}/terms")
    yield f"/catalogue/{db.session.scalars(select(Product.uid).order_by(Product.id).limit(1)).one()}"
    mail = db.session.scalars(select(Notification.uid).order_by(Notification.id.desc()).limit(1)).one()
    yield f"/notifications/{mail}"
    yield from ("/search?q=shannon", "/overview/remind?cycle=2026-10", "/policy/backtest?percent=5")


def shows(page: Page, address: str) -> bool:
    """Go there; whether a page for this person is there, which a download, a part of a page or a refusal is not."""
    try:
        answer = page.goto(address)
    except Error as error:
        if "Download is starting" in str(error):
            return False
        raise
    is_here = page.url.endswith(address)  # or somebody was led on
    return bool(answer and answer.ok and is_here and page.evaluate("document.doctype !== null"))


@pytest.fixture
def demo_site(demo: Flask, browser: Browser) -> Iterator[DemoSite]:
    """The filled demo behind a port. Fails the test when a browser complained."""
    demo.config["CLOCK"] = lambda: AT
    db.session.execute(update(User).values(words_seen_at=AT))
    db.session.commit()
    with served(demo) as url:
        site = DemoSite(url, browser)
        site.expected = ANY_REFUSAL
        yield site
        for context in list(browser.contexts):
            context.close()
    assert site.complaints == []
