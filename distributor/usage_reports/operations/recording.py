"""One way to write a step down: action, notifications and the reports' new state, in one statement for any number.

Promises 3, 6 and 7 hang on this: a version without its action cannot be committed, and a notification is a row of the
same transaction.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import TextClause, text

from distributor.database import db
from distributor.identity.acting import Acting, names_both
from distributor.usage_reports.notifications import AUDIENCES, STATUTORY, Audience, is_urgent
from distributor.usage_reports.operations.line_changes import RECORDED
from distributor.usage_reports.queries import ReportRow
from workflows.events import Event

# What a step may set on a report, with its type in PostgreSQL.
SETTABLE = {
    "due_at": "timestamptz",
    "due_set_at": "timestamptz",
    "usage_taken_at": "timestamptz",
    "submitted_at": "timestamptz",
    "submitted_from": "text",
    "submission_kind": "text",
    "decided_at": "timestamptz",
    "endorsed_by": "bigint",
    "endorsed_at": "timestamptz",
    "invoiced_at": "timestamptz",
    "rejected_before": "boolean",
}


# SHA-256 over a report's lines, a JSON array each, after one of its terms. Steps that vouch for the figures put it into
# their details and so into the audit trail: without it lines that no change touches would be bound by their sum only.
# An evidence pack computes it anew (distributor/audit/verify_pack.py).
TERMS = ("currency", "minor_unit", "po_number", "tolerance_units", "tolerance_percent", "starts_on", "ends_on")
FIXED = ("uid", "customer_ref", "customer_name", "sku", "product_name", "unit")
LINES_SHA256 = """encode(sha256(convert_to(json_build_array({terms})::text
    || coalesce((SELECT string_agg(E'\\n' || json_build_array({line})::text, '' ORDER BY l.id)
                 FROM usage_report_lines l WHERE l.report_id = r.id), ''), 'UTF8')), 'hex')""".format(
    terms=", ".join(f"trim_scale(r.{name})::text" if name.startswith("tolerance") else f"r.{name}" for name in TERMS),
    line=", ".join(
        [
            *(f"l.{name}" for name in FIXED),
            *(sql.format("l") for sql in RECORDED.values()),
            "trim_scale(l.amount)::text",
        ]
    ),
)

UNENDORSED = {"endorsed_by": None, "endorsed_at": None}

# Says nothing new, but tells the planner how many reports there are: a JSON text it takes for a hundred.
AMONG = "r.id = ANY(CAST(:ids AS bigint[]))"

# A step's occasion is the version it made, so that one step never tells anybody twice. Then the details of its mails,
# and whether they go to those, too, who switched their kind off.
OF_STEP = ("'version:' || s.version", "jsonb_build_object('version', s.version)", "false")
STATUTORY_KINDS = ", ".join(f"('{side}', '{event}')" for side, events in STATUTORY.items() for event in sorted(events))

# Whether a member is among those who are told; the contact of an account stands for the others of its distributor.
HEARS = "(CASE WHEN contact.id IS NULL THEN {0}.roles && audience.roles ELSE {0}.id = contact.id END)"
CONTACT = """SELECT one.id FROM accounts a JOIN members one ON one.id = a.contact_id AND one.removed_at IS NULL
      JOIN users person ON person.id = one.user_id AND person.disabled_at IS NULL WHERE a.id = s.account_id"""
# Somebody who is told, and for whom the member `m` acts at that moment.
LENDER = f"""SELECT person.name FROM substitutes lent
      JOIN members away ON away.id = lent.absent_id AND away.removed_at IS NULL
      JOIN users person ON person.id = away.user_id AND person.disabled_at IS NULL
    WHERE lent.substitute_id = m.id AND lent.revoked_at IS NULL AND lent.starts_at <= :at AND lent.ends_at > :at
      AND {HEARS.format("away")} ORDER BY lent.ends_at, lent.id LIMIT 1"""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A step of one report: the event, the columns it sets, and details for the history and the mails. `vouches`: its
    details get the digest of the lines as they are before it.
    """

    report: ReportRow
    event: Event
    sets: Mapping[str, Any] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)
    reason: str | None = None
    vouches: bool = False

    @property
    def columns(self) -> dict[str, Any]:
        """All that the step sets on the report: an endorsement falls where the rules say so."""
        return {**self.sets, **(UNENDORSED if self.event.clears_endorsement else {})}


def record(recorded: Recorded, acting: Acting, *, tell: str | None = None) -> None:
    """Write one step down; `tell` names the occasion people hear of."""
    record_all([recorded], acting, tell=tell)


def record_all(steps: Sequence[Recorded], acting: Acting, *, tell: str | None = None) -> None:
    """Write one and the same kind of step down for many reports. Their rows must be locked by the caller."""
    if not steps:
        return
    audiences = AUDIENCES[tell] if tell else ()
    statement = _statement(tuple(sorted(steps[0].columns)), audiences, steps[0].vouches)
    db.session.execute(statement, _parameters(steps, acting, tell))


def _parameters(steps: Sequence[Recorded], acting: Acting, tell: str | None) -> dict[str, Any]:
    event = steps[0].event
    return {
        "ids": [step.report.id for step in steps],
        "steps": json.dumps([_given(step, acting) for step in steps]),
        "step": str(event.step),
        "at": event.at,
        "reason": steps[0].reason,
        "side": str(acting.actor.side),
        "user_id": acting.actor.person,
        "name": acting.name,
        "via": acting.via,
        "web_session_id": acting.web_session_id,
        "api_token_id": acting.api_token_id,
        "event": tell,
    }


