"""The scheduler's jobs: each selects what is due and lets operations decide. All may run twice, or by two at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import delete

from distributor.catalogue import operations as catalogue
from distributor.catalogue.queries import priced_since
from distributor.database import db
from distributor.delivery.operations import deliver
from distributor.identity.acting import system
from distributor.identity.models import IdempotentAnswer
from distributor.scheduler.batches import in_batches
from distributor.usage_reports.operations import automatic, opening

# Longer than any client retries.
ANSWERS_KEPT = timedelta(days=7)


def open_reports(at: datetime) -> int:
    """Open every cycle whose opening instant has come; returns how many accounts moved on."""
    act = partial(opening.open_next, at=at, acting=system())
    return in_batches("open-reports", at, opening.accounts_to_open, act)


def submit_due(at: datetime) -> int:
    """Submit every report whose due instant has passed."""
    act = partial(automatic.submit_due, at=at, acting=system())
    return in_batches("auto-submit", at, automatic.due_reports, act)


def approve_by_policy(at: datetime) -> int:
    """Approve the clean reports that a policy covers."""
    act = partial(automatic.approve_by_policy, at=at, acting=system())
    return in_batches("auto-approve", at, automatic.approvable_reports, act)


def remind(at: datetime) -> int:
    """Queue the reminders that are due; returns how many."""
    queued = automatic.remind(at)
    db.session.commit()
    return queued


def deliver_mail(at: datetime) -> int:
    """Send what waits in the outbox; returns how many mails went out."""
    return deliver(at).sent


def fill_late_prices(at: datetime) -> int:
    """Fill prices that came in the very moment a report opened without them; returns for how many distributors."""

    def act(distributors: Sequence[int]) -> list[int]:
        return [each for each in distributors if catalogue.fill_late_prices(each, system(), at)]

    return in_batches("late-prices", at, priced_since, act)


def forget_answers(at: datetime) -> int:
    """Let go of answers kept for an Idempotency-Key for so long that nobody asks again; returns how many."""
    old = delete(IdempotentAnswer).where(IdempotentAnswer.created_at < at - ANSWERS_KEPT)
    forgotten = db.session.execute(old.returning(IdempotentAnswer.key)).all()
    db.session.commit()
    return len(forgotten)


@dataclass(frozen=True, slots=True)
class Job:
    """A job, how often it runs, and whether only the leading scheduler runs it."""

    name: str
    run: Callable[[datetime], int]
    every: timedelta
    leader_only: bool = True


JOBS = (
    Job("open-reports", open_reports, timedelta(seconds=30)),
    Job("auto-submit", submit_due, timedelta(seconds=15)),
    Job("auto-approve", approve_by_policy, timedelta(seconds=15)),
    Job("remind", remind, timedelta(seconds=60)),
    Job("late-prices", fill_late_prices, timedelta(minutes=5)),
    Job("forget-answers", forget_answers, timedelta(hours=1)),
    # Deliverers share the outbox by its leases, so every scheduler process helps.
    Job("deliver", deliver_mail, timedelta(seconds=5), leader_only=False),
)
