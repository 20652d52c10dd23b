"""Lines that were rolled up from approved reports of the MSP's own partners.

`rolled_up_lines` is the mark that both sides of the line's account see: how many units were carried, by which version
of the report, and when. `rolled_up_from` names the report below; its keys are that report's own, so that only its
distributor, who is the MSP of the line, can ever see it. A mark goes with its line, and changes by a new roll-up alone.
"""

from alembic import op

revision = "0016"
down_revision = "0015"

TABLES = """
CREATE TABLE rolled_up_lines (
  line_id bigint PRIMARY KEY REFERENCES usage_report_lines ON DELETE CASCADE,
  report_id bigint NOT NULL,
  account_id bigint NOT NULL,
  distributor_id bigint NOT NULL,
  msp_id bigint NOT NULL,
  version integer NOT NULL,
  at timestamptz NOT NULL,
  units numeric(16, 4) NOT NULL CHECK (units >= 0 AND units < 'Infinity'),
  UNIQUE (line_id, msp_id),
  FOREIGN KEY (report_id, account_id, distributor_id, msp_id)
    REFERENCES usage_reports (id, account_id, distributor_id, msp_id),
  FOREIGN KEY (report_id, version, account_id, distributor_id, msp_id)
    REFERENCES report_actions (report_id, version, account_id, distributor_id, msp_id) DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX rolled_up_lines_report ON rolled_up_lines (report_id);
COMMENT ON COLUMN rolled_up_lines.version IS 'of the report, whose action says who rolled up';

CREATE TABLE rolled_up_from (
  line_id bigint PRIMARY KEY,
  report_id bigint NOT NULL,
  account_id bigint NOT NULL,
  distributor_id bigint NOT NULL,
  msp_id bigint NOT NULL,
  version integer NOT NULL,
  FOREIGN KEY (line_id, distributor_id) REFERENCES rolled_up_lines (line_id, msp_id) ON DELETE CASCADE,
  FOREIGN KEY (report_id, account_id, distributor_id, msp_id)
    REFERENCES usage_reports (id, account_id, distributor_id, msp_id),
  FOREIGN KEY (report_id, version, account_id, distributor_id, msp_id)
    REFERENCES report_actions (report_id, version, account_id, distributor_id, msp_id)
);
CREATE INDEX rolled_up_from_report ON rolled_up_from (report_id);
COMMENT ON TABLE rolled_up_from IS 'its keys are those of the report below; line_id is a line of the report above';

GRANT SELECT, INSERT ON rolled_up_lines, rolled_up_from TO distributor_service;
GRANT UPDATE (version, at, units) ON rolled_up_lines TO distributor_service;
GRANT UPDATE (report_id, account_id, msp_id, version) ON rolled_up_from TO distributor_service;
"""

# The version that carries the units is being made now and says that it rolls up; the line stands where the mark says
# and holds what was carried; the report below is of the same cycle, and approved in the version named.
GUARD = """
CREATE FUNCTION line_was_rolled_up() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF NOT EXISTS (
    SELECT FROM usage_reports r
      JOIN report_actions act ON act.report_id = r.id AND act.version = r.version
      JOIN usage_report_lines l ON l.report_id = r.id AND l.id = NEW.line_id
    WHERE r.id = NEW.report_id AND r.version = NEW.version AND r.versioned_in = pg_current_xact_id()
      AND act.step = 'save' AND act.details ? 'rolled_up' AND act.at = NEW.at AND l.chargeable_units = NEW.units
  ) THEN
    RAISE EXCEPTION 'usage report %: lines are marked by the roll-up of approved reports alone', NEW.report_id
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER line_was_rolled_up AFTER INSERT OR UPDATE ON rolled_up_lines
  FOR EACH ROW EXECUTE FUNCTION line_was_rolled_up();

CREATE FUNCTION report_was_rolled_up() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF NOT EXISTS (
    SELECT FROM rolled_up_lines m
      JOIN usage_reports r ON r.id = m.report_id
      JOIN usage_reports below ON below.id = NEW.report_id
    WHERE m.line_id = NEW.line_id AND m.version = r.version AND r.versioned_in = pg_current_xact_id()
      AND below.cycle = r.cycle AND below.status = 'approved' AND below.version = NEW.version
  ) THEN
    RAISE EXCEPTION 'line %: what it was rolled up from is named by the roll-up of an approved report alone',
      NEW.line_id USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER report_was_rolled_up AFTER INSERT OR UPDATE ON rolled_up_from
  FOR EACH ROW EXECUTE FUNCTION report_was_rolled_up();

CREATE FUNCTION mark_names_its_report() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT FROM rolled_up_lines m WHERE m.line_id = NEW.line_id
             AND NOT EXISTS (SELECT FROM rolled_up_from f WHERE f.line_id = m.line_id)) THEN
    RAISE EXCEPTION 'line %: marked as rolled up from nothing', NEW.line_id
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER mark_names_its_report AFTER INSERT ON rolled_up_lines DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION mark_names_its_report();
"""

OWN = "(SELECT nullif(current_setting('app.organization', true), '')::bigint)"
EVERYBODYS = "USING (true) WITH CHECK (true)"
# Whose rows are seen, and whose may be written.
POLICIES = {
    "rolled_up_lines": (f"distributor_id = {OWN} OR msp_id = {OWN}", f"msp_id = {OWN}"),
    "rolled_up_from": (f"distributor_id = {OWN}", f"distributor_id = {OWN}"),
}

UNDO = """
DROP TABLE rolled_up_from, rolled_up_lines;
DROP FUNCTION line_was_rolled_up(), report_was_rolled_up(), mark_names_its_report();
"""


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(GUARD)
    for table, (seen, written) in POLICIES.items():
        op.execute(f"""
            ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
            CREATE POLICY of_organization ON {table} TO distributor_service USING ({seen}) WITH CHECK ({written});
            CREATE POLICY of_operator ON {table} TO distributor_operator {EVERYBODYS};
            CREATE POLICY of_owner ON {table} TO distributor_owner {EVERYBODYS};
        """)


def downgrade() -> None:
    op.execute(UNDO)
