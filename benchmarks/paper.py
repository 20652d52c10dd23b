"""The table, on the terminal and in docs/benchmarks.md with the machine it was made on."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from benchmarks import databases
from benchmarks.figures import Figure

FIELDS = ("work", "measured", "ours", "floor", "at least", "goal", "")
INTRODUCTION = """# How fast

Written by `make bench`; do not edit. Ratios hold from day to day, absolute figures drift with the machine: client,
server and PostgreSQL share it. Medians of {rounds} round(s). The floor is plain SQL with the same writes, on the same
schema with the same triggers and constraints: pgbench with prepared statements in one transaction for single steps,
one statement for batches. What both wrote in batches is compared before their times are.

{machine}

{table}

- Submit and approve carry what a step needs: token, lock, rules, action, one mail queued, commit; reports of 20 lines.
- "First answer and the rest" is the report page of very many lines, which the browser fetches in two answers.
- Growth compares the first thousands of reports with the last ones; the column "floor" is the cost at first.
- Page weight is the sum of everything a first visit loads, compressed with gzip.
"""


def machine(server: str) -> list[str]:
    """What it was measured on."""
    with databases.owner(server) as connection:
        row = connection.execute("SHOW server_version").fetchone()
    assert row is not None
    gigabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    system = f"{platform.system()} {platform.machine()}"
    return [
        f"{os.cpu_count()} cores ({_processor()}), {gigabytes:.0f} GB of memory, {system}",
        f"PostgreSQL {row[0]} (fsync and synchronous_commit on), Python {platform.python_version()}",
    ]


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "unknown"
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else "unknown"


def row(figure: Figure) -> tuple[str, ...]:
    """A figure as the table shows it."""
    least, goal = (_shown(value, figure.unit) for value in (figure.at_least, figure.goal))
    value = _shown(figure.value, figure.unit)
    return figure.work, value, figure.ours or "–", figure.floor or "–", least, goal, figure.verdict


def _shown(value: float, unit: str) -> str:
    digits = {"×": 2, "s": 1, "%": 0}.get(unit, 0)
    if unit == "%":
        return f"{value:+.0f} %"
    return f"{value:,.{digits}f} {unit}".strip()


def markdown(figures: Sequence[Figure], facts: Sequence[str], today: date, rounds: int) -> str:
    """The page for docs/."""
    lines = ["| " + " | ".join(FIELDS) + " |", "|" + "---|" * len(FIELDS)]
    lines += ["| " + " | ".join(row(figure)) + " |" for figure in figures]
    machine_lines = "\n".join(f"- {fact}" for fact in (*facts, f"{today:%d %B %Y}"))
    return INTRODUCTION.format(rounds=rounds, machine=machine_lines, table="\n".join(lines))


def plain_text(figures: Sequence[Figure]) -> str:
    """The table for a terminal."""
    rows = [FIELDS, *(row(figure) for figure in figures)]
    widths = [max(len(cells[column]) for cells in rows) for column in range(len(FIELDS))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip() for cells in rows
    )
