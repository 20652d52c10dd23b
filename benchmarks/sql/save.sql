-- A draft as one statement: the version's action, the report's row, the lines, and a row of history for each changed field.
WITH given AS (
  SELECT * FROM unnest(%(ids)s::bigint[], %(units)s::numeric[], %(comments)s::text[]) AS given (id, units, comment)
), report AS (
  SELECT * FROM usage_reports WHERE id = %(report)s FOR NO KEY UPDATE
), acted AS (
  INSERT INTO report_actions (report_id, account_id, distributor_id, msp_id, version, step, from_status, to_status, at,
    actor_side, actor_user_id, actor_name, via, details)
  SELECT id, account_id, distributor_id, msp_id, version + 1, 'save', status, status, now(), 'msp', %(user)s, 'Floor', 'web',
    jsonb_build_object('lines', cardinality(%(ids)s::bigint[]))
  FROM report
), before AS (
  SELECT l.id, l.chargeable_units, l.comment FROM usage_report_lines l JOIN given ON given.id = l.id
), changed AS (
  UPDATE usage_report_lines l
  SET chargeable_units = given.units, comment = given.comment, version = report.version + 1,
      changed_by_msp = given.units IS DISTINCT FROM coalesce(l.used_units, l.provisioned_units)
  FROM given, report
  WHERE l.id = given.id
  RETURNING l.*
), noted AS (
  INSERT INTO line_changes (report_id, account_id, distributor_id, msp_id, version, line_id, line_uid, line_label, field, old, new)
  SELECT a.report_id, a.account_id, a.distributor_id, a.msp_id, a.version, a.id, a.uid,
    coalesce(a.customer_name || ', ', '') || a.product_name || ' (' || a.sku || ')', f.field, f.old, f.new
  FROM changed a JOIN before b ON b.id = a.id
  CROSS JOIN LATERAL (VALUES
    ('chargeable_units', trim_scale(b.chargeable_units)::text, trim_scale(a.chargeable_units)::text),
    ('comment', b.comment, a.comment)) AS f (field, old, new)
  WHERE f.old IS DISTINCT FROM f.new
)
SELECT version FROM report
