"""Many lives of the state machine, from seeds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from flask import Flask
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.proof.figures import Figure, Told
from tests.proof.ground import Ground, service
from tests.proof.machine import Life
from tests.proof.sharing import each_seed
from tests.proof.stage import Cast

RUNS, STEPS = 2_000, 50
SEEDS = tuple(range(20261101, 20261121))
# Now and then hypothesis breaks a life off and counts it: those are led once more.
EACH = RUNS // len(SEEDS) + 3
Outcomes = Counter[tuple[str, str | None]]


@dataclass
class Led:
    """Lives that were led: how many to their end, of how many steps together, what people tried, and what differed."""

    lives: int = 0
    steps: int = 0
    came_to: Outcomes = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def add(self, others: Led) -> None:
        self.lives += others.lives
        self.steps += others.steps
        self.came_to += others.came_to
        self.faults += others.faults


def live(app: Flask, runs: int, length: int, number: int, *, shrink: bool = True) -> Led:
    """Lead at least `runs` lives of `length` steps each, from a seed; gives what was tried and what came of it.

    Raises whatever shows that the service went another way than the model.
    """
    Life.app, Life.cast, Life.steps_of_lives, Life.came_to = app, Cast.hired(), [], Counter()
    lives = seed(number)(type("SeededLife", (Life,), {}))
    phases = [Phase.generate, Phase.shrink] if shrink else [Phase.generate]
    wanted = settings(
        max_examples=runs, stateful_step_count=length, deadline=None, database=None, phases=phases,
        suppress_health_check=list(HealthCheck), report_multiple_bugs=False,
    )  # fmt: skip
    run_state_machine_as_test(lives, settings=wanted, _min_steps=length)
    whole = [steps for steps in Life.steps_of_lives if steps >= length]
    return Led(len(whole), sum(Life.steps_of_lives), Life.came_to)


def lives_of(on: Ground, number: int) -> Led:
    """The lives of one seed."""
    with service(on) as app:
        try:
            return live(app, EACH, STEPS, number)
        except Exception as error:  # noqa: BLE001 - whatever it is, the way there is told
            return Led(faults=[f"Seed {number}: {error!r} {'; '.join(getattr(error, '__notes__', []))}"])


def prove(on: Ground, told: Told, seeds: Sequence[int] = SEEDS) -> Figure:
    """All the lives, the same number from each seed; a seed ends where a life goes another way than the model's."""
    led = Led()
    for number, found in each_seed(lives_of, on, seeds):
        led.add(found if isinstance(found, Led) else Led(faults=[f"Seed {number}: {found!r}"]))
        told(f"seed {number}: {led.lives:,} runs so far, {len(led.faults)} differences")
    return Figure(
        "The whole service against a small model",
        f"{RUNS:,} runs of {STEPS} steps, no difference",
        f"{led.lives:,} runs, {led.steps:,} steps, {len(led.faults)} seeds with a difference",
        not led.faults and led.lives >= RUNS and led.steps >= RUNS * STEPS,
        ", ".join(map(str, seeds)),
        [*_told(led.came_to), *led.faults],
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
