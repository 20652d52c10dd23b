"""An account whose currency changed: amounts of two currencies are never compared (docs/decisions/0029)."""

from __future__ import annotations

from decimal import Decimal

import pytest
from flask import Flask
from sqlalchemy.exc import DBAPIError

from distributor.catalogue.models import Price
from distributor.database import db
from distributor.identity.acting import acting, system
from distributor.policies import backtest
from distributor.policies.backtest import Left
from distributor.usage_reports.operations import automatic, steps
from distributor.usage_reports.operations.bulk import obstacle
from distributor.usage_reports.policies import policy_of
from distributor.usage_reports.queries import ReportRow
from distributor.usage_reports.queue_page import sums
from distributor.usage_reports.review_queue import Desk, QueueFilter, queue
from distributor.usage_reports.review_totals import totals
from tests.clients import sign_in
from tests.distributor.usage_reports.reviewing import AT, approved, policy, submitted
from tests.factories import CYCLE, Story, customer, member, product, usage
from workflows.errors import EndorsementRequired
from workflows.usage_report import Role

EVERYTHING = QueueFilter(CYCLE.first_day, None)


@pytest.fixture
def story(app: Flask) -> Story:
    app.config["CLOCK"] = lambda: AT
    return Story()


@pytest.fixture
def in_dollars(story: Story) -> ReportRow:
    """A report in dollars under review; the one approved last came to as many euros."""
    approved(story, ("10", None))
    story.account.currency = "USD"
    sold = product(story.distributor, price=None)
    dollars = Price(product_id=sold.id, distributor_id=story.distributor.id, currency="USD", unit_price=Decimal("2.85"))
    db.session.add(dollars)
    db.session.flush()
    usage(story.account, [(customer(story.account), sold, "10", None)])
    report = story.open_cycle()
    steps.submit(story.report(report), acting(story.preparer, report), AT)
    return story.report(report)


@pytest.fixture
def over_the_limit(story: Story) -> ReportRow:
    """A report of 28.50 euros, of an account that is in yen by now and whose limit is 1,600 of those."""
    report = submitted(story, ("10", None))
    story.account.currency, story.account.approval_limit = "JPY", Decimal(1600)
    db.session.flush()
    return story.report(report)


def desk(story: Story) -> Desk:
    return Desk(story.reviewer, policy_of(story.distributor.id), AT)


def test_no_policy_approves_dollars_because_there_were_as_many_euros(story: Story, in_dollars: ReportRow) -> None:
    story.account.auto_approve_max_change_percent = Decimal(5)
    db.session.flush()
    assert automatic.approvable_reports(AT, limit=10) == []
    assert automatic.approve_by_policy([in_dollars.id], AT, system()) == []
    assert automatic.would_approve([story.account.id], Decimal(5)) == 0
    (judged,) = [one for one in backtest.run(story.distributor.id, Decimal(5), AT).judged if one.row.currency == "USD"]
    assert judged.left is Left.FIRST


def test_the_queue_shows_no_change_between_currencies(app: Flask, story: Story, in_dollars: ReportRow) -> None:
    (listed,) = queue(desk(story), QueueFilter(CYCLE.first_day))
    assert listed.last_amount is None
    (total,) = sums(totals(desk(story), EVERYTHING))
    assert (total.currency, total.change) == ("USD", None)
    page = sign_in(app, story.reviewer).get(f"/review/{in_dollars.uid}").text
    assert "nothing to compare with" in page


def test_a_policy_for_several_at_once_leaves_it_to_be_approved_by_itself(story: Story, in_dollars: ReportRow) -> None:
    policy(story, "5")
    (listed,) = queue(desk(story), QueueFilter(CYCLE.first_day))
    why = obstacle(listed, listed.last_amount, policy_of(story.distributor.id), story.reviewer.user_id)
    assert why.startswith("There is no earlier approved report")
    assert queue(desk(story), QueueFilter(CYCLE.first_day, view="clean")) == []


def test_a_limit_in_another_currency_takes_two_people(story: Story, over_the_limit: ReportRow) -> None:
    with pytest.raises(EndorsementRequired):
        steps.approve(over_the_limit, acting(story.reviewer, over_the_limit), AT)
    assert queue(desk(story), QueueFilter(CYCLE.first_day, view="clean")) == []
    steps.endorse(story.report(over_the_limit), acting(story.reviewer, over_the_limit), AT)
    second = member(story.distributor, Role.REVIEWER)
    steps.approve(story.report(over_the_limit), acting(second, over_the_limit), AT)
    assert story.report(over_the_limit).status == "approved"


def test_the_database_sees_the_same_person_twice_over_a_limit_in_another_currency(
    story: Story, over_the_limit: ReportRow, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = acting(story.reviewer, over_the_limit)
    steps.endorse(over_the_limit, who, AT)
    monkeypatch.setattr("workflows.vocabulary.ReportState.endorsers", frozenset({0}))
    steps.approve(story.report(over_the_limit), who, AT)
    with pytest.raises(DBAPIError, match="the same person"):
        db.session.commit()
    db.session.rollback()


def test_a_report_of_nothing_needs_nobody_else(story: Story) -> None:
    report = submitted(story, ("0", None))
    story.account.currency, story.account.approval_limit = "JPY", Decimal(1600)
    db.session.flush()
    steps.approve(story.report(report), acting(story.reviewer, report), AT)
    assert story.report(report).status == "approved"
