"""Queueing a mail that is about a person rather than a report. Its secret is made when it goes out, never kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from distributor.database import db
from distributor.delivery.models import Notification
from distributor.identity.models import User
from workflows.usage_report import Side


@dataclass(frozen=True, slots=True)
class Telling:
    """A kind of mail (delivery/events.py) to a member of `organization_id`, at the address the person signs in with
    unless `recipient` names another. `details` are what its words need.
    """

    event: str
    organization_id: int
    side: Side
    user_id: int | None
    recipient: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


def tell(telling: Telling, at: datetime) -> None:
    """Queue the mail; the same one at the same instant is queued once."""
    own = select(User.email).where(User.id == telling.user_id).scalar_subquery()
    once = insert(Notification).on_conflict_do_nothing()
    db.session.execute(
        once.values(
            event=telling.event,
            occasion=f"{telling.event}:{telling.organization_id}:{at.isoformat()}",
            recipient=telling.recipient or own,
            user_id=telling.user_id,
            side=str(telling.side),
            details={"organization_id": telling.organization_id, "at": at.isoformat(), **telling.details},
            next_attempt_at=at,
            created_at=at,
        )
    )
