"""The distributor's way: a report, notes and a rejection, drafts, approval of one and of many at once."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Literal

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from distributor.database import db
from distributor.identity.acting import system
from distributor.identity.current import cookie_name
from distributor.usage_reports.operations import automatic
from distributor.usage_reports.queries import REPORT, ReportRow
from tests.distributor.usage_reports.reviewing import of_partner, submitted
from tests.factories import Story, member
from tests.journeys.axe import found_by_axe
from tests.journeys.site import Site, follow, until_kept
from workflows.usage_report import Role


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
    follow(msp, "Answer 1 note")
    answer(msp, "Order SF-2231 is on its way")
    reviewer.goto("/review")
    follow(reviewer, "Kestrel IT Services")
    expect(reviewer.get_by_text("Order SF-2231 is on its way")).to_be_visible()
    reviewer.get_by_role("button", name="Approve").click()
    expect(reviewer.get_by_text("approved. The figures are final")).to_be_visible()
    expect(reviewer.get_by_text("That was the last report of this view.")).to_be_visible()
    assert status(report) == "approved"


def reject_with_a_note(page: Page, note: str) -> None:
    page.locator(".flag > summary").first.click()
    page.locator("[data-note]").first.fill(note)
    page.get_by_label("Reason, shown to the MSP").fill("One line is open")
    page.get_by_role("button", name="Reject with 1 note").click()
    expect(page.get_by_text("rejected with 1 note. The MSP is told by e-mail")).to_be_visible()


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
    expect(page.locator(".bulk")).to_contain_text("no discrepancy, no penalty, nothing missing")
    page.get_by_role("button", name="Approve 2 reports").click()
    expect(page.get_by_text("2 reports approved. Their figures are final")).to_be_visible()
    assert [status(report) for report in (*reports, risky)] == ["approved", "approved", "under_review"]


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
    first.get_by_role("button", name="Endorse € 1,140.00").click()
    expect(first.get_by_text("You have endorsed it. Another reviewer approves it.")).to_be_visible()
    second = site.member(member(story.distributor, Role.REVIEWER))
    second.goto(f"/review/{report.uid}")
    second.get_by_role("button", name="Approve € 1,140.00").click()
    expect(second.get_by_text("approved. The figures are final")).to_be_visible()
    assert status(report) == "approved"


def test_a_reviewer_works_on_a_phone(site: Site, story: Story) -> None:
    report = submitted(story, ("400", "290"), ("40", None))
    page = site.member(story.reviewer, width=390)
    for address in ("/review", f"/review/{report.uid}"):
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
    reject_with_a_note(page, "Please send the order")


def flag(page: Page, number: int, note: str) -> None:
    page.locator(".flag > summary").nth(number).click()
    page.locator("[data-note]").nth(number).fill(note)


def test_two_notes_come_back_to_the_msp_and_the_other_lines_are_frozen(site: Site, story: Story) -> None:
    report = submitted(story, ("400", "290"), ("64", "58"), ("250", "225"), ("40", None))
    page = site.member(story.reviewer)
    page.goto(f"/review/{report.uid}")
    expect(page.locator(".fate:visible")).to_have_count(0)
    flag(page, 0, "Send the order, or release the seats.")
    flag(page, 2, "The removals are dated 28 October.")
    expect(page.get_by_text("goes back to the MSP").locator("visible=true")).to_have_count(2)
    expect(page.get_by_text("accepted, stays as it is").locator("visible=true")).to_have_count(1)
    expect(page.get_by_text("The MSP corrects 2 flagged lines by")).to_be_visible()
    expect(page.get_by_text("330.60 of it flagged")).to_be_visible()
    expect(page.locator("[data-in-full-line]")).to_contain_text("€ 2,077.65 (+ 330.60)")
    page.get_by_label("Reason, shown to the MSP").fill("Two lines do not match")
    page.get_by_role("button", name="Reject with 2 notes").click()
    expect(page.get_by_text("rejected with 2 notes. The MSP")).to_be_visible()
    msp = site.member(story.preparer)
    msp.goto(f"/reports/{report.uid}")
    expect(msp.get_by_text("Send the order, or release the seats.")).to_be_visible()
    assert sorted(line.accepted for line in story.lines(story.report(report))) == [False, False, True, True]


def test_a_draft_survives_leaving_the_page_and_another_browser(site: Site, story: Story) -> None:
    report = submitted(story, ("400", "290"), ("40", None))
    page = site.member(story.reviewer)
    page.goto(f"/review/{report.uid}")
    flag(page, 0, "Send the order")
    page.get_by_label("Reason, shown to the MSP").fill("One line is open")
    page.goto("/review")
    until_kept(page, f"/review/{report.uid}", "One line is open")
    other = site.member(story.reviewer, width=390)
    other.goto(f"/review/{report.uid}")
    expect(other.locator("[data-note]").first).to_have_value("Send the order")
    expect(other.get_by_label("Reason, shown to the MSP")).to_have_value("One line is open")
    expect(other.get_by_text("draft, not sent")).to_be_visible()
    other.get_by_role("button", name="Reject with 1 note").click()
    expect(other.get_by_text("rejected with 1 note. The MSP")).to_be_visible()
    assert status(report) == "rejected"


def test_words_typed_after_the_end_of_the_session_are_there_after_signing_in(site: Site, story: Story) -> None:
    site.expected = re.compile(r"Failed to load resource: the server responded with a status of 401 ")
    report = submitted(story, ("400", "290"))
    page = site.member(story.reviewer)
    page.goto(f"/review/{report.uid}")
    (cookie,) = [one for one in page.context.cookies() if one["name"] == cookie_name()]
    page.context.clear_cookies(name=cookie["name"])
    flag(page, 0, "Send the order")
    expect(page.get_by_text("Not kept on the server yet")).to_be_visible()
    page.context.add_cookies([{"name": cookie["name"], "value": cookie["value"], "url": site.url}])
    page.reload()
    expect(page.locator("[data-note]").first).to_have_value("Send the order")
    expect(page.get_by_text("Nothing was sent.")).to_be_visible()


def test_a_reviewer_decides_with_the_keyboard_alone(site: Site, story: Story) -> None:
    first, second = of_partner(story, "Aldergate IT", ("400", "290")), of_partner(story, "Bluefin Systems", ("20", "9"))
    page = site.member(story.reviewer)
    page.goto("/review")
    reach(page, "Aldergate IT")
    page.keyboard.press("Enter")
    expect(page.locator(".crumbs")).to_contain_text("1 of 2")
    reach(page, "Flag with a note Customer", partly=True)
    page.keyboard.press("Enter")
    page.keyboard.type("Send the order")
    expect(page.locator("[data-note]").first).to_have_value("Send the order")
    reach(page, "Reason, shown to the MSP")
    page.keyboard.type("One line is open")
    reach(page, "Reject with 1 note")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Bluefin Systems")
    expect(page.locator(".crumbs")).to_contain_text("1 of 1")
    reach(page, "Approve € 25.65")
    page.keyboard.press("Enter")
    expect(page.get_by_text("That was the last report of this view.")).to_be_visible()
    assert (status(first), status(second)) == ("rejected", "approved")


FOCUSED = """() => {
  const at = document.activeElement;
  return (at.labels?.[0]?.textContent || at.getAttribute('aria-label') || at.textContent).replace(/\\s+/g, ' ').trim();
}"""


def reach(page: Page, name: str, *, partly: bool = False) -> None:
    """Go on with Tab until what is called `name` has the focus."""
    for _ in range(80):
        page.keyboard.press("Tab")
        focused = str(page.evaluate(FOCUSED)).replace("\u00a0", " ")
        if focused == name or (partly and name in focused):
            return
    raise AssertionError(f"Tab never came to “{name}”")


def test_lines_within_tolerance_come_on_demand_and_take_the_focus(site: Site, story: Story) -> None:
    report = submitted(story, ("400", "290"), *[("40", None)] * 260)
    page = site.member(story.reviewer)
    page.goto(f"/review/{report.uid}")
    expect(page.locator("tr.line")).to_have_count(1)
    page.get_by_role("link", name="Show 260 lines").click()
    expect(page.locator("tr.line")).to_have_count(251)
    page.get_by_role("link", name="Show 10 more lines").click()
    expect(page.locator("tr.line")).to_have_count(261)
    expect(page.locator("tr.line :focus, tr.line:focus")).to_have_count(1)
    flag(page, 260, "Is that all?")
    expect(page.get_by_role("button", name="Reject with 1 note")).to_be_visible()
    expect(page.get_by_text("Kept as a draft")).to_be_visible()
    page.reload()
    expect(page.locator("[data-note]").nth(1)).to_have_value("Is that all?")


def test_everything_is_decided_without_scripts(site: Site, story: Story) -> None:
    report = submitted(story, ("400", "290"), ("40", None))
    page = site.member(story.reviewer, scripts=False)
    page.goto(f"/review/{report.uid}")
    page.locator(".option-reject input").check()
    page.locator(".flag > summary").first.click()
    page.locator("[data-note]").first.fill("Send the order")
    page.get_by_role("button", name="Keep as draft").click()
    expect(page.get_by_text("Kept as a draft with 1 note. Nothing was sent.")).to_be_visible()
    page.get_by_role("link", name="Show 1 line").click()
    expect(page.locator("tr.line")).to_have_count(2)
    page.get_by_label("Reason, shown to the MSP").fill("One line is open")
    page.get_by_role("button", name="Reject with 1 note").click()
    expect(page.get_by_text("rejected with 1 note. The MSP")).to_be_visible()
    assert status(report) == "rejected"


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_axe_finds_nothing_while_somebody_works(
    site: Site, story: Story, theme: Literal["light", "dark"], width: int
) -> None:
    report = submitted(story, ("400", "290"), ("40", None))
    of_partner(story, "Aldergate IT", ("20", None))
    page = site.member(story.reviewer, width=width, theme=theme)
    page.goto("/review")
    page.locator('input[name="report"]:not(:disabled)').check()
    page.get_by_text("Save view").first.click()
    assert found_by_axe(page) == []
    page.goto(f"/review/{report.uid}?cycle=2026-10&status=under_review")
    flag(page, 0, "Send the order")
    page.get_by_role("link", name="Show 1 line").click()
    expect(page.locator("tr.line")).to_have_count(2)
    page.evaluate("scrollTo(0, 0)")  # what the top bar covers is no smaller for it
    assert found_by_axe(page) == []
    page.goto("/usage/coverage?cycle=2026-10")
    assert found_by_axe(page) == []
