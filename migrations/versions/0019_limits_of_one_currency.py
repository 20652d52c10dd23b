"""An approval limit compares with amounts in its own currency only: over another one's, any amount takes two people."""

from alembic import op

revision = "0019"
down_revision = "0018"

FUNCTION = """
CREATE OR REPLACE FUNCTION two_people_approve() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF EXISTS (
    SELECT FROM usage_reports r JOIN accounts a ON a.id = r.account_id
      CROSS JOIN LATERAL (
        SELECT * FROM report_actions WHERE report_id = r.id AND step = 'endorse' ORDER BY version DESC LIMIT 1
      ) e
    WHERE r.id = NEW.report_id AND r.endorsed_at IS NOT NULL AND r.amount > {limit}
      AND ARRAY[e.actor_user_id, e.for_user_id] && ARRAY[NEW.actor_user_id, NEW.for_user_id]
  ) THEN
    RAISE EXCEPTION 'usage report %: endorsed and approved by, or in the name of, the same person', NEW.report_id
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NULL;
END $$;
"""
OF_ONE_CURRENCY = "CASE WHEN a.currency = r.currency THEN a.approval_limit WHEN a.approval_limit IS NOT NULL THEN 0 END"


def upgrade() -> None:
    op.execute(FUNCTION.format(limit=OF_ONE_CURRENCY))


def downgrade() -> None:
    op.execute(FUNCTION.format(limit="a.approval_limit"))
