"""Mutation testing of the rules and of the permissions: every slip in them must fail a test."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tests.proof.equivalent import EQUIVALENT
from tests.proof.figures import Figure, Told
from tests.proof.ground import Ground
from tests.proof.mutating import Mutant, mutants_of
from tests.proof.trials import ROOT, Trial, uncaught

LEAST = 95
# Seconds of the processor after which a run that has not ended has noticed: without a slip the tests take a fraction.
LONGEST = 120
IDENTITY = "tests/distributor/identity"
# The tests that belong to a file, the quickest first: the first failure ends a run.
PERMISSIONS = {
    "distributor/gate.py": (
        "tests/distributor/test_gate.py", "tests/distributor/test_edges.py", f"{IDENTITY}/test_tokens.py",
        "tests/distributor/api_tokens/test_controls.py", "tests/distributor/api/test_refusals.py",
        "tests/distributor/limits/test_api_calls.py", "tests/distributor/limits/test_routes.py",
        f"{IDENTITY}/test_security_page.py",
    ),
    "distributor/tenancy.py": ("tests/distributor/test_tenancy.py",),
    "distributor/identity/scopes.py": (f"{IDENTITY}/test_tokens.py", "tests/distributor/api/test_document.py"),
    "distributor/identity/acting.py": (
        f"{IDENTITY}/test_acting.py",
        "tests/distributor/usage_reports/test_steps.py", "tests/distributor/api/test_steps.py",
        "tests/distributor/usage_reports/test_history.py",
    ),
    "distributor/identity/current.py": (
        "tests/distributor/test_edges.py", f"{IDENTITY}/test_tokens.py", "tests/distributor/api/test_refusals.py",
        f"{IDENTITY}/test_sign_in.py", "tests/distributor/api/test_document.py",
    ),
}  # fmt: skip
# Without the service and its database: the rules stand alone.
ALONE = "--noconftest"
SLOW = ("test_properties.py", "test_parsing_units.py", "test_report_cycle.py")


@dataclass(frozen=True)
class Slip:
    """A mutant of a file."""

    path: str
    mutant: Mutant

    @property
    def name(self) -> str:
        return f"{self.path}: {self.mutant.name}"


def slips(paths: Iterable[str]) -> list[Slip]:
    """Every mutant of these files but those that mean the same."""
    found = [Slip(path, mutant) for path in paths for mutant in mutants_of((ROOT / path).read_text("utf-8"))]
    return [slip for slip in found if slip.name not in EQUIVALENT]


def files() -> list[str]:
    """The rules and the permissions."""
    return [*(str(file.relative_to(ROOT)) for file in sorted((ROOT / "workflows").glob("*.py"))), *PERMISSIONS]


def tests_of(path: str) -> list[str]:
    """What pytest is given for a file."""
    if path in PERMISSIONS:
        return list(PERMISSIONS[path])
    found = sorted((ROOT / "tests" / "workflows").glob("test_*.py"), key=lambda file: (file.name in SLOW, file.name))
    return [ALONE, *(str(file.relative_to(ROOT)) for file in found)]


def trials(wanted: Sequence[Slip]) -> list[Trial]:
    """A run of tests for each."""
    return [
        Trial(slip.name, tuple(tests_of(slip.path)), slip.path, slip.mutant.source, limit=LONGEST) for slip in wanted
    ]


def prove(on: Ground, told: Told) -> Figure:
    """All of them; the survivors are named. Without a slip the tests have to pass."""
    without = [Trial(path, tuple(tests_of(path)), limit=LONGEST) for path in ("workflows/units.py", *PERMISSIONS)]
    broken = {trial.name for trial in without} - set(uncaught(on, without))
    wanted = slips(files())
    alive = uncaught(on, trials(wanted), told)
    killed = 100 * (len(wanted) - len(alive)) / len(wanted)
    return Figure(
        "Mutants of the rules and the permissions",
        f"at least {LEAST} % killed",
        f"{len(wanted) - len(alive):,} of {len(wanted):,} killed ({killed:.1f} %)",
        killed >= LEAST and not broken,
        details=[
            f"{len(EQUIVALENT)} mutants that mean the same are left out; tests/proof/equivalent.py gives the reasons.",
            *(f"Survived: {name}" for name in alive),
            *(f"The tests of {path} fail without a slip, too." for path in sorted(broken)),
        ],
    )
