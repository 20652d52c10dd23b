"""The audit trail: entries chained by hash, per account and per organization (docs/audit.md).

Facts wait in `audit_waiting` until their transaction commits. Only then does a deferred trigger lock the heads of all
chains concerned, in one order, and write the entries: two transactions never wait for each other in a circle, other
chains are not held up, and the line changes and notifications of a report's action are all there to be digested.
The service may read entries and heads and add to what waits, nothing else; nobody updates or deletes an entry.
"""

from alembic import op

revision = "0012"
down_revision = "0011"

FACTS = """
  at timestamptz NOT NULL,
  what text NOT NULL CHECK (what ~ '^[a-z0-9_]+([.][a-z0-9_]+)+$'),
  subject text NOT NULL DEFAULT '',
  via text,
  actor_name text NOT NULL DEFAULT '',
  actor_user uuid,
  actor_organization uuid,
  actor_session uuid,
  actor_token uuid,
  details jsonb NOT NULL DEFAULT '{}'
"""
FIELDS = "at, what, subject, via, actor_name, actor_user, actor_organization, actor_session, actor_token, details"
KEYS = "account_id, distributor_id, msp_id, organization_id"

TABLES = f"""
CREATE TABLE audit_heads (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  chain text NOT NULL UNIQUE,
  account_id bigint,
  distributor_id bigint,
  msp_id bigint,
  organization_id bigint UNIQUE REFERENCES organizations,
  number bigint NOT NULL DEFAULT 0,
  hash bytea NOT NULL DEFAULT decode(repeat('00', 32), 'hex') CHECK (length(hash) = 32),
  CHECK (num_nonnulls(account_id, distributor_id, msp_id) = CASE WHEN organization_id IS NULL THEN 3 ELSE 0 END),
  UNIQUE (account_id, distributor_id, msp_id),
  UNIQUE (id, account_id, distributor_id, msp_id),
  FOREIGN KEY (account_id, distributor_id, msp_id) REFERENCES accounts (id, distributor_id, msp_id)
);
CREATE INDEX audit_heads_distributor ON audit_heads (distributor_id);
CREATE INDEX audit_heads_msp ON audit_heads (msp_id);
COMMENT ON TABLE audit_heads IS 'one row per chain: the number and hash of its last entry';

-- Keys lead to the heads, not to accounts: whoever changes terms and whoever adds a fact need not wait for each other.
CREATE TABLE audit_entries (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  chain_id bigint NOT NULL,
  account_id bigint,
  distributor_id bigint,
  msp_id bigint,
  organization_id bigint,
  number bigint NOT NULL,
  action_id bigint UNIQUE,
  {FACTS},
  previous_hash bytea NOT NULL CHECK (length(previous_hash) = 32),
  hash bytea NOT NULL CHECK (length(hash) = 32),
  UNIQUE (chain_id, number),
  CHECK (num_nonnulls(account_id, distributor_id, msp_id) = CASE WHEN organization_id IS NULL THEN 3 ELSE 0 END),
  CONSTRAINT reports_entries_have_their_action CHECK ((what LIKE 'report.%') = (action_id IS NOT NULL)),
  FOREIGN KEY (chain_id, account_id, distributor_id, msp_id)
    REFERENCES audit_heads (id, account_id, distributor_id, msp_id)
);
CREATE INDEX audit_entries_distributor ON audit_entries (distributor_id, id DESC);
CREATE INDEX audit_entries_msp ON audit_entries (msp_id, id DESC);
CREATE INDEX audit_entries_organization ON audit_entries (organization_id, id DESC) WHERE organization_id IS NOT NULL;

CREATE TABLE audit_waiting (
  transaction xid8 NOT NULL DEFAULT pg_current_xact_id(),
  id bigint GENERATED ALWAYS AS IDENTITY,
  account_id bigint,
  distributor_id bigint,
  msp_id bigint,
  organization_id bigint REFERENCES audit_heads (organization_id),
  {FACTS.replace("timestamptz NOT NULL", "timestamptz").replace("what text NOT NULL", "what text")},
  actions bigint[],
  PRIMARY KEY (transaction, id),
  CONSTRAINT one_chain CHECK (
    num_nonnulls(actions, account_id, organization_id) = 1
    AND num_nonnulls(account_id, distributor_id, msp_id) IN (0, 3)
    AND (actions IS NULL) = (at IS NOT NULL AND what IS NOT NULL)),
  CONSTRAINT steps_of_reports_come_by_themselves CHECK (what NOT LIKE 'report.%'),
  FOREIGN KEY (account_id, distributor_id, msp_id) REFERENCES audit_heads (account_id, distributor_id, msp_id)
);
COMMENT ON TABLE audit_waiting IS 'facts of transactions that have not committed yet; empty to everybody else';
"""

