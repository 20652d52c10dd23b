"""Counters of what is limited, and what is known of a token's last use."""

from alembic import op

revision = "0013"
down_revision = "0012"

TABLES = """
-- `free_at`: when all that was taken will have come back. `granted`: what the last request got of what it asked for.
CREATE TABLE rate_limits (
  what text NOT NULL,
  key_hash bytea NOT NULL CHECK (length(key_hash) = 32),
  free_at timestamptz NOT NULL,
  granted integer NOT NULL CHECK (granted >= 0),
  PRIMARY KEY (what, key_hash)
) WITH (fillfactor = 50);

ALTER TABLE api_tokens
  ADD last_used_from text,
  ADD expiry_told_at timestamptz,
  ADD reported_at timestamptz,
  ADD revoked_by bigint REFERENCES users;
CREATE INDEX api_tokens_expiring ON api_tokens (expires_at) WHERE revoked_at IS NULL AND expiry_told_at IS NULL;

-- Where a token was used from, so that the first time from elsewhere stands in the audit.
CREATE TABLE api_token_addresses (
  token_id bigint NOT NULL REFERENCES api_tokens,
  address text NOT NULL CHECK (length(address) <= 60),
  first_used_at timestamptz NOT NULL,
  PRIMARY KEY (token_id, address)
);

-- What was reported as leaked, whether there is such a token or not: the page does the same work for any text.
CREATE TABLE token_reports (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  prefix text NOT NULL CHECK (length(prefix) <= 20),
  reported_at timestamptz NOT NULL
);

GRANT SELECT, INSERT, DELETE ON token_reports TO distributor_service;
GRANT SELECT, INSERT, DELETE, UPDATE (free_at, granted) ON rate_limits TO distributor_service;
GRANT SELECT, INSERT ON api_token_addresses TO distributor_service;
GRANT UPDATE (last_used_from, expiry_told_at, reported_at, revoked_by) ON api_tokens TO distributor_service;
"""

UNDO = """
DROP TABLE rate_limits, api_token_addresses, token_reports;
ALTER TABLE api_tokens DROP last_used_from, DROP expiry_told_at, DROP reported_at, DROP revoked_by;
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    op.execute(UNDO)
