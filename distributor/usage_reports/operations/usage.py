"""From usage to lines: the lines a report opens with, and what an import does to a report that is still editable.

Set-based for any number of reports. Units of a line are the sum over the current snapshots of all sources; absence is
judged per source (settled.md, "Usage").
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text

from distributor.database import db
from distributor.identity.acting import Acting
from distributor.usage_reports.operations.carrying import CARRIED_HERE
from distributor.usage_reports.operations.line_changes import change_lines, note_lines
from distributor.usage_reports.operations.recording import Recorded, record
from distributor.usage_reports.queries import ReportRow, state_of
from workflows.usage_report import Step, fire

FRESH = """
r AS (SELECT * FROM usage_reports WHERE id = ANY(CAST(:ids AS bigint[]))),
fresh AS (
  SELECT r.id AS report_id, u.customer_id, u.product_id, sum(u.provisioned_units) AS provisioned,
         CASE WHEN count(u.used_units) = count(*) THEN sum(u.used_units) END AS used,
         array_agg(s.source) AS sources
  FROM r JOIN usage_snapshots s ON s.account_id = r.account_id AND s.cycle = r.cycle AND s.is_current
         JOIN usage_rows u ON u.snapshot_id = s.id
  GROUP BY r.id, u.customer_id, u.product_id
), delivered AS (
  SELECT r.id AS report_id, array_agg(s.source) AS sources
  FROM r JOIN usage_snapshots s ON s.account_id = r.account_id AND s.cycle = r.cycle
         AND s.is_current AND NOT s.is_derived
  GROUP BY r.id
)"""

CARRIED = """
carried AS (
  SELECT r.id AS report_id, l.customer_id, l.product_id, NULL::numeric AS provisioned, NULL::numeric AS used, l.sources
  FROM r
  CROSS JOIN LATERAL (SELECT id FROM usage_reports earlier
                      WHERE earlier.account_id = r.account_id AND earlier.cycle < r.cycle
                      ORDER BY earlier.cycle DESC LIMIT 1) previous
  JOIN usage_report_lines l ON l.report_id = previous.id
  JOIN products p ON p.id = l.product_id
  LEFT JOIN delivered d ON d.report_id = r.id
  WHERE coalesce(p.usage_source, r.usage_source) = 'manual' OR d.sources IS NULL OR NOT l.sources <@ d.sources
)"""

# A new feed line that differs starts with the words carried forward for it; only such a line looks for any.
STARTS_WITH = CARRIED_HERE.format(
    line="line_is_discrepancy(k.provisioned, coalesce(k.used, k.provisioned), r.tolerance_units, r.tolerance_percent)",
    product="p.id",
    customer="w.customer_id",
    difference="k.used - k.provisioned",
)
BEGINS_WITH = CARRIED_HERE.format(
    line="d.differs AND n.comment IS NULL AND n.reviewer_note IS NULL",
    product="n.product_id",
    customer="n.customer_id",
    difference="d.charged - n.provisioned",
)

INSERT = f"""
INSERT INTO usage_report_lines (
  report_id, account_id, distributor_id, msp_id, version, customer_id, customer_ref, customer_name,
  product_id, sku, product_name, unit, "precision", usage_source, sources,
  minor_unit, tolerance_units, tolerance_percent, unit_price, provisioned_units, used_units, chargeable_units,
  comment, carried_until, carried_limit)
SELECT
  r.id, r.account_id, r.distributor_id, r.msp_id, {{version}}, w.customer_id, c.ref, c.name,
  p.id, p.sku, p.name, p.unit, p."precision", k.usage_source, w.sources,
  r.minor_unit, r.tolerance_units, r.tolerance_percent, {{price}}, k.provisioned, k.used,
  coalesce(k.used, k.provisioned), e.comment, e.carried_until, e.carried_limit
