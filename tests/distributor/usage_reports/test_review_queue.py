"""The review queue: its order, filters, pages and numbers."""

from __future__ import annotations

import html
import re
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from distributor.identity.acting import acting, system
from distributor.usage_reports.operations import automatic, steps
from distributor.usage_reports.policies import policy_of
from distributor.usage_reports.queries import ReportRow
from distributor.usage_reports.queue_page import sums
from distributor.usage_reports.review_queue import SORTS, Desk, QueueFilter, every_report, queue
from distributor.usage_reports.review_totals import place, totals
from tests.clients import Browser, sign_in
from tests.distributor.usage_reports.reviewing import AT, EARLIER, approved, of_partner, policy, submitted
from tests.distributor.usage_reports.test_pages import counted_queries, said
from tests.factories import CYCLE, Story, account, member, organization
from workflows.usage_report import Role, Status

THIS_CYCLE = QueueFilter(CYCLE.first_day)


@pytest.fixture
def story(app: Flask) -> Story:
    app.config["CLOCK"] = lambda: AT
    return Story()


@pytest.fixture
def browser(app: Flask, story: Story) -> Browser:
    return sign_in(app, story.reviewer)


def desk(story: Story, at: datetime = AT) -> Desk:
    return Desk(story.reviewer, policy_of(story.distributor.id), at)


def order(answer: TestResponse, *reports: ReportRow) -> list[int]:
    """The reports' numbers in the order in which a page names them; those it does not name are left out."""
    found = re.findall(r'href="/review/([0-9a-f-]{36})', answer.text)
    uids = [str(report.uid) for report in reports]
    return [uids.index(uid) for uid in found if uid in uids]


def test_most_money_at_risk_comes_first_and_every_column_sorts_both_ways(story: Story, browser: Browser) -> None:
    small = submitted(story, ("10", "9"))
    large = of_partner(story, "Aldergate IT", ("400", "290"))
    assert order(browser.get("/review"), small, large) == [1, 0]
    for sort in ("risk", "amount", "discrepancies", "change", "submitted", "partner"):
        up, down = browser.get(f"/review?sort={sort}"), browser.get(f"/review?sort=-{sort}")
        assert order(up, small, large) == order(down, small, large)[::-1], sort
    assert order(browser.get("/review?sort=partner"), small, large) == [1, 0]


def test_the_sorted_column_says_so_and_leads_the_other_way(story: Story, browser: Browser) -> None:
    submitted(story, ("10", "9"))
    page = browser.get("/review?sort=-amount").text
    (heading,) = re.findall(r'<th scope="col" class="right" aria-sort="descending"><a href="([^"]*)"', page)
    assert "sort=amount" in html.unescape(heading)


@pytest.mark.parametrize("sort", [f"{way}{name}" for name in SORTS for way in ("", "-")])
def test_pages_follow_one_another_without_a_gap_whatever_the_order(story: Story, sort: str) -> None:
    everybody = [of_partner(story, f"MSP {n % 3}", (str(10 + n % 3), str(9 - n % 2))) for n in range(5)]
    wanted, seen = QueueFilter(CYCLE.first_day, sort=sort), []
    page = queue(desk(story), wanted, limit=2)
    while page:
        seen += [row.uid for row in page]
        page = queue(desk(story), wanted, after=(page[-1].sort_key, page[-1].id), limit=2)
    assert len(seen) == 5
    assert set(seen) == {report.uid for report in everybody}
    assert seen == [row.uid for row in every_report(desk(story), wanted)]


