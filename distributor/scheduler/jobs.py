"""The scheduler's jobs: each selects what is due and lets operations decide. All may run twice, or by two at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import delete

from distributor.api_tokens import operations as api_tokens
from distributor.audit import heads
from distributor.catalogue import operations as catalogue
from distributor.catalogue.queries import priced_since
from distributor.database import db
from distributor.delivery.operations import deliver
from distributor.identity.acting import system
from distributor.identity.models import IdempotentAnswer
from distributor.limits import operations as limits
from distributor.people.operations import passwords
from distributor.scheduler.batches import in_batches
from distributor.usage_reports import escalating
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


def escalate(at: datetime) -> int:
    """Queue what goes up about reports that nobody opened; returns how many mails."""
    queued = escalating.escalate(at)
    db.session.commit()
    return queued


def answer_forgotten(at: datetime) -> int:
    """Queue the mails that people who forgot their password asked for; returns how many."""
    queued = passwords.answer(at)
    db.session.commit()
    return queued


def mail_audit_heads(at: datetime) -> int:
    """Queue today's mails with the heads of the audit trail; returns how many."""
    queued = heads.mail_heads(at)
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


def forget_limits(at: datetime) -> int:
    """Let go of counters of limits that have run empty; returns how many."""
    return limits.forget(at)


def settle_token_reports(at: datetime) -> int:
    """Tell owners and admins of tokens that were reported as leaked; returns how many reports there were."""
    settled = api_tokens.settle(at)
    db.session.commit()
    return settled


def warn_of_expiry(at: datetime) -> int:
    """Tell owners of tokens that end within a week; returns how many tokens."""
    warned = api_tokens.warn(at)
    db.session.commit()
    return warned


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
    Job("escalate", escalate, timedelta(seconds=60)),
    Job("late-prices", fill_late_prices, timedelta(minutes=5)),
    Job("forget-answers", forget_answers, timedelta(hours=1)),
    Job("token-reports", settle_token_reports, timedelta(seconds=15)),
    Job("token-expiry", warn_of_expiry, timedelta(hours=1)),
    Job("forget-limits", forget_limits, timedelta(hours=1)),
    Job("forgotten-passwords", answer_forgotten, timedelta(seconds=5)),
    Job("audit-heads", mail_audit_heads, timedelta(minutes=10)),
    # Deliverers share the outbox by its leases, so every scheduler process helps.
    Job("deliver", deliver_mail, timedelta(seconds=5), leader_only=False),
)
