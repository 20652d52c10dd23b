-- Automatic submission, second half: action, mails and new state. The guards want the lines settled before.
WITH due AS (
  SELECT *, version + 1 AS next,
         CASE WHEN penalised > 0 THEN 'automatic_with_penalty' ELSE 'automatic' END AS kind
  FROM usage_reports
  WHERE due_at <= %(at)s AND status IN ('msp_preparing', 'rejected') FOR NO KEY UPDATE
), acted AS (
  INSERT INTO report_actions (report_id, account_id, distributor_id, msp_id, version, step, from_status, to_status, at,
    actor_side, actor_name, via, details)
  SELECT id, account_id, distributor_id, msp_id, next, 'auto_submit', status, 'under_review', %(at)s, 'system',
    'Distributor', 'scheduler', jsonb_build_object('amount', amount::text, 'penalised', penalised, 'estimated', estimated,
    'lateness_seconds', extract(epoch FROM %(at)s - due_at)::int, 'submitted_at', CAST(%(at)s AS timestamptz),
    'submitted_from', status, 'submission_kind', kind)
  FROM due
), told AS (
  INSERT INTO notifications (account_id, distributor_id, msp_id, report_id, event, occasion, recipient, user_id, side,
    details, next_attempt_at, created_at)
  SELECT r.account_id, r.distributor_id, r.msp_id, r.id, 'auto_submitted', 'version:' || r.next, u.email, u.id,
    audience.side, jsonb_build_object('version', r.next), %(at)s, %(at)s
  FROM due r
  CROSS JOIN (VALUES ('msp', ARRAY['preparer', 'admin']), ('distributor', ARRAY['reviewer'])) AS audience (side, roles)
  JOIN members m ON m.organization_id = CASE audience.side WHEN 'msp' THEN r.msp_id ELSE r.distributor_id END
    AND m.roles && audience.roles AND m.removed_at IS NULL
  JOIN users u ON u.id = m.user_id AND u.disabled_at IS NULL
)
UPDATE usage_reports r
SET version = d.next, status = 'under_review', submitted_at = %(at)s, submitted_from = d.status, submission_kind = d.kind,
    endorsed_by = NULL, endorsed_at = NULL
FROM due d WHERE r.id = d.id