HEADS = """
CREATE FUNCTION audit_new_accounts() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
  INSERT INTO audit_heads (chain, account_id, distributor_id, msp_id)
  SELECT 'account/' || uid, id, distributor_id, msp_id FROM fresh ORDER BY id;
  RETURN NULL;
END $$;
CREATE TRIGGER audit_new_accounts AFTER INSERT ON accounts REFERENCING NEW TABLE AS fresh
  FOR EACH STATEMENT EXECUTE FUNCTION audit_new_accounts();

CREATE FUNCTION audit_new_organizations() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
  INSERT INTO audit_heads (chain, organization_id) SELECT 'organization/' || uid, id FROM fresh ORDER BY id;
  RETURN NULL;
END $$;
CREATE TRIGGER audit_new_organizations AFTER INSERT ON organizations REFERENCING NEW TABLE AS fresh
  FOR EACH STATEMENT EXECUTE FUNCTION audit_new_organizations();

INSERT INTO audit_heads (chain, account_id, distributor_id, msp_id)
SELECT 'account/' || uid, id, distributor_id, msp_id FROM accounts ORDER BY id;
INSERT INTO audit_heads (chain, organization_id) SELECT 'organization/' || uid, id FROM organizations ORDER BY id;
"""

# The canonical form of an entry, without its last line, which names the hash before it. docs/audit.md describes it.
TEXT = """
CREATE FUNCTION audit_text(chain text, number bigint, at timestamptz, what text, subject text, via text,
  actor_name text, actor_user uuid, actor_organization uuid, actor_session uuid, actor_token uuid, details jsonb)
RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
RETURN 'distributor-audit/1'
  || E'\\nchain: ' || to_json(chain)::text
  || E'\\nnumber: ' || number::text
  || E'\\nat: ' || to_json(to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))::text
  || E'\\nwhat: ' || to_json(what)::text
  || E'\\nsubject: ' || to_json(subject)::text
  || E'\\nvia: ' || coalesce(to_json(via)::text, 'null')
  || E'\\nname: ' || to_json(actor_name)::text
  || E'\\nuser: ' || coalesce(to_json(actor_user)::text, 'null')
  || E'\\norganization: ' || coalesce(to_json(actor_organization)::text, 'null')
  || E'\\nsession: ' || coalesce(to_json(actor_session)::text, 'null')
  || E'\\ntoken: ' || coalesce(to_json(actor_token)::text, 'null')
  || E'\\ndetails: ' || details::text;

CREATE FUNCTION audit_link(before bytea, body text, head bytea) RETURNS bytea
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  RETURN sha256(convert_to(body || E'\\nprevious: ' || encode(coalesce(before, head), 'hex'), 'UTF8'));
END $$;
-- Over a window in the order of a chain: the hash of each entry, the first of which follows `head`.
CREATE AGGREGATE audit_linked(body text, head bytea) (sfunc = audit_link, stype = bytea);
"""

DIGEST = """jsonb_build_object('count', count(*), 'sha256',
      encode(sha256(convert_to(coalesce(string_agg({row}::text, E'\\n' ORDER BY id), ''), 'UTF8')), 'hex'))"""
CHANGES = DIGEST.format(row="json_build_array(c.line_uid, c.line_label, c.field, c.old, c.new)")
# The other side of an account reads that somebody was told, never at which address.
ADDRESS = "encode(sha256(convert_to(n.recipient, 'UTF8')), 'hex')"
NOTICES = DIGEST.format(row=f"json_build_array(n.uid, n.event, n.channel, {ADDRESS}, n.side, n.details::text)")

