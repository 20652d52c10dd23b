"""Writes a refused attempt into the trail, seldom enough that nobody can fill a chain with them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

import structlog
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException

from distributor import clock
from distributor.audit.operations import Fact, record_all
from distributor.database import db
from distributor.identity.acting import CurrentMember
from distributor.limits.operations import Limited, TooManyRequests, spend
from distributor.refusals.claims import where_from

# A refused request waits for nobody: an entry that cannot be written now is told to the service log.
WAIT_AT_MOST = text("SET LOCAL lock_timeout = '1s'")

log = structlog.get_logger("distributor")


def note(
    what: str,
    organizations: Iterable[int],
    details: Mapping[str, object],
    *,
    once: str | None,
    by: CurrentMember | None = None,
    subject: str = "",
) -> None:
    """Write a refused attempt into the chain of each organization, once an hour for the same `once`; None: each time,
    as what is counted elsewhere already.

    What the request did so far is rolled back. No secret belongs into `subject` and `details`. Never fails.
    """
    at, here = clock.now(), list(dict.fromkeys(organizations))
    db.session.rollback()
    try:
        told = [one for one in here if _may(what, one, once, by, at)]
        if told:
            _write([Fact(what, None, one, subject, {**details, **where_from()}) for one in told], by, at)
    except (SQLAlchemyError, HTTPException) as error:
        db.session.rollback()
        log.error("a refused attempt is not in the trail", what=what, organizations=here, exc_info=error)


def _may(what: str, organization_id: int, once: str | None, by: CurrentMember | None, at: datetime) -> bool:
    """Whether the attempt is new within the hour, and the organization has not had too many. Raises CannotCount."""
    # Strangers have a count of their own: they shall not use up what shows the attempts of members.
    whose = "members" if by is not None else "strangers"
    return (once is None or _is_left(Limited.REFUSAL, f"{what} {organization_id} {once}", at)) and _is_left(
        Limited.REFUSALS, f"{whose} {organization_id}", at
    )


def _is_left(what: Limited, key: str, at: datetime) -> bool:
    try:
        spend(what, key, at)
    except TooManyRequests:
        return False
    return True


def _write(facts: list[Fact], by: CurrentMember | None, at: datetime) -> None:
    db.session.execute(WAIT_AT_MOST)
    record_all(facts, by=by, at=at)
    db.session.commit()
