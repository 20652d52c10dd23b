"""A process that has loaded every library and nothing of ours: it forks for each run of tests that it is asked for, and
in the fork one of our files says something else. Asked by tests/proof/trials.py, a line of JSON at a time.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import resource
import signal
import sys
import tempfile
import warnings
from collections.abc import Iterable
from contextlib import suppress
from importlib.machinery import SourceFileLoader
from types import CodeType
from typing import IO, Any

TAIL = 3000


def warm(libraries: Iterable[str]) -> None:
    """Import what the service and its tests will ask for. What cannot be imported is left to them."""
    with warnings.catch_warnings(action="ignore"):
        for name in libraries:
            with suppress(Exception):
                importlib.import_module(name)
    gc.collect()
    gc.freeze()


def serve(asked: IO[str], answers: IO[str]) -> None:
    """Answer each line with one: the exit code, negative for the signal that ended the run, and its last words."""
    for line in asked:
        answers.write(json.dumps(_trial(**json.loads(line))) + "\n")
        answers.flush()


def _trial(**wanted: Any) -> dict[str, Any]:
    with tempfile.TemporaryFile() as said:
        child = os.fork()
        if child == 0:
            _run(said.fileno(), **wanted)
        _, status = os.waitpid(child, 0)
        # What the run has started ends with it.
        with suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)
        said.seek(max(0, said.seek(0, os.SEEK_END) - TAIL))
        return {"code": os.waitstatus_to_exitcode(status), "said": said.read().decode(errors="replace")}


def _run(said: int, *, path: str, source: str, arguments: list[str], limit: int) -> None:
    """In the fork: change the file, let pytest run, end. At the latest after `limit` seconds of the processor's time,
    or ten times as many of waiting.
    """
    code = 70
    try:
        os.setpgid(0, 0)
        os.dup2(said, 1)
        os.dup2(said, 2)
        resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
        signal.alarm(limit * 10)
        if path:
            change(path, source)
        import pytest

        code = int(pytest.main(arguments))
        sys.stdout.flush()
    finally:
        os._exit(code)


def change(path: str, source: str) -> None:
    """Whoever loads the file at the absolute `path` from now on, Alembic among them, is given `source`."""
    kept = SourceFileLoader.get_code

    def get_code(self: SourceFileLoader, fullname: str) -> CodeType | None:
        return compile(source, path, "exec", dont_inherit=True) if self.path == path else kept(self, fullname)

    SourceFileLoader.get_code = get_code  # type: ignore[assignment,method-assign]  # of the loader's own


def _forget_examples() -> None:
    """hypothesis keeps nothing that it found in a changed file for later runs, and tries the same every time."""
    from hypothesis import settings

    settings.register_profile("trial", database=None, derandomize=True)
    settings.load_profile("trial")


if __name__ == "__main__":
    warm(json.loads(sys.stdin.readline()))
    _forget_examples()
    serve(sys.stdin, sys.stdout)
