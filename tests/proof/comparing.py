"""What the database says of reports and lines, in the model's words, and the promises asked of it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import psycopg
from sqlalchemy import text

from tests.proof.things import Line

BROKEN = text("""
SELECT 'promise 1: two reports of a cycle' FROM usage_reports GROUP BY account_id, cycle HAVING count(*) > 1
UNION ALL SELECT 'promise 2: a step along no edge' FROM report_actions a WHERE NOT EXISTS
  (SELECT FROM report_edges e WHERE (e.step, e.from_status, e.to_status) = (a.step, a.from_status, a.to_status))
UNION ALL SELECT 'promises 3 and 6: a version without its one action' FROM usage_reports r WHERE r.version <>
  ALL (SELECT unnest(ARRAY[count(*), count(DISTINCT a.version), max(a.version)]) FROM report_actions a
       WHERE a.report_id = r.id)
UNION ALL SELECT 'promise 4: lines changed while locked' FROM line_changes c
  JOIN report_actions a ON (a.report_id, a.version) = (c.report_id, c.version)
  WHERE a.from_status NOT IN ('msp_preparing', 'rejected') AND a.to_status NOT IN ('msp_preparing', 'rejected')
    AND a.step NOT IN ('waive', 'price')
UNION ALL SELECT 'promise 5: an unexplained line without penalty' FROM usage_reports r
  JOIN usage_report_lines l ON l.report_id = r.id WHERE r.status = 'under_review' AND l.unexplained AND NOT l.penalised
UNION ALL SELECT 'promise 7: somebody told twice' FROM notifications WHERE report_id IS NOT NULL
  GROUP BY report_id, event, occasion, channel, user_id HAVING count(*) > 1
UNION ALL SELECT 'promise 10: a total that is not the sum of its rounded lines' FROM usage_reports r WHERE r.amount <>
  (SELECT coalesce(sum(round(l.chargeable_units * l.unit_price, 2)), 0) FROM usage_report_lines l
   WHERE l.report_id = r.id)
""")


def facts_of(row: Any) -> dict[str, Any]:
    """A report's row."""
    return {
        "status": row.status, "version": row.version, "due_at": row.due_at, "kind": row.submission_kind,
        "submitted_from": row.submitted_from, "endorsed_by": row.endorsed_by, "invoiced": row.invoiced_at is not None,
        "rejected_before": row.rejected_before, "amount": row.amount, "lines": row.line_count,
        "unexplained": row.unexplained_unpenalised, "tolerance": row.tolerance_units,
    }  # fmt: skip


def line_facts(row: Any) -> dict[str, Any]:
    """A line's row."""
    return {
        "price": row.unit_price, "is_manual": row.usage_source == "manual", "provisioned": row.provisioned_units,
        "used": row.used_units, "chargeable": row.chargeable_units, "declared": row.declared_units,
        "comment": row.comment, "note": row.reviewer_note, "answered": row.note_answered,
        "penalised": row.penalised, "estimated": row.estimated, "accepted": row.accepted,
        "waived": row.waived_reason is not None, "changed": row.changed_by_msp, "added": row.added_by_msp,
    }  # fmt: skip


def model_line(line: Line) -> dict[str, Any]:
    """A line of the model; what was noted when shows in `answered`."""
    return {name: value for name, value in asdict(line).items() if name != "noted"}


def empty(connection: psycopg.Connection) -> None:
    """Take every account and product, and what hangs on them, out of the database, past the triggers of its history."""
    found = connection.execute(
        "SELECT DISTINCT table_name FROM information_schema.columns JOIN pg_class ON relname = table_name"
        " WHERE relkind = 'r' AND table_schema = 'public' AND column_name IN ('account_id', 'product_id')"
    ).fetchall()
    tables = [*(name for (name,) in found), "accounts", "products"]
    connection.execute("SET session_replication_role = replica")
    connection.execute(";".join(f"DELETE FROM {name}" for name in tables).encode())
