"""What doing nothing costs, in SQL for many reports at once: the same, line by line, as the rules say for one."""

from __future__ import annotations

import random
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from distributor.database import db
from distributor.identity.acting import system
from distributor.usage_reports.idle_costs import charged_lines, idle_costs
from distributor.usage_reports.operations import automatic, drafts, steps
from distributor.usage_reports.operations.automatic import charged
from distributor.usage_reports.operations.drafts import LineDraft
from distributor.usage_reports.queries import REPORT, LineRow, ReportRow, earlier_units
from tests.factories import CYCLE, OPENED_AT, Story, customer, product, usage
from workflows.money import amount_of

LATER = CYCLE.next()
LATER_AT = OPENED_AT + timedelta(days=31)
ROWS = 40


@pytest.fixture
def story(app: Flask) -> Story:
    return Story(tolerance_units=1, tolerance_percent=2, uplift_percent=Decimal("12.5"), corrections_allowed=True)


def figures(draw: random.Random) -> tuple[str, str | None]:
    provisioned = draw.choice([0, 1, 3, 40, 200, 400])
    return str(provisioned), draw.choice([None, str(max(0, provisioned + draw.randint(-90, 9)))])


def next_cycle(story: Story, draw: random.Random, *, delivered: int) -> ReportRow:
    """The second of two cycles, with usage for `delivered` of its lines; the first was approved after it had submitted
    itself. Half of the prices have many decimals.
    """
    products = [
        product(story.distributor, price=draw.choice(["2.85", "0.333333"]), precision=draw.choice([0, 2]))
        for _ in range(ROWS)
    ]
    who = [customer(story.account) for _ in products]
    usage(story.account, [(one, what, *figures(draw)) for one, what in zip(who, products, strict=True)])
    first = story.open_cycle()
    automatic.submit_due([first.id], first.due_at, system())
    steps.approve(story.report(first), story.by(story.reviewer), first.due_at)
    rows = [(one, what, *figures(draw)) for one, what in list(zip(who, products, strict=True))[:delivered]]
    if rows:
        usage(story.account, rows, cycle=LATER, at=LATER_AT)
    return story.open_cycle(LATER, LATER_AT)


def edit(story: Story, report: ReportRow, draw: random.Random) -> None:
    """Give some lines other figures or comments."""
    wanted = []
    for line in story.lines(report):
        if draw.random() < 0.6:
            units = draw.choice([line.chargeable_units, Decimal(draw.randint(0, 420))])
            wanted.append(LineDraft(line.uid, line.version, units, draw.choice([None, None, "A trial"])))
    drafts.save_lines(report, wanted, story.by(story.preparer), LATER_AT)


def by_the_rules(story: Story, report: ReportRow) -> dict[int, tuple[Any, Decimal]]:
    """What the rules make of each unsettled line: its units, and what that adds."""
    lines = [line for line in story.lines(report) if line.unexplained or line.chargeable_units is None]
    earlier = earlier_units([line.id for line in lines])
    return {line.id: what_follows(report, line, earlier.get(line.id)) for line in lines}


def what_follows(report: ReportRow, line: LineRow, earlier: Decimal | None) -> tuple[Any, Decimal]:
    after = charged(report, line, earlier)
    return after.chargeable_units, (amount_of(after) or Decimal(0)) - line.amount


def in_sql(report: ReportRow) -> dict[int, tuple[Any, Decimal]]:
    rows = db.session.execute(charged_lines(REPORT.c.id == report.id))
    return {row.line_id: (row.units, row.cost) for row in rows}


@pytest.mark.parametrize("seed", range(6))
def test_costs_in_sql_are_those_of_the_rules(story: Story, seed: int) -> None:
    draw = random.Random(seed)
    report = next_cycle(story, draw, delivered=draw.choice([0, 25, ROWS]))
    edit(story, report, draw)
    report = story.report(report)
    assert in_sql(report) == by_the_rules(story, report)
    cost = db.session.execute(select(idle_costs(REPORT.c.id == report.id))).one()
    assert cost.unexplained == report.unexplained
    assert cost.missing == report.missing_figures
    assert cost.penalty == sum(added for _, added in by_the_rules(story, report).values())


def test_an_open_note_costs_and_a_figure_unknown_after_a_rejection_is_charged_nothing(story: Story) -> None:
    report = next_cycle(story, random.Random(1), delivered=0)
    edit(story, report, random.Random(2))
    automatic.submit_due([report.id], report.due_at, system())
    line = story.lines(report)[0]
    notes = {line.uid: "Why?"}
    steps.reject(story.report(report), story.by(story.reviewer), report.due_at, reason="See the note", notes=notes)
    report = story.report(report)
    assert in_sql(report) == by_the_rules(story, report)
    assert db.session.execute(select(idle_costs(REPORT.c.id == report.id))).one().notes == 1


def test_a_settled_report_is_left_out(story: Story) -> None:
    report = story.open(("40", None))
    assert db.session.execute(select(idle_costs(REPORT.c.id == report.id))).all() == []
