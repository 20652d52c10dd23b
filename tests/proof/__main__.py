"""`python -m tests.proof`: prove everything at length, print the figures, write docs/security/proof.md."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime

from tests.proof import contract, lives, mutants, paper, planted, tenants
from tests.proof.figures import Figure
from tests.proof.ground import Ground, ground

PARTS: dict[str, Callable[[Ground], Figure]] = {
    "tenants": tenants.prove,
    "contract": contract.prove,
    "lives": lives.prove,
    "mutants": mutants.prove,
    "planted": planted.prove,
}


def main(arguments: list[str]) -> int:
    """Exit code 1 when a promise was not kept; the document is written all the same, unless only parts were asked."""
    parts = _parse(arguments).only or list(PARTS)
    with ground() as on:
        facts = paper.machine(on.server)
        figures = [_told(part, PARTS[part], on) for part in PARTS if part in parts]
    if len(parts) == len(PARTS):
        paper.DOCUMENT.parent.mkdir(parents=True, exist_ok=True)
        paper.DOCUMENT.write_text(paper.markdown(figures, facts, datetime.now(UTC).date()))
        print(f"Written to {paper.DOCUMENT}.")
    return 0 if all(figure.kept for figure in figures) else 1


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.proof", description=__doc__)
    parser.add_argument("--only", action="append", choices=PARTS, help="a part; may be repeated; the document is left")
    return parser.parse_args(arguments)


def _told(part: str, prove: Callable[[Ground], Figure], on: Ground) -> Figure:
    start = time.perf_counter()
    figure = prove(on)
    print(f"{part}: {time.perf_counter() - start:.0f} s", flush=True)
    print("  " + "  ".join(paper.row(figure)), *figure.details, sep="\n    ", flush=True)
    return figure


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
