"""Whether an MSP works with others than one distributor: asked of the owner, as no distributor sees others' accounts.

The service's transactions see their own organization's accounts alone (0009). A query there for an MSP's other accounts
finds nothing, whatever there is, and nobody may take that for an answer.
"""

from alembic import op

revision = "0020"
down_revision = "0019"

# One bit about an organization, and nothing of whose accounts they are. Who may have partners counts as having them:
# its people will read what those report.
QUESTION = """
CREATE FUNCTION works_with_others(msp bigint, distributor bigint) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT EXISTS (SELECT FROM organizations WHERE id = msp AND is_distributor)
    OR EXISTS (SELECT FROM accounts WHERE msp_id = msp AND distributor_id <> distributor)
    OR EXISTS (SELECT FROM accounts WHERE distributor_id = msp)
$$;
REVOKE ALL ON FUNCTION works_with_others(bigint, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION works_with_others(bigint, bigint) TO distributor_service;
"""


def upgrade() -> None:
    op.execute(QUESTION)


def downgrade() -> None:
    op.execute("DROP FUNCTION works_with_others(bigint, bigint)")
