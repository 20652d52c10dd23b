"""Single sign-on by OpenID Connect, per organization."""

from alembic import op

revision = "0014"
down_revision = "0013"

# `vouched_by` names the organization whose provider a sign-in came through: it opens that organization and no other.
TABLES = """
CREATE TABLE identity_providers (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  uid uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE,
  organization_id bigint NOT NULL UNIQUE REFERENCES organizations,
  issuer text NOT NULL CHECK (issuer ~ '^https?://' AND length(issuer) <= 500),
  client_id text NOT NULL CHECK (btrim(client_id) <> '' AND length(client_id) <= 500),
  client_secret bytea NOT NULL,
  domains text[] NOT NULL CHECK (cardinality(domains) BETWEEN 1 AND 50),
  offered boolean NOT NULL DEFAULT false,
  required boolean NOT NULL DEFAULT false CHECK (offered OR NOT required),
  way_in_id bigint REFERENCES members CHECK (way_in_id IS NOT NULL OR NOT required),
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX identity_providers_domains ON identity_providers USING gin (domains);

CREATE TABLE federated_identities (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  uid uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE,
  provider_id bigint NOT NULL REFERENCES identity_providers ON DELETE CASCADE,
  issuer text NOT NULL,
  subject text NOT NULL CHECK (length(subject) BETWEEN 1 AND 255),
  member_id bigint NOT NULL REFERENCES members,
  created_at timestamptz NOT NULL,
  last_used_at timestamptz NOT NULL,
  UNIQUE (provider_id, issuer, subject),
  UNIQUE (provider_id, member_id)
);

CREATE TABLE sign_in_attempts (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  state_hash bytea NOT NULL UNIQUE CHECK (length(state_hash) = 32),
  browser_hash bytea NOT NULL CHECK (length(browser_hash) = 32),
  provider_id bigint NOT NULL REFERENCES identity_providers ON DELETE CASCADE,
  session_id bigint REFERENCES web_sessions ON DELETE CASCADE,
  nonce text NOT NULL,
  verifier bytea NOT NULL,
  wanted text CHECK (length(wanted) <= 2000),
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL CHECK (expires_at > created_at),
  used_at timestamptz
);
CREATE INDEX sign_in_attempts_end ON sign_in_attempts (expires_at);

ALTER TABLE web_sessions ADD COLUMN vouched_by bigint REFERENCES organizations;

GRANT SELECT, INSERT, DELETE ON identity_providers, federated_identities, sign_in_attempts TO distributor_service;
GRANT UPDATE (issuer, client_id, client_secret, domains, offered, required, way_in_id) ON identity_providers
  TO distributor_service;
GRANT UPDATE (last_used_at) ON federated_identities TO distributor_service;
GRANT UPDATE (used_at) ON sign_in_attempts TO distributor_service;
"""

UNDO = """
ALTER TABLE web_sessions DROP COLUMN vouched_by;
DROP TABLE sign_in_attempts, federated_identities, identity_providers;
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    op.execute(UNDO)
