"""`python -m benchmarks`: measure, print the table, write docs/benchmarks.md."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

from benchmarks import batches, calls, databases, drafts, files, pages, paper, pile
from benchmarks.figures import Figure
from benchmarks.service import web
from benchmarks.sizes import DEFAULT, LARGE, QUICK, Sizes

DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"
PARTS = ("batches", "pile", "pages", "drafts", "calls", "files")


def main(arguments: list[str]) -> int:
    """Exit code 0 whatever was measured: a missed figure is told, not hidden behind a failure."""
    given = _parse(arguments)
    sizes = LARGE if given.large else QUICK if given.quick else DEFAULT
    today = datetime.now(UTC).date()
    with databases.cluster() as server:
        facts = paper.machine(server)
        print("\n".join(facts), flush=True)
        figures = list(measured(server, sizes, today, set(given.only or PARTS)))
    print("\n" + paper.plain_text(figures))
    if not given.only and not given.quick:
        DOCUMENT.write_text(paper.markdown(figures, facts, today, sizes.rounds))
        print(f"\nWritten to {DOCUMENT.relative_to(DOCUMENT.parent.parent)}.")
    return 0


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="fewer reports, one round; the document is left as it is")
    size.add_argument("--large", action="store_true", help="100,000 accounts and reports; takes long")
    parser.add_argument("--only", action="append", choices=PARTS, help="a part; may be repeated; the document is left")
    return parser.parse_args(arguments)


def measured(server: str, sizes: Sizes, today: date, parts: set[str]) -> Iterator[Figure]:
    """Everything in `parts`, one figure after the other."""
    if "batches" in parts:
        yield from _told("batches", lambda: batches.measure(server, sizes, today))
    if parts & {"pile", "pages", "drafts", "calls"}:
        yield from _on_the_pile(server, sizes, today, parts)
    if "files" in parts:
        yield from _told("files", lambda: files.measure(server, sizes, today))


def _on_the_pile(server: str, sizes: Sizes, today: date, parts: set[str]) -> Iterator[Figure]:
    heap = pile.build(server, sizes, today)
    yield from _told("pile", lambda: list(heap.figures))
    keys = calls.make_tokens(heap.url)
    with web(heap.url) as server_process:
        if "pages" in parts:
            yield from _told("pages", lambda: pages.measure(heap, server_process, sizes))
        if "drafts" in parts:
            yield from _told("drafts", lambda: drafts.measure(heap, server_process, sizes))
        if "calls" in parts:
            yield from _told("calls", lambda: calls.measure(heap, server_process, keys, sizes))
        yield pages.memory(server_process)
    databases.drop(server, "pile")


def _told(part: str, measure: Callable[[], list[Figure]]) -> list[Figure]:
    start = time.perf_counter()
    figures = measure()
    print(f"{part}: {time.perf_counter() - start:.0f} s", flush=True)
    for figure in figures:
        print("  " + "  ".join(filter(None, paper.row(figure))), flush=True)
    return figures


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
