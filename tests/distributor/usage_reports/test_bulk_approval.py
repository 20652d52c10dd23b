"""Approving clean reports together: what the policy lets through, and what each refused report says."""

from __future__ import annotations

from decimal import Decimal

import pytest
from flask import Flask

from distributor.usage_reports.operations.bulk import approve_all
from distributor.usage_reports.policies import Policy, policy_of
from distributor.usage_reports.queries import ReportRow
from tests.clients import Browser, sign_in
from tests.distributor.usage_reports.reviewing import AT, approved, of_partner, policy, submitted
from tests.distributor.usage_reports.test_pages import said
from tests.factories import Story, member, organization
from workflows.usage_report import Role


@pytest.fixture
def story(app: Flask) -> Story:
    app.config["CLOCK"] = lambda: AT
    return Story()


@pytest.fixture
def browser(app: Flask, story: Story) -> Browser:
    return sign_in(app, story.reviewer)


def approve(browser: Browser, *reports: ReportRow) -> str:
    ticked = [f"{report.uid}~{report.version}" for report in reports]
    return browser.post("/review/approve", data={"report": ticked}, follow_redirects=True).text


def statuses(story: Story, *reports: ReportRow) -> list[str]:
    return [story.report(report).status for report in reports]


def test_without_a_limit_every_clean_report_goes_through(story: Story, browser: Browser) -> None:
    approved(story, ("10", None))
    moved, new = submitted(story, ("90", None)), of_partner(story, "Aldergate IT", ("10", None))
    assert "2 reports approved. Their figures are final" in approve(browser, moved, new)
    assert statuses(story, moved, new) == ["approved", "approved"]


def test_a_report_that_is_not_clean_is_refused_by_itself(story: Story, browser: Browser) -> None:
    clean, explained = submitted(story, ("10", None)), of_partner(story, "Aldergate IT", ("20", "9"))
    page = approve(browser, explained, clean)
    assert "1 report approved." in page
    assert "Aldergate IT" in page
    assert "It has discrepancies or comments, so it is approved by itself." in page
    assert statuses(story, clean, explained) == ["approved", "under_review"]


@pytest.mark.parametrize(("units", "status"), [("105", "approved"), ("95", "approved"), ("106", "under_review")])
def test_the_policy_says_how_far_a_total_may_have_moved(
    story: Story, browser: Browser, units: str, status: str
) -> None:
    policy(story, "5")
    approved(story, ("100", None))
    report = submitted(story, (units, None))
    page = approve(browser, report)
    assert statuses(story, report) == [status]
    assert ("Its total moved by +6.0\u00a0%; beyond 5\u00a0% it is approved by itself." in page) == (units == "106")


def test_under_a_limit_a_first_report_is_approved_by_itself(story: Story, browser: Browser) -> None:
    policy(story, "5")
    report = submitted(story, ("10", None))
    assert "no earlier approved report to compare its total with" in approve(browser, report)
    assert statuses(story, report) == ["under_review"]


def test_over_the_approval_limit_two_people_are_needed_here_too(story: Story, browser: Browser) -> None:
    story.account.approval_limit = Decimal(10)
    report = submitted(story, ("10", None))
    assert "takes two people" in browser.get("/review").text
    assert "over the account" in approve(browser, report)
    assert statuses(story, report) == ["under_review"]


def test_a_report_that_changed_after_the_page_was_read_is_refused(story: Story, browser: Browser) -> None:
    report = submitted(story, ("10", None))
    answer = browser.post("/review/approve", data={"report": f"{report.uid}~1"}, follow_redirects=True)
    assert said(answer, story.msp.name, "This report changed meanwhile")


def test_ticking_twice_approves_once(story: Story, browser: Browser) -> None:
    report = submitted(story, ("10", None))
    assert "1 report approved." in approve(browser, report, report)
    assert "This report changed meanwhile" in approve(browser, report)


def test_another_distributors_report_is_nobodys(app: Flask, story: Story) -> None:
    report = submitted(story, ("10", None))
    rival = sign_in(app, member(organization("Rival", is_distributor=True), Role.REVIEWER))
    page = approve(rival, report)
    assert "does not exist, or is not yours to see" in page
    assert story.msp.name not in page
    assert statuses(story, report) == ["under_review"]


def test_the_page_offers_exactly_what_the_server_lets_through(story: Story, browser: Browser) -> None:
    policy(story, "5")
    approved(story, ("100", None))
    report = submitted(story, ("120", None))
    page = browser.get("/review").text
    assert f'value="{report.uid}~{report.version}"' in page
    assert 'disabled title="Its total moved by' in page
    assert "Only clean reports whose total moved by at most 5\u00a0% can be approved together." in page
    assert str(report.uid) not in browser.get("/review?view=clean").text


def test_the_rule_is_shown_to_an_admin_with_the_way_to_change_it(app: Flask, story: Story) -> None:
    submitted(story, ("10", None))
    both = member(story.distributor, Role.REVIEWER, Role.ADMIN)
    assert said(sign_in(app, both).get("/review"), 'href="/policy"', "Change the rule")
    assert not said(sign_in(app, story.reviewer).get("/review"), "Change the rule")


def test_without_a_policy_programs_approve_as_before(story: Story) -> None:
    policy(story, "0")
    report = submitted(story, ("20", "9"))
    (answer,) = approve_all([(report.uid, report.version)], story.reviewer, AT)
    assert (answer.refused, story.report(report).status) == (None, "approved")


def test_a_distributor_without_a_policy_has_the_plain_one(story: Story) -> None:
    assert policy_of(story.distributor.id) == Policy(None, Decimal(10))
    policy(story, "5", marked="7.5")
    assert policy_of(story.distributor.id) == Policy(Decimal(5), Decimal("7.5"))
