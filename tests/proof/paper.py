"""docs/security/proof.md: the figures, the seeds, and the machine they were reached on."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from benchmarks import databases, paper
from tests.proof.figures import Figure

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "security" / "proof.md"
FIELDS = ("what", "asked", "reached", "seeds", "")
INTRODUCTION = """# What was proved, and how often

Written by `make prove`; do not edit. A short form of each proof runs with the tests (`make test`). A seed repeats its
proof: the same companies, the same words, the same order of steps.

{machine}

{table}

{details}
"""


def machine(server: str) -> list[str]:
    """What it was proved on; whether the server keeps its promises on disk matters to benchmarks only."""
    cores, _postgresql = paper.machine(server)
    with databases.owner(server) as connection:
        row = connection.execute("SHOW server_version").fetchone()
    assert row is not None
    return [cores, f"PostgreSQL {row[0]}, Python {platform.python_version()}"]


def row(figure: Figure) -> tuple[str, ...]:
    """A figure as the table shows it."""
    return figure.what, figure.asked, figure.reached, figure.seeds, "kept" if figure.kept else "**not kept**"


def markdown(figures: Sequence[Figure], facts: Sequence[str], today: date) -> str:
    """The page for docs/."""
    lines = ["| " + " | ".join(FIELDS) + " |", "|" + "---|" * len(FIELDS)]
    lines += ["| " + " | ".join(row(figure)) + " |" for figure in figures]
    parts = [
        "\n".join([f"## {figure.what}", "", *(f"- {line}" for line in figure.details)])
        for figure in figures
        if figure.details
    ]
    return INTRODUCTION.format(
        machine="\n".join(f"- {fact}" for fact in (*facts, f"{today:%d %B %Y}")),
        table="\n".join(lines),
        details="\n\n".join(parts),
    )
