"""docs/security/proof.md: the figures, the seeds, and the machine they were reached on."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from pathlib import Path

from benchmarks import databases, paper
from tests.proof.figures import Figure
from tests.proof.kept import Proved

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "security" / "proof.md"
FIELDS = ("what", "asked", "reached", "seeds", "", "proved")
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


def write(proved: Sequence[Proved], facts: Sequence[str]) -> None:
    """The document, where it belongs."""
    DOCUMENT.parent.mkdir(parents=True, exist_ok=True)
    DOCUMENT.write_text(markdown(proved, facts), "utf-8")


def markdown(proved: Sequence[Proved], facts: Sequence[str]) -> str:
    """The page for docs/."""
    lines = ["| " + " | ".join(FIELDS) + " |", "|" + "---|" * len(FIELDS)]
    lines += ["| " + " | ".join((*row(one.figure), _when(one))) + " |" for one in proved]
    parts = [
        "\n".join([f"## {one.figure.what}", "", *(f"- {line}" for line in one.figure.details)])
        for one in proved
        if one.figure.details
    ]
    return INTRODUCTION.format(
        machine="\n".join(f"- {fact}" for fact in facts), table="\n".join(lines), details="\n\n".join(parts)
    )


def _when(one: Proved) -> str:
    return f"{one.on} in {max(1, round(one.seconds / 60))} min, {one.commit}"
