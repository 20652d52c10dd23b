"""A database in which reports have piled up: what a report costs as they do, and the ground for calls and pages.

Of its cycles, oldest first: some approved, some under review, some for the calls, and the three newest, in which two
accounts have a long report each: approved, approved, and open for the MSP.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from statistics import median
from uuid import UUID

from sqlalchemy import select

from benchmarks import databases
from benchmarks.batches import seconds
from benchmarks.figures import Figure, milliseconds
from benchmarks.ground import Ground, Kind, fill, opening_instant, recent_cycles
from benchmarks.service import application
from benchmarks.sizes import Sizes
from distributor.database import db
from distributor.identity.acting import CurrentMember, acting, system
from distributor.identity.queries import member_by_email
from distributor.scheduler import jobs
from distributor.usage_reports import queries
from distributor.usage_reports.operations import automatic, steps
from distributor.usage_reports.operations.recording import Recorded, record_all
from distributor.usage_reports.queries import ACCOUNT, REPORT, reports_for_update, state_of
from workflows.report_cycle import Cycle
from workflows.usage_report import Status, Step, fire

CYCLES = 20
APPROVED, UNDER_REVIEW, CALLED, LONG = slice(0, 8), slice(8, 11), slice(11, 17), slice(17, 20)
UNEXPLAINED = 0.05
SUBMITS = 100
BATCH = 500
REVIEWER = "person1@example.com"


@dataclass(frozen=True, slots=True)
class Pile:
    """The database and its cycles."""

    url: str
    cycles: tuple[Cycle, ...]
    figures: tuple[Figure, ...]


def build(server: str, sizes: Sizes, today: date) -> Pile:
    """Let the reports of `CYCLES` cycles pile up, timing the first and the last of them."""
    url = databases.create(server, "pile")
    kinds = (
        Kind("ACC", sizes.pile_accounts, sizes.lines),
        Kind("PAGE", 1, sizes.page_lines, UNEXPLAINED, cycles=3),
        Kind("LONG", 1, sizes.long_lines, UNEXPLAINED, cycles=3),
    )
    cycles = recent_cycles(CYCLES, today)
    fill(url, Ground(kinds, cycles))
    with application(url):
        figures = _grow(sizes, cycles, url)
        _move_on(cycles)
    databases.settle(url)
    return Pile(url, cycles, figures)


def _grow(sizes: Sizes, cycles: Sequence[Cycle], url: str) -> tuple[Figure, ...]:
    """Open cycle by cycle. The very first is no measure: nothing is carried over into it."""
    opening: list[float] = []
    submitting: list[list[float]] = []
    for number, cycle in enumerate(cycles):
        opening.append(seconds(partial(jobs.open_reports, opening_instant(cycle))) / sizes.pile_accounts)
        if number == 1 or cycle == cycles[-1]:
            databases.settle(url)
            submitting.append(_submits(cycles[len(submitting)]))
    reports = f"{sizes.pile_accounts * 2:,} → {sizes.pile_accounts * CYCLES:,} reports"
    of_accounts = slice(1, LONG.start)  # in the newest cycles the long reports open as well
    first, last = opening[of_accounts][:4], opening[of_accounts][-4:]
    return (
        _growth(f"one more report opened: {reports}", first, last),
        _growth(f"one more report submitted: {reports}", *submitting),
    )


def _growth(work: str, first: Sequence[float], last: Sequence[float]) -> Figure:
    before, after = median(first), median(last)
    return Figure(work, (after / before - 1) * 100, "%", 20, 0, milliseconds(after), milliseconds(before))


def _submits(cycle: Cycle) -> list[float]:
    """Seconds for each of some reports handed in one by one, as the API's operation does it."""
    taken = []
    for uid, email in _reports_to_submit(cycle):
        member = member_by_email(email)
        taken.append(seconds(partial(_submit, uid, member)))
    return taken


def _submit(uid: UUID, member: CurrentMember) -> None:
    report = queries.report_for_update(uid, member)
    steps.submit(report, acting(member, report), report.opened_at + timedelta(days=1))
    db.session.commit()


def _reports_to_submit(cycle: Cycle) -> list[tuple[UUID, str]]:
    query = (
        select(REPORT.c.uid, REPORT.c.msp_id)
        .where(REPORT.c.cycle == cycle.first_day, REPORT.c.status == Status.MSP_PREPARING)
        .order_by(REPORT.c.id)
        .limit(SUBMITS)
    )
    return [(row.uid, f"person{row.msp_id}@example.com") for row in db.session.execute(query)]


def _move_on(cycles: Sequence[Cycle]) -> None:
    for cycle in (*cycles[APPROVED], *cycles[UNDER_REVIEW], *cycles[LONG]):
        _hand_in(_ids(cycle, Status.MSP_PREPARING, but_long=cycle == cycles[-1]))
    for cycle in (*cycles[APPROVED], *cycles[LONG][:-1]):
        _approve(_ids(cycle, Status.UNDER_REVIEW))


def _ids(cycle: Cycle, status: Status, *, but_long: bool = False) -> list[int]:
    query = select(REPORT.c.id).join(ACCOUNT, ACCOUNT.c.id == REPORT.c.account_id)
    query = query.where(REPORT.c.cycle == cycle.first_day, REPORT.c.status == status).order_by(REPORT.c.id)
    return list(db.session.scalars(query.where(ACCOUNT.c.number.like("ACC-%")) if but_long else query))


def _hand_in(ids: Sequence[int]) -> None:
    for some in batched_ids(ids):
        due = reports_for_update(some)
        automatic.submit_automatically(due, system(), max(report.due_at for report in due))
        db.session.commit()


def _approve(ids: Sequence[int]) -> None:
    reviewer = member_by_email(REVIEWER)
    for some in batched_ids(ids):
        rows = reports_for_update(some)
        who, at = acting(reviewer, rows[0]), max(report.due_at for report in rows) + timedelta(days=1)
        events = [fire(state_of(row), Step.APPROVE, who.actor, at) for row in rows]
        approvals = [Recorded(row, event, {"decided_at": at}) for row, event in zip(rows, events, strict=True)]
        record_all(approvals, who, tell="approved")
        db.session.commit()


def batched_ids(ids: Sequence[int]) -> list[Sequence[int]]:
    """In transactions of a few hundred reports, as the scheduler works."""
    return [ids[start : start + BATCH] for start in range(0, len(ids), BATCH)]
