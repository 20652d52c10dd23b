"""The scheduler's jobs: all of what is due, once, whatever one of them runs into."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from flask import Flask
from sqlalchemy import select

from distributor.catalogue.models import Price
from distributor.database import db
from distributor.identity.models import IdempotentAnswer
from distributor.scheduler import jobs
from distributor.scheduler.batches import BATCH
from distributor.scheduler.clock import run
from distributor.scheduler.leadership import Leadership
from distributor.scheduler.models import SchedulerTick, SetAside
from distributor.usage_reports.operations import automatic
from distributor.usage_reports.queries import REPORT
from tests.factories import OPENED_AT, Story, customer, product, usage


@pytest.fixture
def story(app: Flask) -> Story:
    return Story()


def statuses() -> list[str]:
    return sorted(db.session.scalars(select(REPORT.c.status)))


def test_everything_due_is_submitted_and_a_second_run_finds_nothing(story: Story) -> None:
    report, _ = story.open_account()
    story.open_account()
    db.session.commit()
    assert jobs.submit_due(report.due_at) == 2
    assert jobs.submit_due(report.due_at) == 0
    assert statuses() == ["under_review", "under_review"]


def test_one_failing_report_is_set_aside_and_the_others_go_through(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, _ = story.open_account()
    story.open_account()
    db.session.commit()
    submit = automatic.submit_automatically

    def stumble(due: list[object], *rest: object) -> None:
        if any(report.id == bad.id for report in due):  # type: ignore[attr-defined]  # rows of reports
            raise RuntimeError("this one is broken")
        submit(due, *rest)  # type: ignore[arg-type]  # handed on as it came

    monkeypatch.setattr(automatic, "submit_automatically", stumble)
    assert jobs.submit_due(bad.due_at) == 1
    aside = db.session.scalars(select(SetAside)).one()
    assert (aside.subject_id, aside.error, aside.attempts) == (bad.id, "this one is broken", 1)
    assert jobs.submit_due(bad.due_at + timedelta(seconds=30)) == 0
    monkeypatch.setattr(automatic, "submit_automatically", submit)
    assert jobs.submit_due(bad.due_at + timedelta(minutes=2)) == 1
    assert db.session.scalars(select(SetAside)).all() == []


def test_a_scheduler_that_was_away_opens_every_cycle_it_missed_in_order(story: Story) -> None:
    db.session.commit()
    at = OPENED_AT + timedelta(days=70)
    jobs.open_reports(at)
    rows = db.session.execute(select(REPORT.c.cycle, REPORT.c.opened_at, REPORT.c.due_at).order_by(REPORT.c.id)).all()
    assert [row.cycle.month for row in rows] == [10, 11, 12]
    assert {row.opened_at for row in rows} == {at}
    assert all(row.due_at - at >= timedelta(days=10) for row in rows), "a late opening keeps its full window"


def test_reminders_come_once_each_and_only_the_latest(story: Story) -> None:
    report, _ = story.open_account(("40", "30"))
    db.session.commit()
    days_before = [jobs.remind(report.due_at - timedelta(days=days)) for days in (8, 7, 6.5, 2.5, 2)]
    assert days_before == [0, 1, 0, 1, 0]
    assert jobs.remind(report.due_at - timedelta(hours=3)) == 1
    assert jobs.remind(report.due_at) == 0


def test_a_tick_is_remembered_with_the_databases_time(story: Story) -> None:
    db.session.commit()
    done = run(jobs.JOBS[0])
    assert done > 0
    tick = db.session.scalars(select(SchedulerTick)).one()
    assert (tick.job, tick.outcome) == ("open-reports", f"{done} done")


def test_one_of_two_schedulers_leads_until_it_lets_go(story: Story) -> None:
    first, second = Leadership(db.engine), Leadership(db.engine)
    assert (first.held(), second.held(), first.held()) == (True, False, True)
    first.release()
    assert second.held()
    second.release()


def test_answers_kept_for_a_week_are_forgotten(story: Story) -> None:
    for key, age in (("old", 8), ("new", 6)):
        answer = IdempotentAnswer(
            member_id=story.preparer.member_id, key=key, request_hash=bytes(32), status=200, body="{}",
            created_at=OPENED_AT - timedelta(days=age),
        )  # fmt: skip
        db.session.add(answer)
    db.session.commit()
    assert jobs.forget_answers(OPENED_AT) == 1
    assert list(db.session.scalars(select(IdempotentAnswer.key))) == ["new"]


def test_more_than_a_batch_is_settled_in_one_run(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    assert BATCH > 2
    monkeypatch.setattr("distributor.scheduler.batches.BATCH", 2)
    reports = [story.open_account()[0] for _ in range(5)]
    db.session.commit()
    assert jobs.submit_due(reports[0].due_at) == 5


def test_a_price_that_came_while_the_report_opened_is_filled_in_later(story: Story) -> None:
    unpriced = product(story.distributor, price=None)
    usage(story.account, [(customer(story.account), unpriced, "7", None)])
    report = story.open_cycle()
    keys = {"product_id": unpriced.id, "distributor_id": story.distributor.id, "currency": "EUR"}
    db.session.add(Price(**keys, unit_price=Decimal("3")))
    db.session.commit()
    assert (jobs.fill_late_prices(OPENED_AT), jobs.fill_late_prices(OPENED_AT)) == (1, 0)
    assert (story.report(report).missing_prices, story.report(report).amount) == (0, 21)
