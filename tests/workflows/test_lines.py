"""Tolerance, discrepancies, what needs an explanation, and what automatic submission charges."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from workflows.units import (
    BLANKS,
    LineState,
    charge_automatically,
    default_chargeable,
    difference,
    estimate,
    figure_in_question,
    has_discrepancy,
    is_accepted_by_rejection,
    is_blank,
    is_explained,
    is_unexplained,
    over_provisioned_percent,
    penalise,
    restore,
    tolerance_limit,
    waive,
)


def line(provisioned: int | None, chargeable: int | None, comment: str | None = None, **changes: Any) -> LineState:
    return replace(
        LineState(),
        provisioned_units=None if provisioned is None else Decimal(provisioned),
        chargeable_units=None if chargeable is None else Decimal(chargeable),
        comment=comment,
        **changes,
    )


def hand_counted(chargeable: int | None, **changes: Any) -> LineState:
    return line(None, chargeable, usage_source="manual", **changes)


def tolerance(units: int, percent: int) -> dict[str, Any]:
    return {"tolerance_units": Decimal(units), "tolerance_percent": Decimal(percent)}


@pytest.mark.parametrize(
    ("case", "discrepancy", "unexplained"),
    [
        (line(40, 40), False, False),
        (line(400, 300, used_units=Decimal(290)), True, True),
        (line(400, 300, "100 seats were a trial that ended on 3 Oct"), True, False),
        (line(200, 195, **tolerance(0, 5)), False, False),
        (line(200, 190, **tolerance(0, 5)), False, False),
        (line(200, 189, **tolerance(0, 5)), True, True),
        (line(3, 2, **tolerance(1, 5)), False, False),
        (line(3, 1, **tolerance(1, 5)), True, True),
        (line(10, 12), True, True),
        (line(10, 8, "   "), True, True),
        (line(0, 1, **tolerance(0, 100)), True, True),
        (line(None, 5), False, True),
        (line(None, 5, "counted by hand"), False, False),
        (line(None, None), False, False),
        (hand_counted(5), False, False),
        (line(40, None), False, False),
    ],
)
def test_a_line_is_a_discrepancy_and_unexplained_as_the_examples_say(
    case: LineState, discrepancy: bool, unexplained: bool
) -> None:
    assert (has_discrepancy(case), is_unexplained(case)) == (discrepancy, unexplained)


def test_an_open_note_wants_an_answer_even_where_figures_agree_and_a_comment_stands() -> None:
    noted = line(40, 40, "as every month", reviewer_note="Send the order, please")
    assert is_unexplained(noted)
    assert not is_unexplained(replace(noted, note_answered=True))


def test_an_answered_note_does_not_explain_a_discrepancy() -> None:
    assert is_unexplained(line(400, 300, reviewer_note="Why?", note_answered=True))


@pytest.mark.parametrize(
    ("limit", "provisioned", "chargeable", "explained"),
    [
        (-100, 400, 300, True),
        (-100, 400, 350, True),
        (-100, 400, 299, False),
        (-100, 400, 401, False),
        (3, 12, 15, True),
        (3, 12, 16, False),
        (3, 12, 9, False),
        (-100, 400, 400, True),
        (-100, None, 300, False),
        (-100, 400, None, False),
    ],
)
def test_words_carried_here_explain_as_far_as_they_were_given(
    limit: int, provisioned: int | None, chargeable: int | None, explained: bool
) -> None:
    assert is_explained(line(provisioned, chargeable, "A depot", carried_limit=Decimal(limit))) is explained


def test_a_line_that_outgrew_the_words_it_was_given_is_unexplained_and_charged() -> None:
    outgrown = line(400, 290, "A depot", carried_limit=Decimal(-100))
    assert is_unexplained(outgrown)
    assert charge(charged(outgrown)) == (400, 290, True, False)


def test_words_carried_to_a_line_of_unknown_units_explain_nothing() -> None:
    assert is_unexplained(line(None, 5, "A depot", carried_limit=Decimal(-100)))


def test_ones_own_words_explain_whatever_the_difference_is() -> None:
    assert is_explained(line(400, 1, "A depot"))


def test_a_waived_line_is_explained() -> None:
    assert not is_unexplained(line(400, 300, waived_reason="agreed", reviewer_note="Why?"))


def test_the_distance_from_provisioned_is_known_only_when_both_figures_are() -> None:
    assert difference(Decimal(400), Decimal(300)) == -100
    assert difference(None, Decimal(300)) is None
    assert difference(Decimal(400), None) is None


def test_the_larger_of_units_and_percent_is_tolerated() -> None:
    assert tolerance_limit(Decimal(200), Decimal(2), Decimal(5)) == 10
    assert tolerance_limit(Decimal(20), Decimal(2), Decimal(5)) == 2


@pytest.mark.parametrize(
    ("provisioned", "used", "percent"),
    [(400, 290, "27.5"), (400, 500, "-25"), (0, 0, None), (400, None, None), (None, 3, None)],
)
def test_the_over_provisioned_percentage_needs_both_counts(
    provisioned: int | None, used: int | None, percent: str | None
) -> None:
    counts = (None if units is None else Decimal(units) for units in (provisioned, used))
    assert over_provisioned_percent(*counts) == (percent and Decimal(percent))


def test_chargeable_units_start_as_used_else_provisioned_units() -> None:
    assert default_chargeable(Decimal(0), Decimal(40)) == 0
    assert default_chargeable(None, Decimal(40)) == 40
    assert default_chargeable(None, None) is None


@pytest.mark.parametrize("text", [None, "", "   ", "\t\r\n", "\u00a0\u2003", "\u200b\ufeff", BLANKS])
def test_white_space_is_no_comment(text: str | None) -> None:
    assert is_blank(text)


def test_any_visible_character_is_a_comment() -> None:
    assert not is_blank(" . ")


def test_every_character_python_calls_white_space_is_blank() -> None:
    assert not [char for char in map(chr, range(0x11000)) if char.isspace() and char not in BLANKS]


def charge(case: LineState) -> tuple[Any, Any, bool, bool]:
    """Chargeable and declared units, penalised, estimated."""
    return case.chargeable_units, case.declared_units, case.penalised, case.estimated


def charged(case: LineState, last: int | None = None, *, rejected_before: bool = False) -> LineState:
    return charge_automatically(case, None if last is None else Decimal(last), Decimal(10), rejected_before)


@pytest.mark.parametrize(
    ("case", "chargeable", "declared", "penalised"),
    [
        (line(400, 300), 400, 300, True),
        (line(400, 300, "given"), 300, None, False),
        (line(10, 12), 12, 12, True),
        (line(40, 40), 40, None, False),
        (line(40, 40, reviewer_note="Why?"), 40, 40, True),
        (line(400, 300, waived_reason="agreed"), 300, None, False),
        (hand_counted(7, reviewer_note="Why?"), 7, 7, True),
    ],
)
def test_unexplained_lines_are_charged_on_provisioned_units(
    case: LineState, chargeable: int, declared: int | None, penalised: bool
) -> None:
    after = charged(case, last=99)
    assert charge(after) == (chargeable, declared, penalised, False)


@pytest.mark.parametrize(("last", "chargeable"), [(9, 9), (3, 5), (None, 5)])
def test_a_feed_line_without_provisioned_units_is_charged_at_least_the_last_approved_ones(
    last: int | None, chargeable: int
) -> None:
    after = charged(line(None, 5), last)
    assert charge(after) == (chargeable, 5, True, False)


@pytest.mark.parametrize(
    ("last", "uplift", "precision", "units"),
    [
        (100, "10", 0, "110"),
        (101, "10", 0, "112"),
        (100, "0", 0, "100"),
        (7, "2.5", 2, "7.18"),
        (0, "10", 0, "0"),
    ],
)
def test_a_missing_figure_is_estimated_from_the_last_approved_one_rounded_up(
    last: int, uplift: str, precision: int, units: str
) -> None:
    assert str(estimate(Decimal(last), Decimal(uplift), precision, False)) == units


@pytest.mark.parametrize("case", [line(None, None), hand_counted(None)])
def test_an_estimate_is_marked_and_declares_nothing(case: LineState) -> None:
    after = charged(case, 101)
    assert charge(after) == (112, None, False, True)


def test_without_an_earlier_figure_a_line_stays_unknown_until_a_rejection() -> None:
    unknown = hand_counted(None)
    assert charged(unknown) == unknown
    after = charged(unknown, rejected_before=True)
    assert charge(after) == (0, None, False, True)


def test_an_unknown_line_with_an_open_note_is_estimated_and_penalised() -> None:
    after = charged(line(None, None, reviewer_note="Count them"), 100, rejected_before=True)
    assert charge(after) == (110, None, True, True)


def test_a_penalised_line_stays_a_discrepancy_judged_on_what_was_declared() -> None:
    after = charged(line(400, 300))
    assert figure_in_question(after) == 300
    assert (has_discrepancy(after), is_unexplained(after)) == (True, True)


def test_penalising_twice_changes_nothing_more() -> None:
    once = penalise(line(400, 300))
    assert penalise(once) == once


@pytest.mark.parametrize("case", [line(400, 300), line(10, 12), line(None, None), line(None, 5)])
def test_sending_a_report_back_restores_what_the_msp_had_declared(case: LineState) -> None:
    assert restore(charged(case, 100)) == case


def test_a_waiver_lets_the_msps_figure_count_and_explains_it() -> None:
    waived = waive(charged(line(400, 300)), "agreed by phone")
    assert charge(waived) == (300, None, False, False)
    assert not is_unexplained(waived)


@pytest.mark.parametrize(
    ("case", "accepted"),
    [
        (line(40, 40), True),
        (line(400, 300, "explained"), True),
        (line(40, 40, reviewer_note="Why?"), False),
        (charged(line(400, 300)), False),
        (charged(line(None, None), 100), False),
        (line(None, None), False),
    ],
)
def test_a_rejection_with_notes_accepts_the_lines_in_order(case: LineState, accepted: bool) -> None:
    assert is_accepted_by_rejection(case, any_notes=True) is accepted
    assert not is_accepted_by_rejection(case, any_notes=False)
