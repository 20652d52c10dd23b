"""The walk-through of the documentation works when it is pasted into bash, and prints what it says it prints."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from tests.ports import reserved_port

ROOT = Path(__file__).parents[1]
WALK = ROOT / "docs" / "walkthrough.md"
SETTLE = "set -euo pipefail\ntrap 'kill ${WEB:-} 2> /dev/null || true' EXIT\n"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", WALK.read_text("utf-8"), re.MULTILINE | re.DOTALL)


@pytest.fixture
def environment(url: str, tmp_path: Path) -> Iterator[dict[str, str]]:
    """A shell that knows `distributor`, on this test's database and a port of its own."""
    command = tmp_path / "bin" / "distributor"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m distributor "$@"\n')
    command.chmod(0o755)
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with reserved_port() as port:
        yield {
            **inherited, "DATABASE_URL": plain, "PORT": str(port), "TMPDIR": str(tmp_path), "PYTHONPATH": str(ROOT),
            "PATH": f"{command.parent}:{os.environ['PATH']}",
            # What one command has compiled, the next need not.
            "PYTHONPYCACHEPREFIX": str(tmp_path / "compiled"),
        }  # fmt: skip


def test_the_walk_prints_what_it_says(environment: dict[str, str]) -> None:
    script = SETTLE + "".join(blocks("bash"))
    done = subprocess.run(
        ["bash", "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode in {0, 143}, done.stdout + done.stderr
    printed = iter(done.stdout.splitlines())
    for expected in "".join(blocks("text")).splitlines():
        assert expected in printed, f"{expected!r} was not printed in its turn:\n{done.stdout}\n{done.stderr}"
