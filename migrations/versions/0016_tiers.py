"""Reports rolled up from the partners below."""

from alembic import op

revision = "0016"
down_revision = "0015"

TABLES = """
"""

UNDO = """
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    op.execute(UNDO)
