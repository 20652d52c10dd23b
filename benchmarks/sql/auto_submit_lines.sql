-- Automatic submission, first half: lines that nobody explained are charged on what is provisioned, with their history.
WITH due AS (
  SELECT id, version + 1 AS version FROM usage_reports
  WHERE due_at <= %(at)s AND status IN ('msp_preparing', 'rejected') FOR NO KEY UPDATE
), before AS (
  SELECT l.id, l.chargeable_units FROM usage_report_lines l JOIN due ON due.id = l.report_id
  WHERE l.unexplained AND NOT l.penalised
), charged AS (
  UPDATE usage_report_lines l
  SET chargeable_units = greatest(l.chargeable_units, l.provisioned_units), declared_units = l.chargeable_units,
      penalised = true, version = due.version,
      system_note = 'Submitted automatically without an explanation: charged on '
        || trim_scale(greatest(l.chargeable_units, l.provisioned_units)) || '.'
  FROM due
  WHERE l.report_id = due.id AND l.unexplained AND NOT l.penalised
  RETURNING l.*
)
INSERT INTO line_changes (report_id, account_id, distributor_id, msp_id, version, line_id, line_uid, line_label, field, old, new)
SELECT a.report_id, a.account_id, a.distributor_id, a.msp_id, a.version, a.id, a.uid,
  a.customer_name || ', ' || a.product_name || ' (' || a.sku || ')', 'chargeable_units',
  trim_scale(b.chargeable_units)::text, trim_scale(a.chargeable_units)::text
FROM charged a JOIN before b ON b.id = a.id
WHERE a.chargeable_units IS DISTINCT FROM b.chargeable_units
