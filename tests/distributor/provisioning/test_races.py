"""Two at once, each on its own connection: two imports; an import against a submission, an opening, a draft."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from decimal import Decimal
from threading import Event
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from distributor.database import db
from distributor.identity.acting import operator, system
from distributor.provisioning.formats import ProductHint
from distributor.provisioning.models import UsageSnapshot
from distributor.provisioning.operations import import_usage
from distributor.tenancy import across_tenants
from distributor.usage_reports import queries as report_queries
from distributor.usage_reports.operations import drafts, opening, steps
from distributor.usage_reports.queries import ACCOUNT
from tests.distributor.provisioning.deliveries import AT, deliver, report_of, usage_file
from tests.factories import CYCLE, OPENED_AT, Story, account, product


@pytest.fixture
def story(app: Flask) -> Story:
    story = Story()
    product(story.distributor, "E3")
    deliver(story, usage_file(("Acme", "E3", "10")), at=OPENED_AT)
    db.session.commit()
    return story


class Second:
    """Somebody else, on a connection and session of their own; `run` returns when they wait for our lock or end."""

    def __init__(self, app: Flask) -> None:
        self.app, self.pool, self.pid = app, ThreadPoolExecutor(1), 0
        self.started = Event()

    def run(self, work: Callable[[], Any]) -> Future[Any]:
        future = self.pool.submit(self._work, work)
        self.started.wait(10)
        while not future.done() and not self._waits():
            pass
        return future

    def _work(self, work: Callable[[], Any]) -> Any:
        with self.app.app_context():
            across_tenants()
            self.pid = db.session.scalar(text("SELECT pg_backend_pid()"))
            self.started.set()
            try:
                answer = work()
                db.session.commit()
                return answer
            finally:
                db.session.remove()

    def _waits(self) -> bool:
        query = text("SELECT cardinality(pg_blocking_pids(:pid)) > 0")
        with db.engine.connect() as connection:
            return bool(connection.scalar(query, {"pid": self.pid}))


def importing(account_id: int, *rows: tuple[str, str, str], source: str = "feed") -> Callable[[], Any]:
    def work() -> Any:
        row = db.session.execute(select(ACCOUNT).where(ACCOUNT.c.id == account_id)).one()
        return import_usage(row, CYCLE, usage_file(*rows, source=source), operator(), AT)

    return work


def test_two_imports_at_once_take_turns_and_the_later_one_is_current(app: Flask, story: Story) -> None:
    deliver(story, usage_file(("Acme", "E3", "11"), ("Bolt", "E3", "1")))
    second = Second(app).run(importing(story.account.id, ("Acme", "E3", "12")))
    assert not second.done()
    db.session.commit()
    result = second.result(10)
    assert (result.changed, result.removed) == (1, 1)
    current = select(func.count()).select_from(UsageSnapshot).where(UsageSnapshot.is_current)
    assert db.session.scalar(current) == 1


def test_the_same_file_twice_at_once_is_kept_once(app: Flask, story: Story) -> None:
    deliver(story, usage_file(("Acme", "E3", "11")))
    second = Second(app).run(importing(story.account.id, ("Acme", "E3", "11")))
    db.session.commit()
    assert second.result(10).unchanged == 1
    assert db.session.scalar(select(func.count()).select_from(UsageSnapshot)) == 2


def test_an_import_that_waits_for_a_submission_leaves_the_lines_alone(app: Flask, story: Story) -> None:
    report = story.open_cycle()
    db.session.commit()
    steps.submit(story.report(report), story.by(story.preparer), AT)
    second = Second(app).run(importing(story.account.id, ("Acme", "E3", "12")))
    assert not second.done()
    db.session.commit()
    outcome = second.result(10).report
    assert (outcome.refreshed, outcome.status) == (False, "under_review")
    assert [line.chargeable_units for line in story.lines(report_of(story))] == [10]


def test_a_submission_that_waits_for_an_import_submits_what_it_brought(app: Flask, story: Story) -> None:
    report = story.open_cycle()
    db.session.commit()
    deliver(story, usage_file(("Acme", "E3", "12")))
    by = story.by(story.preparer)
    uid, preparer = report.uid, story.preparer

    def submitting() -> Any:
        return steps.submit(report_queries.report_for_update(uid, preparer), by, AT)

    second = Second(app).run(submitting)
    assert not second.done()
    db.session.commit()
    second.result(10)
    row = report_of(story)
    assert (row.status, row.version, row.chargeable_units) == ("under_review", 3, 12)


def test_a_report_opens_with_the_usage_that_was_on_its_way(app: Flask, story: Story) -> None:
    account_id = story.account.id
    deliver(story, usage_file(("Acme", "E3", "12")))
    passed_over = Second(app).run(lambda: opening.open_next([account_id], OPENED_AT, system()))
    assert passed_over.result(10) == []
    db.session.commit()
    assert opening.open_next([account_id], OPENED_AT, system()) == [account_id]
    assert [line.chargeable_units for line in story.lines(report_of(story))] == [12]


def test_a_line_added_by_hand_and_an_import_of_its_customer_do_not_block_each_other_for_good(
    app: Flask, story: Story
) -> None:
    product(story.distributor, "HOURS", usage_source="manual")
    report = story.open_cycle()
    db.session.commit()
    locked = story.report(report)
    second = Second(app).run(importing(story.account.id, ("Acme", "E3", "10"), ("Newco", "E3", "3")))
    assert not second.done()
    drafts.add_line(locked, drafts.NewLine("HOURS", "5", "newco", "Newco"), story.by(story.preparer), AT)
    db.session.commit()
    assert second.result(10).report.refreshed is True
    assert len(story.lines(report_of(story))) == 3


def adding(account_id: int, *skus: str) -> Callable[[], Any]:
    """An import of products that are new to the catalogue, in the order given."""

    def work() -> Any:
        row = db.session.execute(select(ACCOUNT).where(ACCOUNT.c.id == account_id)).one()
        hints = {sku: ProductHint(sku, sku, None, None, 0, Decimal(2), "EUR") for sku in skus}
        file = usage_file(*(("Acme", sku, "1") for sku in skus), products=hints)
        return import_usage(row, CYCLE, file, operator(), AT, add_products=True)

    return work


def test_two_accounts_that_bring_the_same_products_in_opposite_orders_take_turns(app: Flask, story: Story) -> None:
    accounts = [story.account.id, account(story.distributor, story.msp).id]
    db.session.commit()
    product(story.distributor, "M")  # halts both in the middle of their products until it is taken back
    first = Second(app).run(adding(accounts[0], "A", "M", "Z"))
    second = Second(app).run(adding(accounts[1], "Z", "M", "A"))
    db.session.rollback()
    assert (first.result(10).added, second.result(10).added) == (3, 3)
