"""What reports make of usage that comes while they are open, under review or back again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from distributor.database import db
from distributor.delivery.models import Notification
from distributor.identity.acting import acting, system
from distributor.usage_reports import queries
from distributor.usage_reports.operations import automatic, drafts, steps
from distributor.usage_reports.operations.drafts import LineDraft
from distributor.usage_reports.operations.usage import apply_usage, pending_usage
from distributor.usage_reports.queries import LineRow, ReportRow
from tests.distributor.provisioning.deliveries import AT, deliver, report_of, usage_file
from tests.factories import CYCLE, OPENED_AT, Story, product

LATER = AT + timedelta(hours=1)


@pytest.fixture
def story(app: Flask) -> Story:
    story = Story()
    product(story.distributor, "E3")
    return story


def opened(story: Story, *rows: tuple[str, str, str]) -> ReportRow:
    deliver(story, usage_file(*rows), at=OPENED_AT)
    return story.open_cycle(CYCLE, OPENED_AT)


def line_of(story: Story, customer: str) -> LineRow:
    (line,) = [line for line in story.lines(report_of(story)) if line.customer_name == customer]
    return line


def change(story: Story, customer: str, units: str, comment: str | None = None) -> None:
    draft = LineDraft(line_of(story, customer).uid, chargeable_units=units, comment=comment)
    drafts.save_lines(report_of(story), [draft], story.by(story.preparer), AT)


def figures(story: Story) -> dict[str | None, tuple[int | None, int | None]]:
    """Provisioned and chargeable units by customer."""
    lines = story.lines(report_of(story))
    return {line.customer_name: (line.provisioned_units, line.chargeable_units) for line in lines}


def test_lines_of_an_editable_report_follow_in_one_new_version(story: Story) -> None:
    opened(story, ("Acme", "E3", "10"), ("Bolt", "E3", "4"))
    result = deliver(story, usage_file(("Acme", "E3", "12"), ("Core", "E3", "1")))
    assert figures(story) == {"Acme": (12, 12), "Core": (1, 1)}
    assert result.report is not None
    assert (result.report.refreshed, result.report.lines, report_of(story).version) == (True, 3, 2)
    history = {(change.field, change.old, change.new) for change in queries.changes(report_of(story).id)}
    assert {("provisioned_units", "10", "12"), ("added", None, "1"), ("removed", "4", None)} <= history
    db.session.commit()


def test_the_same_file_again_leaves_the_version_alone(story: Story) -> None:
    opened(story, ("Acme", "E3", "10"))
    deliver(story, usage_file(("Acme", "E3", "12")))
    result = deliver(story, usage_file(("Acme", "E3", "12")), at=LATER)
    assert result.report is not None
    assert (result.report.refreshed, report_of(story).version) == (False, 2)
    assert "nothing changed" in (result.report.why or "")


def test_a_dry_run_tells_that_the_report_would_follow(story: Story) -> None:
    opened(story, ("Acme", "E3", "10"))
    result = deliver(story, usage_file(("Acme", "E3", "12")), dry_run=True)
    assert result.report is not None
    assert (result.report.refreshed, result.report.lines) == (True, 1)
    assert (report_of(story).version, figures(story)) == (1, {"Acme": (10, 10)})


def test_late_usage_fills_lines_that_were_unknown(story: Story) -> None:
    opened(story, ("Acme", "E3", "10"), ("Bolt", "E3", "4"))
    november = CYCLE.next()
    story.open_cycle(november, OPENED_AT + timedelta(days=31))
    unknown = story.lines(report_of(story, november))
    assert [(line.provisioned_units, line.chargeable_units) for line in unknown] == [(None, None), (None, None)]
    deliver(story, usage_file(("Acme", "E3", "11")), cycle=november, at=OPENED_AT + timedelta(days=32))
    assert [(line.customer_name, line.chargeable_units) for line in story.lines(report_of(story, november))] == [
        ("Acme", 11)
    ]
    db.session.commit()


def test_what_the_msp_changed_stays_while_the_provisioned_units_move(story: Story) -> None:
    opened(story, ("Acme", "E3", "10"), ("Bolt", "E3", "4"))
    change(story, "Acme", "8", "Two left")
    deliver(story, usage_file(("Acme", "E3", "12"), ("Bolt", "E3", "5")))
    assert figures(story) == {"Acme": (12, 8), "Bolt": (5, 5)}


def test_a_line_that_went_stays_at_zero_where_the_msp_had_touched_it(story: Story) -> None:
    opened(story, ("Acme", "E3", "10"), ("Bolt", "E3", "4"))
    change(story, "Acme", "8", "Two left")
    deliver(story, usage_file())
    assert figures(story) == {"Acme": (0, 8)}
    assert deliver(story, usage_file(), at=LATER).report.refreshed is False  # type: ignore[union-attr]  # it is open


def test_two_sources_add_up_and_go_one_by_one(story: Story) -> None:
    opened(story, ("Acme", "E3", "10"))
    deliver(story, usage_file(("Acme", "E3", "5"), ("Bolt", "E3", "1"), source="crm"))
    assert figures(story) == {"Acme": (15, 15), "Bolt": (1, 1)}
    deliver(story, usage_file(("Acme", "E3", "2")))
    assert figures(story) == {"Acme": (7, 7), "Bolt": (1, 1)}
    deliver(story, usage_file(source="crm"))
    assert figures(story) == {"Acme": (2, 2)}
    db.session.commit()


def test_accepted_lines_are_frozen_against_imports(story: Story) -> None:
    report = opened(story, ("Acme", "E3", "10"), ("Bolt", "E3", "4"))
    steps.submit(report, story.by(story.preparer), AT)
    note = {line_of(story, "Bolt").uid: "Is that all?"}
    steps.reject(report_of(story), story.by(story.reviewer), AT, reason="One line", notes=note)
    deliver(story, usage_file(("Acme", "E3", "99"), ("Bolt", "E3", "5")))
    assert figures(story) == {"Acme": (10, 10), "Bolt": (5, 5)}
    db.session.commit()


def test_an_import_answers_no_note(story: Story) -> None:
    report = opened(story, ("Acme", "E3", "10"))
    steps.submit(report, story.by(story.preparer), AT)
    note = {line_of(story, "Acme").uid: "Is that all?"}
    steps.reject(report_of(story), story.by(story.reviewer), AT, reason="One line", notes=note)
    deliver(story, usage_file(("Acme", "E3", "12")))
    assert (line_of(story, "Acme").note_answered, report_of(story).unexplained) == (False, 1)


def test_a_report_under_review_keeps_its_lines_and_the_import_is_kept(story: Story) -> None:
    report = opened(story, ("Acme", "E3", "10"))
    steps.submit(report, story.by(story.preparer), AT)
    result = deliver(story, usage_file(("Acme", "E3", "12")), at=LATER)
    assert result.report is not None
    assert (result.changed, result.report.refreshed, result.report.status) == (1, False, "under_review")
    assert "Under review" in (result.report.why or "")
    assert (figures(story), report_of(story).version) == ({"Acme": (10, 10)}, 2)
    db.session.commit()


def test_usage_that_came_while_locked_is_offered_and_taken_over_by_the_msp(story: Story) -> None:
    report = opened(story, ("Acme", "E3", "10"))
    steps.submit(report, story.by(story.preparer), AT)
    deliver(story, usage_file(("Acme", "E3", "12")), at=LATER)
    steps.recall(report_of(story), story.by(story.preparer), LATER)
    assert (figures(story), pending_usage(report_of(story))) == ({"Acme": (10, 10)}, LATER)
    apply_usage(report_of(story), story.by(story.preparer), LATER + timedelta(hours=1))
    assert (figures(story), pending_usage(report_of(story))) == ({"Acme": (12, 12)}, None)
    db.session.commit()


def test_usage_that_changes_no_line_is_not_offered(story: Story) -> None:
    opened(story, ("Acme", "E3", "10"))
    deliver(story, usage_file(("Acme", "E3", "10"), counted_at=LATER), at=LATER)
    assert (report_of(story).version, pending_usage(report_of(story))) == (1, None)


def test_an_approved_and_an_invoiced_report_never_follow(story: Story) -> None:
    report = opened(story, ("Acme", "E3", "10"))
    steps.submit(report, story.by(story.preparer), AT)
    steps.approve(report_of(story), story.by(story.reviewer), AT)
    assert deliver(story, usage_file(("Acme", "E3", "12"))).report.status == "approved"  # type: ignore[union-attr]  # it is open
    steps.invoice(report_of(story), story.by(story.admin), AT)
    result = deliver(story, usage_file(("Acme", "E3", "13")))
    assert "invoiced" in (result.report.why or "")  # type: ignore[union-attr]  # it is open
    assert figures(story) == {"Acme": (10, 10)}
    db.session.commit()


def test_lines_keep_the_name_a_customer_had(story: Story) -> None:
    opened(story, ("Acme", "E3", "10"))
    deliver(story, usage_file(("ACME", "E3", "10")))
    assert list(figures(story)) == ["Acme"]


def test_a_line_added_by_hand_meets_the_usage_that_comes_after_all(story: Story) -> None:
    report = story.open_cycle()
    new = drafts.NewLine("E3", "9", "acme", "Acme", "The feed is down")
    drafts.add_line(report, new, story.by(story.preparer), AT)
    deliver(story, usage_file(("Acme", "E3", "12")))
    assert figures(story) == {"Acme": (12, 9)}


def test_the_distributor_hears_once_of_a_line_without_a_price(story: Story) -> None:
    opened(story, ("Acme", "E3", "10"))
    product(story.distributor, "FREE", price=None)
    for units in ("1", "2"):
        result = deliver(story, usage_file(("Acme", "E3", "10"), ("Acme", "FREE", units)))
    told = db.session.scalars(select(Notification.recipient).filter_by(event="unpriced")).all()
    assert (list(told), report_of(story).missing_prices) == ([story.admin.email], 1)
    assert "Without a price in EUR: FREE." in result.warnings[-1]


def test_a_report_submitted_automatically_leaves_late_usage_for_later(story: Story) -> None:
    report = opened(story, ("Acme", "E3", "10"))
    automatic.submit_due([report.id], report.due_at, system())
    result = deliver(story, usage_file(("Acme", "E3", "12")), at=report.due_at)
    assert result.report is not None
    assert (result.report.refreshed, figures(story)) == (False, {"Acme": (10, 10)})


def test_a_reviewer_may_deliver_usage_and_stands_in_the_history(story: Story) -> None:
    opened(story, ("Acme", "E3", "10"))
    deliver(story, usage_file(("Acme", "E3", "12")), acting=acting(story.reviewer, story.account))
    action = queries.history(report_of(story).id)[0]
    assert (action.step, action.actor_name, action.details["changed"]) == ("refresh", story.reviewer.name, 1)
