"""Reports as they were first submitted: the figures that automatic approval would have met (decision 0016).

The action of the first submission says the amount, how it came and what was penalised or estimated. What it does not
say is read from the lines: as they are where nothing changed since, else with every later change taken back. The two
must agree in what both know; where they do not, or a line that was submitted is gone, the report counts as unknown.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Row, text

from distributor.database import db

FirstSubmission = Row[Any]

FIRST_SUBMISSIONS = text("""
WITH r AS (
  SELECT * FROM usage_reports WHERE distributor_id = :distributor AND cycle BETWEEN :first AND :last
), submitted AS (
  SELECT DISTINCT ON (a.report_id) a.report_id, a.version, a.at, a.details
  FROM r JOIN report_actions a ON a.report_id = r.id AND a.step IN ('submit', 'auto_submit')
  ORDER BY a.report_id, a.version
), later AS MATERIALIZED (
  -- the oldest of the changes since tells what a field was at submission
  SELECT DISTINCT ON (c.line_id, c.field) c.report_id, c.line_id, c.field, c.old
  FROM submitted s JOIN line_changes c ON c.report_id = s.report_id AND c.version > s.version
  ORDER BY c.line_id, c.field, c.version, c.id
), undone AS (
  SELECT report_id, line_id, jsonb_object_agg(field, old) AS was FROM later GROUP BY report_id, line_id
), touched AS (
  SELECT report_id, bool_or(was ? 'removed' AND NOT was ? 'added') AS lost FROM undone GROUP BY report_id
), line AS (
  SELECT l.report_id, l.minor_unit, l.tolerance_units, l.tolerance_percent,
    CASE WHEN u.was ? 'comment' THEN u.was ->> 'comment' ELSE l.comment END AS comment,
    CASE WHEN u.was ? 'chargeable_units' THEN (u.was ->> 'chargeable_units')::numeric
         ELSE l.chargeable_units END AS chargeable,
    CASE WHEN u.was ? 'provisioned_units' THEN (u.was ->> 'provisioned_units')::numeric
         ELSE l.provisioned_units END AS provisioned,
    CASE WHEN u.was ? 'unit_price' THEN (u.was ->> 'unit_price')::numeric ELSE l.unit_price END AS price
  FROM touched t JOIN usage_report_lines l ON l.report_id = t.report_id
  LEFT JOIN undone u ON u.line_id = l.id
  WHERE u.was IS NULL OR NOT u.was ? 'added'
), restored AS (
  SELECT report_id, count(*) AS line_count, count(comment) AS commented,
    count(*) FILTER (WHERE line_is_discrepancy(provisioned, chargeable, tolerance_units, tolerance_percent))
      AS discrepancies,
    count(*) FILTER (WHERE chargeable IS NULL) AS missing_figures,
    count(*) FILTER (WHERE price IS NULL) AS missing_prices,
    sum(round(coalesce(chargeable * price, 0), minor_unit)) AS amount
  FROM line GROUP BY report_id
)
SELECT r.id, r.uid, r.account_id, r.cycle, r.status, r.currency, r.minor_unit, r.time_zone, r.due_at,
  r.resubmit_after_days, s.version, s.at AS submitted_at, s.details ->> 'submission_kind' AS submission_kind,
  (s.details ->> 'amount')::numeric AS amount,
  coalesce((s.details ->> 'penalised')::int, 0) AS penalised,
  coalesce((s.details ->> 'estimated')::int, 0) AS estimated,
  (s.details ->> 'lines')::int AS said_lines, (s.details ->> 'discrepancies')::int AS said_discrepancies,
  coalesce(t.lost, false) AS lost,
  CASE WHEN t.report_id IS NULL THEN r.line_count ELSE coalesce(x.line_count, 0) END AS line_count,
  CASE WHEN t.report_id IS NULL THEN r.commented ELSE coalesce(x.commented, 0) END AS commented,
  CASE WHEN t.report_id IS NULL THEN r.discrepancies ELSE coalesce(x.discrepancies, 0) END AS discrepancies,
  CASE WHEN t.report_id IS NULL THEN r.missing_figures ELSE coalesce(x.missing_figures, 0) END AS missing_figures,
  CASE WHEN t.report_id IS NULL THEN r.missing_prices ELSE coalesce(x.missing_prices, 0) END AS missing_prices,
  CASE WHEN t.report_id IS NULL THEN r.amount ELSE coalesce(x.amount, 0) END AS restored_amount,
  rejected.reason AS rejected_because, rejected.at AS rejected_at,
  approved.amount AS last_approved_amount
FROM r
LEFT JOIN submitted s ON s.report_id = r.id
LEFT JOIN touched t ON t.report_id = r.id
LEFT JOIN restored x ON x.report_id = r.id
LEFT JOIN LATERAL (
  SELECT a.reason, a.at FROM report_actions a WHERE a.report_id = r.id AND a.step = 'reject'
  ORDER BY a.version LIMIT 1
) rejected ON true
LEFT JOIN LATERAL (
  -- the newest earlier cycle that was approved at the moment of submission, with the amount it was approved at, if
  -- that was in the same currency
  SELECT CASE WHEN e.currency = r.currency THEN (now.details ->> 'amount')::numeric END AS amount
  FROM usage_reports e
  CROSS JOIN LATERAL (
    SELECT a.to_status, a.details FROM report_actions a WHERE a.report_id = e.id AND a.at <= s.at
    ORDER BY a.version DESC LIMIT 1
  ) now
  WHERE e.account_id = r.account_id AND e.cycle < r.cycle AND now.to_status = 'approved'
  ORDER BY e.cycle DESC LIMIT 1
) approved ON s.at IS NOT NULL
ORDER BY r.account_id, r.cycle""")


def first_submissions(distributor_id: int, first: date, last: date) -> Sequence[FirstSubmission]:
    """The distributor's reports of the cycles `first` to `last` as they were first submitted, by account and cycle;
    `submitted_at` is None for one that never was. `last_approved_amount` and `rejected_at` as the SQL above says.
    """
    given = {"distributor": distributor_id, "first": first, "last": last}
    return db.session.execute(FIRST_SUBMISSIONS, given).all()
