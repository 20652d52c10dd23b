"""Database roles, organizations, users, members, sign-in sessions, tokens.

Two roles stand for the whole cluster: `distributor_owner` owns every table, `distributor_service` owns nothing, cannot
bypass row-level security and gets its rights table by table. The login in DATABASE_URL is a member of both.
"""

from alembic import op

revision = "0001"
down_revision = None

ROLES = """
DO $$
DECLARE
  wanted text;
BEGIN
  FOREACH wanted IN ARRAY ARRAY['distributor_owner', 'distributor_service'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN
      BEGIN
        EXECUTE format('CREATE ROLE %I NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE', wanted);
      EXCEPTION WHEN duplicate_object OR unique_violation THEN
        NULL;  -- another database of the same cluster made it in the meantime
      END;
    END IF;
    IF NOT pg_has_role(current_user, wanted, 'MEMBER') THEN
      EXECUTE format('GRANT %I TO CURRENT_USER', wanted);
    END IF;
  END LOOP;
  EXECUTE format('GRANT CREATE ON DATABASE %I TO distributor_owner', current_database());
END $$;
GRANT USAGE, CREATE ON SCHEMA public TO distributor_owner;
GRANT USAGE ON SCHEMA public TO distributor_service;
ALTER TABLE alembic_version OWNER TO distributor_owner;
SET ROLE distributor_owner;
GRANT SELECT ON alembic_version TO distributor_service;
"""

TABLES = """
CREATE TABLE organizations (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  uid uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE,
  name text NOT NULL CHECK (btrim(name) <> '' AND length(name) <= 200),
  is_distributor boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE users (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  uid uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE,
  email text NOT NULL UNIQUE CHECK (email = lower(email) AND length(email) <= 254),
  name text NOT NULL CHECK (btrim(name) <> '' AND length(name) <= 200),
  phone text CHECK (length(phone) <= 50),
  password_hash text,
  locale text NOT NULL DEFAULT 'en',
  created_at timestamptz NOT NULL DEFAULT now(),
  disabled_at timestamptz
);

CREATE TABLE members (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  uid uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE,
  organization_id bigint NOT NULL REFERENCES organizations,
  user_id bigint NOT NULL REFERENCES users,
  roles text[] NOT NULL
    CHECK (cardinality(roles) > 0 AND roles <@ ARRAY['admin', 'preparer', 'reviewer', 'viewer']),
  created_at timestamptz NOT NULL DEFAULT now(),
  removed_at timestamptz,
  UNIQUE (organization_id, user_id)
);
CREATE INDEX members_user ON members (user_id) WHERE removed_at IS NULL;

CREATE TABLE web_sessions (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  uid uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE,
  token_hash bytea NOT NULL UNIQUE CHECK (length(token_hash) = 32),
  user_id bigint NOT NULL REFERENCES users,
  member_id bigint NOT NULL REFERENCES members,
  created_at timestamptz NOT NULL,
  last_seen_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL CHECK (expires_at > created_at),
  revoked_at timestamptz,
  address text,
  user_agent text CHECK (length(user_agent) <= 300)
);
CREATE INDEX web_sessions_user ON web_sessions (user_id);

CREATE TABLE api_tokens (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  uid uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE,
  member_id bigint NOT NULL REFERENCES members,
  name text NOT NULL CHECK (btrim(name) <> '' AND length(name) <= 100),
  prefix text NOT NULL UNIQUE,
  token_hash bytea NOT NULL UNIQUE CHECK (length(token_hash) = 32),
  scopes text[] NOT NULL CHECK (cardinality(scopes) > 0),
  created_at timestamptz NOT NULL,
  expires_at timestamptz CHECK (expires_at > created_at),
  last_used_at timestamptz,
  revoked_at timestamptz
);
CREATE INDEX api_tokens_member ON api_tokens (member_id);

CREATE TABLE password_links (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  user_id bigint NOT NULL REFERENCES users,
  token_hash bytea NOT NULL UNIQUE CHECK (length(token_hash) = 32),
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL CHECK (expires_at > created_at),
  used_at timestamptz
);

CREATE TABLE idempotent_answers (
  member_id bigint NOT NULL REFERENCES members,
  key text NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
  request_hash bytea NOT NULL CHECK (length(request_hash) = 32),
  status smallint NOT NULL,
  body text NOT NULL,
  headers jsonb NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (member_id, key)
);

GRANT SELECT, INSERT ON organizations, users, members, web_sessions, api_tokens, password_links, idempotent_answers
  TO distributor_service;
GRANT UPDATE (name, is_distributor) ON organizations TO distributor_service;
GRANT UPDATE (name, email, phone, password_hash, locale, disabled_at) ON users TO distributor_service;
GRANT UPDATE (roles, removed_at) ON members TO distributor_service;
GRANT UPDATE (member_id, last_seen_at, expires_at, revoked_at) ON web_sessions TO distributor_service;
GRANT UPDATE (last_used_at, revoked_at) ON api_tokens TO distributor_service;
GRANT UPDATE (used_at) ON password_links TO distributor_service;
GRANT UPDATE (status, body, headers), DELETE ON idempotent_answers TO distributor_service;
"""

# Roles belong to the cluster, not to this database: the last database to let go of them drops them.
UNDO = """
DROP TABLE idempotent_answers, password_links, api_tokens, web_sessions, members, users, organizations;
REVOKE SELECT ON alembic_version FROM distributor_service;
RESET ROLE;
ALTER TABLE alembic_version OWNER TO CURRENT_USER;
REVOKE USAGE, CREATE ON SCHEMA public FROM distributor_owner;
REVOKE USAGE ON SCHEMA public FROM distributor_service;
DO $$
BEGIN
  EXECUTE format('REVOKE CREATE ON DATABASE %I FROM distributor_owner', current_database());
  DROP ROLE distributor_service;
  DROP ROLE distributor_owner;
EXCEPTION WHEN dependent_objects_still_exist OR insufficient_privilege THEN
  NULL;
END $$;
"""


def upgrade() -> None:
    op.execute(ROLES)
    op.execute(TABLES)


def downgrade() -> None:
    op.execute(UNDO)
