"""Row-level security: whatever a query forgets to say, a member's transaction sees its own organization's rows only.

`app.organization` names the organization for one transaction; without it the service's role sees no row of any tenant.
`distributor_operator` is the role of the scheduler and the command line, which work for everybody; a web service whose
login is no member of it cannot become it. Policies for the owner let the functions of these migrations do their work.
"""

from alembic import op

revision = "0009"
down_revision = "0008"

ROLE = """
RESET ROLE;
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'distributor_operator') THEN
    BEGIN
      CREATE ROLE distributor_operator NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN
      NULL;  -- another database of the same cluster made it in the meantime
    END;
  END IF;
  IF NOT pg_has_role('distributor_operator', 'distributor_service', 'MEMBER') THEN
    GRANT distributor_service TO distributor_operator;
  END IF;
  IF NOT pg_has_role(current_user, 'distributor_operator', 'MEMBER') THEN
    EXECUTE format('GRANT distributor_operator TO %I', current_user);
  END IF;
END $$;
SET ROLE distributor_owner;
"""

OWN = "(SELECT nullif(current_setting('app.organization', true), '')::bigint)"
BOTH_SIDES = f"distributor_id = {OWN} OR msp_id = {OWN}"
UPSTREAM = f"distributor_id = {OWN}"
OF_PARTNERS = f"{UPSTREAM} OR distributor_id IN (SELECT accounts.distributor_id FROM accounts WHERE msp_id = {OWN})"

# A mail to a person hangs on no account, but on the organizations it comes from and goes to.
OWN_MAIL = f"""{BOTH_SIDES} OR (report_id IS NULL AND (details->>'organization_id')::bigint = {OWN})
  OR (report_id IS NULL AND (details->>'invited_by')::bigint = {OWN})"""
OWN_ATTEMPT = f"""{BOTH_SIDES} OR (account_id IS NULL AND EXISTS (
  SELECT FROM notifications WHERE notifications.id = notification_id AND notifications.report_id IS NULL))"""

# Table: whose rows are seen, and whose may be written.
POLICIES = {
    **dict.fromkeys(
        (
            "accounts", "customers", "carried_explanations", "usage_snapshots", "usage_rows", "subscription_charges",
            "usage_reports", "usage_report_lines", "report_actions", "line_changes",
        ),
        (BOTH_SIDES, BOTH_SIDES),
    ),
    "notifications": (OWN_MAIL, OWN_MAIL),
    "delivery_attempts": (OWN_ATTEMPT, OWN_ATTEMPT),
    # A reviewer's unsent words are nobody else's.
    "review_drafts": (UPSTREAM, UPSTREAM),
    "approval_policies": (UPSTREAM, UPSTREAM),
    # An MSP reads what its distributors sell, and how they look.
    **dict.fromkeys(("products", "prices", "past_prices", "brands", "reporting_scopes"), (OF_PARTNERS, UPSTREAM)),
}  # fmt: skip

EVERYBODYS = "USING (true) WITH CHECK (true)"

# Numbers about the whole installation, for whoever watches over it: no row of a tenant is behind them.
FIGURES = """
CREATE FUNCTION operating_figures() RETURNS TABLE (figure text, label text, number bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT 'reports', status, count(*) FROM usage_reports GROUP BY status
  UNION ALL SELECT 'notifications', status, count(*) FROM notifications GROUP BY status
$$;
REVOKE ALL ON FUNCTION operating_figures() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION operating_figures() TO distributor_service;
"""


def upgrade() -> None:
    op.execute(ROLE)
    for table, (seen, written) in POLICIES.items():
        op.execute(f"""
            ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
            CREATE POLICY of_organization ON {table} TO distributor_service USING ({seen}) WITH CHECK ({written});
            CREATE POLICY of_operator ON {table} TO distributor_operator {EVERYBODYS};
            CREATE POLICY of_owner ON {table} TO distributor_owner {EVERYBODYS};
        """)
    op.execute(FIGURES)


def downgrade() -> None:
    op.execute("DROP FUNCTION operating_figures()")
    for table in POLICIES:
        op.execute(f"""
            DROP POLICY of_organization ON {table};
            DROP POLICY of_operator ON {table};
            DROP POLICY of_owner ON {table};
            ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY;
        """)
    # Roles belong to the cluster: the last database to let go of them drops them, if it is allowed to.
    op.execute("""
        RESET ROLE;
        DO $$
        BEGIN
          DROP ROLE distributor_operator;
        EXCEPTION WHEN dependent_objects_still_exist OR insufficient_privilege THEN
          NULL;
        END $$;
        SET ROLE distributor_owner;
    """)
