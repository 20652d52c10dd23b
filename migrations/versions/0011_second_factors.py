"""One-time codes, recovery codes, passkeys, and when somebody last proved who they are."""

from alembic import op

revision = "0011"
down_revision = "0010"

TABLES = """
CREATE TABLE code_seeds (
  user_id bigint PRIMARY KEY REFERENCES users,
  seed bytea NOT NULL,
  created_at timestamptz NOT NULL,
  confirmed_at timestamptz,
  last_step bigint CHECK (last_step > 0)
);

CREATE TABLE recovery_codes (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  user_id bigint NOT NULL REFERENCES users,
  code_hash bytea NOT NULL CHECK (length(code_hash) = 32),
  created_at timestamptz NOT NULL,
  used_at timestamptz,
  UNIQUE (user_id, code_hash)
);

CREATE TABLE passkeys (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  uid uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE,
  user_id bigint NOT NULL REFERENCES users,
  credential_id bytea NOT NULL UNIQUE CHECK (length(credential_id) BETWEEN 1 AND 1023),
  public_key bytea NOT NULL CHECK (length(public_key) BETWEEN 1 AND 4096),
  sign_count bigint NOT NULL CHECK (sign_count >= 0),
  name text NOT NULL CHECK (btrim(name) <> '' AND length(name) <= 100),
  created_at timestamptz NOT NULL,
  last_used_at timestamptz
);
CREATE INDEX passkeys_user ON passkeys (user_id);

CREATE TABLE passkey_challenges (
  challenge_hash bytea PRIMARY KEY CHECK (length(challenge_hash) = 32),
  user_id bigint REFERENCES users,
  expires_at timestamptz NOT NULL
);
CREATE INDEX passkey_challenges_end ON passkey_challenges (expires_at);

CREATE TABLE pending_sign_ins (
  token_hash bytea PRIMARY KEY CHECK (length(token_hash) = 32),
  user_id bigint NOT NULL REFERENCES users,
  expires_at timestamptz NOT NULL
);
CREATE INDEX pending_sign_ins_end ON pending_sign_ins (expires_at);

ALTER TABLE organizations ADD COLUMN require_second_factor boolean NOT NULL DEFAULT false;
ALTER TABLE web_sessions ADD COLUMN proved_at timestamptz;
UPDATE web_sessions SET proved_at = created_at;

GRANT SELECT, INSERT, DELETE ON code_seeds, recovery_codes, passkeys, passkey_challenges, pending_sign_ins
  TO distributor_service;
GRANT UPDATE (seed, created_at, confirmed_at, last_step) ON code_seeds TO distributor_service;
GRANT UPDATE (used_at) ON recovery_codes TO distributor_service;
GRANT UPDATE (name, sign_count, last_used_at) ON passkeys TO distributor_service;
GRANT UPDATE (require_second_factor) ON organizations TO distributor_service;
GRANT UPDATE (proved_at, token_hash) ON web_sessions TO distributor_service;
"""

UNDO = """
REVOKE UPDATE (token_hash) ON web_sessions FROM distributor_service;
ALTER TABLE web_sessions DROP COLUMN proved_at;
ALTER TABLE organizations DROP COLUMN require_second_factor;
DROP TABLE pending_sign_ins, passkey_challenges, passkeys, recovery_codes, code_seeds;
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    op.execute(UNDO)
