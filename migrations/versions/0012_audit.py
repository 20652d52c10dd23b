"""The audit trail: entries chained by hash, per account and per organization."""

from alembic import op

revision = "0012"
down_revision = "0011"

TABLES = """
"""

UNDO = """
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    op.execute(UNDO)
