"""What the test processes of one run share: whoever comes first makes it, the others wait for it."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

Made = TypeVar("Made")

IN_PARALLEL = "PYTEST_XDIST_TESTRUNUID"
# Of this run, in names that a server shared with other runs keeps apart.
NAME = os.environ.get(IN_PARALLEL, f"{os.getpid()}")[:12]


def folder_of(factory: pytest.TempPathFactory) -> Path:
    """The run's folder, the same for each of its processes."""
    own = factory.getbasetemp()
    return own.parent if IN_PARALLEL in os.environ else own


def once(factory: pytest.TempPathFactory, name: str, make: Callable[[], Made]) -> Made:
    """What `make` answered, called by one process of the run; plain values only, as JSON carries them."""
    kept = folder_of(factory) / f"{name}.json"
    with Path(f"{kept}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            kept.write_text(json.dumps(make()), "utf-8")
    found: Made = json.loads(kept.read_text("utf-8"))
    return found