CHAINING = f"""
CREATE FUNCTION audit_actions() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
  INSERT INTO audit_waiting (actions) SELECT array_agg(id ORDER BY id) FROM fresh HAVING count(*) > 0;
  RETURN NULL;
END $$;
CREATE TRIGGER audit_actions AFTER INSERT ON report_actions REFERENCING NEW TABLE AS fresh
  FOR EACH STATEMENT EXECUTE FUNCTION audit_actions();

CREATE FUNCTION audit_facts_of(ids bigint[]) RETURNS TABLE (place bigint, action_id bigint, account_id bigint,
  at timestamptz, what text, subject text, via text, actor_name text, actor_user uuid, actor_organization uuid,
  actor_session uuid, actor_token uuid, details jsonb)
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
  SELECT given.place, a.id, a.account_id, a.at, 'report.' || a.step, to_char(r.cycle, 'YYYY-MM'), a.via, a.actor_name,
    u.uid, o.uid, s.uid, t.uid, jsonb_build_object(
      'report', r.uid, 'version', a.version, 'from', a.from_status, 'to', a.to_status, 'reason', a.reason,
      'details', a.details, 'changes', changes.digest, 'notifications', notices.digest)
  FROM unnest(ids) WITH ORDINALITY AS given (id, place)
  JOIN report_actions a ON a.id = given.id
  JOIN usage_reports r ON r.id = a.report_id
  LEFT JOIN users u ON u.id = a.actor_user_id
  LEFT JOIN organizations o
    ON o.id = CASE a.actor_side WHEN 'msp' THEN a.msp_id WHEN 'distributor' THEN a.distributor_id END
  LEFT JOIN web_sessions s ON s.id = a.web_session_id
  LEFT JOIN api_tokens t ON t.id = a.api_token_id
  CROSS JOIN LATERAL (SELECT {CHANGES} AS digest
    FROM line_changes c WHERE c.report_id = a.report_id AND c.version = a.version) changes
  CROSS JOIN LATERAL (SELECT {NOTICES} AS digest
    FROM notifications n WHERE n.report_id = a.report_id AND n.occasion = 'version:' || a.version) notices
$$;

-- Plans are kept from a time when the tables were small: the indexes are right however full they have become.
CREATE FUNCTION audit_chain() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp SET enable_seqscan = off AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM audit_waiting WHERE transaction = NEW.transaction AND id = NEW.id) THEN
    RETURN NULL;  -- went into its chain together with an earlier one of this transaction
  END IF;
  PERFORM 1 FROM audit_heads h WHERE h.id IN (
    SELECT of_fact.id FROM audit_waiting w
      JOIN audit_heads of_fact ON of_fact.account_id = w.account_id OR of_fact.organization_id = w.organization_id
      WHERE w.transaction = NEW.transaction
    UNION SELECT of_action.id FROM audit_waiting w CROSS JOIN unnest(w.actions) AS given (id)
      JOIN report_actions a ON a.id = given.id JOIN audit_heads of_action ON of_action.account_id = a.account_id
      WHERE w.transaction = NEW.transaction)
  ORDER BY h.id FOR NO KEY UPDATE;
  WITH gone AS (
    DELETE FROM audit_waiting WHERE transaction = NEW.transaction RETURNING *
  ), facts AS (
    SELECT w.id, 0 AS place, NULL::bigint AS action_id, w.account_id, w.organization_id,
      {", ".join(f"w.{name.strip()}" for name in FIELDS.split(","))}
    FROM gone w WHERE w.actions IS NULL
    UNION ALL
    SELECT w.id, f.place, f.action_id, f.account_id, NULL, {", ".join(f"f.{n.strip()}" for n in FIELDS.split(","))}
    FROM gone w CROSS JOIN LATERAL audit_facts_of(w.actions) f WHERE w.actions IS NOT NULL
  ), placed AS (
    SELECT h.id AS chain_id, h.chain, h.hash AS head, h.account_id, h.distributor_id, h.msp_id, h.organization_id,
      f.id, f.place, f.action_id, {", ".join(f"f.{n.strip()}" for n in FIELDS.split(","))},
      h.number + row_number() OVER (PARTITION BY h.id ORDER BY f.id, f.place) AS number
    FROM facts f JOIN audit_heads h ON h.account_id = f.account_id OR h.organization_id = f.organization_id
  ), linked AS (
    SELECT p.*, audit_linked(audit_text(p.chain, p.number, p.at, p.what, p.subject, p.via, p.actor_name, p.actor_user,
      p.actor_organization, p.actor_session, p.actor_token, p.details), p.head)
      OVER (PARTITION BY p.chain_id ORDER BY p.number) AS hash
    FROM placed p
  ), written AS (
    INSERT INTO audit_entries (chain_id, {KEYS}, number, action_id, {FIELDS}, previous_hash, hash)
    SELECT chain_id, {KEYS}, number, action_id, {FIELDS},
      lag(hash, 1, head) OVER (PARTITION BY chain_id ORDER BY number), hash
    FROM linked ORDER BY id, place
  )
  UPDATE audit_heads h SET number = newest.number, hash = newest.hash
  FROM (SELECT DISTINCT ON (chain_id) chain_id, number, hash FROM linked ORDER BY chain_id, number DESC) newest
  WHERE h.id = newest.chain_id;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER audit_chain AFTER INSERT ON audit_waiting DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION audit_chain();

CREATE TRIGGER history_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entries
  FOR EACH STATEMENT EXECUTE FUNCTION history_stays();
REVOKE ALL ON FUNCTION audit_facts_of(bigint[]) FROM PUBLIC;
"""

