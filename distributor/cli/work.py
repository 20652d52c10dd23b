"""The scheduler's work by hand: each command does what is due at an instant, and may be repeated."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import click
from sqlalchemy import func, select

from distributor.cli.output import application, as_json, at_option, clock_of, command, counted, say
from distributor.database import db
from distributor.delivery.operations import deliver as deliver_outbox
from distributor.errors import NotFound
from distributor.identity.acting import system
from distributor.scheduler import jobs
from distributor.usage_reports.operations import opening, steps
from distributor.usage_reports.queries import REPORT, reports_for_update
from workflows.errors import Refused
from workflows.report_cycle import Cycle
from workflows.usage_report import Status


@command(name="open-reports")
@at_option
@as_json
def open_reports(at: datetime | None, json_output: bool) -> None:
    """Open the report of every cycle whose opening day has come."""
    with application():
        moment = clock_of(at)
        opened = _count_of_reports(lambda: jobs.open_reports(moment))
        if at is not None:
            opened += _open_newest(moment)
    say(f"Opened {counted(opened, 'report', 'reports')}.", {"opened": opened}, json_output)


def _count_of_reports(work: Callable[[], object]) -> int:
    before = db.session.scalar(select(func.count()).select_from(REPORT)) or 0
    work()
    after = db.session.scalar(select(func.count()).select_from(REPORT)) or 0
    return after - before


def _open_newest(at: datetime) -> int:
    """An instant of one's own also opens the newest cycle due then where it is missing (settled.md, "Time")."""
    opened, last = 0, 0
    while True:
        reached, more = opening.open_newest(at, system("command"), after=last)
        db.session.commit()
        opened += more
        if reached is None:
            return opened
        last = reached


@command(name="auto-submit")
@at_option
@as_json
def auto_submit(at: datetime | None, json_output: bool) -> None:
    """Submit every report that is due, with penalties for what nobody explained."""
    with application():
        moment = clock_of(at)
        submitted = jobs.submit_due(moment)
        approved = jobs.approve_by_policy(moment)
    say(
        f"Submitted {counted(submitted, 'report', 'reports')}, approved {approved} by policy.",
        {"submitted": submitted, "approved": approved},
        json_output,
    )


@command()
@at_option
@as_json
def remind(at: datetime | None, json_output: bool) -> None:
    """Queue the reminders that are due, and tell of reports that nobody opened."""
    with application():
        moment = clock_of(at)
        queued = jobs.remind(moment) + jobs.escalate(moment)
    say(f"Queued {counted(queued, 'reminder', 'reminders')}.", {"queued": queued}, json_output)


@command()
@at_option
@as_json
def deliver(at: datetime | None, json_output: bool) -> None:
    """Send what waits in the outbox."""
    with application() as app:
        now = clock_of(at)
        jobs.answer_forgotten(now)
        done = deliver_outbox(now)
        without = not app.config["SETTINGS"].mail.server
    answer = {"sent": done.sent, "failed": done.failed, "given_up": done.given_up}
    words = f"Sent {counted(done.sent, 'mail', 'mails')}, {done.failed} to be tried again, {done.given_up} given up."
    say("No MAIL_SERVER is set: mails wait in the outbox." if without else words, answer, json_output)


@command(name="mark-invoiced")
@click.option("--cycle", help="Every approved report of this cycle, such as 2026-10.")
@click.option("--report", "uid", type=click.UUID, help="One report, by its id.")
@at_option
@as_json
def mark_invoiced(cycle: str | None, uid: UUID | None, at: datetime | None, json_output: bool) -> None:
    """Close approved reports for good, once they are invoiced."""
    if (cycle is None) == (uid is None):
        raise click.UsageError("Name either --cycle or --report.")
    with application():
        moment = clock_of(at)
        ids = [_id_of(uid)] if uid else _approved_of(Cycle.parse(str(cycle)))
        closed = sum(_invoice(report_id, moment) for report_id in ids)
        db.session.commit()
    say(f"Marked {counted(closed, 'report', 'reports')} as invoiced.", {"invoiced": closed}, json_output)


def _id_of(uid: UUID) -> int:
    found = db.session.scalar(select(REPORT.c.id).where(REPORT.c.uid == uid))
    if found is None:
        raise NotFound("This usage report")
    return int(found)


def _approved_of(cycle: Cycle) -> list[int]:
    query = select(REPORT.c.id).where(
        REPORT.c.cycle == cycle.first_day, REPORT.c.status == Status.APPROVED, REPORT.c.invoiced_at.is_(None)
    )
    return list(db.session.scalars(query.order_by(REPORT.c.id)))


def _invoice(report_id: int, at: datetime) -> int:
    (report,) = reports_for_update([report_id])
    try:
        steps.invoice(report, system("command"), at)
    except Refused as error:
        raise click.ClickException(f"Report {report.uid}: {error.message}") from error
    return 1


COMMANDS = (open_reports, auto_submit, remind, deliver, mark_invoiced)
