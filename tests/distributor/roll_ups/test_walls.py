"""Who sees what of a roll-up, past every query, and what the database itself refuses."""

from __future__ import annotations

from functools import partial

import pytest
from flask import Flask
from sqlalchemy import text

from distributor.database import db
from distributor.usage_reports.operations import drafts
from distributor.usage_reports.operations.rolling_up import roll_up
from tests.distributor.roll_ups.tiers import AT, Partner, Tiers
from tests.distributor.test_tenancy import service
from tests.distributor.usage_reports.plain_sql import refused
from tests.faults.together import together

MARKS, BELOW = "SELECT count(*) FROM rolled_up_lines", "SELECT count(*) FROM rolled_up_from"


@pytest.fixture
def fenland(tiers: Tiers) -> Partner:
    """Two lines of Fenland's, rolled up and committed."""
    made = tiers.partner("Fenland", "FEN-1", ("MAIL", "40"), ("DISK", "3"))
    tiers.approve(made)
    tiers.roll_up()
    db.session.commit()
    return made


def counts(app: Flask, organization_id: int) -> tuple[int, int]:
    with service(app, organization_id) as connection:
        found = [connection.execute(query).fetchone() for query in (MARKS, BELOW)]
    marks, below = (row[0] for row in found if row)
    return marks, below


def test_the_distributor_sees_marks_and_nothing_below_the_partner_neither(
    app: Flask, tiers: Tiers, fenland: Partner
) -> None:
    assert counts(app, tiers.middle.id) == (2, 2)
    assert counts(app, tiers.distributor.id) == (2, 0)
    assert counts(app, fenland.organization.id) == (0, 0)


def test_the_distributor_sees_no_report_account_or_customer_below(app: Flask, tiers: Tiers, fenland: Partner) -> None:
    with service(app, tiers.distributor.id) as connection:
        for table in ("usage_reports", "accounts"):
            assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (1,)
        assert connection.execute("SELECT ref, name FROM customers").fetchall() == [("FEN-1", "Fenland")]


def test_a_mark_changes_by_a_roll_up_alone(tiers: Tiers, fenland: Partner) -> None:
    words = "marked by the roll-up of approved reports alone"
    refused("UPDATE rolled_up_lines SET units = 41", words)
    refused("UPDATE rolled_up_lines SET version = 1", words)
    refused("UPDATE rolled_up_from SET version = 1", "named by the roll-up of an approved report alone")
    refused("DELETE FROM rolled_up_lines", "permission denied")
    refused("DELETE FROM rolled_up_from", "permission denied")


UNNAMED = """
INSERT INTO rolled_up_lines (line_id, report_id, account_id, distributor_id, msp_id, version, at, units)
SELECT l.id, l.report_id, l.account_id, l.distributor_id, l.msp_id, act.version, act.at, l.chargeable_units
FROM usage_report_lines l JOIN report_actions act ON act.report_id = l.report_id AND act.details ? 'rolled_up'
WHERE l.report_id = :report AND l.sku = :sku"""


def test_a_mark_names_its_report(tiers: Tiers) -> None:
    tiers.approve(tiers.partner("Fenland", "FEN-1", ("MAIL", "40")))
    drafts.add_line(tiers.now(tiers.above), drafts.NewLine("DISK", "1", "x", "X"), tiers.me, AT)
    tiers.roll_up()
    refused(UNNAMED, "marked as rolled up from nothing", report=tiers.above.id, sku="DISK")


FORGED = """
WITH l AS (SELECT * FROM usage_report_lines WHERE report_id = :report LIMIT 1), m AS (
  INSERT INTO rolled_up_lines (line_id, report_id, account_id, distributor_id, msp_id, version, at, units)
  SELECT id, report_id, account_id, distributor_id, msp_id, 1, now(), chargeable_units FROM l RETURNING line_id)
INSERT INTO rolled_up_from (line_id, report_id, account_id, distributor_id, msp_id, version)
SELECT (SELECT line_id FROM m), id, account_id, :distributor, msp_id, version FROM usage_reports WHERE id = :source"""


def test_a_mark_cannot_be_forged_nor_name_a_report_of_somebody_elses(tiers: Tiers, fenland: Partner) -> None:
    keys = {"report": fenland.report.id, "source": tiers.above.id}
    refused(FORGED, "marked by the roll-up", distributor=tiers.middle.id, **keys)
    refused(FORGED, "marked by the roll-up", distributor=tiers.distributor.id, **keys)


def test_a_line_goes_with_its_mark(tiers: Tiers, fenland: Partner) -> None:
    drafts.remove_line(tiers.now(tiers.above), tiers.lines()["FEN-1", "MAIL"].uid, tiers.me, AT)
    db.session.commit()
    assert [db.session.scalar(text(query)) for query in (MARKS, BELOW)] == [1, 1]


def test_of_two_at_once_one_rolls_up_and_the_other_finds_nothing_left_to_do(app: Flask, tiers: Tiers) -> None:
    tiers.approve(tiers.partner("Fenland", "FEN-1", ("MAIL", "40")))
    db.session.commit()
    seen = tiers.plan().digest
    db.session.rollback()
    act = partial(_roll_up, tiers, seen)
    with together(app, act, act) as outcomes:
        pass
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["NoneType", "RollUpMoved"]
    assert tiers.now(tiers.above).version == 2


def _roll_up(tiers: Tiers, seen: str) -> None:
    roll_up(tiers.now(tiers.above), seen, tiers.me, AT)
    db.session.commit()


def test_a_report_below_that_is_reopened_at_the_same_time_is_carried_as_it_was_or_not_at_all(
    app: Flask, tiers: Tiers
) -> None:
    below = tiers.partner("Fenland", "FEN-1", ("MAIL", "40"))
    tiers.approve(below)
    db.session.commit()
    seen = tiers.plan().digest
    db.session.rollback()
    with together(app, partial(_roll_up, tiers, seen), partial(_reopen, tiers, below)) as outcomes:
        pass
    assert outcomes[1] is None
    assert (tiers.now(tiers.above).version == 2) == (outcomes[0] is None)


def _reopen(tiers: Tiers, below: Partner) -> None:
    tiers.reopen(below)
    db.session.commit()
