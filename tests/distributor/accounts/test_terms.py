"""Terms of a new account: kept, completed by defaults, or refused by name."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from distributor.accounts import queries
from distributor.accounts.operations import PutAccount, create_account
from distributor.database import db
from distributor.errors import InputRefused
from distributor.identity.models import Organization
from tests.factories import Story

AT = datetime(2026, 11, 3, 12, tzinfo=UTC)


@pytest.fixture
def story(app: Flask) -> Story:
    return Story()


def create(story: Story, at: datetime = AT, **fields: Any) -> PutAccount:
    return create_account(story.admin, {"number": "N-1", "msp": {"name": "Newcomer"}, **fields}, at)


def wrong_terms(story: Story, **terms: Any) -> list[str | None]:
    before = db.session.scalar(select(func.count()).select_from(Organization))
    with pytest.raises(InputRefused) as refused:
        create(story, terms=terms)
    assert db.session.scalar(select(func.count()).select_from(Organization)) == before
    return [error.field for error in refused.value.errors]


def test_given_terms_are_kept_as_they_were_given(story: Story) -> None:
    terms = {
        "auto_submit_after_days": 60, "resubmit_after_days": 1, "opens_on_day": None, "opens_days_after_end": 0,
        "closing_day": 28, "tolerance_units": "1.5", "tolerance_percent": "2.25", "currency": "JPY",
        "time_zone": "Europe/Dublin", "usage_source": "manual", "reports_from": "2026-01", "reports_until": "2027-12",
        "approval_limit": "10000", "corrections_allowed": False, "auto_approve": {"max_change_percent": "5"},
        "uplift_percent": "10", "escalate_to_admins_days": 5, "escalate_to_distributor_days": None,
    }  # fmt: skip
    assert queries.account_shape(create(story, terms=terms).account)["terms"] == terms


def test_an_account_with_a_closing_day_opens_the_day_after_it(story: Story) -> None:
    made = create(story, terms={"closing_day": 15}).account
    assert (made.opens_on_day, made.opens_days_after_end, made.reports_from) == (None, 1, date(2026, 11, 1))


def test_a_partner_taken_on_after_its_closing_day_starts_with_the_next_cycle(story: Story) -> None:
    made = create(story, at=datetime(2026, 11, 16, tzinfo=UTC), terms={"closing_day": 15}).account
    assert (made.reports_from, made.next_cycle) == (date(2026, 12, 1), date(2026, 12, 1))


def test_the_first_cycle_is_judged_on_the_accounts_own_calendar(story: Story) -> None:
    late = datetime(2026, 10, 31, 13, tzinfo=UTC)
    made = create(story, at=late, terms={"time_zone": "Pacific/Auckland"}).account
    assert made.reports_from == date(2026, 11, 1)


def test_the_next_cycle_is_the_newest_already_due_or_the_first(story: Story) -> None:
    past = create(story, terms={"reports_from": "2026-01"}).account
    assert (past.next_cycle, past.next_opens_at) == (date(2026, 10, 1), datetime(2026, 10, 20, tzinfo=UTC))
    ahead = create(story, number="N-2", terms={"reports_from": "2027-01"}).account
    assert (ahead.next_cycle, ahead.next_opens_at) == (date(2027, 1, 1), datetime(2027, 1, 20, tzinfo=UTC))


def test_an_account_that_reports_no_more_has_nothing_to_open(story: Story) -> None:
    made = create(story, terms={"reports_from": "2026-01", "reports_until": "2026-06"}).account
    assert made.next_opens_at is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("time_zone", "Mars/Olympus"), ("time_zone", "localtime"), ("time_zone", "Factory"), ("time_zone", None),
        ("closing_day", 0), ("closing_day", 29), ("closing_day", 31), ("closing_day", "15"), ("closing_day", True),
        ("opens_on_day", 0), ("opens_on_day", 32), ("opens_days_after_end", -1), ("opens_days_after_end", 61),
        ("auto_submit_after_days", 0), ("auto_submit_after_days", 61), ("auto_submit_after_days", None),
        ("resubmit_after_days", 0), ("resubmit_after_days", 1.5),
        ("tolerance_units", "-1"), ("tolerance_units", "NaN"), ("tolerance_units", "Infinity"),
        ("tolerance_units", "0.00001"), ("tolerance_percent", "100.1"), ("tolerance_percent", "-0.1"),
        ("tolerance_percent", "1,5"), ("tolerance_percent", None), ("uplift_percent", "1001"),
        ("currency", "EURO"), ("currency", "eur"), ("currency", "XXX"), ("currency", None),
        ("reports_from", "2026-13"), ("reports_from", "2026-1"), ("reports_from", "October"),
        ("reports_until", "2026-00"),
        ("approval_limit", "-5"), ("approval_limit", "lots"), ("usage_source", "guess"), ("corrections_allowed", "yes"),
        ("auto_approve", {"max_change_percent": "-1"}), ("auto_approve", {}), ("auto_approve", True),
        ("auto_approve", {"max_change_percent": "5", "and": "more"}), ("discount", 1),
    ],
)  # fmt: skip
def test_a_term_that_makes_no_sense_is_named(story: Story, name: str, value: Any) -> None:
    assert wrong_terms(story, **{name: value}) == [name]


def test_every_wrong_term_is_named_at_once(story: Story) -> None:
    wrong = {"time_zone": "Mars", "closing_day": 31, "currency": "EURO", "tolerance_units": "-1"}
    assert wrong_terms(story, **wrong) == list(wrong)


def test_two_ways_of_opening_are_one_too_many(story: Story) -> None:
    assert wrong_terms(story, opens_on_day=20, opens_days_after_end=1) == ["opens_on_day"]


def test_the_last_cycle_is_not_before_the_first(story: Story) -> None:
    assert wrong_terms(story, reports_from="2026-05", reports_until="2026-04") == ["reports_until"]
