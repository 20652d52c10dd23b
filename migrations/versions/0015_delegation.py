"""Substitutes for a time, and who has looked at a report.

A substitute holds an absent colleague's roles from one day to another. An action taken with lent roles names the
colleague, and at commit the database sees for itself that the two belong together at that time, and that no report over
its account's limit is endorsed and approved by, or in the name of, one and the same person.
"""

from alembic import op

revision = "0015"
down_revision = "0014"

SUBSTITUTES = """
ALTER TABLE members ADD CONSTRAINT members_of_one_organization UNIQUE (id, organization_id);

CREATE TABLE substitutes (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  uid uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE,
  organization_id bigint NOT NULL REFERENCES organizations,
  absent_id bigint NOT NULL,
  substitute_id bigint NOT NULL CHECK (substitute_id <> absent_id),
  first_day date NOT NULL,
  last_day date NOT NULL CHECK (last_day >= first_day),
  time_zone text NOT NULL,
  starts_at timestamptz NOT NULL,
  ends_at timestamptz NOT NULL CHECK (ends_at > starts_at),
  made_by bigint NOT NULL REFERENCES users,
  made_at timestamptz NOT NULL,
  revoked_by bigint REFERENCES users,
  revoked_at timestamptz,
  CHECK (revoked_by IS NULL OR revoked_at IS NOT NULL),
  FOREIGN KEY (absent_id, organization_id) REFERENCES members (id, organization_id),
  FOREIGN KEY (substitute_id, organization_id) REFERENCES members (id, organization_id)
);
CREATE INDEX substitutes_acting ON substitutes (substitute_id, ends_at) WHERE revoked_at IS NULL;
CREATE INDEX substitutes_absent ON substitutes (absent_id, ends_at) WHERE revoked_at IS NULL;
CREATE INDEX substitutes_organization ON substitutes (organization_id, ends_at) WHERE revoked_at IS NULL;
COMMENT ON COLUMN substitutes.ends_at IS 'the end of last_day in time_zone; the roles are held until just before it';
GRANT SELECT, INSERT ON substitutes TO distributor_service;
GRANT UPDATE (revoked_by, revoked_at) ON substitutes TO distributor_service;
"""

# The name stands in the details, which the audit trail digests; the column is what the database judges.
ACTIONS = """
ALTER TABLE report_actions ADD COLUMN for_user_id bigint REFERENCES users,
  ADD CONSTRAINT both_are_named CHECK ((for_user_id IS NULL) = (NOT details ? 'for')),
  ADD CONSTRAINT nobody_acts_for_themselves CHECK (for_user_id <> actor_user_id);

CREATE FUNCTION action_is_lent() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF NOT EXISTS (
    SELECT FROM substitutes s JOIN members absent ON absent.id = s.absent_id
      JOIN members acting ON acting.id = s.substitute_id
    WHERE absent.user_id = NEW.for_user_id AND acting.user_id = NEW.actor_user_id
      AND s.organization_id = CASE NEW.actor_side WHEN 'msp' THEN NEW.msp_id ELSE NEW.distributor_id END
      AND s.starts_at <= NEW.at AND s.ends_at > NEW.at AND (s.revoked_at IS NULL OR s.revoked_at > NEW.at)
  ) THEN
    RAISE EXCEPTION 'usage report %: nobody acts for somebody without being their substitute', NEW.report_id
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER action_is_lent AFTER INSERT ON report_actions DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW WHEN (NEW.for_user_id IS NOT NULL) EXECUTE FUNCTION action_is_lent();

CREATE FUNCTION two_people_approve() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF EXISTS (
    SELECT FROM usage_reports r JOIN accounts a ON a.id = r.account_id
      CROSS JOIN LATERAL (
        SELECT * FROM report_actions WHERE report_id = r.id AND step = 'endorse' ORDER BY version DESC LIMIT 1
      ) e
    WHERE r.id = NEW.report_id AND r.endorsed_at IS NOT NULL AND r.amount > a.approval_limit
      AND ARRAY[e.actor_user_id, e.for_user_id] && ARRAY[NEW.actor_user_id, NEW.for_user_id]
  ) THEN
    RAISE EXCEPTION 'usage report %: endorsed and approved by, or in the name of, the same person', NEW.report_id
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER two_people_approve AFTER INSERT ON report_actions DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW WHEN (NEW.step = 'approve') EXECUTE FUNCTION two_people_approve();
"""

# Views of a report by members of its MSP, which alone is asked to act on it. The distributor learns of their being.
VIEWS = """
CREATE TABLE report_views (
  report_id bigint NOT NULL,
  account_id bigint NOT NULL,
  distributor_id bigint NOT NULL,
  msp_id bigint NOT NULL,
  member_id bigint NOT NULL,
  first_at timestamptz NOT NULL,
  last_at timestamptz NOT NULL CHECK (last_at >= first_at),
  PRIMARY KEY (report_id, member_id),
  FOREIGN KEY (report_id, account_id, distributor_id, msp_id)
    REFERENCES usage_reports (id, account_id, distributor_id, msp_id),
  FOREIGN KEY (member_id, msp_id) REFERENCES members (id, organization_id)
);
GRANT SELECT, INSERT ON report_views TO distributor_service;
GRANT UPDATE (last_at) ON report_views TO distributor_service;
"""
OWN = "(SELECT nullif(current_setting('app.organization', true), '')::bigint)"
EVERYBODYS = "USING (true) WITH CHECK (true)"
WALL = f"""
ALTER TABLE report_views ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY of_organization ON report_views TO distributor_service
  USING (distributor_id = {OWN} OR msp_id = {OWN}) WITH CHECK (msp_id = {OWN});
CREATE POLICY of_operator ON report_views TO distributor_operator {EVERYBODYS};
CREATE POLICY of_owner ON report_views TO distributor_owner {EVERYBODYS};
"""

ESCALATION = """
ALTER TABLE accounts
  ADD COLUMN contact_id bigint,
  ADD COLUMN escalate_to_admins_days smallint DEFAULT 2 CHECK (escalate_to_admins_days BETWEEN 1 AND 30),
  ADD COLUMN escalate_to_distributor_days smallint DEFAULT 1 CHECK (escalate_to_distributor_days BETWEEN 1 AND 30),
  ADD CONSTRAINT contact_is_the_distributors FOREIGN KEY (contact_id, distributor_id)
    REFERENCES members (id, organization_id);
COMMENT ON COLUMN accounts.escalate_to_admins_days IS 'days before due_at of a report nobody opened; null: never';
"""

UNDO = """
ALTER TABLE accounts DROP COLUMN contact_id, DROP COLUMN escalate_to_admins_days,
  DROP COLUMN escalate_to_distributor_days;
DROP TABLE report_views;
DROP TRIGGER two_people_approve ON report_actions;
DROP TRIGGER action_is_lent ON report_actions;
DROP FUNCTION two_people_approve(), action_is_lent();
ALTER TABLE report_actions DROP CONSTRAINT both_are_named, DROP CONSTRAINT nobody_acts_for_themselves,
  DROP COLUMN for_user_id;
DROP TABLE substitutes;
ALTER TABLE members DROP CONSTRAINT members_of_one_organization;
"""


def upgrade() -> None:
    op.execute(SUBSTITUTES)
    for statements in (ACTIONS, VIEWS, WALL, ESCALATION):
        op.execute(statements)


def downgrade() -> None:
    op.execute(UNDO)
