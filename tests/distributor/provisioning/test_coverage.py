"""How up to date the feeds are."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from distributor.database import db
from distributor.provisioning.coverage import Feed, coverage, feeds
from tests.distributor.provisioning.deliveries import deliver, usage_file
from tests.factories import CYCLE, Story, account, organization, product
from workflows.report_cycle import bounds, midnight, zone

DURING = datetime(2026, 10, 15, 12, tzinfo=UTC)
AFTERWARDS = datetime(2026, 11, 20, tzinfo=UTC)
CYCLE_ENDS = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture
def story(app: Flask) -> Story:
    story = Story()
    product(story.distributor, "E3")
    return story


def feed(story: Story, at: datetime) -> Feed:
    (only,) = feeds(story.distributor.id, CYCLE, at)
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


@pytest.mark.parametrize("time_zone", ["Europe/Dublin", "America/Havana", "Pacific/Kiritimati", "Asia/Kathmandu"])
@pytest.mark.parametrize("closing_day", [None, 1, 28])
def test_a_cycle_ends_at_the_same_instant_as_in_the_rules(
    story: Story, time_zone: str, closing_day: int | None
) -> None:
    story.account.time_zone, story.account.closing_day = time_zone, closing_day
    ends = midnight(bounds(CYCLE, closing_day)[1] + timedelta(days=1), zone(time_zone))
    delivered(story, ends - timedelta(days=3))
    assert feed(story, AFTERWARDS).freshness == "fresh"
    delivered(story, ends - timedelta(days=3, seconds=1))
    assert feed(story, AFTERWARDS).freshness == "old"


def test_a_feed_that_has_not_delivered_is_missing(story: Story) -> None:
    assert (feed(story, DURING).freshness, feed(story, DURING).next_due) == ("missing", None)


def test_a_source_that_delivered_last_time_and_not_now_is_missed_by_name(story: Story) -> None:
    deliver(story, usage_file(("Acme", "E3", "1"), source="crm"), cycle=CYCLE.previous())
    delivered(story, DURING)
    assert (feed(story, DURING).freshness, feed(story, DURING).absent) == ("missing", ("crm",))


def test_the_oldest_source_decides(story: Story) -> None:
    delivered(story, DURING)
    delivered(story, DURING - timedelta(days=9), source="crm")
    assert (feed(story, DURING).freshness, feed(story, DURING).counted_at) == ("old", DURING - timedelta(days=9))


def test_newer_usage_is_due_three_days_after_the_last_and_none_once_the_cycle_is_covered(story: Story) -> None:
    delivered(story, DURING)
    assert feed(story, DURING).next_due == DURING + timedelta(days=3)
    delivered(story, CYCLE_ENDS)
    assert feed(story, AFTERWARDS).next_due is None


def test_usage_that_is_late_was_due_by_the_end_of_the_cycle(story: Story) -> None:
    delivered(story, CYCLE_ENDS - timedelta(days=4))
    assert feed(story, AFTERWARDS).next_due == CYCLE_ENDS - timedelta(days=1)


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
    assert (found.fresh, found.feeds, found.behind, found.names) == (1, 1, 0, ())


def test_the_note_counts_and_names_the_first_three_that_are_behind(story: Story) -> None:
    delivered(story, DURING - timedelta(days=5))
    late = coverage(story.distributor.id, CYCLE, DURING)
    assert (late.behind, late.names, late.latest) == (1, (story.msp.name,), DURING - timedelta(days=5))
    for _ in range(4):
        account(story.distributor, organization())
    found = coverage(story.distributor.id, CYCLE, DURING)
    assert (found.feeds, found.fresh, found.old, found.missing) == (5, 0, 1, 4)
    assert (len(found.names), found.latest) == (3, None)


def test_the_list_goes_on_after_the_last_feed_seen_and_can_be_narrowed(story: Story) -> None:
    delivered(story, DURING)
    others = [account(story.distributor, organization()) for _ in range(3)]
    first = feeds(story.distributor.id, CYCLE, DURING, limit=2)
    rest = feeds(story.distributor.id, CYCLE, DURING, after=("missing", first[-1].number))
    assert {one.number for one in first + rest} == {story.account.number, *(other.number for other in others)}
    assert [one.freshness for one in rest] == ["missing", "fresh"]
    assert len(feeds(story.distributor.id, CYCLE, DURING, only=["fresh"])) == 1


def test_another_distributors_feeds_are_not_counted(story: Story) -> None:
    assert coverage(organization(is_distributor=True).id, CYCLE, DURING).feeds == 0


def test_one_query_whatever_the_number_of_accounts(story: Story) -> None:
    for _ in range(5):
        account(story.distributor, organization())
    asked: list[str] = []
    listen = db.event.listen
    listen(db.engine, "before_cursor_execute", lambda *event: asked.append(event[2]))
    coverage(story.distributor.id, CYCLE, DURING)
    assert len(asked) == 1