def test_the_place_of_a_next_page_survives_the_address(
    story: Story, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("distributor.usage_reports.review_queue_views.PAGE", 1)
    first, second = submitted(story, ("20", "9")), of_partner(story, "Zed ~ Co", ("10", "9"))
    for sort in ("", "&sort=partner", "&sort=submitted", "&sort=change"):
        page = browser.get(f"/review?cycle=2026-10{sort}")
        (following,) = re.findall(r'rel="next" href="([^"]*)"', page.text)
        shown = order(page, first, second) + order(browser.get(html.unescape(following)), first, second)
        assert sorted(shown) == [0, 1], sort


def test_a_colleague_who_is_sent_the_address_sees_the_same(app: Flask, story: Story) -> None:
    submitted(story, ("10", "9"))
    other = of_partner(story, "Aldergate IT", ("20", "9"))
    colleague = sign_in(app, member(story.distributor, Role.REVIEWER))
    answer = colleague.get("/review?cycle=2026-10&status=under_review&q=alder&sort=amount")
    assert order(answer, other) == [0]
    assert not said(answer, story.msp.name)
    assert said(answer, 'value="alder"')


@pytest.mark.parametrize("address", ["view=zz", "sort=zz", "status=zz", "cycle=2026-13", "after=x", "after=x~1"])
def test_an_address_that_means_nothing_is_refused(story: Story, browser: Browser, address: str) -> None:
    assert browser.get(f"/review?{address}").status_code == 422


def test_each_view_holds_what_its_tab_counts(story: Story, browser: Browser) -> None:
    clean, explained = submitted(story, ("10", None)), of_partner(story, "Aldergate IT", ("20", "9"))
    risky, _ = story.open_account(("400", "290"))
    automatic.submit_due([risky.id], risky.due_at, system())
    assert order(browser.get("/review?view=penalty"), clean, explained, risky) == [2]
    assert order(browser.get("/review?view=clean"), clean, explained, risky) == [0]
    assert said(
        browser.get("/review"), 'With penalty <span class="count">1</span>', 'approve <span class="count">1</span>'
    )


def test_reports_wait_too_long_after_three_days(app: Flask, story: Story, browser: Browser) -> None:
    report = submitted(story, ("10", None))
    assert order(browser.get("/review?view=waiting"), report) == []
    app.config["CLOCK"] = lambda: AT + timedelta(days=3)
    answer = sign_in(app, story.reviewer).get("/review?view=waiting")
    assert order(answer, report) == [0]
    assert said(answer, "Waiting over 3 days", "hourglass", "3 d")


def test_the_change_is_against_the_last_approved_report_and_marked_beyond_the_policys_limit(
    story: Story, browser: Browser
) -> None:
    approved(story, ("100", None))
    submitted(story, ("112", None))
    assert said(browser.get("/review"), 'amber strong">+12.0')
    policy(story, None, marked="15")
    assert said(browser.get("/review"), 'percent">+12.0', "over 15")


def test_the_month_of_an_older_comparison_is_named(story: Story, browser: Browser) -> None:
    approved(story, ("100", None), cycle=EARLIER.previous())
    submitted(story, ("100", None))
    assert said(browser.get("/review"), "since August")


def test_sums_stand_below_and_each_currency_by_itself(story: Story, browser: Browser) -> None:
    submitted(story, ("10", "9"))
    of_partner(story, "Aldergate IT", ("20", "20"))
    (only,) = sums(totals(desk(story), THIS_CYCLE))
    assert (only.number, only.discrepancies, only.explained) == (2, 1, 1)
    assert only.amount == Decimal("2.85") * 29
    assert said(browser.get("/review"), "2 reports</th>", "82.65", "1 of 1")
    nil_report(story, currency="USD")
    assert [one.currency for one in sums(totals(desk(story), THIS_CYCLE))] == ["EUR", "USD"]


def test_sums_follow_the_filter_while_counts_of_status_stay(story: Story, browser: Browser) -> None:
    submitted(story, ("10", "9"))
    of_partner(story, "Aldergate IT", ("20", None))
    answer = browser.get("/review?q=aldergate")
    assert said(answer, "1 report</th>", "57.00", "Under review 2")


def test_over_all_cycles_approved_reports_are_listed_and_not_counted(story: Story, browser: Browser) -> None:
    old = approved(story, ("10", None))
    answer = browser.get("/review/reports?cycle=all&status=approved")
    assert order(answer, old) == [0]
    assert not said(answer, "<tfoot>")
    assert sums(totals(desk(story), QueueFilter(None, Status.APPROVED))) == []


def test_reports_of_other_cycles_are_pointed_to(story: Story, browser: Browser) -> None:
    story.account.reports_from = EARLIER.first_day
    submitted(story, ("10", None), cycle=EARLIER)
    submitted(story, ("10", None))
    assert said(browser.get("/review"), "1 report of another cycle is under review, too.")


def test_a_report_knows_its_place_in_the_queue_the_reader_came_from(story: Story) -> None:
    rows = [of_partner(story, f"MSP {n}", (str(20 + n), "9")) for n in range(3)]
    found = place(desk(story), THIS_CYCLE, rows[1])
    assert (found.before, found.after, found.number, found.of) == (rows[2].uid, rows[0].uid, 2, 3)
    by_name = place(desk(story), QueueFilter(CYCLE.first_day, sort="partner"), rows[1])
    assert (by_name.before, by_name.after) == (rows[0].uid, rows[2].uid)
    moved = place(desk(story), QueueFilter(None, None, sort="-change"), rows[1])
    assert (moved.before is None or moved.after is None, moved.number) == (False, 0)
    alone = place(desk(story), QueueFilter(CYCLE.first_day, partner="MSP 1"), rows[1])
    assert (alone.before, alone.after, alone.number, alone.of) == (None, None, 1, 1)


def test_the_queue_asks_the_database_a_fixed_number_of_times(story: Story, browser: Browser) -> None:
    policy(story, "5")
    for n in range(12):
        of_partner(story, f"MSP {n}", ("20", None))
    browser.get("/profile")
    for address in ("/review", "/review?view=clean", "/review/reports?cycle=all&status=any&sort=-change&q=msp"):
        with counted_queries() as seen:
            assert browser.get(address).status_code == 200
        assert len(seen) <= 8, "\n".join(seen)


def test_an_empty_queue_says_what_to_expect_and_filters_can_be_cleared(story: Story, browser: Browser) -> None:
    assert said(browser.get("/review"), "No report is under review.", "See all reports")
    story.open(("10", None))
    assert said(browser.get("/review"), "No report of October 2026 is under review.")
    assert said(browser.get("/review?q=zz"), "No report matches.", "Clear filters")
    assert said(browser.get("/review/reports?cycle=2026-10&status=rejected"), "There is no such report in this cycle.")


def test_only_ones_own_partners_are_listed_and_an_msp_has_no_queue(app: Flask, story: Story) -> None:
    submitted(story, ("10", "9"))
    rival = sign_in(app, member(organization("Rival", is_distributor=True), Role.REVIEWER))
    assert not said(rival.get("/review?cycle=all&status=any"), story.msp.name)
    msp = sign_in(app, story.preparer)
    for address in ("/review", "/review/reports", "/review/export.csv", "/usage/coverage"):
        assert msp.get(address).status_code == 404, address


def test_somebody_who_only_reads_sees_no_boxes_to_tick(app: Flask, story: Story) -> None:
    report = submitted(story, ("10", None))
    viewer = sign_in(app, member(story.distributor, Role.VIEWER))
    answer = viewer.get("/review")
    assert order(answer, report) == [0]
    assert not said(answer, 'name="report"')
    assert viewer.post("/review/approve", data={"report": f"{report.uid}~2"}).status_code == 403


def test_usage_that_is_missing_is_said_above_the_queue(story: Story, browser: Browser) -> None:
    submitted(story, ("10", None))
    assert not said(browser.get("/review"), "usage feeds fresh")
    story.open_account()
    account(story.distributor, organization("Corrib Cloud"))
    assert said(browser.get("/review"), "2 of 3 usage feeds fresh.", "provisioned units may be low", "/usage/coverage")


def nil_report(story: Story, **terms: str) -> None:
    """A report under review that says that nothing was used."""
    msp = organization()
    story.account = account(story.distributor, msp, **terms)
    report, preparer = story.open(), member(msp, Role.PREPARER)
    steps.submit(report, acting(preparer, report), AT, nil=True)