OWN = "(SELECT nullif(current_setting('app.organization', true), '')::bigint)"
SEEN = f"organization_id = {OWN} OR distributor_id = {OWN} OR msp_id = {OWN}"
# Facts about a person go into the chain of every organization the person belongs to, while nobody is known yet or
# another organization is the transaction's. Whoever adds one there reads none, and can change none.
ADDED = f"{SEEN} OR organization_id IS NOT NULL"
POLICIES = {"audit_heads": (SEEN, SEEN), "audit_entries": (SEEN, SEEN), "audit_waiting": (SEEN, ADDED)}
EVERYBODYS = "USING (true) WITH CHECK (true)"

RIGHTS = f"""
GRANT SELECT ON audit_heads, audit_entries TO distributor_service;
GRANT INSERT ({KEYS}, {FIELDS}) ON audit_waiting TO distributor_service;
"""

# What happened before there was a trail: every report's actions, as they stand now.
EARLIER = """
INSERT INTO audit_waiting (actions) SELECT array_agg(id ORDER BY id) FROM report_actions HAVING count(*) > 0;
SET CONSTRAINTS audit_chain IMMEDIATE;
SET CONSTRAINTS audit_chain DEFERRED;
"""

UNDO = """
DROP TRIGGER audit_new_accounts ON accounts;
DROP TRIGGER audit_new_organizations ON organizations;
DROP TRIGGER audit_actions ON report_actions;
DROP TABLE audit_waiting, audit_entries, audit_heads;
DROP FUNCTION audit_new_accounts(), audit_new_organizations(), audit_actions(), audit_chain(), audit_facts_of(bigint[]);
DROP AGGREGATE audit_linked(text, bytea);
DROP FUNCTION audit_link(bytea, text, bytea);
DROP FUNCTION audit_text(text, bigint, timestamptz, text, text, text, text, uuid, uuid, uuid, uuid, jsonb);
"""


def upgrade() -> None:
    for statements in (TABLES, HEADS, TEXT, CHAINING, RIGHTS):
        op.execute(statements)
    for table, (seen, written) in POLICIES.items():
        op.execute(f"""
            ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
            CREATE POLICY of_organization ON {table} TO distributor_service USING ({seen}) WITH CHECK ({written});
            CREATE POLICY of_operator ON {table} TO distributor_operator {EVERYBODYS};
            CREATE POLICY of_owner ON {table} TO distributor_owner {EVERYBODYS};
        """)
    op.execute(EARLIER)


def downgrade() -> None:
    op.execute(UNDO)
