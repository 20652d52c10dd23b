"""Invitations, changes of an e-mail address, and what else members do for themselves."""

from alembic import op

revision = "0010"
down_revision = "0009"

TABLES = """
"""

UNDO = """
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    op.execute(UNDO)
