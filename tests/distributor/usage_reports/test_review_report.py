"""The page of one report for its reviewer: what it shows, the decisions on it, and where they lead."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from distributor.database import db
from distributor.identity.acting import acting, system
from distributor.usage_reports.operations import automatic, drafts, steps
from distributor.usage_reports.operations.drafts import LineDraft
from distributor.usage_reports.queries import ReportRow
from tests.clients import Browser, sign_in
from tests.distributor.usage_reports.reviewing import AT, approved, of_partner, submitted
from tests.distributor.usage_reports.test_pages import counted_queries, said
from tests.factories import Story, member, organization
from workflows.usage_report import Role

QUEUE = "cycle=2026-10&status=under_review"


@pytest.fixture
def story(app: Flask) -> Story:
    app.config["CLOCK"] = lambda: AT
    return Story()


@pytest.fixture
def browser(app: Flask, story: Story) -> Browser:
    return sign_in(app, story.reviewer)


def decide(browser: Browser, report: ReportRow, step: str, query: str = "", **form: str) -> TestResponse:
    given = {"version": str(report.version), **form}
    return browser.post(f"/review/{report.uid}/{step}?{query}", data=given)


def shown(browser: Browser, answer: TestResponse) -> TestResponse:
    return browser.get(answer.headers["Location"])


def test_lines_stand_largest_money_first_beside_the_last_approved_ones(story: Story, browser: Browser) -> None:
    report = submitted(story, ("10", "9"), ("400", "290"), ("40", None))
    answer = browser.get(f"/review/{report.uid}")
    few, many, agreeing = story.lines(report)
    assert answer.text.index(str(many.uid)) < answer.text.index(str(few.uid))
    assert f"l-{agreeing.uid}" not in answer.text
    assert said(answer, "1 line within tolerance", "114.00", "2 discrepancies", "2 of 3", "all have a comment")


def test_last_approved_units_of_the_same_customer_and_product_stand_beside_the_line(
    story: Story, browser: Browser
) -> None:
    before = approved(story, ("12", None))
    (line,) = story.lines(before)
    report = story.open_cycle()
    draft = LineDraft(story.lines(report)[0].uid, chargeable_units="15", comment="Counted by hand")
    drafts.save_lines(report, [draft], story.by(story.preparer), AT)
    steps.submit(story.report(report), story.by(story.preparer), AT)
    answer = browser.get(f"/review/{report.uid}")
    assert story.lines(report)[0].customer_id == line.customer_id
    assert said(answer, 'data-label="Last appr.">12<', 'data-label="Change">+3<', "34.20 in September", "+25.0")


def test_further_lines_come_on_demand_and_without_scripts_with_the_page(
    story: Story, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("review_page", "review_report_views"):
        monkeypatch.setattr(f"distributor.usage_reports.{module}.PART", 2)
    report = submitted(story, *[("40", None)] * 5)
    first = browser.get(f"/review/{report.uid}/lines?kind=agreeing")
    rest = browser.get(f"/review/{report.uid}/lines?kind=agreeing&from=4")
    assert (first.text.count('<tr class="line"'), rest.text.count('<tr class="line"')) == (2, 1)
    assert said(first, "Show 2 more lines", "3 lines not shown")
    assert browser.get(f"/review/{report.uid}?agreeing=4").text.count('<tr class="line"') == 4
    assert browser.get(f"/review/{report.uid}/lines?from=x").status_code == 422


def test_lines_of_others_are_not_given_out(app: Flask, story: Story) -> None:
    report = submitted(story, ("40", None))
    rival = sign_in(app, member(organization("Rival", is_distributor=True), Role.REVIEWER))
    for browser in (rival, sign_in(app, story.preparer)):
        assert browser.get(f"/review/{report.uid}/lines?kind=agreeing").status_code == 404


@pytest.mark.parametrize("lines", [2, 60])
def test_the_page_asks_the_database_a_fixed_number_of_times(story: Story, browser: Browser, lines: int) -> None:
    approved(story, ("12", None))
    report = submitted(story, *[("40", "10")] * lines)
    browser.get("/profile")
    with counted_queries() as seen:
        assert browser.get(f"/review/{report.uid}?{QUEUE}&agreeing=50").status_code == 200
    assert len(seen) <= 8, "\n".join(seen)


def test_the_consequence_stands_before_the_click(story: Story, browser: Browser) -> None:
    story.account.approval_limit = Decimal(50000)
    report = submitted(story, ("400", "290"))
    answer = browser.get(f"/review/{report.uid}")
    assert said(answer, "Figures become final.", "Up to €\u00a050,000.00 one reviewer is enough.", "Approve € 826.50")
    assert said(answer, "The MSP corrects the report by Wed 28 Oct 2026, end of day, and submits again.")
    assert said(answer, "Without any note nothing is frozen")


def test_over_the_limit_one_endorses_and_another_approves(app: Flask, story: Story, browser: Browser) -> None:
    story.account.approval_limit = Decimal(100)
    report = submitted(story, ("400", None))
    assert said(browser.get(f"/review/{report.uid}"), "two people are needed", "Endorse € 1,140.00")
    assert said(shown(browser, decide(browser, report, "endorse")), "endorsed", "You have endorsed it.")
    second = sign_in(app, member(story.distributor, Role.REVIEWER))
    answer = decide(second, story.report(report), "approve")
    assert said(shown(second, answer), "Kestrel IT Services, October 2026: approved.")


def test_after_a_decision_the_next_report_of_the_queue_is_shown(story: Story, browser: Browser) -> None:
    first, second = submitted(story, ("400", "290")), of_partner(story, "Aldergate IT", ("20", "9"))
    answer = decide(browser, first, "approve", QUEUE)
    assert answer.headers["Location"].startswith(f"/review/{second.uid}?cycle=2026-10")
    assert said(
        shown(browser, answer), "Kestrel IT Services, October 2026: approved.", "This is the next report", "1 of 1"
    )
    answer = decide(browser, second, "reject", QUEUE, reason="Too low")
    last = shown(browser, answer)
    assert said(last, "Aldergate IT, October 2026: rejected.", "That was the last report", "Review queue")


def test_without_a_queue_in_the_address_the_reader_stays(story: Story, browser: Browser) -> None:
    report = submitted(story, ("400", "290"))
    of_partner(story, "Aldergate IT", ("20", "9"))
    assert decide(browser, report, "approve").headers["Location"] == f"/review/{report.uid}"


def test_previous_and_next_keep_the_filter_and_the_order(story: Story, browser: Browser) -> None:
    rows = [of_partner(story, name, ("20", "9")) for name in ("Aldergate IT", "Bluefin Systems", "Corrib Cloud")]
    page = browser.get(f"/review/{rows[1].uid}?{QUEUE}&sort=partner").text
    before, after = re.findall(r'href="([^"]*)" rel="(?:prev|next)"', page)
    assert before.startswith(f"/review/{rows[0].uid}?")
    assert after.startswith(f"/review/{rows[2].uid}?")
    assert "sort=partner" in after
    assert "2 of 3" in page


def test_a_rejection_freezes_what_was_not_flagged(story: Story, browser: Browser) -> None:
    report = submitted(story, ("400", "290"), ("40", None))
    flagged, other = story.lines(report)
    answer = decide(browser, report, "reject", reason="One line is open", **{f"n-{flagged.uid}": "Send the order"})
    assert said(shown(browser, answer), "rejected with 1 note.", "answers it by Wed 28 Oct 2026, end of day")
    assert [line.accepted for line in story.lines(report)] == [False, True]
    assert other.uid == story.lines(report)[1].uid


def test_a_report_decided_meanwhile_says_by_whom_and_nothing_is_done_twice(
    app: Flask, story: Story, browser: Browser
) -> None:
    report = submitted(story, ("400", "290"))
    colleague = member(story.distributor, Role.REVIEWER)
    decide(sign_in(app, colleague), report, "approve")
    answer = decide(browser, report, "approve")
    assert said(shown(browser, answer), f"{colleague.name} decided on this report on 21 Oct, 00:00, before you did.")
    own = decide(sign_in(app, colleague), report, "approve")
    assert said(shown(sign_in(app, colleague), own), "Approved")
    assert [row.step for row in history(story, report)].count("approve") == 1


def test_a_second_click_on_approve_is_told_that_it_was_done(story: Story, browser: Browser) -> None:
    report = submitted(story, ("400", "290"))
    decide(browser, report, "approve")
    assert said(shown(browser, decide(browser, report, "approve")), "You decided on this report already")


def history(story: Story, report: ReportRow) -> list[Any]:
    from distributor.usage_reports.queries import history as rows

    db.session.rollback()
    return rows(report.id)


@pytest.mark.parametrize("step", ["approve", "reject", "endorse"])
def test_a_viewer_reads_and_does_not_decide(app: Flask, story: Story, step: str) -> None:
    report = submitted(story, ("400", "290"))
    viewer = sign_in(app, member(story.distributor, Role.VIEWER))
    page = viewer.get(f"/review/{report.uid}")
    assert said(page, "Your role reads this one.")
    assert not said(page, "Your decision")
    assert decide(viewer, report, step, reason="x").status_code == 403
    assert story.report(report).status == "under_review"


def test_another_distributors_report_and_ones_own_as_msp_are_not_decided_here(app: Flask, story: Story) -> None:
    report = submitted(story, ("400", "290"))
    rival = sign_in(app, member(organization("Rival", is_distributor=True), Role.REVIEWER))
    assert rival.get(f"/review/{report.uid}").status_code == 404
    for browser in (rival, sign_in(app, story.preparer)):
        assert decide(browser, report, "approve").status_code == 404
    assert sign_in(app, story.preparer).get(f"/review/{report.uid}").status_code == 302


def test_a_waiver_keeps_the_reader_with_the_report_and_the_queue(story: Story, browser: Browser) -> None:
    report, line = story.open_account(("400", "290"))
    automatic.submit_due([report.id], report.due_at, system())
    page = browser.get(f"/review/{report.uid}?{QUEUE}")
    assert said(page, "The line is charged on 290 again, as the MSP declared: € 313.50 less.")
    answer = decide(browser, story.report(report), f"lines/{line}/waive", QUEUE, reason="Agreed by phone")
    assert answer.headers["Location"].startswith(f"/review/{report.uid}?cycle=2026-10")
    assert said(shown(browser, answer), "Penalty waived: Agreed by phone")


def test_drafts_saved_one_after_the_other_are_one_moment_of_the_history(story: Story, browser: Browser) -> None:
    report = story.open(("40", None))
    for comment in ("One", "Two", "Three"):
        draft = LineDraft(story.lines(report)[0].uid, comment=comment)
        drafts.save_lines(story.report(report), [draft], acting(story.preparer, report), AT)
    steps.submit(story.report(report), story.by(story.preparer), AT)
    assert said(browser.get(f"/review/{report.uid}"), "Draft saved 3 times by", story.preparer.name, "Submitted by")


def test_a_long_history_is_folded_and_reminders_are_in_it(story: Story, browser: Browser) -> None:
    report = story.open(("40", None))
    automatic.remind(report.due_at - timedelta(days=2))
    who = acting(story.preparer, report)
    for _ in range(5):
        steps.submit(story.report(report), who, AT)
        steps.recall(story.report(report), who, AT)
    answer = browser.get(f"/review/{report.uid}")
    assert said(answer, "Reminder sent to 1 person", "4 earlier entries")


def test_a_carried_explanation_says_until_when(story: Story, browser: Browser) -> None:
    report = story.open(("40", "30"))
    line = story.lines(report)[0]
    until = report.ends_on + timedelta(days=30)
    draft = LineDraft(line.uid, comment="Reserved", carry_until=until)
    drafts.save_lines(report, [draft], story.by(story.preparer), AT)
    steps.submit(story.report(report), story.by(story.preparer), AT)
    assert said(browser.get(f"/review/{report.uid}"), "carried forward until 30 Nov")
