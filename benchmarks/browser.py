"""`python -m benchmarks.browser`: the report page in a real Chromium, as a preparer feels it: the first paint, the wait
until it can be used, each key, the search, and what a first visit loads. Prints the table, writes
docs/benchmarks-pages.md.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from statistics import median

from playwright.sync_api import Browser, Locator, Page, sync_playwright

from benchmarks import databases, paper
from benchmarks.figures import Figure, percentile
from benchmarks.ground import Ground, Kind, fill, opening_instant, recent_cycles
from benchmarks.pages import PREPARER, newest_report
from benchmarks.service import Web, application, web
from benchmarks.sizes import DEFAULT
from benchmarks.visitor import Visitor, sign_in
from distributor.scheduler import jobs

DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "benchmarks-pages.md"
UNEXPLAINED = 0.05
CYCLES = 2  # the second shows what changed since the first
VISITS = 5
KEYS = 40
WORD = "number 24"
USUAL_WEIGHT, LONG_WEIGHT = (300, 150), (1000, 600)  # kB that it may have, and better has
PATIENCE = 60_000  # milliseconds

INTRODUCTION = """# How fast the report page feels

Written by `make bench-pages`; do not edit. A preparer's browser, the service and PostgreSQL share the machine, so that
figures drift with it. Chromium starts without a cache for each visit; medians of {visits} visits and of {keys} keys.

{machine}

{table}

- "First paint" is Chromium's first contentful paint, from the start of the navigation.
- "Usable" is when the first lines can be edited; on long reports the others follow in the background ("complete").
- "A key" is the time from the key to the frame that shows what it changed: difference, amount, totals, what is charged
  if nothing is done. Keys are typed one after the other was drawn.
