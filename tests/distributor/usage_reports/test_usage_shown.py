"""What both pages say of the usage itself: when it was counted, that none came, how much lies idle."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from flask import Flask

from distributor.formatting import over_provisioned
from distributor.usage_reports.queries import ReportRow
from tests.clients import sign_in
from tests.factories import OPENED_AT, Story, customer, product, usage

COUNTED_AT = datetime(2026, 10, 19, 4, 0, tzinfo=UTC)
NO_BREAK = "\N{NO-BREAK SPACE}"


@pytest.fixture
def story(app: Flask) -> Story:
    app.config["CLOCK"] = lambda: OPENED_AT + timedelta(days=1)
    return Story(time_zone="Europe/Berlin")


def pages(app: Flask, story: Story, report: ReportRow) -> list[str]:
    """The MSP's page of the report and the distributor's."""
    msp = sign_in(app, story.preparer).get(f"/reports/{report.uid}")
    return [msp.text, sign_in(app, story.reviewer).get(f"/review/{report.uid}").text]


def counted(story: Story, at: datetime | None, source: str = "feed") -> None:
    rows = [(customer(story.account), product(story.distributor), "400", "290")]
    usage(story.account, rows, source=source, counted_at=at)


def test_both_pages_say_when_the_oldest_usage_was_counted_in_the_reports_zone(app: Flask, story: Story) -> None:
    counted(story, COUNTED_AT)
    counted(story, COUNTED_AT + timedelta(hours=5), "microsoft")
    assert all("Usage counted 19 Oct, 06:00" in page for page in pages(app, story, story.open_cycle()))


def test_what_no_file_told_is_not_said(app: Flask, story: Story) -> None:
    counted(story, None)
    shown = pages(app, story, story.open_cycle())
    assert not any("Usage counted" in page or "No usage has arrived" in page for page in shown)


@pytest.mark.parametrize(("source", "said"), [("feed", True), ("manual", False)])
def test_only_an_account_with_a_feed_is_told_that_no_usage_came(app: Flask, source: str, said: bool) -> None:
    story = Story(usage_source=source)
    shown = pages(app, story, story.open_cycle())
    assert [("No usage has arrived for this cycle" in page) for page in shown] == [said, said]


def test_the_used_cell_says_how_much_is_over_provisioned(app: Flask, story: Story) -> None:
    counted(story, None)
    title = f'title="27.5{NO_BREAK}% over-provisioned"'
    assert all(title in page for page in pages(app, story, story.open_cycle()))


@pytest.mark.parametrize(("provisioned", "used"), [(None, "3"), ("3", None), ("0", "0"), ("3", "3"), ("3", "4")])
def test_nothing_is_over_provisioned_where_all_is_used_or_not_known(
    app: Flask, provisioned: str | None, used: str | None
) -> None:
    with app.test_request_context():
        assert over_provisioned(*(None if units is None else Decimal(units) for units in (provisioned, used))) == ""
