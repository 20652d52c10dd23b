"""Runs of chosen tests while a file of the checkout says something else, two at a time, in forks of warm processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

from tests.proof.figures import Told
from tests.proof.ground import Ground
from tests.proof.sharing import AT_ONCE

ROOT = Path(__file__).resolve().parents[2]
QUIET = ("-x", "-q", "-p", "no:cacheprovider")


@dataclass(frozen=True)
class Trial:
    """Tests (`arguments` of pytest) and the change that they are run with; `path` is empty for none.

    `migrate`: on a database that the migrations build anew, for a change in one of them. `limit`: seconds
    of the processor's time, many times what the tests take.
    """

    name: str
    arguments: tuple[str, ...]
    path: str = ""
    source: str = ""
    migrate: bool = False
    limit: int = 60


def uncaught(on: Ground, trials: Sequence[Trial], told: Told = lambda _line: None) -> list[str]:
    """The names of those whose tests pass all the same.

    A run that finds no tests or takes longer than its limit has caught the change: so each list of tests has to be
    tried without any change, too.
    """
    with ExitStack() as stack, ThreadPoolExecutor(AT_ONCE) as pool:
        free: SimpleQueue[_Nurseries] = SimpleQueue()
        for _ in range(min(AT_ONCE, len(trials))):
            free.put(stack.enter_context(_nurseries(on)))

        def passes(trial: Trial) -> bool:
            nurseries = free.get()
            try:
                return nurseries.passes(trial)
            finally:
                free.put(nurseries)

        alive = []
        for number, (trial, passed) in enumerate(zip(trials, pool.map(passes, trials), strict=True), start=1):
            alive += [trial.name] * passed
            if passed or number % 50 == 0 or number == len(trials):
                told(f"{number:,} of {len(trials):,}" + (f", not caught: {trial.name}" if passed else ""))
        return alive


class _Nurseries:
    """A warm process for each of the two ways in which tests find their database."""

    def __init__(self, on: Ground, stack: ExitStack) -> None:
        self._on, self._stack = on, stack
        self._running: dict[bool, subprocess.Popen[str]] = {}

    def passes(self, trial: Trial) -> bool:
        nursery = self._running.get(trial.migrate) or self._start(trial.migrate)
        assert nursery.stdin is not None
        assert nursery.stdout is not None
        nursery.stdin.write(json.dumps(_wanted(trial)) + "\n")
        nursery.stdin.flush()
        answer = json.loads(nursery.stdout.readline())
        return bool(answer["code"] == 0)

    def _start(self, migrate: bool) -> subprocess.Popen[str]:
        # Plugins that no test here needs take longer to start than most runs.
        own = {"TEST_DATABASE_URL": self._on.server, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        environment = {**os.environ, **own}
        if not migrate:
            environment["TEST_TEMPLATE"] = self._on.template
        command = [sys.executable, "-m", "tests.proof.nursery"]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        started: subprocess.Popen[str] = subprocess.Popen(command, cwd=ROOT, env=environment, **pipes)  # type: ignore[call-overload]
        self._stack.push(started)
        assert started.stdin is not None
        started.stdin.write(json.dumps(libraries()) + "\n")
        self._running[migrate] = started
        return started


@contextmanager
def _nurseries(on: Ground) -> Iterator[_Nurseries]:
    """They end when their input does."""
    with ExitStack() as stack:
        yield _Nurseries(on, stack)


def _wanted(trial: Trial) -> dict[str, object]:
    path = str(ROOT / trial.path) if trial.path else ""
    arguments = [*QUIET, *trial.arguments]
    return {"path": path, "source": trial.source, "arguments": arguments, "limit": trial.limit}


def libraries() -> list[str]:
    """The modules that this process has loaded, but for ours."""
    return [name for name, module in list(sys.modules.items()) if name != "__main__" and not _is_ours(module)]


def _is_ours(module: object) -> bool:
    file = getattr(module, "__file__", None)
    return file is not None and Path(file).is_relative_to(ROOT) and "site-packages" not in Path(file).parts
