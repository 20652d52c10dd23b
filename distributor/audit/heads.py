"""The heads of an organization's chains, mailed to its admins once a day: proof of what came before for who keeps them.

Level-triggered: whatever day it is, those who have not been told today are told, however often and late it runs.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import text

from distributor.database import db
from distributor.delivery.events import AUDIT_HEADS

QUEUE = text("""
WITH due AS (
  SELECT o.id, CASE WHEN o.is_distributor THEN 'distributor' ELSE 'msp' END AS side,
    :event || ':' || o.id || ':' || CAST(:day AS text) AS occasion
  FROM organizations o
), untold AS (
  SELECT due.* FROM due
  WHERE NOT EXISTS (SELECT FROM notifications n WHERE n.report_id IS NULL AND n.occasion = due.occasion)
), ends AS (
  SELECT untold.*, (
    SELECT jsonb_agg(jsonb_build_array(coalesce(a.number, ''), h.chain, h.number, encode(h.hash, 'hex'))
                     ORDER BY a.number NULLS FIRST, h.id)
    FROM audit_heads h LEFT JOIN accounts a ON a.id = h.account_id
    WHERE h.number > 0 AND (h.organization_id = untold.id OR h.distributor_id = untold.id OR h.msp_id = untold.id)
  ) AS heads
  FROM untold
)
INSERT INTO notifications (event, occasion, recipient, user_id, side, details, next_attempt_at, created_at)
SELECT :event, ends.occasion, u.email, u.id, ends.side,
  jsonb_build_object('organization_id', ends.id, 'at', CAST(:told AS text), 'heads', ends.heads), :at, :at
FROM ends
JOIN members m ON m.organization_id = ends.id AND m.removed_at IS NULL AND 'admin' = ANY (m.roles)
JOIN users u ON u.id = m.user_id AND u.disabled_at IS NULL
WHERE ends.heads IS NOT NULL
ON CONFLICT DO NOTHING
RETURNING id
""")


def mail_heads(at: datetime) -> int:
    """Queue today's mails, days being those of UTC; returns how many."""
    day = at.astimezone(UTC).date().isoformat()
    given = {"event": AUDIT_HEADS, "day": day, "told": at.isoformat(), "at": at}
    return len(db.session.scalars(QUEUE, given).all())
