"""`python -m tests.proof`: prove everything at length, print the figures, write docs/security/proof.md.

With `--only` parts are proved; the document is put together from what each part proved last.
"""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from collections.abc import Callable
from functools import partial

from tests.proof import contract, kept, lives, mutants, paper, planted, tenants
from tests.proof.figures import Figure, Told
from tests.proof.ground import Ground, ground

PARTS: dict[str, Callable[[Ground, Told], Figure]] = {
    "tenants": tenants.prove,
    "contract": contract.prove,
    "lives": lives.prove,
    "mutants": mutants.prove,
    "planted": planted.prove,
}


def main(arguments: list[str]) -> int:
    """Exit code 1 when a promise was not kept; the document is written all the same."""
    parts = _parse(arguments).only or list(PARTS)
    with ground() as on:
        facts = paper.machine(on.server)
        figures = [_proved(part, on) for part in PARTS if part in parts]
    found = {part: kept.last(part) for part in PARTS}
    missing = [part for part, proved in found.items() if proved is None]
    if missing:
        print(f"{paper.DOCUMENT.name} is written once these are proved, too: {', '.join(missing)}.")
    else:
        paper.write([proved for proved in found.values() if proved], facts)
        print(f"Written to {paper.DOCUMENT}.")
    return 0 if all(figure.kept for figure in figures) else 1


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.proof", description=__doc__)
    parser.add_argument("--only", action="append", choices=PARTS, help="a part; may be repeated")
    return parser.parse_args(arguments)


def _proved(part: str, on: Ground) -> Figure:
    """A part that breaks has kept nothing; the others go on."""
    start = time.perf_counter()
    try:
        figure = PARTS[part](on, partial(_tell, part, start))
    except Exception as error:  # noqa: BLE001 - whatever it is, the other parts are proved all the same
        traceback.print_exc()
        figure = Figure(part, "to come to its end", f"broke: {error!r}", False)
    kept.keep(part, figure, time.perf_counter() - start)
    _tell(part, start, "  ".join(paper.row(figure)))
    print(*(f"    {line}" for line in figure.details), sep="\n", flush=True)
    return figure


def _tell(part: str, start: float, line: str) -> None:
    print(f"{part}, {time.perf_counter() - start:,.0f} s: {line}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
