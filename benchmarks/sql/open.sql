-- Opening in one statement: what `distributor.usage_reports.operations.opening` writes, without asking any rule.
WITH due AS (
  SELECT a.*, a.next_cycle AS cycle,
         (date_trunc('day', now_.at AT TIME ZONE a.time_zone) + make_interval(days => a.auto_submit_after_days + 1))
           AT TIME ZONE a.time_zone AS due_at
  FROM accounts a
  JOIN reporting_scopes s ON s.distributor_id = a.distributor_id AND s.region = a.region
    AND s.account_type = a.account_type AND s.usage_reports
  CROSS JOIN (SELECT CAST(%(at)s AS timestamptz) AS at) now_
  WHERE a.next_opens_at <= now_.at
  FOR NO KEY UPDATE OF a
), opened AS (
  INSERT INTO usage_reports (account_id, distributor_id, msp_id, cycle, starts_on, ends_on, status, opened_at, due_at,
    due_set_at, usage_taken_at, po_number, currency, minor_unit, time_zone, auto_submit_after_days, resubmit_after_days,
    tolerance_units, tolerance_percent, corrections_allowed, uplift_percent, usage_source)
  SELECT id, distributor_id, msp_id, cycle, cycle, (cycle + interval '1 month - 1 day')::date, 'msp_preparing', %(at)s,
    due_at, %(at)s, %(at)s, po_number, currency, 2, time_zone, auto_submit_after_days, resubmit_after_days, tolerance_units,
    tolerance_percent, corrections_allowed, uplift_percent, usage_source
  FROM due
  RETURNING *
), lines AS (
  INSERT INTO usage_report_lines (report_id, account_id, distributor_id, msp_id, version, customer_id, customer_ref,
    customer_name, product_id, sku, product_name, unit, "precision", usage_source, sources, minor_unit, tolerance_units,
    tolerance_percent, unit_price, provisioned_units, used_units, chargeable_units)
  SELECT r.id, r.account_id, r.distributor_id, r.msp_id, 1, c.id, c.ref, c.name, p.id, p.sku, p.name, p.unit,
    p."precision", r.usage_source, ARRAY[s.source], r.minor_unit, r.tolerance_units, r.tolerance_percent, price.unit_price,
    u.provisioned_units, u.used_units, coalesce(u.used_units, u.provisioned_units)
  FROM opened r
  JOIN usage_snapshots s ON s.account_id = r.account_id AND s.cycle = r.cycle AND s.is_current
  JOIN usage_rows u ON u.snapshot_id = s.id
  JOIN products p ON p.id = u.product_id
  LEFT JOIN customers c ON c.id = u.customer_id
  LEFT JOIN prices price ON price.product_id = p.id AND price.currency = r.currency
  RETURNING report_id, amount, chargeable_units
), acted AS (
  INSERT INTO report_actions (report_id, account_id, distributor_id, msp_id, version, step, from_status, to_status, at,
    actor_side, actor_name, via, details)
  SELECT r.id, r.account_id, r.distributor_id, r.msp_id, 1, 'open', 'none', 'msp_preparing', %(at)s, 'system',
    'Distributor', 'scheduler', jsonb_build_object('lines', l.number, 'amount', l.amount::text, 'due_at', r.due_at,
    'missing_figures', l.missing)
  FROM opened r
  JOIN (SELECT report_id, count(*) AS number, sum(amount) AS amount,
               count(*) FILTER (WHERE chargeable_units IS NULL) AS missing
        FROM lines GROUP BY report_id) l ON l.report_id = r.id
), told AS (
  INSERT INTO notifications (account_id, distributor_id, msp_id, report_id, event, occasion, recipient, user_id, side,
    details, next_attempt_at, created_at)
  SELECT r.account_id, r.distributor_id, r.msp_id, r.id, 'opened', 'version:1', u.email, u.id, 'msp', '{"version": 1}',
    %(at)s, %(at)s
  FROM opened r
  JOIN members m ON m.organization_id = r.msp_id AND m.roles && ARRAY['preparer', 'admin'] AND m.removed_at IS NULL
  JOIN users u ON u.id = m.user_id AND u.disabled_at IS NULL
)
UPDATE accounts a
SET next_cycle = (d.cycle + interval '1 month')::date,
    next_opens_at = ((d.cycle + interval '1 month') + make_interval(days => d.opens_on_day - 1)) AT TIME ZONE d.time_zone
FROM due d
WHERE a.id = d.id
