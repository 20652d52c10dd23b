"""Invitations, changes of an e-mail address, and what else members do for themselves.

Secrets of links stand in rows of their own, by their SHA-256: a mail that is tried twice carries two of them, and both
lead to the same thing. Mails that belong to no report are seen by the organization of the person they go to, and by
the one that asked for them; the policies of 0009 knew reports only.
"""

from alembic import op

revision = "0010"
down_revision = "0009"

TABLES = """
CREATE TABLE invitations (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  uid uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE,
  organization_id bigint NOT NULL REFERENCES organizations,
  email text NOT NULL CHECK (email = lower(email) AND length(email) <= 254),
  name text NOT NULL CHECK (btrim(name) <> '' AND length(name) <= 200),
  roles text[] NOT NULL
    CHECK (cardinality(roles) > 0 AND roles <@ ARRAY['admin', 'preparer', 'reviewer', 'viewer']),
  invited_by bigint NOT NULL REFERENCES users,
  locale text NOT NULL,
  created_at timestamptz NOT NULL,
  mailed_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL CHECK (expires_at > mailed_at),
  revoked_at timestamptz,
  accepted_at timestamptz,
  accepted_by bigint REFERENCES users,
  CHECK (num_nulls(accepted_at, accepted_by) IN (0, 2)),
  CHECK (revoked_at IS NULL OR accepted_at IS NULL)
);
CREATE UNIQUE INDEX invitations_open ON invitations (organization_id, email)
  WHERE revoked_at IS NULL AND accepted_at IS NULL;

CREATE TABLE invitation_links (
  token_hash bytea PRIMARY KEY CHECK (length(token_hash) = 32),
  invitation_id bigint NOT NULL REFERENCES invitations,
  created_at timestamptz NOT NULL,
  ended_at timestamptz
);
CREATE INDEX invitation_links_invitation ON invitation_links (invitation_id);

CREATE TABLE address_changes (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  user_id bigint NOT NULL REFERENCES users,
  old_email text NOT NULL,
  new_email text NOT NULL CHECK (new_email = lower(new_email) AND length(new_email) <= 254 AND new_email <> old_email),
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL CHECK (expires_at > created_at),
  old_confirmed_at timestamptz,
  new_confirmed_at timestamptz,
  stopped_at timestamptz,
  done_at timestamptz,
  CHECK (done_at IS NULL OR (old_confirmed_at IS NOT NULL AND new_confirmed_at IS NOT NULL AND stopped_at IS NULL))
);
CREATE UNIQUE INDEX address_changes_open ON address_changes (user_id) WHERE stopped_at IS NULL AND done_at IS NULL;

CREATE TABLE address_links (
  token_hash bytea PRIMARY KEY CHECK (length(token_hash) = 32),
  change_id bigint NOT NULL REFERENCES address_changes,
  address text NOT NULL CHECK (address IN ('old', 'new')),
  created_at timestamptz NOT NULL
);
CREATE INDEX address_links_change ON address_links (change_id);

-- What was typed on the page "forgotten password", known or not: so the page does the same work for every address.
CREATE TABLE password_requests (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  email text NOT NULL CHECK (length(email) <= 254),
  requested_at timestamptz NOT NULL
);

GRANT SELECT, INSERT ON invitations, invitation_links, address_changes, address_links, password_requests
  TO distributor_service;
GRANT UPDATE (mailed_at, expires_at, revoked_at, accepted_at, accepted_by) ON invitations TO distributor_service;
GRANT UPDATE (ended_at) ON invitation_links TO distributor_service;
GRANT UPDATE (old_confirmed_at, new_confirmed_at, stopped_at, done_at) ON address_changes TO distributor_service;
GRANT UPDATE (requested_at), DELETE ON password_requests TO distributor_service;

-- Whoever is invited is no user yet.
ALTER TABLE notifications ALTER COLUMN user_id DROP NOT NULL,
  ADD CONSTRAINT told_person CHECK (user_id IS NOT NULL OR (event = 'invited' AND report_id IS NULL));
-- Each arm of the policy on mails has its index: one without would have every query read the whole outbox.
CREATE INDEX notifications_organization ON notifications (((details->>'organization_id')::bigint), id DESC)
  WHERE report_id IS NULL;
CREATE INDEX notifications_inviter ON notifications (((details->>'invited_by')::bigint), id DESC)
  WHERE report_id IS NULL;
CREATE INDEX notifications_invited ON notifications (recipient, id DESC) WHERE user_id IS NULL;
"""

UNDO = """
DELETE FROM delivery_attempts WHERE notification_id IN (SELECT id FROM notifications WHERE user_id IS NULL);
DELETE FROM notifications WHERE user_id IS NULL;
DROP INDEX notifications_organization, notifications_inviter, notifications_invited;
ALTER TABLE notifications DROP CONSTRAINT told_person, ALTER COLUMN user_id SET NOT NULL;
DROP TABLE password_requests, address_links, address_changes, invitation_links, invitations;
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    op.execute(UNDO)
