"""Running a job over all that is due: in batches, one transaction each; what fails is set aside and tried later."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

import structlog
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from distributor.database import db
from distributor.scheduler.models import SchedulerTick, SetAside

BATCH = 1000
RETRIES = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2))
log = structlog.get_logger()


class Selects(Protocol):
    """Which subjects are due at an instant, without those set aside."""

    def __call__(self, at: datetime, *, limit: int, but: Sequence[int] = ()) -> list[int]: ...


Acts = Callable[[Sequence[int]], Sequence[Any]]


def in_batches(job: str, at: datetime, select_due: Selects, act: Acts) -> int:
    """Let `act` settle everything due at `at`; returns how many were settled. Commits after each batch.

    What another process holds is left to it, or to the next tick.
    """
    settled = 0
    while ids := select_due(at, limit=BATCH, but=_aside(job, at)):
        done = _together(job, ids, act)
        if done is None:
            done = sum(_alone(job, subject, act, at) for subject in ids)
        settled += done
        if not done:
            break
    return settled


def note_tick(job: str, at: datetime, outcome: str) -> None:
    """Remember that `job` ran; commits."""
    row = insert(SchedulerTick).values(job=job, last_at=at, outcome=outcome)
    db.session.execute(row.on_conflict_do_update(index_elements=["job"], set_={"last_at": at, "outcome": outcome}))
    db.session.commit()


def _together(job: str, ids: Sequence[int], act: Acts) -> int | None:
    """A whole batch in one transaction; None when any of it failed, and then nothing of it happened."""
    try:
        done = len(act(ids))
        _no_longer_aside(job, ids)
        db.session.commit()
    except Exception:  # one bad report must not hold up the other 499: each is then tried by itself
        db.session.rollback()
        log.exception("batch failed", job=job, size=len(ids))
        return None
    return done


def _alone(job: str, subject: int, act: Acts, at: datetime) -> int:
    try:
        done = len(act([subject]))
        _no_longer_aside(job, [subject])
        db.session.commit()
    except Exception as error:  # recorded, shown by `distributor check`, tried again later
        db.session.rollback()
        log.exception("set aside", job=job, subject=subject)
        _set_aside(job, subject, error, at)
        return 0
    return done


def _no_longer_aside(job: str, subjects: Sequence[int]) -> None:
    db.session.execute(delete(SetAside).where(SetAside.job == job, SetAside.subject_id.in_(subjects)))


def _aside(job: str, at: datetime) -> list[int]:
    query = select(SetAside.subject_id).where(SetAside.job == job, SetAside.retry_at > at)
    return list(db.session.scalars(query))


def _set_aside(job: str, subject: int, error: Exception, at: datetime) -> None:
    earlier = db.session.get(SetAside, (job, subject))
    attempts = earlier.attempts + 1 if earlier else 1
    retry_at = at + RETRIES[min(attempts, len(RETRIES)) - 1]
    given = {"error": str(error)[:1000], "attempts": attempts, "retry_at": retry_at}
    row = insert(SetAside).values(job=job, subject_id=subject, **given)
    db.session.execute(row.on_conflict_do_update(index_elements=["job", "subject_id"], set_=given))
    db.session.commit()
