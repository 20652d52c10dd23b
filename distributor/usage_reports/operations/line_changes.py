"""One way to change lines: figures, notes and marks go in with a set-based UPDATE, and each changed field leaves a row.

The caller holds the lock on the reports' rows. `{sets}` may use `l` (the line) and `g` (what was given).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from sqlalchemy import TextClause, text

from distributor.database import db

# What the history keeps of a line: field → its text in SQL.
RECORDED = {
    "provisioned_units": "trim_scale({0}.provisioned_units)::text",
    "used_units": "trim_scale({0}.used_units)::text",
    "chargeable_units": "trim_scale({0}.chargeable_units)::text",
    "comment": "{0}.comment",
    "carried_until": "{0}.carried_until::text",
    "reviewer_note": "{0}.reviewer_note",
    "waived_reason": "{0}.waived_reason",
    "unit_price": "trim_scale({0}.unit_price)::text",
}
LABEL = "coalesce(a.customer_name || ', ', '') || a.product_name || ' (' || a.sku || ')'"


def change_lines(given: str, sets: str, parameters: Mapping[str, Any]) -> int:
    """Update the lines that `given` names and write their history; returns how many lines changed.

    `given` is a query giving at least `id` (the line's), `version` (the report's version this change belongs to) and
    whatever `sets` reads as `g.…`.
    """
    return int(db.session.execute(_statement(given, sets), dict(parameters)).scalar_one())


@lru_cache(maxsize=64)
def _statement(given: str, sets: str) -> TextClause:
    # Both sides hold the same lines. FULL: it can only be hashed or merged, however few of them the planner expects.
    fields = ", ".join(f"('{name}', {sql.format('b')}, {sql.format('a')})" for name, sql in RECORDED.items())
    return text(f"""
WITH g AS ({given}), b AS (
  SELECT l.* FROM usage_report_lines l JOIN g ON g.id = l.id
), a AS (
  UPDATE usage_report_lines l SET {sets}, version = g.version FROM g WHERE l.id = g.id
  RETURNING l.*
), noted AS (
  INSERT INTO line_changes (
    report_id, account_id, distributor_id, msp_id, version, line_id, line_uid, line_label, field, old, new)
  SELECT a.report_id, a.account_id, a.distributor_id, a.msp_id, a.version, a.id, a.uid, {LABEL}, f.field, f.old, f.new
  FROM a FULL JOIN b ON b.id = a.id CROSS JOIN LATERAL (VALUES {fields}) AS f (field, old, new)
  WHERE f.old IS DISTINCT FROM f.new
)
SELECT count(*) FROM a
""")


def note_lines(given: str, field: str, parameters: Mapping[str, Any]) -> None:
    """History of lines that came (`field` "added") or went ("removed"); `given` gives lines and `version`."""
    db.session.execute(
        text(f"""
INSERT INTO line_changes (
  report_id, account_id, distributor_id, msp_id, version, line_id, line_uid, line_label, field, old, new)
SELECT a.report_id, a.account_id, a.distributor_id, a.msp_id, a.now_version, a.id, a.uid, {LABEL}, :field,
       CASE WHEN :field = 'removed' THEN coalesce(trim_scale(a.chargeable_units)::text, '') END,
       CASE WHEN :field = 'added' THEN coalesce(trim_scale(a.chargeable_units)::text, '') END
FROM ({given}) a
"""),
        {**parameters, "field": field},
    )
