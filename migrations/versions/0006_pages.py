"""What pages remember: saved views, decisions not taken yet, approval policies, brands, calendars, files to confirm."""

from alembic import op

revision = "0006"
down_revision = "0005"

TABLES = """
CREATE TABLE saved_views (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  uid uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE,
  member_id bigint NOT NULL REFERENCES members,
  page text NOT NULL CHECK (page IN ('review')),
  name text NOT NULL CHECK (btrim(name) <> '' AND length(name) <= 60),
  query text NOT NULL CHECK (length(query) <= 1000),
  created_at timestamptz NOT NULL,
  UNIQUE (member_id, page, name)
);
COMMENT ON COLUMN saved_views.query IS 'the address after the question mark';

CREATE TABLE review_drafts (
  report_id bigint NOT NULL,
  account_id bigint NOT NULL,
  distributor_id bigint NOT NULL,
  msp_id bigint NOT NULL,
  user_id bigint NOT NULL REFERENCES users,
  reason text NOT NULL DEFAULT '' CHECK (length(reason) <= 2000),
  notes jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(notes) = 'object'),
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (report_id, user_id),
  FOREIGN KEY (report_id, account_id, distributor_id, msp_id)
    REFERENCES usage_reports (id, account_id, distributor_id, msp_id)
);
COMMENT ON TABLE review_drafts IS 'what a reviewer has written and not sent: nothing follows from it';

CREATE TABLE approval_policies (
  distributor_id bigint PRIMARY KEY REFERENCES organizations,
  bulk_max_change_percent numeric(8, 4) CHECK (bulk_max_change_percent >= 0 AND bulk_max_change_percent <= 1000),
  marked_change_percent numeric(8, 4) NOT NULL DEFAULT 10
    CHECK (marked_change_percent >= 0 AND marked_change_percent <= 1000),
  updated_at timestamptz NOT NULL,
  updated_by text NOT NULL
);
COMMENT ON COLUMN approval_policies.bulk_max_change_percent IS
  'how far a clean report''s total may have moved to be approved together with others; without a limit when empty';

CREATE TABLE brands (
  distributor_id bigint PRIMARY KEY REFERENCES organizations,
  name text NOT NULL CHECK (btrim(name) <> '' AND length(name) <= 100),
  colour text NOT NULL CHECK (colour ~ '^#[0-9a-f]{6}$'),
  logo bytea CHECK (length(logo) <= 200000),
  logo_type text CHECK (logo_type IN ('image/png', 'image/jpeg')),
  footer text NOT NULL DEFAULT '' CHECK (length(footer) <= 1000),
  reply_to text CHECK (length(reply_to) <= 254),
  updated_at timestamptz NOT NULL,
  CHECK ((logo IS NULL) = (logo_type IS NULL))
);

CREATE TABLE calendar_links (
  member_id bigint PRIMARY KEY REFERENCES members,
  token_hash bytea NOT NULL UNIQUE CHECK (length(token_hash) = 32),
  created_at timestamptz NOT NULL,
  last_used_at timestamptz
);

CREATE TABLE held_files (
  uid uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  member_id bigint NOT NULL REFERENCES members,
  purpose text NOT NULL CHECK (length(purpose) BETWEEN 1 AND 100),
  name text NOT NULL CHECK (length(name) <= 300),
  content bytea NOT NULL CHECK (length(content) <= 5500000),
  held_at timestamptz NOT NULL
);
CREATE INDEX held_files_held_at ON held_files (held_at);
COMMENT ON TABLE held_files IS 'files that somebody was shown the effect of and has not confirmed yet';

ALTER TABLE members ADD COLUMN muted text[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN members.muted IS 'kinds of mail this member has switched off';
ALTER TABLE users ADD COLUMN words_seen_at timestamptz;
COMMENT ON COLUMN users.words_seen_at IS 'when the tour of words was closed';

GRANT SELECT, INSERT, DELETE, UPDATE (name, query) ON saved_views TO distributor_service;
GRANT SELECT, INSERT, DELETE, UPDATE (reason, notes, updated_at) ON review_drafts TO distributor_service;
GRANT SELECT, INSERT, UPDATE (bulk_max_change_percent, marked_change_percent, updated_at, updated_by)
  ON approval_policies TO distributor_service;
GRANT SELECT, INSERT, UPDATE (name, colour, logo, logo_type, footer, reply_to, updated_at)
  ON brands TO distributor_service;
GRANT SELECT, INSERT, DELETE, UPDATE (token_hash, created_at, last_used_at) ON calendar_links TO distributor_service;
GRANT SELECT, INSERT, DELETE ON held_files TO distributor_service;
GRANT UPDATE (muted) ON members TO distributor_service;
GRANT UPDATE (words_seen_at) ON users TO distributor_service;
"""

UNDO = """
ALTER TABLE users DROP COLUMN words_seen_at;
ALTER TABLE members DROP COLUMN muted;
DROP TABLE held_files, calendar_links, brands, approval_policies, review_drafts, saved_views;
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    op.execute(UNDO)
