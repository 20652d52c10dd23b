"""Importing a large usage file by the command, as an operator would."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

from benchmarks import databases
from benchmarks.figures import Figure
from benchmarks.ground import PRODUCTS, Ground, Kind, fill, recent_cycles
from benchmarks.service import environment
from benchmarks.sizes import Sizes


def measure(server: str, sizes: Sizes, today: date) -> list[Figure]:
    """Time and memory of `distributor import-usage` for a CSV file of `sizes.file_rows` rows."""
    url = databases.create(server, "files")
    (cycle,) = recent_cycles(1, today)
    fill(url, Ground((Kind("ACC", 1, 2),), (cycle,)))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "usage.csv"
        _write(path, sizes.file_rows)
        taken, megabytes = _import(url, path, str(cycle))
    databases.drop(server, "files")
    what = f"import a usage file of {sizes.file_rows:,} rows (CSV) by the command"
    return [Figure(what, taken, "s", 10, 4), Figure("the same: memory", megabytes, "MB", 256, 128)]


def _write(path: Path, rows: int) -> None:
    with path.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["customer_ref", "customer_name", "sku", "provisioned_units", "used_units"])
        table.writerows(
            [f"N{customer}", f"New customer number {customer}", f"SKU-{item + 1}", row % 90, row % 80]
            for row in range(rows)
            for customer, item in [divmod(row, PRODUCTS)]
        )


def _import(url: str, path: Path, cycle: str) -> tuple[float, float]:
    """Seconds and the largest amount of memory in megabytes, start of the interpreter included."""
    arguments = [sys.executable, "-m", "distributor", "import-usage", str(path), "--account", "ACC-0", "--cycle", cycle]
    start = time.perf_counter()
    process = subprocess.Popen(arguments, env={**os.environ, **environment(url)}, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError("import-usage failed; its words stand above")
    return time.perf_counter() - start, used.ru_maxrss / 1024
