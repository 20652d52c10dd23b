"""One-time codes, recovery codes, passkeys, and when somebody last proved who they are."""

from alembic import op

revision = "0011"
down_revision = "0010"

TABLES = """
"""

UNDO = """
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    op.execute(UNDO)
