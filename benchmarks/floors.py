"""The floor of single steps: pgbench runs the same statements, prepared, in one transaction."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.databases import plain
from distributor.postgres.installation import installations

SQL = Path(__file__).parent / "sql"
RATE = re.compile(r"tps = ([0-9.]+)")


@dataclass(frozen=True, slots=True)
class Floor:
    """Transactions per second, and how long each took (seconds)."""

    rate: float
    latencies: list[float]


def pgbench() -> str | None:
    """The program: the embedded PostgreSQL's or the machine's; None where there is none."""
    found = [installation.program("pgbench") for installation in installations()]
    return next((path for path in found if Path(path).exists()), shutil.which("pgbench"))


def run(program: str, url: str, script: str, clients: int, *, each: int, given: Mapping[str, object]) -> Floor:
    """Run `sql/<script>.sql` `each` times on `clients` connections, with the service's rights."""
    with tempfile.TemporaryDirectory() as folder:
        variables = [f"--define={name}={value}" for name, value in {**given, "each": each}.items()]
        done = subprocess.run(
            [
                program, "--no-vacuum", "--protocol=prepared", f"--file={SQL / script}.sql", f"--client={clients}",
                f"--transactions={each}", "--log", "--log-prefix=taken", *variables, plain(url),
            ],
            cwd=folder, env={**os.environ, "PGOPTIONS": "-c role=distributor_operator"},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        logs = [path.read_text() for path in Path(folder).glob("taken.*")]
    rate = RATE.search(done.stdout)
    if done.returncode or rate is None:
        raise RuntimeError(f"pgbench failed: {done.stderr.strip() or done.stdout.strip()}")
    return Floor(float(rate[1]), [int(line.split()[2]) / 1e6 for log in logs for line in log.splitlines()])
