"""Submit and approve over the API by clients that keep their connections, against pgbench with the same writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from sqlalchemy import select

from benchmarks import databases, floors
from benchmarks.figures import Figure, Round, multiple, share
from benchmarks.load import Answers, ask, request
from benchmarks.pile import CALLED, Pile
from benchmarks.service import Web, application
from benchmarks.sizes import Sizes
from distributor import clock
from distributor.database import db
from distributor.identity import tokens
from distributor.identity.queries import member_by_email
from distributor.identity.scopes import possible_scopes
from distributor.identity.sessions import digest
from distributor.usage_reports.queries import REPORT
from workflows.report_cycle import Cycle

CLIENTS = 8
ALONE = 0.15  # share of a cycle's reports that one client by itself takes


@dataclass(frozen=True, slots=True)
class Called:
    """One step on a cycle's reports: latencies of one client (seconds), and the rate of eight."""

    alone: float
    rate: float


@dataclass(frozen=True, slots=True)
class Key:
    """A token with what the floor needs to know of it."""

    text: str
    id: int
    user_id: int
    organization_id: int


def make_tokens(url: str) -> dict[int, Key]:
    """A token of one member of each organization, by the organization's id."""
    with application(url):
        made = {}
        with databases.owner(url) as connection:
            emails = [email for (email,) in connection.execute("SELECT email FROM users ORDER BY id")]
        for email in emails:
            member = member_by_email(email)
            scopes = possible_scopes(member.roles, is_distributor=member.is_distributor)
            text, row = tokens.create_token(member, "Benchmark", scopes, None, clock.now())
            made[member.organization_id] = Key(text, row.id, member.user_id, member.organization_id)
        db.session.commit()
        return made


def measure(pile: Pile, web: Web, keys: dict[int, Key], sizes: Sizes) -> list[Figure]:
    """Submit and approve, `sizes.rounds` rounds, a cycle's reports each for the service and for the floor."""
    program = floors.pgbench()
    if program is None:
        return []
    cycles = pile.cycles[CALLED]
    submits: list[tuple[Called, Called]] = []
    approvals: list[tuple[Called, Called]] = []
    for number in range(sizes.rounds):
        ours, floor = cycles[2 * number], cycles[2 * number + 1]
        for step, taken in (("submit", submits), ("approve", approvals)):
            taken.append((_by_service(pile, web, keys, ours, step), _by_floor(program, pile, keys, floor, step)))
    return [*_figures("submit", submits), *_figures("approve", approvals)]


def _figures(step: str, pairs: Sequence[tuple[Called, Called]]) -> list[Figure]:
    rounds = [Round(ours.rate, floor.rate) for ours, floor in pairs]
    alone = [ours.alone for ours, _ in pairs], [floor.alone for _, floor in pairs]
    return [
        share(f"{step} over the API, {CLIENTS} clients, against pgbench", rounds, 0.20, 0.40, f"{step}s"),
        multiple(f"{step} over the API, 1 client: p50 against pgbench's", *alone, 3.5, 2),
    ]


def _by_service(pile: Pile, web: Web, keys: dict[int, Key], cycle: Cycle, step: str) -> Called:
    with application(pile.url):
        query = select(REPORT.c.uid, REPORT.c.version, REPORT.c.msp_id, REPORT.c.distributor_id)
        rows = db.session.execute(query.where(REPORT.c.cycle == cycle.first_day).order_by(REPORT.c.id)).all()
    of = [keys[row.msp_id if step == "submit" else row.distributor_id] for row in rows]
    # The first call of a minute notes that its token is in use; the floor notes nothing.
    ask(web.port, [request("GET", "/api/v1/me", _bearer(key)) for key in set(of)], CLIENTS)
    wanted = [
        request("POST", f"/api/v1/reports/{row.uid}/{step}", {**_bearer(key), "If-Match": f'"{row.version}"'})
        for row, key in zip(rows, of, strict=True)
    ]
    first = _first(len(wanted))
    alone: Answers = ask(web.port, wanted[:first], 1)
    return Called(median(alone.latencies), ask(web.port, wanted[first:], CLIENTS).rate)


def _bearer(key: Key) -> dict[str, str]:
    return {"Authorization": f"Bearer {key.text}"}


def _first(number: int) -> int:
    """How many of a cycle's reports one client by itself takes; eight share the rest evenly."""
    return number - (number - max(1, int(number * ALONE))) // CLIENTS * CLIENTS


def _by_floor(program: str, pile: Pile, keys: dict[int, Key], cycle: Cycle, step: str) -> Called:
    first, number = _range(pile.url, cycle)
    key = keys[1]
    given = {"i": 0, "hash": digest(key.text).hex(), "user": key.user_id, "token": key.id}
    alone = _first(number)
    single = floors.run(program, pile.url, step, 1, each=alone, given={**given, "first": first})
    each = (number - alone) // CLIENTS
    together = floors.run(program, pile.url, step, CLIENTS, each=each, given={**given, "first": first + alone})
    return Called(median(single.latencies), together.rate)


def _range(url: str, cycle: Cycle) -> tuple[int, int]:
    """First id and number of a cycle's reports, which were opened one after the other."""
    query = "SELECT min(id), max(id), count(*) FROM usage_reports WHERE cycle = %s"
    with databases.owner(url) as connection:
        row = connection.execute(query, [cycle.first_day]).fetchone()
    assert row is not None
    first, last, number = row
    assert last - first + 1 == number, "pgbench counts through ids without gaps"
    return int(first), int(number)
