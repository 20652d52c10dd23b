"""Accounts with their terms, reporting scopes, products, prices, customers."""

from alembic import op

revision = "0002"
down_revision = "0001"

TABLES = """
CREATE TABLE reporting_scopes (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  distributor_id bigint NOT NULL REFERENCES organizations,
  region text NOT NULL CHECK (length(region) BETWEEN 1 AND 100),
  account_type text NOT NULL CHECK (length(account_type) BETWEEN 1 AND 100),
  usage_reports boolean NOT NULL,
  UNIQUE (distributor_id, region, account_type)
);

CREATE TABLE accounts (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  uid uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE,
  number text NOT NULL CHECK (length(number) BETWEEN 1 AND 50),
  distributor_id bigint NOT NULL REFERENCES organizations,
  msp_id bigint NOT NULL REFERENCES organizations,
  region text NOT NULL,
  account_type text NOT NULL,
  po_number text CHECK (length(po_number) <= 100),
  auto_submit_after_days smallint NOT NULL CHECK (auto_submit_after_days BETWEEN 1 AND 60),
  resubmit_after_days smallint NOT NULL CHECK (resubmit_after_days BETWEEN 1 AND 60),
  opens_on_day smallint CHECK (opens_on_day BETWEEN 1 AND 31),
  opens_days_after_end smallint CHECK (opens_days_after_end BETWEEN 0 AND 60),
  closing_day smallint CHECK (closing_day BETWEEN 1 AND 28),
  tolerance_units numeric(16, 4) NOT NULL CHECK (tolerance_units >= 0 AND tolerance_units < 'Infinity'),
  tolerance_percent numeric(7, 4) NOT NULL CHECK (tolerance_percent >= 0 AND tolerance_percent <= 100),
  currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  time_zone text NOT NULL,
  usage_source text NOT NULL CHECK (usage_source IN ('feed', 'manual')),
  reports_from date NOT NULL CHECK (extract(day FROM reports_from) = 1),
  reports_until date CHECK (extract(day FROM reports_until) = 1 AND reports_until >= reports_from),
  approval_limit numeric(20, 4) CHECK (approval_limit >= 0 AND approval_limit < 'Infinity'),
  corrections_allowed boolean NOT NULL,
  auto_approve_max_change_percent numeric(8, 4)
    CHECK (auto_approve_max_change_percent >= 0 AND auto_approve_max_change_percent <= 1000),
  uplift_percent numeric(8, 4) NOT NULL CHECK (uplift_percent >= 0 AND uplift_percent <= 1000),
  next_cycle date NOT NULL CHECK (extract(day FROM next_cycle) = 1),
  next_opens_at timestamptz,  -- nothing opens any more when empty
  created_at timestamptz NOT NULL DEFAULT now(),
  CHECK (num_nonnulls(opens_on_day, opens_days_after_end) = 1),
  CHECK (distributor_id <> msp_id),
  UNIQUE (distributor_id, number),
  UNIQUE (id, distributor_id, msp_id),
  FOREIGN KEY (distributor_id, region, account_type)
    REFERENCES reporting_scopes (distributor_id, region, account_type)
);
CREATE INDEX accounts_msp ON accounts (msp_id);
CREATE INDEX accounts_to_open ON accounts (next_opens_at);

CREATE TABLE products (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  uid uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE,
  distributor_id bigint NOT NULL REFERENCES organizations,
  sku text NOT NULL CHECK (length(sku) BETWEEN 1 AND 100),
  vendor text NOT NULL DEFAULT '' CHECK (length(vendor) <= 200),
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 300),
  unit text NOT NULL DEFAULT 'seat' CHECK (length(unit) BETWEEN 1 AND 50),
  "precision" smallint NOT NULL DEFAULT 0 CHECK ("precision" BETWEEN 0 AND 4),
  usage_source text CHECK (usage_source IN ('feed', 'manual')),
  reports_used_units boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (distributor_id, sku),
  UNIQUE (id, distributor_id)
);

CREATE TABLE prices (
  product_id bigint NOT NULL,
  distributor_id bigint NOT NULL,
  currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  unit_price numeric(18, 6) NOT NULL CHECK (unit_price >= 0 AND unit_price < 'Infinity'),
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (product_id, currency),
  FOREIGN KEY (product_id, distributor_id) REFERENCES products (id, distributor_id)
);

-- What a price was before: reports copy prices when they open, and a line that joins one later pays the price of then.
CREATE TABLE past_prices (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  product_id bigint NOT NULL,
  distributor_id bigint NOT NULL,
  currency text NOT NULL,
  unit_price numeric(18, 6) NOT NULL,
  valid_until timestamptz NOT NULL,
  FOREIGN KEY (product_id, distributor_id) REFERENCES products (id, distributor_id)
);
CREATE INDEX past_prices_product ON past_prices (product_id, currency, valid_until);

CREATE FUNCTION keep_past_price() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  INSERT INTO past_prices (product_id, distributor_id, currency, unit_price, valid_until)
  VALUES (OLD.product_id, OLD.distributor_id, OLD.currency, OLD.unit_price, NEW.updated_at);
  RETURN NULL;
END $$;
CREATE TRIGGER keep_past_price AFTER UPDATE ON prices FOR EACH ROW
  WHEN (OLD.unit_price IS DISTINCT FROM NEW.unit_price) EXECUTE FUNCTION keep_past_price();

CREATE TABLE customers (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  uid uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE,
  account_id bigint NOT NULL,
  distributor_id bigint NOT NULL,
  msp_id bigint NOT NULL,
  ref text NOT NULL CHECK (length(ref) BETWEEN 1 AND 200),
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 300),
  created_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (account_id, ref),
  UNIQUE (id, account_id),
  FOREIGN KEY (account_id, distributor_id, msp_id) REFERENCES accounts (id, distributor_id, msp_id)
);

GRANT SELECT, INSERT, UPDATE ON reporting_scopes, accounts, products, prices, customers TO distributor_service;
GRANT SELECT ON past_prices TO distributor_service;
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    op.execute("DROP TABLE customers, past_prices, prices, products, accounts, reporting_scopes")
    op.execute("DROP FUNCTION keep_past_price()")