def _given(step: Recorded, acting: Acting) -> dict[str, Any]:
    """A step as the statement takes it: one JSON text for all is much cheaper to write than an array per column."""
    sets = {column: None if value is None else _plain(value) for column, value in step.columns.items()}
    event, details = step.event, _details(step)
    if event.in_name_of is not None:
        details |= names_both(acting.acts_for, event.in_name_of)
    known = {"id": step.report.id, "source": event.source, "target": event.target, "for_user_id": event.in_name_of}
    return {**sets, **known, "details": details}


def _details(step: Recorded) -> dict[str, Any]:
    shown = {key: _plain(value) for key, value in {**step.details, **step.sets}.items() if value is not None}
    # A step that changes lines has no amount yet: its own statement runs before theirs.
    if "amount" in shown or step.event.clears_endorsement:
        return shown
    return {**shown, "amount": str(step.report.amount)}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return value if isinstance(value, bool | int | list | dict) else str(value)


@lru_cache(maxsize=64)
def _statement(columns: tuple[str, ...], audiences: tuple[Audience, ...], vouches: bool) -> TextClause:
    types = "".join(f", {column} {SETTABLE[column]}" for column in columns)
    sets = "".join(f", {column} = s.{column}" for column in columns)
    details = f"given.details || jsonb_build_object('lines_sha256', {LINES_SHA256})" if vouches else "given.details"
    told = f", told AS ({_telling(audiences, *OF_STEP)})" if audiences else ""
    return text(f"""
WITH s AS (
  SELECT r.id, r.account_id, r.distributor_id, r.msp_id, r.version + 1 AS version, given.source, given.target,
         given.for_user_id, {details} AS details{"".join(f", given.{column}" for column in columns)}
  FROM jsonb_to_recordset(CAST(:steps AS jsonb))
         AS given (id bigint, source text, target text, for_user_id bigint, details jsonb{types})
  JOIN usage_reports r ON r.id = given.id AND {AMONG}
), acted AS (
  INSERT INTO report_actions (report_id, account_id, distributor_id, msp_id, version, step, from_status, to_status, at,
    actor_side, actor_user_id, actor_name, for_user_id, via, web_session_id, api_token_id, reason, details)
  SELECT id, account_id, distributor_id, msp_id, version, :step, source, target, :at,
         :side, CAST(:user_id AS bigint), :name, for_user_id, :via, CAST(:web_session_id AS bigint),
         CAST(:api_token_id AS bigint), :reason, details
  FROM s
){told}
UPDATE usage_reports r SET version = s.version, status = s.target{sets} FROM s WHERE r.id = s.id
""")


def notify(
    report_ids: Sequence[int], tell: str, occasions: Sequence[str], details: Sequence[Mapping[str, Any]], at: datetime
) -> int:
    """Queue a notification that no step goes with (a reminder, a missing price), once per report, occasion, recipient.

    Returns how many were queued; those queued before are not queued again.
    """
    if not report_ids:
        return 0
    told = [
        {"id": report_id, "occasion": occasion, "details": detail, "urgent": is_urgent(tell, detail)}
        for report_id, occasion, detail in zip(report_ids, occasions, details, strict=True)
    ]
    given = {"ids": list(report_ids), "told": json.dumps(told), "event": tell, "at": at, "user_id": None}
    return len(db.session.scalars(_notice(AUDIENCES[tell]), given).all())


@lru_cache(maxsize=8)
def _notice(audiences: tuple[Audience, ...]) -> TextClause:
    return text(f"""
WITH s AS (
  SELECT r.id, r.account_id, r.distributor_id, r.msp_id, given.occasion, given.details, given.urgent
  FROM jsonb_to_recordset(CAST(:told AS jsonb)) AS given (id bigint, occasion text, details jsonb, urgent boolean)
  JOIN usage_reports r ON r.id = given.id AND {AMONG}
){_telling(audiences, "s.occasion", "s.details", "s.urgent")} RETURNING id""")


def _telling(audiences: tuple[Audience, ...], occasion: str, details: str, urgent: str) -> str:
    """A row of the outbox for each member a step concerns and for whoever acts for one: not for the acting person where
    the audience says so, nor for those who switched the kind off where that is allowed.
    """
    rows = ", ".join(
        f"('{audience.side}', ARRAY[{', '.join(repr(str(role)) for role in audience.roles)}], {audience.but_actor},"
        f" {audience.contact_first})"
        for audience in audiences
    )
    return f"""
  INSERT INTO notifications (account_id, distributor_id, msp_id, report_id, event, occasion, recipient, user_id, side,
    details, next_attempt_at, created_at)
  SELECT s.account_id, s.distributor_id, s.msp_id, s.id, CAST(:event AS text), {occasion}, u.email, u.id, audience.side,
    {details} || CASE WHEN {HEARS.format("m")} THEN '{{}}' ELSE jsonb_build_object('for', lender.name) END, :at, :at
  FROM s
  CROSS JOIN (VALUES {rows}) AS audience (side, roles, but_actor, contact_first)
  LEFT JOIN members contact ON audience.contact_first AND contact.id = ({CONTACT})
  JOIN members m ON m.organization_id = CASE audience.side WHEN 'msp' THEN s.msp_id ELSE s.distributor_id END
    AND m.removed_at IS NULL
  LEFT JOIN LATERAL ({LENDER}) lender ON true
  JOIN users u ON u.id = m.user_id AND u.disabled_at IS NULL
  WHERE ({HEARS.format("m")} OR lender.name IS NOT NULL)
    AND NOT (audience.but_actor AND u.id IS NOT DISTINCT FROM CAST(:user_id AS bigint))
    AND ({urgent} OR audience.side || ':' || CAST(:event AS text) <> ALL (m.muted)
      OR (audience.side, CAST(:event AS text)) IN ({STATUTORY_KINDS}))
  ON CONFLICT DO NOTHING"""
