"""What the database itself refuses, whoever writes: promises 1 to 7 and 10, tried in plain SQL in the service role."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from distributor import schema
from distributor.database import db
from distributor.identity.acting import system
from distributor.usage_reports.operations import automatic, drafts, steps
from distributor.usage_reports.operations.drafts import LineDraft
from distributor.usage_reports.queries import ReportRow
from tests.factories import OPENED_AT, Story

AT = OPENED_AT + timedelta(days=1)
ACTION = """
INSERT INTO report_actions (report_id, account_id, distributor_id, msp_id, version, step, from_status, to_status, at,
  actor_side, actor_name, via)
SELECT id, account_id, distributor_id, msp_id, version + 1, :step, :source, :target, now(), 'system', 'x', 'command'
FROM usage_reports"""


@pytest.fixture
def story(app: Flask) -> Story:
    return Story()


@pytest.fixture
def report(story: Story) -> ReportRow:
    """Prepared, version 1, with one agreeing line; committed."""
    made = story.open(("40", None))
    db.session.commit()
    return made


def write(statement: str, values: dict[str, object]) -> None:
    db.session.execute(text(statement), values)
    db.session.commit()


def refused(statement: str, words: str, **values: object) -> None:
    with pytest.raises(DBAPIError, match=words):
        write(statement, values)
    db.session.rollback()


def submit(story: Story, report: ReportRow) -> ReportRow:
    steps.submit(story.report(report), story.by(story.preparer), AT)
    db.session.commit()
    return story.report(report)


def test_an_account_has_one_report_per_cycle(report: ReportRow) -> None:
    columns = "account_id, distributor_id, msp_id, cycle, starts_on, ends_on, status, opened_at, due_at, due_set_at,"
    terms = """usage_taken_at, currency, minor_unit, time_zone, auto_submit_after_days, resubmit_after_days,
        tolerance_units, tolerance_percent, corrections_allowed, uplift_percent, usage_source"""
    refused(
        f"INSERT INTO usage_reports ({columns}{terms}) SELECT {columns}{terms} FROM usage_reports", "one_report_per"
    )


def test_a_status_moves_only_along_an_edge_of_the_workflow(report: ReportRow) -> None:
    refused(ACTION, "only_edges_of_the_workflow", step="approve", source="msp_preparing", target="approved")


def test_a_status_does_not_move_without_its_action(report: ReportRow) -> None:
    refused("UPDATE usage_reports SET version = 2", "every_version_has_its_action")


def test_an_action_of_another_step_does_not_carry_a_status(story: Story, report: ReportRow) -> None:
    submitted = submit(story, report)
    assert submitted.version == 2
    db.session.execute(text(ACTION), {"step": "waive", "source": "under_review", "target": "under_review"})
    refused(
        "UPDATE usage_reports SET version = 3, status = 'approved', decided_at = now()", "every_version_has_its_action"
    )


@pytest.mark.parametrize("version", [1, 3, 0])
def test_a_report_moves_on_by_one_version_only(report: ReportRow, version: int) -> None:
    refused("UPDATE usage_reports SET version = :version, due_at = now()", "raises the version by one", version=version)


def test_lines_are_locked_under_review(story: Story, report: ReportRow) -> None:
    submit(story, report)
    refused("UPDATE usage_report_lines SET comment = 'x', version = 3", "cannot change this way")
    refused("DELETE FROM usage_report_lines", "lines go only while")


def test_a_penalty_goes_only_with_a_waiver_written_down(story: Story) -> None:
    report = story.open(("40", "30"))
    automatic.submit_due([report.id], report.due_at, system())
    db.session.commit()
    waiver = """UPDATE usage_report_lines SET chargeable_units = declared_units, declared_units = NULL,
                penalised = false, waived_reason = 'x', version = 3"""
    refused(waiver, "cannot change this way")


def test_a_line_change_needs_a_version_of_its_own(report: ReportRow) -> None:
    refused("UPDATE usage_report_lines SET chargeable_units = 1", "cannot change this way")
    refused("UPDATE usage_report_lines SET chargeable_units = 1, version = 9", "cannot change this way")


def test_an_unexplained_line_does_not_go_under_review_unpenalised(story: Story) -> None:
    report = story.open(("40", "30"))
    db.session.commit()
    assert report.unexplained == 1
    db.session.execute(text(ACTION), {"step": "submit", "source": "msp_preparing", "target": "under_review"})
    refused(
        """UPDATE usage_reports SET version = 2, status = 'under_review', submitted_at = now(),
           submission_kind = 'manual', submitted_from = 'msp_preparing'""",
        "nothing_unexplained_under_review",
    )


def test_history_is_written_once(report: ReportRow) -> None:
    for statement in ("UPDATE report_actions SET reason = 'x'", "DELETE FROM report_actions", "TRUNCATE line_changes"):
        refused(statement, "permission denied")


def test_terms_and_totals_are_out_of_the_services_reach(report: ReportRow) -> None:
    refused("UPDATE usage_reports SET currency = 'USD', version = 2", "permission denied")
    refused("UPDATE usage_reports SET amount = 0, version = 2", "permission denied")


def test_even_the_owner_changes_neither_terms_nor_totals(report: ReportRow) -> None:
    db.session.execute(text("SET ROLE distributor_owner"))
    refused("UPDATE usage_reports SET currency = 'USD', version = 2", "terms are copied at opening")
    db.session.execute(text("SET ROLE distributor_owner"))
    refused("UPDATE usage_reports SET amount = 0, version = 2", "totals follow from the lines")


def test_an_invoiced_report_never_changes(story: Story, report: ReportRow) -> None:
    submit(story, report)
    steps.approve(story.report(report), story.by(story.reviewer), AT)
    steps.invoice(story.report(report), story.by(story.admin), AT)
    db.session.commit()
    refused("UPDATE usage_reports SET version = version + 1, due_at = now()", "invoiced report never changes")


def test_a_line_of_another_account_cannot_be_put_on_a_report(report: ReportRow) -> None:
    other = Story()
    db.session.commit()
    refused(
        """INSERT INTO usage_report_lines (report_id, account_id, distributor_id, msp_id, product_id, sku, product_name,
             unit, "precision", usage_source, minor_unit, tolerance_units, tolerance_percent)
           SELECT report_id, :account, :distributor, :msp, product_id, sku, product_name,
             unit, "precision", usage_source, minor_unit, tolerance_units, tolerance_percent
           FROM usage_report_lines LIMIT 1""",
        "foreign key",
        account=other.account.id, distributor=other.distributor.id, msp=other.msp.id,
    )  # fmt: skip


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-1"])
def test_units_are_finite_and_not_negative(report: ReportRow, value: str) -> None:
    refused(f"UPDATE usage_report_lines SET chargeable_units = '{value}', version = 2", "check constraint|overflow")


def test_totals_equal_the_sum_of_the_lines_after_any_number_of_drafts(story: Story) -> None:
    report = story.open(("40", "30"), ("7", None), ("100", "99"))
    lines = story.lines(report)
    for turn, units in enumerate(("31", "0", "55"), start=1):
        given = [LineDraft(line.uid, chargeable_units=units, comment=f"turn {turn}") for line in lines[:turn]]
        drafts.save_lines(story.report(report), given, story.by(story.preparer), AT)
    report, lines = story.report(report), story.lines(report)
    assert report.amount == sum(line.amount for line in lines)
    assert report.chargeable_units == sum(line.chargeable_units for line in lines)
    assert (report.discrepancies, report.commented) == (sum(line.discrepancy for line in lines), 3)


def test_the_service_owns_nothing_and_cannot_bypass_row_level_security(app: Flask) -> None:
    role = db.session.execute(
        text("SELECT rolname, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user")
    ).one()
    assert tuple(role) == ("distributor_service", False, False)
    owned = "SELECT count(*) FROM pg_class WHERE relowner = 'distributor_service'::regrole"
    assert db.session.scalar(text(owned)) == 0


def test_every_tenant_table_carries_the_three_keys(app: Flask) -> None:
    tables = """
        SELECT table_name FROM information_schema.columns WHERE table_schema = 'public' AND column_name = 'account_id'
        EXCEPT SELECT table_name FROM information_schema.columns WHERE column_name = 'msp_id'"""
    assert list(db.session.scalars(text(tables))) == []
    total = "SELECT count(DISTINCT table_name) FROM information_schema.columns WHERE column_name = 'msp_id'"
    assert db.session.scalar(text(total)) >= 8


def test_migrations_can_be_taken_back_and_applied_again(url: str) -> None:
    schema.downgrade(url, "base")
    assert schema.migrate(url) == schema.head()


def test_one_migration_is_enough_however_often_it_is_asked_for(url: str, app: Flask) -> None:
    edges = "SELECT count(*) FROM report_edges"
    before = db.session.scalar(text(edges))
    db.session.rollback()
    schema.migrate(url)
    assert db.session.scalar(text(edges)) == before > 20


def test_an_integrity_error_names_the_rule(report: ReportRow) -> None:
    with pytest.raises(IntegrityError, match="raises the version by one"):
        db.session.execute(text("UPDATE usage_reports SET version = 1, due_at = now()"))
