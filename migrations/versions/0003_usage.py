"""Usage as it came in: snapshots per account, cycle and source, their rows, and Microsoft's subscription charges.

A snapshot is never overwritten: a newer one of the same source becomes the current one, the older stays as history.
"""

from alembic import op

revision = "0003"
down_revision = "0002"

TABLES = """
CREATE TABLE usage_snapshots (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  uid uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE,
  account_id bigint NOT NULL,
  distributor_id bigint NOT NULL,
  msp_id bigint NOT NULL,
  cycle date NOT NULL CHECK (extract(day FROM cycle) = 1),
  source text NOT NULL CHECK (length(source) BETWEEN 1 AND 50),
  format text NOT NULL,
  file_name text CHECK (length(file_name) <= 255),
  digest bytea NOT NULL CHECK (length(digest) = 32),
  is_current boolean NOT NULL DEFAULT true,
  is_derived boolean NOT NULL DEFAULT false,
  row_count integer NOT NULL CHECK (row_count >= 0),
  counted_at timestamptz,
  imported_at timestamptz NOT NULL,
  imported_by text NOT NULL,
  UNIQUE (id, account_id, distributor_id, msp_id),
  FOREIGN KEY (account_id, distributor_id, msp_id) REFERENCES accounts (id, distributor_id, msp_id)
);
CREATE UNIQUE INDEX usage_snapshots_current ON usage_snapshots (account_id, cycle, source) WHERE is_current;
COMMENT ON COLUMN usage_snapshots.is_derived IS
  'computed from subscription charges of another cycle''s file: that source has not delivered for this cycle itself';

CREATE TABLE usage_rows (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  snapshot_id bigint NOT NULL,
  account_id bigint NOT NULL,
  distributor_id bigint NOT NULL,
  msp_id bigint NOT NULL,
  customer_id bigint,
  product_id bigint NOT NULL,
  provisioned_units numeric(16, 4) NOT NULL CHECK (provisioned_units >= 0 AND provisioned_units < 'Infinity'),
  used_units numeric(16, 4) CHECK (used_units >= 0 AND used_units < 'Infinity'),
  UNIQUE NULLS NOT DISTINCT (snapshot_id, customer_id, product_id),
  FOREIGN KEY (snapshot_id, account_id, distributor_id, msp_id)
    REFERENCES usage_snapshots (id, account_id, distributor_id, msp_id),
  FOREIGN KEY (customer_id, account_id) REFERENCES customers (id, account_id),
  FOREIGN KEY (product_id, distributor_id) REFERENCES products (id, distributor_id)
);

CREATE TABLE subscription_charges (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account_id bigint NOT NULL,
  distributor_id bigint NOT NULL,
  msp_id bigint NOT NULL,
  file_cycle date NOT NULL,
  row_number integer NOT NULL,
  subscription_id text NOT NULL,
  customer_id bigint NOT NULL,
  product_id bigint NOT NULL,
  quantity numeric(16, 4) NOT NULL CHECK (quantity >= 0 AND quantity < 'Infinity'),
  charge_start date NOT NULL,
  charge_end date NOT NULL,
  is_cancelled boolean NOT NULL,
  UNIQUE (account_id, file_cycle, row_number),
  FOREIGN KEY (account_id, distributor_id, msp_id) REFERENCES accounts (id, distributor_id, msp_id),
  FOREIGN KEY (customer_id, account_id) REFERENCES customers (id, account_id),
  FOREIGN KEY (product_id, distributor_id) REFERENCES products (id, distributor_id)
);

GRANT SELECT, INSERT ON usage_snapshots, usage_rows, subscription_charges TO distributor_service;
GRANT UPDATE (is_current) ON usage_snapshots TO distributor_service;
GRANT DELETE ON subscription_charges TO distributor_service;
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    op.execute("DROP TABLE subscription_charges, usage_rows, usage_snapshots")
