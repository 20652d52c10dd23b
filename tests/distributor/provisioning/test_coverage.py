"""How up to date the feeds are."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from distributor.database import db
from distributor.provisioning.queries import Feed, coverage
from tests.distributor.provisioning.deliveries import deliver, usage_file
from tests.factories import CYCLE, Story, account, organization, product

DURING = datetime(2026, 10, 15, 12, tzinfo=UTC)
AFTERWARDS = datetime(2026, 11, 20, tzinfo=UTC)
CYCLE_ENDS = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture
def story(app: Flask) -> Story:
    story = Story()
    product(story.distributor, "E3")
    return story


def feed(story: Story, at: datetime) -> Feed:
    (only,) = coverage(story.distributor.id, CYCLE, at).feeds
    return only


def delivered(story: Story, counted_at: datetime, **fields: Any) -> None:
    deliver(story, usage_file(("Acme", "E3", "1"), counted_at=counted_at, **fields), at=counted_at)


@pytest.mark.parametrize(
    ("counted_at", "now", "freshness"),
    [
        (DURING - timedelta(days=3), DURING, "fresh"),
        (DURING - timedelta(days=3, seconds=1), DURING, "old"),
        (CYCLE_ENDS - timedelta(days=3), AFTERWARDS, "fresh"),
        (CYCLE_ENDS - timedelta(days=4), AFTERWARDS, "old"),
    ],
)
def test_fresh_is_counted_within_three_days_of_now_or_of_the_cycles_end(
    story: Story, counted_at: datetime, now: datetime, freshness: str
) -> None:
    delivered(story, counted_at)
    assert feed(story, now).freshness == freshness


def test_a_feed_that_has_not_delivered_is_missing(story: Story) -> None:
    assert feed(story, DURING).freshness == "missing"


def test_a_source_that_delivered_last_time_and_not_now_is_missed_by_name(story: Story) -> None:
    deliver(story, usage_file(("Acme", "E3", "1"), source="crm"), cycle=CYCLE.previous())
    delivered(story, DURING)
    assert (feed(story, DURING).freshness, feed(story, DURING).absent) == ("missing", ("crm",))


def test_the_oldest_source_decides(story: Story) -> None:
    delivered(story, DURING)
    delivered(story, DURING - timedelta(days=9), source="crm")
    assert (feed(story, DURING).freshness, feed(story, DURING).counted_at) == ("old", DURING - timedelta(days=9))


def test_only_feeds_of_accounts_that_report_are_counted(story: Story) -> None:
    delivered(story, DURING)
    terms: list[dict[str, Any]] = [
        {"usage_source": "manual"},
        {"reports_from": date(2026, 11, 1)},
        {"reports_from": date(2026, 1, 1), "reports_until": date(2026, 9, 1)},
        {"region": "Elsewhere", "usage_reports": False},
    ]
    for changed in terms:
        account(story.distributor, organization(), **changed)
    found = coverage(story.distributor.id, CYCLE, DURING)
    assert (found.fresh, len(found.feeds), found.behind) == (1, 1, ())


def test_two_queries_whatever_the_number_of_accounts(story: Story) -> None:
    for _ in range(5):
        account(story.distributor, organization())
    asked: list[str] = []
    listen = db.event.listen
    listen(db.engine, "before_cursor_execute", lambda *event: asked.append(event[2]))
    coverage(story.distributor.id, CYCLE, DURING)
    assert len(asked) == 2
