"""Facts of the audit trail by a plan that is kept, and the index by which a distributor's feeds of a cycle are found.

As a plain SQL function, `audit_facts_of` was planned anew at each commit: twenty times the work of running it.
"""

from alembic import op

revision = "0017"
down_revision = "0016"

DIGEST = """jsonb_build_object('count', count(*), 'sha256',
      encode(sha256(convert_to(coalesce(string_agg({row}::text, E'\\n' ORDER BY id), ''), 'UTF8')), 'hex'))"""
CHANGES = DIGEST.format(row="json_build_array(c.line_uid, c.line_label, c.field, c.old, c.new)")
ADDRESS = "encode(sha256(convert_to(n.recipient, 'UTF8')), 'hex')"
NOTICES = DIGEST.format(row=f"json_build_array(n.uid, n.event, n.channel, {ADDRESS}, n.side, n.details::text)")

RETURNED = """place bigint, action_id bigint, account_id bigint,
  at timestamptz, what text, subject text, via text, actor_name text, actor_user uuid, actor_organization uuid,
  actor_session uuid, actor_token uuid, details jsonb"""
FACTS = f"""
  SELECT given.place, a.id, a.account_id, a.at, 'report.' || a.step, to_char(r.cycle, 'YYYY-MM'), a.via, a.actor_name,
    u.uid, o.uid, s.uid, t.uid, jsonb_build_object(
      'report', r.uid, 'version', a.version, 'from', a.from_status, 'to', a.to_status, 'reason', a.reason,
      'details', a.details, 'changes', changes.digest, 'notifications', notices.digest)
  FROM unnest(ids) WITH ORDINALITY AS given (id, place)
  JOIN report_actions a ON a.id = given.id
  JOIN usage_reports r ON r.id = a.report_id
  LEFT JOIN users u ON u.id = a.actor_user_id
  LEFT JOIN organizations o
    ON o.id = CASE a.actor_side WHEN 'msp' THEN a.msp_id WHEN 'distributor' THEN a.distributor_id END
  LEFT JOIN web_sessions s ON s.id = a.web_session_id
  LEFT JOIN api_tokens t ON t.id = a.api_token_id
  CROSS JOIN LATERAL (SELECT {CHANGES} AS digest
    FROM line_changes c WHERE c.report_id = a.report_id AND c.version = a.version) changes
  CROSS JOIN LATERAL (SELECT {NOTICES} AS digest
    FROM notifications n WHERE n.report_id = a.report_id AND n.occasion = 'version:' || a.version) notices
"""


def upgrade() -> None:
    # One plan for all calls of a connection; like audit_chain's, it uses the indexes however full the tables become.
    op.execute(f"""
        CREATE OR REPLACE FUNCTION audit_facts_of(ids bigint[]) RETURNS TABLE ({RETURNED})
        LANGUAGE plpgsql STABLE SET search_path = public, pg_temp SET enable_seqscan = off
        SET plan_cache_mode = force_generic_plan AS $$
        BEGIN
          RETURN QUERY {FACTS};
        END $$;
        ALTER FUNCTION audit_chain() SET plan_cache_mode = force_generic_plan;
        CREATE INDEX usage_snapshots_distributor ON usage_snapshots (distributor_id, cycle) WHERE is_current;
    """)


def downgrade() -> None:
    op.execute(f"""
        DROP INDEX usage_snapshots_distributor;
        ALTER FUNCTION audit_chain() RESET plan_cache_mode;
        CREATE OR REPLACE FUNCTION audit_facts_of(ids bigint[]) RETURNS TABLE ({RETURNED})
        LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$ {FACTS} $$;
    """)
