"""A reviewer's month end: the overview, a reminder, then the review; and an MSP's look back over list and trends."""

from __future__ import annotations

from datetime import timedelta

from playwright.sync_api import Page, expect
from sqlalchemy import func, select

from distributor.database import db
from distributor.delivery.models import Notification
from distributor.identity.acting import system
from distributor.usage_reports.operations import automatic, steps
from tests.factories import CYCLE, OPENED_AT, Story, customer, product, usage
from tests.journeys.conftest import AT
from tests.journeys.site import Site, follow

PHONE = 390


def reminders() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).where(Notification.event == "reminder")) or 0


def months(story: Story, number: int) -> None:
    """Reports of the cycles before, approved as they submitted themselves, and the present one, 100 units short."""
    what, who = product(story.distributor), customer(story.account)
    cycle = CYCLE
    for _ in range(number):
        cycle = cycle.previous()
    for place in range(number + 1):
        at = OPENED_AT.replace(year=cycle.year, month=cycle.month)
        usage(story.account, [(who, what, str(400 + place), "300" if place == number else None)], cycle=cycle, at=at)
        report = story.open_cycle(cycle, at)
        if place < number:
            automatic.submit_due([report.id], report.due_at, system())
            steps.approve(story.report(report), story.by(story.reviewer), report.due_at + timedelta(hours=1))
        cycle = cycle.next()


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth") <= PHONE)


def test_a_reviewer_reminds_from_the_overview_and_goes_on_to_the_review(site: Site, story: Story) -> None:
    waiting, _ = story.open_account(("400", "290"))
    ready, _ = story.open_account(("40", None))
    steps.submit(story.report(ready), story.by(story.preparer), AT)
    page = site.member(story.reviewer)
    page.goto("/overview")
    expect(page.get_by_role("heading", level=1)).to_have_text("October 2026")
    expect(page.get_by_role("img", name="1 of 2 reports submitted")).to_be_visible()
    follow(page, "Remind 1 MSP")
    expect(page.get_by_role("row", name=waiting.account_number)).to_contain_text("€ 313.50")
    assert reminders() == 0
    page.get_by_role("button", name="Remind 1 MSP").click()
    expect(page.get_by_text("Reminder on its way to the preparers of 1 account.")).to_be_visible()
    assert reminders() == 1
    expect(page.get_by_role("link", name="Remind")).to_have_count(0)
    follow(page, "Review 1 report")
    expect(page.get_by_role("heading", level=1)).to_have_text("Review queue")


def test_the_overview_works_without_scripts_and_on_a_phone(site: Site, story: Story) -> None:
    months(story, 2)
    page = site.member(story.reviewer, width=PHONE, scripts=False)
    page.goto("/overview")
    assert fits(page)
    follow(page, "Sep")
    expect(page.get_by_role("heading", level=1)).to_have_text("September 2026")
    page.get_by_text("Submissions as a table").click()
    expect(page.get_by_role("table", name="Reports submitted and due")).to_be_visible()
    page.goto("/overview/remind?cycle=2026-10")
    assert fits(page)


def test_an_msp_looks_back_over_its_reports_and_their_trends(site: Site, story: Story) -> None:
    months(story, 3)
    page = site.member(story.preparer)
    page.goto("/reports")
    expect(page.get_by_role("img", name="Amount per cycle in EUR")).to_be_visible()
    follow(page, "Needs you 1")
    expect(page.locator(".reports-list tbody tr")).to_have_count(1)
    follow(page, "Needs you 1")
    follow(page, "Amount, €")
    expect(page.locator(".reports-list tbody th").first).to_contain_text("September 2026")
    with page.expect_download() as download:
        page.get_by_role("link", name="Export to Excel").click()
    assert download.value.suggested_filename.startswith("usage-reports-")
    follow(page, "Trends")
    expect(page.get_by_role("img", name="to 855.00 in October 2026")).to_be_visible()
    follow(page, "Units")
    follow(page, "By customer")
    expect(page.locator(".trends tbody tr")).to_have_count(1)


def test_list_and_trends_fit_a_phone(site: Site, story: Story) -> None:
    months(story, 3)
    page = site.member(story.preparer, width=PHONE)
    for address in ("/reports", "/reports?sort=amount", "/trends", "/trends?measure=not_charged&by=customer"):
        page.goto(address)
        assert fits(page), address
    page.goto("/reports")
    follow(page, "Add 1 comment")
    expect(page.get_by_role("heading", level=1)).to_contain_text("October 2026")
