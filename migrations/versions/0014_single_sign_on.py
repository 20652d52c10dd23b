"""Single sign-on by OpenID Connect, per organization."""

from alembic import op

revision = "0014"
down_revision = "0013"

TABLES = """
"""

UNDO = """
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    op.execute(UNDO)
