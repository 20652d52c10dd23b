"""Many lives of the state machine, from seeds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from flask import Flask
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.proof.figures import Figure
from tests.proof.ground import Ground, service
from tests.proof.machine import Life

RUNS, STEPS = 2_000, 50
SEEDS = (20261101, 20261102, 20261103, 20261104)
Outcomes = Counter[tuple[str, str | None]]


def live(app: Flask, runs: int, length: int, number: int, *, shrink: bool = True) -> Outcomes:
    """Lead `runs` lives of `length` steps each, from a seed; gives what people tried and what came of it."""
    Life.app, Life.came_to = app, Counter()
    lives = seed(number)(type("SeededLife", (Life,), {}))
    phases = [Phase.generate, Phase.shrink] if shrink else [Phase.generate]
    wanted = settings(
        max_examples=runs, stateful_step_count=length, deadline=None, database=None, phases=phases,
        suppress_health_check=list(HealthCheck), report_multiple_bugs=False,
    )  # fmt: skip
    run_state_machine_as_test(lives, settings=wanted)
    return Life.came_to


def prove(on: Ground, seeds: Sequence[int] = SEEDS, runs: int = RUNS, length: int = STEPS) -> Figure:
    """All the lives, the same number from each seed, until one goes another way than the model's."""
    came_to: Outcomes = Counter()
    faults = []
    for number in seeds:
        with service(on) as app:
            try:
                came_to += live(app, runs // len(seeds), length, number)
            except Exception as error:  # noqa: BLE001 - whatever it is, the figures of the others are told all the same
                faults.append(f"Seed {number}: {error!r} {'; '.join(getattr(error, '__notes__', []))}")
    return Figure(
        "The whole service against a small model",
        f"{RUNS:,} runs of {STEPS} steps, no difference",
        f"{runs:,} runs of {length} steps, {len(faults)} seeds with a difference",
        not faults and runs >= RUNS and length >= STEPS,
        ", ".join(map(str, seeds)),
        [*_told(came_to), *faults],
    )


def _told(came_to: Outcomes) -> list[str]:
    """How often each step was taken, and how often it was refused for which reason, by both alike."""
    told = []
    for step in sorted({step for step, _ in came_to}):
        refused = ", ".join(
            f"{why} {times:,}" for (name, why), times in sorted(came_to.items(), key=str) if name == step and why
        )
        told.append(f"{step}: taken {came_to[step, None]:,} times; refused: {refused or 'never'}.")
    return told
