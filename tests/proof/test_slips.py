"""Mutants and planted bugs in their short form: a handful of each, and that every planted bug still has its place."""

from __future__ import annotations

import pytest

from tests.proof import mutants, planted
from tests.proof.equivalent import EQUIVALENT
from tests.proof.ground import Ground
from tests.proof.mutating import mutants_of
from tests.proof.trials import ROOT, uncaught

RULES = "workflows/units.py"
CHOSEN = (
    "tolerance_limit: max(tolerance_units, EXACT.multiply(provisioned, tolerance_percent) / ONE_HUNDRED)",
    "is_unexplained: line.waived_reason is not None → line.waived_reason is None",
    "has_open_note: line.reviewer_note is not None and (not line.note_answered)",
    "penalise: True → False",
)
PLANTED = ("a penalty lowers the bill", "amounts are rounded half to even", "one reviewer endorses and approves")


@pytest.fixture(scope="module")
def on(cluster: str, template: str) -> Ground:
    return Ground(cluster, template)


def test_the_tests_notice_slips_in_the_rules(on: Ground) -> None:
    chosen = [slip for slip in mutants.slips([RULES]) if slip.mutant.name.startswith(CHOSEN)]
    assert len(chosen) >= 3
    assert uncaught(on, mutants.trials(chosen)) == []


def test_the_tests_notice_bugs_that_people_make(on: Ground) -> None:
    assert uncaught(on, planted.trials([bug for bug in planted.BUGS if bug.name in PLANTED])) == []


@pytest.mark.parametrize("bug", planted.BUGS, ids=lambda bug: bug.name)
def test_a_planted_bug_still_has_its_place(bug: planted.Bug) -> None:
    assert bug.new in bug.planted
    file, _, test = bug.test.partition("::")
    assert f"def {test}" in (ROOT / file).read_text("utf-8")
    assert len({other.name for other in planted.BUGS}) == len(planted.BUGS) >= planted.LEAST


def test_a_mutant_that_means_the_same_is_still_one() -> None:
    every = {f"{path}: {mutant.name}" for path in mutants.files() for mutant in mutants_of((ROOT / path).read_text())}
    assert set(EQUIVALENT) - every == set()


def test_slips_of_every_kind_are_made() -> None:
    source = "def rule(a, b):\n    if not a or b < 1 and b in (2,):\n        raise ValueError\n    return True\n"
    found = {mutant.name for mutant in mutants_of(source)}
    assert found == {
        "rule: not a or (b < 1 and b in (2,)) → not (not a or (b < 1 and b in (2,)))",
        "rule: not a or (b < 1 and b in (2,)) → not a and (b < 1 and b in (2,))",
        "rule: not a → a",
        "rule: b < 1 and b in (2,) → b < 1 or b in (2,)",
        "rule: b < 1 → b <= 1",
        "rule: 1 → 2",
        "rule: 1 → 0",
        "rule: b in (2,) → b not in (2,)",
        "rule: 2 → 3",
        "rule: 2 → 1",
        "rule: raise ValueError → pass",
        "rule: True → False",
    }