FROM wanted w
JOIN r ON r.id = w.report_id
JOIN products p ON p.id = w.product_id
LEFT JOIN customers c ON c.id = w.customer_id
LEFT JOIN prices price ON price.product_id = p.id AND price.currency = r.currency
CROSS JOIN LATERAL (
  SELECT coalesce(p.usage_source, r.usage_source) AS usage_source,
         CASE WHEN coalesce(p.usage_source, r.usage_source) = 'feed' THEN w.provisioned END AS provisioned,
         CASE WHEN coalesce(p.usage_source, r.usage_source) = 'feed' THEN w.used END AS used
) k
LEFT JOIN LATERAL ({STARTS_WITH}) e ON true
ORDER BY w.report_id, w.customer_id, w.product_id"""

# A line that joins an open report pays what the product cost when the report opened (promise 9): the price its other
# lines have, else the one that held then; one that had none yet gets today's. A price that came after the opening and
# went again is none of them: typed wrong and corrected at once, it would be charged all the same.
PRICE_AT_OPENING = """coalesce(
  (SELECT l.unit_price FROM usage_report_lines l
   WHERE l.report_id = r.id AND l.product_id = p.id AND l.unit_price IS NOT NULL LIMIT 1),
  (SELECT past.unit_price FROM past_prices past
   WHERE past.product_id = p.id AND past.currency = r.currency AND past.valid_until > r.opened_at
     AND coalesce(past.valid_from, '-infinity') <= r.opened_at
   ORDER BY past.valid_until LIMIT 1),
  price.unit_price)"""

# Sorted once rather than joined: how many lines are carried over is anybody's guess, the planner's too.
OPENING = text(
    f"""WITH {FRESH}, {CARRIED}, wanted AS (
  SELECT DISTINCT ON (report_id, customer_id, product_id) *
  FROM (SELECT *, true AS is_fresh FROM fresh UNION ALL SELECT *, false FROM carried) either
  ORDER BY report_id, customer_id, product_id, is_fresh DESC
)"""
    + INSERT.format(version="r.version", price="price.unit_price")
)

# What current usage makes of every line, one row per line it would change; `fate` says how. Lines meet usage by a FULL
# JOIN, which can only be hashed or merged, however few lines the planner expects of a report opened a moment ago;
# MATERIALIZED keeps it one.
NEWS = f"""
WITH {FRESH}, held AS (
  SELECT l.* FROM r JOIN usage_report_lines l ON l.report_id = r.id
), met AS (
  SELECT r.id AS report_id, l.id, r.version + 1 AS version, coalesce(f.sources, l.sources) AS sources,
         f.customer_id, f.product_id, f.provisioned, f.used, l.provisioned_units, l.used_units,
         l.comment, l.carried_limit, l.reviewer_note, CASE WHEN l.changed_by_msp THEN l.chargeable_units END AS own,
         CASE WHEN l.id IS NULL THEN 'added'
              WHEN l.usage_source <> 'feed' OR l.accepted THEN 'stays'
              WHEN f.report_id IS NOT NULL THEN 'counted'
              -- its source has not delivered: units derived from another cycle's file are unknown once that changed
              WHEN d.report_id IS NULL OR NOT l.sources <@ d.sources THEN 'unknown'
              WHEN l.changed_by_msp OR l.added_by_msp OR l.reviewer_note IS NOT NULL
                OR l.comment IS NOT NULL AND l.carried_limit IS NULL
              THEN 'zero'
              ELSE 'removed' END AS fate
  FROM fresh f
  FULL JOIN held l ON l.report_id = f.report_id AND l.product_id = f.product_id
    AND coalesce(l.customer_id, 0) = coalesce(f.customer_id, 0)
  JOIN r ON r.id = coalesce(f.report_id, l.report_id)
  LEFT JOIN delivered d ON d.report_id = r.id
), news AS MATERIALIZED (
  SELECT report_id, id, version, sources, customer_id, product_id, used, fate, comment, carried_limit, reviewer_note,
         own, CASE WHEN fate = 'zero' THEN 0 ELSE provisioned END AS provisioned
  FROM met
  WHERE fate IN ('added', 'removed')
     OR fate = 'counted' AND (provisioned_units, used_units) IS DISTINCT FROM (provisioned, used)
     OR fate = 'unknown' AND provisioned_units IS NOT NULL
     OR fate = 'zero' AND provisioned_units IS DISTINCT FROM 0
)"""

# Words are carried to a line that begins to differ and says nothing, and taken back from one that differs no more.
CHANGED = f"""{NEWS}
SELECT n.*, e.comment AS words, e.carried_until AS words_until, e.carried_limit AS words_limit,
       n.carried_limit IS NOT NULL AND n.reviewer_note IS NULL AND NOT d.differs AS is_settled
FROM news n JOIN r ON r.id = n.report_id
CROSS JOIN LATERAL (
  SELECT coalesce(n.own, n.used, n.provisioned) AS charged,
         line_is_discrepancy(n.provisioned, coalesce(n.own, n.used, n.provisioned), r.tolerance_units,
                             r.tolerance_percent) AS differs
) d
LEFT JOIN LATERAL ({BEGINS_WITH}) e ON true
WHERE n.fate IN ('counted', 'unknown', 'zero')"""
REMOVED = text(f"{NEWS} SELECT id FROM news WHERE fate = 'removed'")
ADDED = text(
    f"{NEWS}, wanted AS (SELECT * FROM news WHERE fate = 'added')"
    + INSERT.format(version="r.version + 1", price=PRICE_AT_OPENING)
    + " RETURNING usage_report_lines.id"
)

# Chargeable units follow the import unless the MSP changed them; accepted lines are frozen, also against imports.
FOLLOWING = """
chargeable_units = CASE WHEN l.changed_by_msp THEN l.chargeable_units ELSE coalesce(g.used, g.provisioned) END,
provisioned_units = g.provisioned, used_units = g.used, sources = g.sources, waived_reason = NULL,
comment = CASE WHEN NOT g.is_settled THEN coalesce(l.comment, g.words) END,
carried_until = CASE WHEN NOT g.is_settled THEN coalesce(l.carried_until, g.words_until) END,
carried_limit = CASE WHEN NOT g.is_settled THEN coalesce(l.carried_limit, g.words_limit) END,
-- An import answers no note: what the MSP has not changed since the rejection counts as it is now.
noted_units = CASE WHEN l.reviewer_note IS NOT NULL AND NOT l.changed_by_msp
                    AND l.noted_units IS NOT DISTINCT FROM l.chargeable_units
              THEN coalesce(g.used, g.provisioned) ELSE l.noted_units END"""

# Usage that would change nothing is no news, whenever it came.
PENDING = text(f"""{NEWS}
SELECT s.id, max(s.imported_at) AS arrived
FROM (SELECT r.id, s.imported_at FROM r JOIN usage_snapshots s
        ON s.account_id = r.account_id AND s.cycle = r.cycle AND s.is_current AND s.imported_at > r.usage_taken_at) s
