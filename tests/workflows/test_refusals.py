"""What refusals say: to whom a step belongs, which lines are meant, and what an attempt leaves unsaid."""

import pytest

from tests.workflows.builders import LINE, NOW, PREPARER, report
from workflows.conditions import Attempt, check_demands
from workflows.errors import (
    CommentRequired,
    FiguresMissing,
    LinesRefused,
    NilNotConfirmed,
    NotPermitted,
    PricesMissing,
)
from workflows.usage_report import Step, fire

NAMED = "Shannon Freight Group, Worry-Free Services Advanced (WFS-ADV-S)"
DEMANDS = {
    LinesRefused: ("cannot stay as it is", "cannot stay as they are"),
    CommentRequired: ("is still to be explained", "are still to be explained"),
    FiguresMissing: ("is without chargeable units", "are without chargeable units"),
    PricesMissing: ("is without a price", "are without a price"),
}


def test_a_step_of_others_names_who_may_take_it() -> None:
    with pytest.raises(NotPermitted) as caught:
        fire(report(), Step.APPROVE, PREPARER, NOW)
    assert caught.value.message == ("Your role does not include the step “Approve”. That is for: distributor reviewer.")


def test_where_nobody_is_named_the_sentence_ends_early() -> None:
    assert NotPermitted(Step.SAVE).message == "Your role does not include the step “Save draft”."


@pytest.mark.parametrize("refusal", DEMANDS)
def test_refused_lines_are_counted_and_each_can_be_told_by_itself(refusal: type[LinesRefused]) -> None:
    one, many = DEMANDS[refusal]
    refused = refusal([LINE])
    assert refused.message.startswith(f"1 line {one}")
    assert refused.message.endswith(f": {NAMED}.")
    assert refusal([LINE], 2).message.startswith(f"2 lines {many}")
    assert refused.of_line(LINE).startswith(f"{NAMED} {one}")


def test_an_attempt_that_does_not_say_so_confirms_no_empty_report() -> None:
    with pytest.raises(NilNotConfirmed):
        check_demands(Attempt(report(line_count=0), Step.SUBMIT, PREPARER, NOW))
