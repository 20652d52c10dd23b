"""Past prices with the instant since which they held: one that began after a report's opening is not its price.

Null for those kept before: when they began was not written down, and nobody's line loses the price it would have had.
"""

from alembic import op

revision = "0018"
down_revision = "0017"

KEEP = """
CREATE OR REPLACE FUNCTION keep_past_price() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  INSERT INTO past_prices (product_id, distributor_id, currency, unit_price, {columns})
  VALUES (OLD.product_id, OLD.distributor_id, OLD.currency, OLD.unit_price, {values});
  RETURN NULL;
END $$;
"""


def upgrade() -> None:
    # A price's updated_at moves with the price alone. No check that a price begins before it ends: of two changes at
    # once, the one that is written last may have been made first.
    op.execute("ALTER TABLE past_prices ADD valid_from timestamptz")
    op.execute(KEEP.format(columns="valid_from, valid_until", values="OLD.updated_at, NEW.updated_at"))


def downgrade() -> None:
    op.execute(KEEP.format(columns="valid_until", values="NEW.updated_at"))
    op.execute("ALTER TABLE past_prices DROP valid_from")