WHERE s.id IN (SELECT report_id FROM news)
GROUP BY s.id""")


def add_opening_lines(report_ids: Sequence[int]) -> None:
    """The lines of reports just opened: the cycle's usage, and what the last report held but no source delivered, as
    unknown.
    """
    db.session.execute(OPENING, {"ids": list(report_ids)})


def refresh(report: ReportRow, acting: Acting, at: datetime) -> int:
    """Bring the lines of a locked, editable report in step with the current usage; returns how many lines changed.

    Nothing changed leaves the version as it is. Raises TransitionNotAllowed when the report is not editable.
    """
    return _bring_in_step(report, Step.REFRESH, acting, at, None)


def apply_usage(report: ReportRow, acting: Acting, at: datetime, *, version: int | None = None) -> int:
    """The MSP takes over usage that arrived while the report was locked; returns how many lines changed.

    Usage that changes nothing leaves the version as it is. Raises what `fire` raises.
    """
    return _bring_in_step(report, Step.SAVE, acting, at, version)


def _bring_in_step(report: ReportRow, step: Step, acting: Acting, at: datetime, version: int | None) -> int:
    event = fire(state_of(report), step, acting.actor, at, version=version)
    counts = _change(report)
    if any(counts.values()):
        record(Recorded(report, event, {"usage_taken_at": at}, {"usage": True, **counts}), acting)
    return sum(counts.values())


def _change(report: ReportRow) -> dict[str, int]:
    changed = change_lines(CHANGED, FOLLOWING, {"ids": [report.id]})
    return {"changed": changed, "removed": _remove(report), "added": _add(report)}


def _remove(report: ReportRow) -> int:
    gone = db.session.scalars(REMOVED, {"ids": [report.id]}).all()
    if gone:
        lines = {"lines": list(gone), "version": report.version + 1}
        note_lines(NOTED, "removed", lines)
        db.session.execute(text("DELETE FROM usage_report_lines WHERE id = ANY(CAST(:lines AS bigint[]))"), lines)
    return len(gone)


def _add(report: ReportRow) -> int:
    added = db.session.scalars(ADDED, {"ids": [report.id]}).all()
    if added:
        note_lines(NOTED, "added", {"lines": list(added), "version": report.version + 1})
    return len(added)


NOTED = """
SELECT l.*, CAST(:version AS int) AS now_version FROM usage_report_lines l WHERE id = ANY(CAST(:lines AS bigint[]))"""


def pending_usages(report_ids: Sequence[int]) -> dict[int, datetime]:
    """Per report, when usage arrived that would change its lines; reports without such usage are left out."""
    rows = db.session.execute(PENDING, {"ids": list(report_ids)})
    return {row.id: row.arrived for row in rows}


def pending_usage(report: ReportRow) -> datetime | None:
    """When usage arrived that the report has not taken over; None when there is none."""
    return pending_usages([report.id]).get(report.id)


def fill_missing_prices(report: ReportRow, acting: Acting, at: datetime) -> int:
    """Give a locked report's unpriced lines the prices the catalogue now has: once, the one exception to promise 9."""
    missing = text("""SELECT count(*) FROM usage_report_lines l
                      JOIN prices p ON p.product_id = l.product_id AND p.currency = :currency
                      WHERE l.report_id = :report AND l.unit_price IS NULL""")
    given = {"report": report.id, "currency": report.currency}
    if not db.session.scalar(missing, given):
        return 0
    event = fire(state_of(report), Step.PRICE, acting.actor, at)
    record(Recorded(report, event), acting)
    return change_lines(
        """SELECT l.id, CAST(:version AS int) AS version, p.unit_price FROM usage_report_lines l
           JOIN prices p ON p.product_id = l.product_id AND p.currency = :currency
           WHERE l.report_id = :report AND l.unit_price IS NULL""",
        "unit_price = g.unit_price",
        {**given, "version": event.version},
    )
