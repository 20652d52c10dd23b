"""The outbox of notifications, their attempts, and what the scheduler remembers."""

from alembic import op

revision = "0005"
down_revision = "0004"

TABLES = """
CREATE TABLE notifications (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  uid uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE,
  account_id bigint,
  distributor_id bigint,
  msp_id bigint,
  report_id bigint,
  event text NOT NULL,
  occasion text NOT NULL,
  channel text NOT NULL DEFAULT 'email' CHECK (channel IN ('email')),
  recipient text NOT NULL,
  user_id bigint NOT NULL REFERENCES users,
  side text NOT NULL CHECK (side IN ('msp', 'distributor')),
  details jsonb NOT NULL DEFAULT '{}',
  status text NOT NULL DEFAULT 'waiting' CHECK (status IN ('waiting', 'sent', 'given_up')),
  attempts integer NOT NULL DEFAULT 0,
  next_attempt_at timestamptz NOT NULL,
  leased_until timestamptz,
  subject text,
  body_text text,
  body_html text,
  last_error text,
  created_at timestamptz NOT NULL,
  sent_at timestamptz,
  CONSTRAINT told_once UNIQUE NULLS NOT DISTINCT (report_id, occasion, channel, recipient),
  UNIQUE (id, account_id, distributor_id, msp_id),
  CHECK (num_nulls(account_id, distributor_id, msp_id, report_id) IN (0, 4)),
  FOREIGN KEY (report_id, account_id, distributor_id, msp_id)
    REFERENCES usage_reports (id, account_id, distributor_id, msp_id)
);
CREATE INDEX notifications_waiting ON notifications (next_attempt_at) WHERE status = 'waiting';
CREATE INDEX notifications_user ON notifications (user_id, id DESC);
CREATE INDEX notifications_distributor ON notifications (distributor_id, id DESC);
CREATE INDEX notifications_msp ON notifications (msp_id, id DESC);

CREATE TABLE delivery_attempts (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  notification_id bigint NOT NULL REFERENCES notifications,
  account_id bigint,
  distributor_id bigint,
  msp_id bigint,
  at timestamptz NOT NULL,
  succeeded boolean NOT NULL,
  error text,
  CHECK (num_nulls(account_id, distributor_id, msp_id) IN (0, 3)),
  FOREIGN KEY (notification_id, account_id, distributor_id, msp_id)
    REFERENCES notifications (id, account_id, distributor_id, msp_id)
);
CREATE INDEX delivery_attempts_notification ON delivery_attempts (notification_id);

CREATE TABLE scheduler_ticks (
  job text PRIMARY KEY,
  last_at timestamptz NOT NULL,
  outcome text NOT NULL
);

CREATE TABLE set_aside (
  job text NOT NULL,
  subject_id bigint NOT NULL,
  error text NOT NULL,
  attempts integer NOT NULL DEFAULT 1,
  retry_at timestamptz NOT NULL,
  PRIMARY KEY (job, subject_id)
);
COMMENT ON TABLE set_aside IS
  'reports or accounts on which a scheduler job failed: retried later, never stopping the rest';

GRANT SELECT, INSERT ON notifications, delivery_attempts TO distributor_service;
GRANT UPDATE (status, attempts, next_attempt_at, leased_until, subject, body_text, body_html, last_error, sent_at)
  ON notifications TO distributor_service;
GRANT SELECT, INSERT, UPDATE, DELETE ON scheduler_ticks, set_aside TO distributor_service;
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    op.execute("DROP TABLE set_aside, scheduler_ticks, delivery_attempts, notifications")
