"""Ways in which money could slip away, each closed: lines taken off again, notes shed, prices of another day."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from flask import Flask
from sqlalchemy import text

from distributor.catalogue.models import Product
from distributor.catalogue.operations import put_product
from distributor.database import db
from distributor.errors import Conflict, InputRefused
from distributor.identity.acting import system
from distributor.usage_reports.operations import automatic, drafts, steps, usage
from distributor.usage_reports.operations.drafts import LineDraft, NewLine
from distributor.usage_reports.queries import LineRow, ReportRow
from tests import factories
from tests.factories import CYCLE, OPENED_AT, Story
from workflows.errors import CommentRequired

AT = OPENED_AT + timedelta(days=1)


@pytest.fixture
def story(app: Flask) -> Story:
    return Story()


def add_by_hand(story: Story, report: ReportRow, what: Product) -> LineRow:
    new = NewLine(what.sku, "10", "c-1", "Customer One", "Counted on site")
    _version, uid = drafts.add_line(story.report(report), new, story.by(story.preparer), AT)
    return next(line for line in story.lines(report) if line.uid == uid)


def deliver(story: Story, what: Product, units: str, customer_id: int) -> None:
    class Kept:
        id = customer_id

    factories.usage(story.account, [(Kept(), what, units, None)], cycle=CYCLE, at=AT)  # type: ignore[list-item]  # only its id is read


def test_a_line_added_by_hand_that_the_feed_counts_by_now_cannot_be_taken_off(story: Story) -> None:
    what = factories.product(story.distributor)
    report = story.open_cycle()
    line = add_by_hand(story, report, what)
    deliver(story, what, "100", line.customer_id)
    usage.refresh(story.report(report), system(), AT)
    with pytest.raises(Conflict, match="Write 0"):
        drafts.remove_line(story.report(report), line.uid, story.by(story.preparer), AT)
    assert story.lines(report)[0].provisioned_units == 100


def test_an_open_note_cannot_be_shed_by_taking_the_line_off(story: Story) -> None:
    what = factories.product(story.distributor, usage_source="manual")
    report = story.open_cycle()
    line = add_by_hand(story, report, what)
    steps.submit(story.report(report), story.by(story.preparer), AT)
    reviewer = story.by(story.reviewer)
    steps.reject(story.report(report), reviewer, AT, reason="Why", notes={line.uid: "Only 10?"})
    with pytest.raises(Conflict):
        drafts.remove_line(story.report(report), line.uid, story.by(story.preparer), AT)


def test_a_line_that_joins_an_open_report_pays_the_price_of_its_opening(story: Story) -> None:
    old, new = factories.product(story.distributor, price="10"), factories.product(story.distributor, price="20")
    first, second = factories.customer(story.account), factories.customer(story.account)
    factories.usage(story.account, [(first, old, "1", None)])
    report = story.open_cycle()
    for product, price in ((old, "99"), (new, "98"), (new, "97")):
        put_product(story.distributor.id, product.sku, {"price": price, "currency": "EUR"}, story.by(story.admin), AT)
    rows = [(first, old, "1", None), (second, old, "1", None), (second, new, "1", None)]
    factories.usage(story.account, rows, at=AT)
    usage.refresh(story.report(report), system(), AT)
    assert sorted(line.unit_price for line in story.lines(report)) == [10, 10, 20]


def test_a_line_added_by_hand_pays_the_price_of_the_opening_too(story: Story) -> None:
    what = factories.product(story.distributor, price="10", usage_source="manual")
    report = story.open_cycle()
    put_product(story.distributor.id, what.sku, {"price": "50", "currency": "EUR"}, story.by(story.admin), AT)
    assert add_by_hand(story, report, what).unit_price == Decimal(10)


def charge(story: Story, what: Product, price: str, at: datetime) -> None:
    put_product(story.distributor.id, what.sku, {"price": price, "currency": "EUR"}, story.by(story.admin), at)


def mistype(story: Story, what: Product) -> None:
    """Two days after the opening a price is typed wrong, and corrected five minutes later."""
    typed = OPENED_AT + timedelta(days=2)
    charge(story, what, "285", typed)
    charge(story, what, "2.85", typed + timedelta(minutes=5))


def test_a_line_added_by_hand_is_not_charged_a_price_that_came_after_the_opening_and_was_corrected(
    story: Story,
) -> None:
    what = factories.product(story.distributor, price=None, usage_source="manual")
    report = story.open_cycle()
    mistype(story, what)
    assert add_by_hand(story, report, what).unit_price == Decimal("2.85")


def test_an_imported_line_is_not_charged_a_price_that_came_after_the_opening_and_was_corrected(story: Story) -> None:
    what = factories.product(story.distributor, price=None)
    report = story.open_cycle()
    mistype(story, what)
    deliver(story, what, "10", factories.customer(story.account).id)
    usage.refresh(story.report(report), system(), AT)
    assert [(line.unit_price, line.amount) for line in story.lines(report)] == [(Decimal("2.85"), Decimal("28.50"))]


def test_the_price_that_held_at_the_opening_is_charged_whatever_was_typed_since(story: Story) -> None:
    what = factories.product(story.distributor, price="1", usage_source="manual")
    charge(story, what, "10", OPENED_AT - timedelta(days=1))
    report = story.open_cycle()
    mistype(story, what)
    assert add_by_hand(story, report, what).unit_price == Decimal(10)


def test_a_price_that_began_at_the_instant_of_the_opening_held_then_and_one_that_ended_there_did_not(
    story: Story,
) -> None:
    what = factories.product(story.distributor, price="1", usage_source="manual")
    charge(story, what, "10", OPENED_AT)
    report = story.open_cycle()
    mistype(story, what)
    assert add_by_hand(story, report, what).unit_price == Decimal(10)


def test_a_price_that_is_put_again_unchanged_is_as_old_as_before(story: Story) -> None:
    what = factories.product(story.distributor, price="10", usage_source="manual")
    report = story.open_cycle()
    charge(story, what, "10.00", AT)
    mistype(story, what)
    assert add_by_hand(story, report, what).unit_price == Decimal(10)


def test_a_past_price_that_does_not_say_since_when_it_held_counts_as_having_held_always(story: Story) -> None:
    what = factories.product(story.distributor, price="10", usage_source="manual")
    report = story.open_cycle()
    mistype(story, what)
    db.session.execute(text("SET LOCAL ROLE distributor_owner"))
    db.session.execute(text("UPDATE past_prices SET valid_from = NULL"))
    assert add_by_hand(story, report, what).unit_price == Decimal(10)


def test_a_note_on_a_waived_line_has_to_be_answered(story: Story) -> None:
    report = story.open(("400", "290"))
    automatic.submit_due([report.id], report.due_at, system())
    line, reviewer = story.lines(report)[0], story.by(story.reviewer)
    steps.waive(story.report(report), line.uid, reviewer, report.due_at, reason="Agreed")
    steps.reject(story.report(report), reviewer, report.due_at, reason="After all", notes={line.uid: "Send the order"})
    with pytest.raises(CommentRequired):
        steps.submit(story.report(report), story.by(story.preparer), report.due_at)
    draft = LineDraft(line.uid, comment="Order SF-2231")
    drafts.save_lines(story.report(report), [draft], story.by(story.preparer), report.due_at)
    steps.submit(story.report(report), story.by(story.preparer), report.due_at)
    db.session.commit()


def test_a_waived_line_no_longer_says_that_it_was_charged(story: Story) -> None:
    report = story.open(("400", "290"))
    automatic.submit_due([report.id], report.due_at, system())
    line = story.lines(report)[0]
    steps.waive(story.report(report), line.uid, story.by(story.reviewer), report.due_at, reason="Agreed")
    assert story.lines(report)[0].system_note is None


def test_each_source_is_missed_by_itself(story: Story) -> None:
    what, who = factories.product(story.distributor), factories.customer(story.account)
    before = CYCLE.previous()
    for source in ("first", "second"):
        factories.usage(story.account, [(who, what, "1", None)], cycle=before, source=source)
    factories.usage(story.account, [(who, what, "1", None)], source="first")
    report = story.open_cycle()
    assert add_by_hand(story, report, factories.product(story.distributor)).chargeable_units == 10
    factories.usage(story.account, [(who, what, "1", None)], source="second")
    with pytest.raises(InputRefused, match="has delivered"):
        add_by_hand(story, report, factories.product(story.distributor))


def test_a_recalled_report_is_not_submitted_any_more(story: Story) -> None:
    report = story.open(("40", None))
    steps.submit(story.report(report), story.by(story.preparer), AT)
    steps.recall(story.report(report), story.by(story.preparer), AT)
    recalled = story.report(report)
    assert (recalled.submitted_at, recalled.submission_kind) == (None, None)
    db.session.commit()
