"""The evidence pack of a report as a file, for both sides of its account."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, Response

from distributor import clock
from distributor.audit.pack import note_made, pack
from distributor.database import db
from distributor.identity.current import require_member, signed_in
from distributor.limits.operations import Limited
from distributor.limits.routes import limited
from distributor.usage_reports import queries

blueprint = Blueprint("evidence_pack", __name__, url_prefix="/reports")


@blueprint.get("/<uuid:uid>/evidence.zip")
@signed_in
@limited(Limited.EXPORT)
def download(uid: UUID) -> Response:
    """All that speaks for the report, verifiable without the service."""
    member = require_member()
    # Several queries, one state of the database: what is done meanwhile would contradict the trail.
    db.session.rollback()
    db.session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    report = queries.report(uid, member)
    at = clock.now()
    made = pack(report, member, at)
    # That it was made is written in a transaction of its own: in this one it could clash with other entries.
    db.session.rollback()
    note_made(report, made, member, at)
    db.session.commit()
    answer = Response(made, mimetype="application/zip")
    name = f"evidence-{report.cycle:%Y-%m}-{str(report.uid)[:8]}.zip"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