- "Weight" is what a first visit brings over the wire, compressed: page, styles, scripts, font, icons.
"""

# From a key to the frame after what it set off.
WATCH_KEYS = """() => {
    window.waits = [];
    document.addEventListener("keydown", (event) => {
        requestAnimationFrame(() => {
            const channel = new MessageChannel();
            channel.port1.onmessage = () => window.waits.push(performance.now() - event.timeStamp);
            channel.port2.postMessage(0);
        });
    }, {capture: true});
}"""
PAINTED = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
MARKED = "(name) => performance.getEntriesByName(name)[0]?.startTime"


def main(arguments: list[str]) -> int:
    """Exit code 0 whatever was measured."""
    given = _parse(arguments)
    today = datetime.now(UTC).date()
    with databases.cluster() as server, _chromium() as browser:
        facts = [*paper.machine(server), f"Chromium {browser.version}"]
        print("\n".join(facts), flush=True)
        figures = measured(server, browser, (given.lines, given.long_lines), today)
    print("\n" + paper.plain_text(figures))
    if not given.look:
        DOCUMENT.write_text(markdown(figures, facts, today))
        print(f"\nWritten to {DOCUMENT.relative_to(DOCUMENT.parent.parent)}.")
    return 0


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.browser", description=__doc__)
    parser.add_argument("--lines", type=int, default=DEFAULT.page_lines, help="lines of the usual report")
    parser.add_argument("--long-lines", type=int, default=DEFAULT.long_lines, help="lines of the long report")
    parser.add_argument("--look", action="store_true", help="the document is left as it is")
    return parser.parse_args(arguments)


@contextmanager
def _chromium() -> Iterator[Browser]:
    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if not path:
        raise SystemExit("The measurement needs Chromium: run `make bench-pages`, or set CHROMIUM to its path.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


def measured(server: str, browser: Browser, sizes: Sequence[int], today: date) -> list[Figure]:
    """Every figure, report by report."""
    url = _reports(server, sizes, today)
    try:
        with web(url) as service:
            who = sign_in(url, service.port, PREPARER)
            pages = [(lines, f"/reports/{newest_report(url, f'SIZE{lines}-0')}") for lines in sizes]
            return [figure for lines, path in pages for figure in _page(browser, service, who, lines, path)]
    finally:
        databases.drop(server, "browser")


def _reports(server: str, sizes: Sequence[int], today: date) -> str:
    url = databases.create(server, "browser")
    cycles = recent_cycles(CYCLES, today)
    fill(url, Ground(tuple(Kind(f"SIZE{lines}", 1, lines, UNEXPLAINED) for lines in sizes), cycles))
    with application(url):
        for cycle in cycles:
            jobs.open_reports(opening_instant(cycle))
    databases.settle(url)
    return url


def _page(browser: Browser, service: Web, who: Visitor, lines: int, path: str) -> list[Figure]:
    with _visit(browser, service, who, path):
        pass  # the service's first answer of all is no measure
    visits = []
    for _ in range(VISITS):
        with _visit(browser, service, who, path) as (page, _weight):
            visits.append(
                [page.evaluate(PAINTED), *(page.evaluate(MARKED, f"grid:{name}") for name in ("usable", "complete"))]
            )
    painted, usable, complete = (median(times) for times in zip(*visits, strict=True))
    what = f"{lines:,} lines"
    print(f"{what}: {VISITS} visits", flush=True)
    return [
        Figure(f"{what}: first paint", painted, "ms", 1000, 500),
        Figure(f"{what}: usable", usable, "ms", 1500, 800),
        Figure(f"{what}: complete", complete, "ms", 4000, 2000),
        *_keys(browser, service, who, lines, path),
    ]


def _keys(browser: Browser, service: Web, who: Visitor, lines: int, path: str) -> list[Figure]:
    what = f"{lines:,} lines"
    with _visit(browser, service, who, path) as (page, weight):
        first_visit = sum(weight) / 1000
        page.evaluate(WATCH_KEYS)
        typing = _typed(page, _field(page), ["7", "Backspace"] * (KEYS // 2))
        search = _typed(page, page.locator("#line-search"), [*WORD, *["Backspace"] * len(WORD)])
    return [
        Figure(f"{what}: a key in a figure, median", median(typing), "ms", 50, 25),
        Figure(f"{what}: a key in a figure, p95", percentile(typing, 95), "ms", 50, 25),
        Figure(f"{what}: a key in the search, median", median(search), "ms", 100, 50),
        Figure(f"{what}: weight of a first visit", first_visit, "kB", *(USUAL_WEIGHT if lines <= 500 else LONG_WEIGHT)),
    ]


def _field(page: Page) -> Locator:
    """A figure in the middle of what is seen first."""
    fields = page.locator(".units:visible")
    return fields.nth(min(20, fields.count() - 1))


def _typed(page: Page, field: Locator, keys: Sequence[str]) -> list[float]:
    """Milliseconds from each key to the frame that shows it."""
    page.evaluate("() => { window.waits = []; }")
    field.focus()
    for number, key in enumerate(keys, 1):
        page.keyboard.press(key)
        page.wait_for_function("(number) => window.waits.length >= number", arg=number)
    waits: list[float] = page.evaluate("() => window.waits")
    return waits


@contextmanager
def _visit(browser: Browser, service: Web, who: Visitor, path: str) -> Iterator[tuple[Page, list[float]]]:
    """A page of a fresh browser, complete, and the bytes of everything it loaded, which grows as it loads."""
    context = browser.new_context(base_url=f"http://127.0.0.1:{service.port}", viewport={"width": 1440, "height": 900})
    name, _, value = who.cookie.partition("=")
    context.add_cookies([{"name": name, "value": value, "url": f"http://127.0.0.1:{service.port}"}])
    context.set_default_timeout(PATIENCE)
    page, weight = context.new_page(), []
    wire = context.new_cdp_session(page)
    wire.send("Network.enable")
    wire.on("Network.loadingFinished", lambda event: weight.append(float(event["encodedDataLength"])))
    page.goto(path)
    page.wait_for_function("() => performance.getEntriesByName('grid:complete').length")
    page.wait_for_function("() => performance.getEntriesByName('first-contentful-paint').length")
    yield page, weight
    context.close()


def markdown(figures: Sequence[Figure], facts: Sequence[str], today: date) -> str:
    """The page for docs/."""
    rows = ["| work | measured | at least | goal | |", "|---|---|---|---|---|"]
    for figure in figures:
        work, value, _ours, _floor, least, goal, verdict = paper.row(figure)
        rows.append(f"| {work} | {value} | {least} | {goal} | {verdict} |")
    machine = "\n".join(f"- {fact}" for fact in (*facts, f"{today:%d %B %Y}"))
    return INTRODUCTION.format(visits=VISITS, keys=KEYS, machine=machine, table="\n".join(rows))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
