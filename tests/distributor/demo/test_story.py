"""The story of MER-1042, figure by figure as the pictures show it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from distributor.database import db
from distributor.demo import kestrel
from distributor.identity.acting import system
from distributor.usage_reports.operations.automatic import submit_due
from distributor.usage_reports.queries import ACCOUNT, ReportRow, changes, history
from tests.distributor.demo.conftest import found, lines_of

pytestmark = pytest.mark.usefixtures("demo")

DUE_AT = datetime(2026, 10, 31, tzinfo=UTC)
# From October to October; the last one is the newest.
MONTHS = """
29425.05 29866.35 30174.80 31120.55 30988.25 31506.90 31842.10 32987.65 32760.30 33418.75 33902.40 34389.15 34280.90
"""


def story() -> list[ReportRow]:
    return found(ACCOUNT.c.number == "MER-1042")


def test_the_newest_report_has_the_totals_of_the_picture() -> None:
    report = story()[-1]
    assert (report.msp_name, report.cycle, report.status) == ("Kestrel IT Services", date(2026, 10, 1), "msp_preparing")
    assert (report.line_count, report.discrepancies, report.uncommented, report.commented) == (48, 7, 3, 4)
    assert (report.provisioned_units, report.chargeable_units) == (6157, 5962)
    assert (report.amount, report.at_risk, report.currency) == (Decimal("34280.90"), Decimal("747.15"), "EUR")


def test_it_opened_on_the_twentieth_and_is_due_at_the_first_midnight_three_days_ahead() -> None:
    report = story()[-1]
    assert report.opened_at == datetime(2026, 10, 19, 23, tzinfo=UTC)
    assert report.due_at == DUE_AT
    assert (report.time_zone, report.tolerance_units, report.tolerance_percent) == ("Europe/Dublin", 2, 2)


def test_the_three_uncommented_lines_are_those_of_the_picture() -> None:
    lines = lines_of(story()[-1].id)
    open_lines = {key for key, line in lines.items() if line.unexplained}
    assert open_lines == kestrel.keys(*kestrel.UNEXPLAINED)
    shannon = lines["Shannon Freight Group", "WFS-ADV-S"]
    assert (shannon.provisioned_units, shannon.used_units, shannon.chargeable_units) == (400, 290, 300)


def test_the_comments_are_those_of_the_picture() -> None:
    lines = lines_of(story()[-1].id)
    comments = {key: line.comment for key, line in lines.items() if line.comment}
    assert set(comments) == kestrel.keys(*kestrel.EXPLAINED)
    assert comments["Lee Valley Foods", "M365-BP-S"] == "5 seasonal packers, seats unused until January"


def test_doing_nothing_costs_449_40_and_makes_34_730_30() -> None:
    report = story()[-1]
    submit_due([report.id], DUE_AT, system())
    after = story()[-1]
    assert (after.status, after.submission_kind) == ("under_review", "automatic_with_penalty")
    assert (after.penalty, after.amount, after.penalised) == (Decimal("449.40"), Decimal("34730.30"), 3)
    db.session.rollback()


def test_aoife_brennan_saved_three_changes_last() -> None:
    report = story()[-1]
    newest = history(report.id)[0]
    saved = [change for change in changes(report.id) if change.version == newest.version]
    assert (newest.step, newest.actor_name, newest.actor_side) == ("save", "Aoife Brennan", "msp")
    assert sorted((change.field, change.old, change.new) for change in saved) == [
        ("chargeable_units", "210", "180"),
        ("chargeable_units", "290", "300"),
        ("comment", None, "30 lab PCs retired on 6 Oct, removal KES-4471 still open"),
    ]


def test_each_earlier_month_has_the_amount_of_the_list() -> None:
    assert [str(report.amount) for report in story()] == MONTHS.split()


def test_january_and_may_were_submitted_with_penalties() -> None:
    penalties = {report.cycle.month: str(report.penalty) for report in story() if report.penalty}
    assert penalties == {1: "87.30", 5: "312.40"}


def test_nine_lines_changed_and_fifteen_units_came_since_september() -> None:
    before, now = (lines_of(report.id) for report in story()[-2:])
    changed = [
        key
        for key, line in now.items()
        if (line.provisioned_units, line.chargeable_units)
        != (before[key].provisioned_units, before[key].chargeable_units)
    ]
    assert len(changed) == 9
    assert sum(line.provisioned_units - before[key].provisioned_units for key, line in now.items()) == 15
