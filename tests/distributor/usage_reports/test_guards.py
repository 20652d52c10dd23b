"""What the database itself refuses, whoever writes: promises 1 to 7 and 10, tried in plain SQL in the service role."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from distributor.database import db
from distributor.identity.acting import system
from distributor.usage_reports.operations import automatic, drafts, steps
from distributor.usage_reports.operations.drafts import LineDraft
from distributor.usage_reports.queries import ReportRow
from tests.distributor.usage_reports.plain_sql import refused
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


def submit(story: Story, report: ReportRow) -> ReportRow:
    steps.submit(story.report(report), story.by(story.preparer), AT)
    db.session.commit()
    return story.report(report)


def act(step: str, source: str = "msp_preparing", target: str | None = None) -> None:
    """The action of the next version; the caller moves the report."""
    db.session.execute(text(ACTION), {"step": step, "source": source, "target": target or source})


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
    db.session.execute(text(ACTION), {"step": "endorse", "source": "under_review", "target": "under_review"})
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


def test_an_integrity_error_names_the_rule(report: ReportRow) -> None:
    with pytest.raises(IntegrityError, match="raises the version by one"):
        db.session.execute(text("UPDATE usage_reports SET version = 1, due_at = now()"))


EDIT = "UPDATE usage_report_lines SET comment = 'x', version = "
SAVED = "UPDATE usage_reports SET version = version + 1"
NEW_LINE = """
INSERT INTO usage_report_lines (report_id, account_id, distributor_id, msp_id, version, product_id, sku, product_name,
  unit, "precision", usage_source, minor_unit, tolerance_units, tolerance_percent, penalised, declared_units)
SELECT report_id, account_id, distributor_id, msp_id, {version}, product_id, sku, product_name,
  unit, "precision", usage_source, minor_unit, {tolerance}, tolerance_percent, {penalised}, {declared}
