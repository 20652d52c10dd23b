-- Approving as plain statements in one transaction: who asks, the report's row locked, action, mails, new state.
\set i :i + 1
\set report :first + :client_id * :each + :i - 1
BEGIN;
SELECT u.id, u.email, u.name, u.locale, m.id, m.uid, m.roles, o.id, o.uid, o.name, o.is_distributor, t.id, t.scopes, t.last_used_at
FROM api_tokens t
JOIN members m ON m.id = t.member_id AND m.removed_at IS NULL
JOIN users u ON u.id = m.user_id AND u.disabled_at IS NULL
JOIN organizations o ON o.id = m.organization_id
WHERE t.token_hash = decode(:hash, 'hex') AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > now());
SELECT r.*, a.uid, a.number, a.approval_limit, a.auto_approve_max_change_percent, msp.name, distributor.name
FROM usage_reports r
JOIN accounts a ON a.id = r.account_id
JOIN organizations msp ON msp.id = r.msp_id
JOIN organizations distributor ON distributor.id = r.distributor_id
WHERE r.id = :report
FOR NO KEY UPDATE OF r;
INSERT INTO report_actions (report_id, account_id, distributor_id, msp_id, version, step, from_status, to_status, at,
  actor_side, actor_user_id, actor_name, via, api_token_id, details)
SELECT id, account_id, distributor_id, msp_id, version + 1, 'approve', status, 'approved', now(), 'distributor', :user, 'Floor', 'api',
  :token, jsonb_build_object('amount', amount::text, 'lines', line_count, 'discrepancies', discrepancies, 'decided_at', now())
FROM usage_reports WHERE id = :report;
INSERT INTO notifications (account_id, distributor_id, msp_id, report_id, event, occasion, recipient, user_id, side, details,
  next_attempt_at, created_at)
SELECT r.account_id, r.distributor_id, r.msp_id, r.id, 'approved', 'version:' || r.version + 1, u.email, u.id, 'msp',
  jsonb_build_object('version', r.version + 1), now(), now()
FROM usage_reports r
JOIN members m ON m.organization_id = r.msp_id AND m.roles && ARRAY['preparer', 'admin'] AND m.removed_at IS NULL
JOIN users u ON u.id = m.user_id AND u.disabled_at IS NULL
WHERE r.id = :report
ON CONFLICT DO NOTHING;
UPDATE usage_reports SET version = version + 1, status = 'approved', decided_at = now()
WHERE id = :report;
COMMIT;
