"""The distributor's way: the queue, a report, notes and a rejection, approval alone or of many at once."""

from __future__ import annotations

from decimal import Decimal

from playwright.sync_api import Page, expect
from sqlalchemy import select

from distributor.database import db
from distributor.identity.acting import system
from distributor.usage_reports.operations import automatic, drafts, steps
from distributor.usage_reports.operations.drafts import LineDraft
from distributor.usage_reports.queries import REPORT, ReportRow
from tests.factories import Story, member
from tests.journeys.conftest import AT
from tests.journeys.site import Site, follow
from workflows.usage_report import Role


def submitted(story: Story, *lines: tuple[str, str | None]) -> ReportRow:
    """A report whose every difference is explained, under review."""
    report, who = story.open(*lines), story.by(story.preparer)
    explained = [
        LineDraft(line.uid, line.version, line.chargeable_units, "Reserved")
        for line in story.lines(report)
        if line.unexplained
    ]
    drafts.save_lines(report, explained, who, AT)
    steps.submit(story.report(report), who, AT)
    return story.report(report)


def status(report: ReportRow) -> str:
    """The report's status as the database has it now; nothing is locked."""
    db.session.rollback()
    return str(db.session.scalar(select(REPORT.c.status).where(REPORT.c.id == report.id)))


def test_a_rejected_report_is_answered_resubmitted_and_approved(site: Site, story: Story) -> None:
    report = submitted(story, ("400", "290"), ("40", None))
    reviewer, msp = site.member(story.reviewer), site.member(story.preparer)
    reviewer.goto("/review")
    follow(reviewer, "Kestrel IT Services")
    reject_with_a_note(reviewer, "Please send the order")
    assert status(report) == "rejected"
    msp.goto("/reports")
    follow(msp, "Answer the notes")
    answer(msp, "Order SF-2231 is on its way")
    reviewer.goto("/review")
    follow(reviewer, "Kestrel IT Services")
    expect(reviewer.get_by_text("Order SF-2231 is on its way")).to_be_visible()
    reviewer.get_by_role("button", name="Approve").click()
    expect(reviewer.get_by_text("Approved. The MSP has been told.")).to_be_visible()
    assert status(report) == "approved"


def reject_with_a_note(page: Page, note: str) -> None:
    page.locator(".flag > summary").first.click()
    page.locator("[data-note]").first.fill(note)
    page.get_by_label("Reason, shown to the MSP").fill("One line is open")
    page.get_by_role("button", name="Reject with 1 note").click()
    expect(page.get_by_text("Rejected. The MSP has been told.")).to_be_visible()


def answer(page: Page, words: str) -> None:
    """Read the reason and the note, answer it where Submit leads, and submit."""
    expect(page.get_by_text("One line is open")).to_be_visible()
    expect(page.get_by_text("Please send the order")).to_be_visible()
    page.get_by_role("button", name="Submit").click()
    page.locator("tr[data-state=need] textarea").fill(words)
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_text("Submitted. Your distributor has been told.")).to_be_visible()


def test_clean_reports_are_approved_together_after_their_sum_was_shown(site: Site, story: Story) -> None:
    reports = [story.open_account()[0] for _ in range(2)]
    risky, _ = story.open_account(("400", "290"))
    automatic.submit_due([report.id for report in (*reports, risky)], risky.due_at, system())
    page = site.member(story.reviewer)
    page.goto("/review")
    expect(page.locator(".bulk")).to_be_hidden()
    page.get_by_label("Select all clean reports").check()
    expect(page.locator(".bulk")).to_contain_text("2 clean reports selected")
    expect(page.locator(".bulk")).to_contain_text("€ 228.00")
    page.get_by_role("button", name="Approve 2 reports").click()
    expect(page.get_by_text("2 reports approved.")).to_be_visible()
    assert [status(report) for report in (*reports, risky)] == ["approved", "approved", "under_review"]


def test_the_queue_is_narrowed_by_view_partner_cycle_and_status(site: Site, story: Story) -> None:
    story.open_account()
    risky, _ = story.open_account(("400", "290"))
    automatic.submit_due([risky.id], risky.due_at, system())
    page = site.member(story.reviewer)
    page.goto("/review")
    follow(page, "With penalty 1")
    expect(page.locator("tbody tr")).to_have_count(1)
    follow(page, "MSP preparing 1")
    expect(page.get_by_text("No report matches.")).to_be_visible()
    follow(page, "Clear filters")
    page.get_by_label("Partner or account").fill("nobody")
    page.keyboard.press("Enter")
    expect(page.get_by_text("No report matches.")).to_be_visible()
    page.get_by_label("Partner or account").fill("kestrel")
    page.get_by_label("Report cycle").select_option("All cycles")
    expect(page.locator("tbody tr")).to_have_count(1)


def test_a_penalty_is_waived_with_a_reason(site: Site, story: Story) -> None:
    report, _line = story.open_account(("400", "290"))
    automatic.submit_due([report.id], report.due_at, system())
    page = site.member(story.reviewer)
    page.goto(f"/review/{report.uid}")
    page.get_by_text("Waive this penalty").click()
    page.locator(".waive-body [name=reason]").fill("Agreed by phone")
    page.get_by_role("button", name="Waive € 313.50").click()
    expect(page.get_by_text("Penalty waived: Agreed by phone")).to_be_visible()
    assert story.lines(report)[0].chargeable_units == 290


def test_a_report_over_the_limit_is_endorsed_by_one_and_approved_by_another(site: Site, story: Story) -> None:
    story.account.approval_limit = Decimal(100)
    report = submitted(story, ("400", None))
    first = site.member(story.reviewer)
    first.goto(f"/review/{report.uid}")
    first.get_by_role("button", name="Endorse").click()
    expect(first.get_by_text("Endorsed. Somebody else approves it.")).to_be_visible()
    second = site.member(member(story.distributor, Role.REVIEWER))
    second.goto(f"/review/{report.uid}")
    second.get_by_role("button", name="Approve").click()
    expect(second.get_by_text("Approved. The MSP has been told.")).to_be_visible()
    assert status(report) == "approved"


def test_a_reviewer_works_on_a_phone(site: Site, story: Story) -> None:
    report = submitted(story, ("400", "290"), ("40", None))
    page = site.member(story.reviewer, width=390)
    for address in ("/review", f"/review/{report.uid}"):
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
    reject_with_a_note(page, "Please send the order")
