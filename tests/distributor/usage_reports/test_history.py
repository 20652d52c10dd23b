"""The history in words: whoever may take a step, by rule, is told of in a sentence of its own."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask

from distributor.identity.acting import system
from distributor.usage_reports.history import ICONS, history_of, own_words, words
from distributor.usage_reports.operations import drafts, steps
from distributor.usage_reports.operations import usage as taking_usage
from tests.factories import CYCLE, OPENED_AT, Story, customer, product, usage
from workflows.usage_report import STEPS, Side, StepRule

AT = OPENED_AT + timedelta(days=1)


@pytest.fixture
def story(app: Flask) -> Story:
    return Story()


@pytest.mark.parametrize("by_system", [True, False], ids=["system", "person"])
@pytest.mark.parametrize("rule", STEPS, ids=lambda rule: str(rule.step))
def test_every_step_that_somebody_may_take_has_its_words(app: Flask, rule: StepRule, by_system: bool) -> None:
    sides = {side for side, _ in rule.who}
    permitted = Side.SYSTEM in sides if by_system else bool(sides - {Side.SYSTEM})
    action = SimpleNamespace(step=str(rule.step), details={})
    with app.test_request_context():
        if permitted:
            said = (own_words if by_system else words)(action)
            assert said
            assert said.endswith(" by") is not by_system
    assert str(rule.step) in ICONS


def test_reports_invoiced_by_command_are_told_of(app: Flask, story: Story) -> None:
    report = story.open(("40", None))
    steps.submit(report, story.by(story.preparer), AT)
    steps.approve(story.report(report), story.by(story.reviewer), AT)
    steps.invoice(story.report(report), system("command"), AT)
    with app.test_request_context():
        entry = history_of(story.report(report))[0]
    assert (entry.text, entry.actor, entry.via) == ("Marked as invoiced", "", "by command")


def test_adding_removing_and_taking_usage_over_are_called_what_they_are(app: Flask, story: Story) -> None:
    product(story.distributor, "HAND-1", usage_source="manual")
    report, by = story.open(("40", None)), story.by(story.preparer)
    _, line = drafts.add_line(report, drafts.NewLine("HAND-1", "7", "new"), by, AT)
    drafts.remove_line(story.report(report), line, by, AT)
    usage(story.account, [(customer(story.account), product(story.distributor), "3", None)], cycle=CYCLE, at=AT)
    taking_usage.apply_usage(story.report(report), by, AT)
    assert told(app, story.report(report)) == [
        "Newer usage taken over by", "Line of HAND-1 removed by", "Line of HAND-1 added by",
    ]  # fmt: skip


def told(app: Flask, report: Any) -> list[str]:
    """The words of every action but the opening, newest first."""
    with app.test_request_context():
        return [entry.text for entry in history_of(report)][:-1]


def drafted(story: Story, report: Any, line: int, units: str, minutes: int) -> None:
    """The preparer saves a figure so many minutes after the report was opened for a day."""
    draft = drafts.LineDraft(story.lines(report)[line].uid, chargeable_units=units)
    drafts.save_lines(story.report(report), [draft], story.by(story.preparer), AT + timedelta(minutes=minutes))


def test_what_one_person_saves_in_half_an_hour_is_one_entry_from_first_to_last(app: Flask, story: Story) -> None:
    report = story.open(("40", None), ("12", None))
    for minutes, units in enumerate(("39", "38", "37")):
        drafted(story, report, 0, units, minutes)
    drafted(story, report, 1, "11", 4)
    with app.test_request_context():
        entry, _opened = history_of(story.report(report))
    assert (entry.text, entry.version) == ("Draft saved, 2 lines changed by", 5)
    assert {(change.old, change.new) for change in entry.changes} == {("40", "37"), ("12", "11")}


def test_a_figure_that_came_back_is_no_change_of_its_sitting(app: Flask, story: Story) -> None:
    report = story.open(("40", None), ("12", None))
    drafted(story, report, 0, "39", 0)
    drafted(story, report, 1, "11", 1)
    drafted(story, report, 0, "40", 2)
    with app.test_request_context():
        entry, _opened = history_of(story.report(report))
    assert [(change.old, change.new) for change in entry.changes] == [("12", "11")]


def test_another_sitting_and_another_step_begin_an_entry_of_their_own(app: Flask, story: Story) -> None:
    report = story.open(("40", None))
    drafted(story, report, 0, "39", 0)
    drafted(story, report, 0, "40", 31)
    steps.submit(story.report(report), story.by(story.preparer), AT + timedelta(minutes=32))
    steps.recall(story.report(report), story.by(story.preparer), AT + timedelta(minutes=33))
    drafted(story, report, 0, "38", 34)
    assert [words.removesuffix(" by") for words in told(app, report)] == [
        "Draft saved, 1 line changed", "Recalled", "Submitted", "Draft saved, 1 line changed",
        "Draft saved, 1 line changed",
    ]  # fmt: skip
