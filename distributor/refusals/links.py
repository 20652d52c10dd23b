"""Mailed links that do not work: the answer is the same for all, and the trail tells them apart."""

from __future__ import annotations

import structlog

from distributor import clock
from distributor.database import db
from distributor.identity.sessions import digest
from distributor.people import dead_links
from distributor.people.dead_links import Kind
from distributor.refusals.trail import note

log = structlog.get_logger("distributor")


def refused(kind: Kind, token: str) -> None:
    """Somebody opened a link that does not work. One that was never mailed is nobody's, and in the service log."""
    db.session.rollback()
    found = dead_links.find(kind, token, clock.now())
    log.warning("link refused", kind=str(kind), reason=found.reason if found else "unknown")
    if found is not None:
        once = digest(token).hex()
        about = {"kind": str(found.kind), "reason": found.reason}
        note("link.refused", found.organizations, about, once=once, subject=found.email)
