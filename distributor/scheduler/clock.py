"""APScheduler as the clock of one process. Any number of these may run; one leads, by an advisory lock."""

from __future__ import annotations

import signal
from datetime import UTC, datetime
from types import FrameType

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.blocking import BlockingScheduler
from flask import Flask
from sqlalchemy import func, select

from distributor.database import db
from distributor.scheduler.batches import note_tick
from distributor.scheduler.jobs import JOBS, Job
from distributor.scheduler.leadership import Leadership
from distributor.tenancy import across_tenants

log = structlog.get_logger()


def serve(app: Flask) -> None:
    """Run the jobs until SIGTERM or SIGINT; the job under way is finished first."""
    clock = BlockingScheduler(
        timezone=UTC,
        executors={"default": ThreadPoolExecutor(len(JOBS))},
        # A late tick is still a tick, several missed ones are one, and a job never overlaps itself.
        job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
    )
    with app.app_context():
        leadership = Leadership(db.engine)
    for job in JOBS:
        clock.add_job(
            tick, "interval", [app, job, leadership], seconds=job.every.total_seconds(), id=job.name,
            next_run_time=datetime.now(UTC),
        )  # fmt: skip

    def stop(_signal: int, _frame: FrameType | None) -> None:
        clock.shutdown(wait=False)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    log.info("scheduler started", jobs=[job.name for job in JOBS])
    clock.start()
    leadership.release()


def tick(app: Flask, job: Job, leadership: Leadership) -> None:
    """One run of one job at the database's own time; a failure is remembered and leaves the clock running."""
    with app.app_context():
        across_tenants()
        try:
            if job.leader_only and not leadership.held():
                return
            run(job)
        except Exception:  # the clock must outlive any one job; what failed is still due at the next tick
            log.exception("tick failed", job=job.name)
            db.session.rollback()


def run(job: Job) -> int:
    """Run `job` as of the database's now(); returns what it did."""
    at = db.session.execute(select(func.now())).scalar_one()
    db.session.rollback()
    done = job.run(at)
    if job.leader_only or done:
        note_tick(job.name, at, f"{done} done")
    if done:
        log.info("tick", job=job.name, done=done)
    return done
