"""Mutation testing of the rules and of the permissions: every slip in them must fail a test."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from queue import SimpleQueue

from tests.proof.copies import ROOT, Copy, copy
from tests.proof.equivalent import EQUIVALENT
from tests.proof.figures import Figure
from tests.proof.ground import Ground
from tests.proof.mutating import Mutant, mutants_of

LEAST = 95
AT_ONCE = 2
IDENTITY = "tests/distributor/identity"
# The tests that belong to a file, the quickest first: the first failure ends a run.
PERMISSIONS = {
    "distributor/gate.py": (
        "tests/distributor/test_edges.py", f"{IDENTITY}/test_tokens.py", "tests/distributor/api/test_refusals.py",
    ),
    "distributor/tenancy.py": ("tests/distributor/test_tenancy.py",),
    "distributor/identity/scopes.py": (f"{IDENTITY}/test_tokens.py", "tests/distributor/api/test_document.py"),
    "distributor/identity/acting.py": (
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


def survivors(on: Ground, wanted: Sequence[Slip]) -> list[str]:
    """The names of those that no test noticed; two at a time, each in a copy of its own."""
    with copy(on) as one, copy(on) as other:
        free: SimpleQueue[Copy] = SimpleQueue()
        for each in (one, other):
            free.put(each)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            noticed = list(pool.map(lambda slip: _is_noticed(free, slip), wanted))
    return [slip.name for slip, found in zip(wanted, noticed, strict=True) if not found]


def _is_noticed(free: SimpleQueue[Copy], slip: Slip) -> bool:
    here = free.get()
    try:
        with here.changed(slip.path, slip.mutant.source):
            return here.fails(tests_of(slip.path))
    finally:
        free.put(here)


def prove(on: Ground) -> Figure:
    """All of them; the survivors are named."""
    wanted = slips(files())
    alive = survivors(on, wanted)
    killed = 100 * (len(wanted) - len(alive)) / len(wanted)
    return Figure(
        "Mutants of the rules and the permissions",
        f"at least {LEAST} % killed",
        f"{len(wanted) - len(alive):,} of {len(wanted):,} killed ({killed:.1f} %)",
        killed >= LEAST,
        details=[
            f"{len(EQUIVALENT)} mutants that mean the same are left out; tests/proof/equivalent.py gives the reasons.",
            *(f"Survived: {name}" for name in alive),
        ],
    )
