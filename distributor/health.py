"""What machines ask: is the process up, can it work, how is it doing. And the way from `/` to one's own first page."""

from __future__ import annotations

import hmac
import ipaddress
import os
from datetime import timedelta

from flask import Blueprint, Response, jsonify, redirect, request, url_for
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wrappers import Response as BaseResponse

from distributor import clock, schema
from distributor.database import db
from distributor.errors import NotFound
from distributor.identity.current import public, require_member, signed_in
from distributor.proxies import FORWARDED
from workflows.usage_report import Role

blueprint = Blueprint("health", __name__)
# The slowest leading job ticks once a minute; three missed ticks mean that nobody leads.
LATE = timedelta(minutes=3)


@blueprint.get("/", endpoint="home")
@signed_in
def home() -> BaseResponse:
    """One's own first page: the queue for a distributor, the reports for an MSP and for who only prepares them."""
    member = require_member()
    only_prepares = Role.PREPARER in member.roles and not member.roles & {Role.REVIEWER, Role.ADMIN}
    reviews = member.is_distributor and not only_prepares
    return redirect(url_for("review.queue" if reviews else "usage_reports.index"))


@blueprint.get("/healthz")
@public
def healthz() -> Response:
    """The process answers."""
    return jsonify(status="ok")


@blueprint.get("/readyz")
@public
def readyz() -> tuple[Response, int]:
    """Database, migrations and the scheduler's last tick; 503 with the reason where one is wanting."""
    problems = _problems()
    return jsonify(status="not ready" if problems else "ready", problems=problems), 503 if problems else 200


def _problems() -> list[str]:
    try:
        revision = db.session.scalar(text("SELECT version_num FROM alembic_version"))
        last_tick = db.session.scalar(text("SELECT max(last_at) FROM scheduler_ticks"))
    except SQLAlchemyError:
        db.session.rollback()
        return ["The database does not answer, or was never migrated."]
    found = []
    if revision != schema.head():
        found.append(
            f"The database is at migration {revision}, this release needs {schema.head()}: distributor migrate."
        )
    if last_tick is None or clock.now() - last_tick > LATE:
        found.append("No scheduler has ticked in the last minutes: distributor scheduler.")
    return found


@blueprint.get("/metrics")
@public
def metrics() -> Response:
    """Prometheus' text format, for loopback or whoever knows METRICS_TOKEN."""
    if not _may_measure():
        raise NotFound
    return Response(generate_latest(_registry()), content_type=CONTENT_TYPE_LATEST)


def _may_measure() -> bool:
    token = os.environ.get("METRICS_TOKEN", "")
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if token:
        return hmac.compare_digest(token.encode(), given.encode())
    address = request.remote_addr or ""
    return bool(address) and not request.environ[FORWARDED] and ipaddress.ip_address(address).is_loopback


# The page has no reader whose rows it could count: a function of the database counts everybody's and tells no more.
FIGURES = "SELECT label, number FROM operating_figures() WHERE figure = '{}'"
GAUGES = {
    "distributor_reports": (
        "Usage reports by status", "status", FIGURES.format("reports"),
    ),
    "distributor_notifications": (
        "Notifications by status", "status", FIGURES.format("notifications"),
    ),
    "distributor_set_aside": ("Subjects set aside by job", "job", "SELECT job, count(*) FROM set_aside GROUP BY job"),
    "distributor_scheduler_tick_age_seconds": (
        "Age of each job's last tick", "job",
        "SELECT job, extract(epoch FROM now() - last_at) FROM scheduler_ticks",
    ),
}  # fmt: skip


def _registry() -> CollectorRegistry:
    registry = CollectorRegistry()
    for name, (words, label, query) in GAUGES.items():
        gauge = Gauge(name, words, [label], registry=registry)
        for value, number in db.session.execute(text(query)):
            gauge.labels(value).set(number)
    return registry
