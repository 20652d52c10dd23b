"""Pages: how long they take under load and alone, what they weigh, how many queries they ask, what a worker holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from statistics import median

from flask import Flask
from sqlalchemy import event, select

from benchmarks.figures import Figure, milliseconds, percentile
from benchmarks.load import ask
from benchmarks.pile import REVIEWER, Pile
from benchmarks.service import Web, application
from benchmarks.sizes import Sizes
from benchmarks.visitor import Visitor, sign_in
from distributor.database import db
from distributor.usage_reports.queries import ACCOUNT, REPORT

CLIENTS = 4
PREPARER = "person2@example.com"
ALONE = 10


def measure(pile: Pile, web: Web, sizes: Sizes) -> list[Figure]:
    """Everything about pages but their saving."""
    preparer, reviewer = sign_in(pile.url, web.port, PREPARER), sign_in(pile.url, web.port, REVIEWER)
    page, long = (f"/reports/{newest_report(pile.url, number)}" for number in ("PAGE-0", "LONG-0"))
    many = f"{sizes.pile_accounts * len(pile.cycles):,}"
    return [
        _under_load(f"report page of {sizes.page_lines} lines, p99", web, preparer.get(page), sizes),
        _under_load(f"review queue of 50 among {many} reports, p99", web, reviewer.get("/review"), sizes),
        _under_load(
            f"review queue of 50, all cycles of {many} reports, p99", web, reviewer.get("/review?cycle=all"), sizes
        ),
        *_long_page(web, preparer, long, sizes),
        Figure(f"page weight, report page of {sizes.page_lines} lines", preparer.weight(page) / 1000, "kB", 300, 150),
        *_queries(pile, preparer, reviewer, page, long),
    ]


def newest_report(url: str, account: str) -> str:
    """The id of the account's newest report, as in its address."""
    with application(url):
        query = select(REPORT.c.uid).join(ACCOUNT, ACCOUNT.c.id == REPORT.c.account_id)
        newest = query.where(ACCOUNT.c.number == account).order_by(REPORT.c.cycle.desc()).limit(1)
        return str(db.session.scalars(newest).one())


def memory(web: Web) -> Figure:
    """What the largest web worker holds after everything it was asked."""
    return Figure("memory of a web worker after the run", web.worker_megabytes(), "MB", 200, 120)


def _under_load(work: str, web: Web, request: bytes, sizes: Sizes) -> Figure:
    ask(web.port, [request] * CLIENTS * 2, CLIENTS)
    rounds = [ask(web.port, [request] * sizes.page_requests, CLIENTS) for _ in range(sizes.rounds)]
    slowest = median(percentile(answers.latencies, 99) for answers in rounds)
    usual = median(median(answers.latencies) for answers in rounds)
    rate = median(answers.rate for answers in rounds)
    ours = f"p50 {milliseconds(usual)}, {rate:,.0f} pages/s"
    return Figure(f"{work}, {CLIENTS} clients", slowest * 1000, "ms", 100, 40, ours=ours)


def _long_page(web: Web, who: Visitor, path: str, sizes: Sizes) -> Sequence[Figure]:
    what = f"report page of {sizes.long_lines:,} lines"
    first = _alone(web, who.get(path))
    rest = _alone(web, who.get(f"{path}/rest"))
    return (
        Figure(f"{what}: first answer", first * 1000, "ms", 400, 150),
        Figure(f"{what}: first answer and the rest", (first + rest) * 1000, "ms", 400, 150),
    )


def _alone(web: Web, wanted: bytes) -> float:
    ask(web.port, [wanted] * 2, 1)
    return median(ask(web.port, [wanted] * ALONE, 1).latencies)


def _queries(pile: Pile, preparer: Visitor, reviewer: Visitor, page: str, long: str) -> list[Figure]:
    paths = {
        "list of reports": (preparer, "/reports"),
        "report page": (preparer, page),
        "long report page": (preparer, long),
        "review queue": (reviewer, "/review"),
        "report under review": (reviewer, page.replace("/reports/", "/review/")),
    }
    with application(pile.url) as app:
        asked = {name: _queries_of(app, who, path) for name, (who, path) in paths.items()}
    most = max(asked, key=lambda name: asked[name])
    return [Figure(f"queries per page, at most ({most})", asked[most], "", 8, 8)]


def _queries_of(app: Flask, who: Visitor, path: str) -> int:
    with counted() as asked:
        answer = app.test_client(use_cookies=False).get(path, headers={"Cookie": who.cookie})
        assert answer.status_code == 200, f"{path} answered {answer.status_code}"
    return len(asked)


@contextmanager
def counted() -> Iterator[list[str]]:
    """The statements sent to the database meanwhile."""
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        asked.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
