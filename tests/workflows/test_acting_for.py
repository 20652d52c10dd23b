"""In whose name a step is taken by somebody who acts for colleagues."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from tests.workflows.builders import NOW, report
from workflows.errors import EndorsementRequired, NotPermitted
from workflows.usage_report import RULES, Absent, Actor, Role, Side, Status, Step, actions_for, fire

OVER_LIMIT: dict[str, Any] = {"amount": Decimal("100.01"), "approval_limit": Decimal(100)}
NIAMH, OWEN, TOMAS = 1, 2, 3
REVIEWER, VIEWER = frozenset({Role.REVIEWER}), frozenset({Role.VIEWER})


def substitute(*absent: Absent, own: frozenset[Role] = VIEWER) -> Actor:
    return Actor(Side.DISTRIBUTOR, own.union(*(one.roles for one in absent)), TOMAS, own, absent)


ONE = substitute(Absent(NIAMH, REVIEWER))
TWO = substitute(Absent(NIAMH, REVIEWER), Absent(OWEN, REVIEWER))


@pytest.mark.parametrize(
    ("actor", "name"),
    [
        (ONE, NIAMH),
        (TWO, NIAMH),
        (substitute(Absent(NIAMH, VIEWER), Absent(OWEN, REVIEWER)), OWEN),
        (substitute(Absent(NIAMH, REVIEWER), own=REVIEWER), None),
        (Actor(Side.DISTRIBUTOR, REVIEWER, TOMAS), None),
    ],
)
def test_a_step_is_taken_in_the_name_of_who_lends_the_role_unless_ones_own_will_do(
    actor: Actor, name: int | None
) -> None:
    event = fire(report(Status.UNDER_REVIEW), Step.APPROVE, actor, NOW)
    assert event.in_name_of == name


def test_lent_roles_count_on_their_own_side_only() -> None:
    with pytest.raises(NotPermitted):
        fire(report(Status.UNDER_REVIEW), Step.APPROVE, replace(ONE, side=Side.MSP), NOW)
    assert RULES[Step.SUBMIT].in_name_of(ONE) is None


@pytest.mark.parametrize(
    ("endorsement", "actor"),
    [
        ({"endorsed_by": NIAMH}, ONE),
        ({"endorsed_by": 9, "endorsed_for": NIAMH}, ONE),
        ({"endorsed_by": TOMAS, "endorsed_for": NIAMH}, TWO),
        ({"endorsed_by": TOMAS, "endorsed_for": NIAMH}, Actor(Side.DISTRIBUTOR, REVIEWER, NIAMH)),
        ({"endorsed_by": OWEN, "endorsed_for": NIAMH}, TWO),
    ],
)
def test_nobody_who_stands_behind_the_endorsement_approves_in_person_or_in_name(
    endorsement: dict[str, int], actor: Actor
) -> None:
    state = report(Status.UNDER_REVIEW, **OVER_LIMIT, **endorsement)
    with pytest.raises(EndorsementRequired, match="somebody else"):
        fire(state, Step.APPROVE, actor, NOW)
    assert Step.APPROVE not in actions_for(state, actor, NOW)


@pytest.mark.parametrize(("actor", "name"), [(TWO, OWEN), (substitute(Absent(NIAMH, REVIEWER), own=REVIEWER), None)])
def test_there_is_a_way_in_the_name_of_somebody_else_or_in_ones_own(actor: Actor, name: int | None) -> None:
    state = report(Status.UNDER_REVIEW, **OVER_LIMIT, endorsed_by=NIAMH)
    assert fire(state, Step.APPROVE, actor, NOW).in_name_of == name


def test_endorsing_takes_the_first_of_those_who_lend() -> None:
    assert fire(report(Status.UNDER_REVIEW, **OVER_LIMIT), Step.ENDORSE, TWO, NOW).in_name_of == NIAMH