FROM usage_report_lines LIMIT 1"""


def new_line(version: int = 2, tolerance: str = "tolerance_units", penalised: str = "false") -> str:
    declared = "1" if penalised == "true" else "NULL"
    return NEW_LINE.format(version=version, tolerance=tolerance, penalised=penalised, declared=declared)


@pytest.mark.parametrize("change", [EDIT + "2", "DELETE FROM usage_report_lines", new_line(2)])
def test_lines_do_not_change_without_a_new_version_of_the_report(report: ReportRow, change: str) -> None:
    refused(change, "without a new version of the report")


def test_a_line_does_not_join_a_version_committed_before(report: ReportRow) -> None:
    refused(new_line(1), "lines are added only while")


def test_lines_do_not_change_again_at_a_version_committed_before(story: Story, report: ReportRow) -> None:
    given = [LineDraft(story.lines(report)[0].uid, comment="x")]
    drafts.save_lines(story.report(report), given, story.by(story.preparer), AT)
    db.session.commit()
    refused(new_line(2), "lines are added only while")


@pytest.mark.parametrize("change", [EDIT + "2", "DELETE FROM usage_report_lines", new_line(2)])
@pytest.mark.parametrize("lines_first", [True, False])
def test_lines_change_before_or_after_their_report(report: ReportRow, change: str, lines_first: bool) -> None:
    act("save")
    for statement in (change, SAVED) if lines_first else (SAVED, change):
        db.session.execute(text(statement))
    db.session.commit()
    assert db.session.scalar(text("SELECT version FROM usage_reports")) == 2


def test_a_savepoint_is_of_the_same_version(report: ReportRow) -> None:
    act("save")
    db.session.execute(text(SAVED))
    with db.session.begin_nested():
        db.session.execute(text(EDIT + "2"))
    db.session.commit()
    assert db.session.scalar(text("SELECT comment FROM usage_report_lines")) == "x"


def test_a_trigger_of_the_services_own_changes_no_invoiced_report(url: str, story: Story, report: ReportRow) -> None:
    submit(story, report)
    steps.approve(story.report(report), story.by(story.reviewer), AT)
    steps.invoice(story.report(report), story.by(story.admin), AT)
    db.session.commit()
    db.session.execute(text("CREATE TEMP TABLE lever (id int)"))
    db.session.execute(
        text("""CREATE FUNCTION pg_temp.pull() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN UPDATE usage_reports SET due_at = now(); RETURN NEW; END $$""")
    )
    db.session.execute(text("CREATE TRIGGER pull AFTER INSERT ON lever FOR EACH ROW EXECUTE FUNCTION pg_temp.pull()"))
    refused("INSERT INTO lever VALUES (1)", "invoiced report never changes")


def test_a_trigger_of_the_services_own_moves_nothing_past_the_guard(report: ReportRow) -> None:
    db.session.execute(text("CREATE TEMP TABLE lever (id int)"))
    db.session.execute(
        text("""CREATE FUNCTION pg_temp.pull() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN UPDATE usage_reports SET due_at = now(); RETURN NEW; END $$""")
    )
    db.session.execute(text("CREATE TRIGGER pull AFTER INSERT ON lever FOR EACH ROW EXECUTE FUNCTION pg_temp.pull()"))
    refused("INSERT INTO lever VALUES (1)", "raises the version by one")


def test_no_action_is_written_ahead_of_its_report(report: ReportRow) -> None:
    refused(ACTION, "does not follow", step="save", source="msp_preparing", target="msp_preparing")


def test_a_report_does_not_pass_through_a_status_without_an_action(report: ReportRow) -> None:
    db.session.execute(
        text(f"""{SAVED}, status = 'under_review', submitted_at = now(), submission_kind = 'manual',
        submitted_from = 'msp_preparing'""")
    )
    act("approve", "under_review", "approved")
    refused(f"{SAVED}, status = 'approved', decided_at = now()", "does not follow")


def test_one_waiver_takes_the_penalty_of_one_line(story: Story) -> None:
    report = story.open(("40", "30"), ("50", "20"))
    automatic.submit_due([report.id], report.due_at, system())
    db.session.commit()
    waiver = """UPDATE usage_report_lines SET chargeable_units = declared_units, declared_units = NULL,
                penalised = false, waived_reason = 'x', system_note = NULL, version = 3"""
    act("waive", "under_review")
    db.session.execute(text(SAVED))
    refused(waiver, "cannot change this way")


def test_a_waiver_written_down_waives_something(story: Story) -> None:
    report = story.open(("40", "30"))
    automatic.submit_due([report.id], report.due_at, system())
    db.session.commit()
    act("waive", "under_review")
    refused(SAVED, "does not follow")


def test_one_waiver_is_not_stretched_by_a_second_statement(story: Story) -> None:
    report = story.open(("40", "30"), ("50", "20"))
    automatic.submit_due([report.id], report.due_at, system())
    db.session.commit()
    first, second = story.lines(report)
    steps.waive(story.report(report), first.uid, story.by(story.reviewer), AT, reason="Agreed")
    refused(
        """UPDATE usage_report_lines SET chargeable_units = declared_units, declared_units = NULL,
           penalised = false, waived_reason = 'x', version = 3 WHERE id = :line""",
        "cannot change this way",
        line=second.id,
    )


@pytest.mark.parametrize(
    "sets",
    [
        "invoiced_at = NULL, due_at = due_at + interval '1 day'", "submitted_at = now()", "decided_at = now()",
        "submission_kind = 'automatic'", "rejected_before = true", "endorsed_by = 1, endorsed_at = now()",
    ],
)  # fmt: skip
def test_a_saved_draft_sets_nothing_that_belongs_to_another_step(report: ReportRow, sets: str) -> None:
    act("save")
    refused(f"{SAVED}, {sets}", "has set what it may not")


def test_an_endorsement_falls_with_the_figures(story: Story, report: ReportRow) -> None:
    submit(story, report)
    act("endorse", "under_review")
    refused(f"{SAVED}, endorsed_by = {story.reviewer.user_id}, endorsed_at = now()", "has set what it may not")


def test_a_report_is_not_submitted_automatically_before_it_is_due(story: Story) -> None:
    story.open(("40", None), at=OPENED_AT.replace(year=2200))
    db.session.commit()
    act("auto_submit", "msp_preparing", "under_review")
    moved = """, status = 'under_review', submitted_from = 'msp_preparing', submission_kind = 'automatic',
        submitted_at = (SELECT max(at) FROM report_actions)"""
    refused(SAVED + moved, "has set what it may not")


def test_a_new_line_carries_the_reports_terms(report: ReportRow) -> None:
    act("save")
    refused(new_line(2, tolerance="99"), "plain ones")


def test_a_new_line_carries_no_penalty(report: ReportRow) -> None:
    act("save")
    refused(new_line(2, penalised="true"), "plain ones")


def test_a_saved_draft_penalises_nothing(report: ReportRow) -> None:
    act("save")
    db.session.execute(text("UPDATE usage_report_lines SET penalised = true, declared_units = 1, version = 2"))
    refused(SAVED, "penalties and estimates come with automatic submission")
