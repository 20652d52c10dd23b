"""Usage reports, lines, report actions, line changes, and the guards that keep the promises.

How the guards fit together:

* Every version of a report has exactly one action row: the report refers to it (deferred, so both are written in one
  transaction), and the action refers to an edge of the workflow's table. A status cannot move without both.
* Per-line facts (difference, discrepancy, unexplained, amount …) are generated columns over immutable functions, so
  that no writer can get them wrong; header totals are kept by the lines' own triggers.
* The lines' triggers update the report's row, which takes its lock: an edit and a submission of one report never
  overlap.
* CHECKs on the header then say what may not be: an unexplained line under review, a missing figure in an approved
  report.
* Lines carry the version that last touched them: the report's next one, or its present one while the transaction that
  made it lasts (`versioned_in`). The header keeps the greatest of them (`lines_version`); at commit none may be ahead.
* At commit each action continues the one before it and each step has set what it may, and nothing else (`SET_BY`).
"""

from alembic import op

revision = "0004"
down_revision = "0003"

RULES = """
CREATE FUNCTION line_figure(chargeable numeric, declared numeric, penalised boolean, estimated boolean)
RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN penalised OR estimated THEN declared ELSE chargeable END;

CREATE FUNCTION line_is_discrepancy(
  provisioned numeric, figure numeric, tolerance_units numeric, tolerance_percent numeric)
RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce(abs(figure - provisioned) > greatest(tolerance_units, provisioned * tolerance_percent / 100), false);
"""

FIGURE = "line_figure(chargeable_units, declared_units, penalised, estimated)"
DISCREPANCY = f"line_is_discrepancy(provisioned_units, {FIGURE}, tolerance_units, tolerance_percent)"
UNEXPLAINED = f"""(waived_reason IS NULL AND (
      (comment IS NULL AND {DISCREPANCY})
      OR (comment IS NULL AND usage_source = 'feed' AND provisioned_units IS NULL AND {FIGURE} IS NOT NULL)
      OR (reviewer_note IS NOT NULL AND NOT note_answered)))"""

# Kept on the report's header: column → what the line {0} adds to it.
TOTALS = {
    "line_count": "1",
    "provisioned_units": "coalesce({0}.provisioned_units, 0)",
    "chargeable_units": "coalesce({0}.chargeable_units, 0)",
    "amount": "{0}.amount",
    "at_risk": "{0}.at_risk",
    "penalty": "{0}.penalty",
    "discrepancies": "{0}.discrepancy::int",
    "uncommented": "({0}.discrepancy AND {0}.comment IS NULL)::int",
    "commented": "({0}.comment IS NOT NULL)::int",
    "unexplained": "{0}.unexplained::int",
    "unexplained_unpenalised": "({0}.unexplained AND NOT {0}.penalised)::int",
    "penalised": "{0}.penalised::int",
    "estimated": "{0}.estimated::int",
    "missing_figures": "({0}.chargeable_units IS NULL)::int",
    "missing_prices": "({0}.unit_price IS NULL)::int",
}

REPORTS = """
CREATE TABLE report_edges (
  step text NOT NULL,
  from_status text NOT NULL,
  to_status text NOT NULL,
  PRIMARY KEY (step, from_status, to_status)
);
COMMENT ON TABLE report_edges IS 'filled from workflows/usage_report.py by "distributor migrate"; retired edges stay';

CREATE TABLE usage_reports (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  uid uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE,
  account_id bigint NOT NULL,
  distributor_id bigint NOT NULL,
  msp_id bigint NOT NULL,
  cycle date NOT NULL CHECK (extract(day FROM cycle) = 1),
  starts_on date NOT NULL,
  ends_on date NOT NULL CHECK (ends_on >= starts_on),
  status text NOT NULL CHECK (status IN ('msp_preparing', 'under_review', 'approved', 'rejected')),
  from_status text NOT NULL DEFAULT 'none',
  version integer NOT NULL DEFAULT 1 CHECK (version >= 1),
  versioned_in xid8 NOT NULL DEFAULT pg_current_xact_id(),
  lines_version integer NOT NULL DEFAULT 1,
  opened_at timestamptz NOT NULL,
  due_at timestamptz NOT NULL,
  due_set_at timestamptz NOT NULL,
  usage_taken_at timestamptz NOT NULL,
  submitted_at timestamptz,
  submitted_from text CHECK (submitted_from IN ('msp_preparing', 'rejected')),
  submission_kind text CHECK (submission_kind IN ('manual', 'automatic', 'automatic_with_penalty')),
  decided_at timestamptz,
  endorsed_by bigint REFERENCES users,
  endorsed_at timestamptz,
  invoiced_at timestamptz,
  rejected_before boolean NOT NULL DEFAULT false,
  -- terms as they stood at opening
  po_number text,
  currency text NOT NULL,
  minor_unit smallint NOT NULL CHECK (minor_unit BETWEEN 0 AND 4),
  time_zone text NOT NULL,
  auto_submit_after_days smallint NOT NULL,
  resubmit_after_days smallint NOT NULL,
  tolerance_units numeric(16, 4) NOT NULL,
  tolerance_percent numeric(7, 4) NOT NULL,
  corrections_allowed boolean NOT NULL,
  uplift_percent numeric(8, 4) NOT NULL,
  usage_source text NOT NULL CHECK (usage_source IN ('feed', 'manual')),
  -- totals, kept by the triggers of usage_report_lines
  line_count integer NOT NULL DEFAULT 0,
  provisioned_units numeric NOT NULL DEFAULT 0,
  chargeable_units numeric NOT NULL DEFAULT 0,
  amount numeric NOT NULL DEFAULT 0,
  at_risk numeric NOT NULL DEFAULT 0,
  penalty numeric NOT NULL DEFAULT 0,
  discrepancies integer NOT NULL DEFAULT 0,
  uncommented integer NOT NULL DEFAULT 0,
  commented integer NOT NULL DEFAULT 0,
  unexplained integer NOT NULL DEFAULT 0,
  unexplained_unpenalised integer NOT NULL DEFAULT 0,
  penalised integer NOT NULL DEFAULT 0,
  estimated integer NOT NULL DEFAULT 0,
  missing_figures integer NOT NULL DEFAULT 0,
  missing_prices integer NOT NULL DEFAULT 0,
  CONSTRAINT one_report_per_account_and_cycle UNIQUE (account_id, cycle),
  UNIQUE (id, account_id, distributor_id, msp_id),
  FOREIGN KEY (account_id, distributor_id, msp_id) REFERENCES accounts (id, distributor_id, msp_id),
  CONSTRAINT nothing_unexplained_under_review CHECK (status <> 'under_review' OR unexplained_unpenalised = 0),
  CONSTRAINT no_penalty_by_hand
    CHECK (status NOT IN ('under_review', 'approved') OR submission_kind <> 'manual' OR penalised = 0),
  CONSTRAINT submitted_in_some_way
    CHECK (status NOT IN ('under_review', 'approved') OR num_nulls(submitted_at, submitted_from, submission_kind) = 0),
  CONSTRAINT no_figure_or_price_missing_when_approved
    CHECK (status <> 'approved' OR (missing_figures = 0 AND missing_prices = 0)),
  CONSTRAINT only_approved_reports_are_invoiced CHECK (invoiced_at IS NULL OR status = 'approved'),
  CHECK (num_nulls(endorsed_by, endorsed_at) IN (0, 2))
);
CREATE INDEX usage_reports_queue ON usage_reports (distributor_id, status, at_risk DESC, id DESC);
CREATE INDEX usage_reports_distributor_cycle ON usage_reports (distributor_id, cycle DESC, id DESC);
CREATE INDEX usage_reports_msp_cycle ON usage_reports (msp_id, cycle DESC, id DESC);
CREATE INDEX usage_reports_due ON usage_reports (due_at) WHERE status IN ('msp_preparing', 'rejected');

CREATE TABLE report_actions (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  uid uuid NOT NULL DEFAULT gen_random_uuid(),
  report_id bigint NOT NULL,
  account_id bigint NOT NULL,
  distributor_id bigint NOT NULL,
  msp_id bigint NOT NULL,
  version integer NOT NULL,
  step text NOT NULL,
  from_status text NOT NULL,
  to_status text NOT NULL,
  at timestamptz NOT NULL,
  actor_side text NOT NULL CHECK (actor_side IN ('msp', 'distributor', 'system')),
  actor_user_id bigint REFERENCES users,
  actor_name text NOT NULL,
  via text NOT NULL CHECK (via IN ('web', 'api', 'command', 'scheduler')),
  web_session_id bigint REFERENCES web_sessions,
  api_token_id bigint REFERENCES api_tokens,
  reason text CHECK (length(reason) <= 4000),
  details jsonb NOT NULL DEFAULT '{}',
  CONSTRAINT one_action_per_version UNIQUE (report_id, version, from_status, to_status),
  UNIQUE (report_id, version),
  UNIQUE (report_id, version, account_id, distributor_id, msp_id),
  CONSTRAINT only_edges_of_the_workflow FOREIGN KEY (step, from_status, to_status) REFERENCES report_edges,
  FOREIGN KEY (report_id, account_id, distributor_id, msp_id)
    REFERENCES usage_reports (id, account_id, distributor_id, msp_id)
);
ALTER TABLE usage_reports ADD CONSTRAINT every_version_has_its_action
  FOREIGN KEY (id, version, from_status, status) REFERENCES report_actions (report_id, version, from_status, to_status)
  DEFERRABLE INITIALLY DEFERRED;
"""

LINES = f"""
CREATE TABLE usage_report_lines (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  uid uuid NOT NULL DEFAULT gen_random_uuid(),
  report_id bigint NOT NULL,
  account_id bigint NOT NULL,
  distributor_id bigint NOT NULL,
  msp_id bigint NOT NULL,
  version integer NOT NULL DEFAULT 1,
  customer_id bigint,
  product_id bigint NOT NULL,
  -- names and terms as they stood when the line was made
  customer_ref text,
  customer_name text,
  sku text NOT NULL,
  product_name text NOT NULL,
  unit text NOT NULL,
  "precision" smallint NOT NULL,
  usage_source text NOT NULL CHECK (usage_source IN ('feed', 'manual')),
  sources text[] NOT NULL DEFAULT '{{}}',
  minor_unit smallint NOT NULL,
  tolerance_units numeric(16, 4) NOT NULL,
  tolerance_percent numeric(7, 4) NOT NULL,
  unit_price numeric(18, 6) CHECK (unit_price >= 0 AND unit_price < 'Infinity'),
  provisioned_units numeric(16, 4) CHECK (provisioned_units >= 0 AND provisioned_units < 'Infinity'),
  used_units numeric(16, 4) CHECK (used_units >= 0 AND used_units < 'Infinity'),
  chargeable_units numeric(16, 4) CHECK (chargeable_units >= 0 AND chargeable_units < 'Infinity'),
  declared_units numeric(16, 4) CHECK (declared_units >= 0 AND declared_units < 'Infinity'),
  comment text CHECK (btrim(comment) <> '' AND length(comment) <= 2000),
  system_note text,
  reviewer_note text CHECK (btrim(reviewer_note) <> '' AND length(reviewer_note) <= 2000),
  noted_units numeric(16, 4),
  noted_comment text,
  note_answered boolean NOT NULL DEFAULT false,
  accepted boolean NOT NULL DEFAULT false,
  penalised boolean NOT NULL DEFAULT false,
  estimated boolean NOT NULL DEFAULT false,
  waived_reason text CHECK (btrim(waived_reason) <> ''),
  changed_by_msp boolean NOT NULL DEFAULT false,
  added_by_msp boolean NOT NULL DEFAULT false,
  difference numeric GENERATED ALWAYS AS (chargeable_units - provisioned_units) STORED,
  amount numeric NOT NULL
    GENERATED ALWAYS AS (round(coalesce(chargeable_units * unit_price, 0), minor_unit)) STORED,
  discrepancy boolean NOT NULL GENERATED ALWAYS AS ({DISCREPANCY}) STORED,
  unexplained boolean NOT NULL GENERATED ALWAYS AS ({UNEXPLAINED}) STORED,
  penalty numeric NOT NULL GENERATED ALWAYS AS (
    CASE WHEN penalised AND NOT estimated THEN round(coalesce(chargeable_units * unit_price, 0), minor_unit)
                           - round(coalesce(declared_units * unit_price, 0), minor_unit) ELSE 0 END) STORED,
  at_risk numeric NOT NULL GENERATED ALWAYS AS (round(coalesce(
    (CASE WHEN {DISCREPANCY} THEN greatest(provisioned_units - chargeable_units, 0) ELSE 0 END
     + CASE WHEN penalised AND NOT estimated THEN chargeable_units - declared_units ELSE 0 END) * unit_price,
    0), minor_unit)) STORED,
  CHECK ((customer_id IS NULL) = (customer_ref IS NULL)),
  CHECK (penalised OR estimated OR declared_units IS NULL),
  CHECK (NOT penalised OR declared_units IS NOT NULL OR estimated),
  CHECK (usage_source = 'feed' OR provisioned_units IS NULL),
  CONSTRAINT one_line_per_customer_and_product UNIQUE NULLS NOT DISTINCT (report_id, customer_id, product_id),
  FOREIGN KEY (report_id, account_id, distributor_id, msp_id)
    REFERENCES usage_reports (id, account_id, distributor_id, msp_id),
  FOREIGN KEY (customer_id, account_id) REFERENCES customers (id, account_id),
  FOREIGN KEY (product_id, distributor_id) REFERENCES products (id, distributor_id)
);
CREATE INDEX usage_report_lines_unexplained ON usage_report_lines (report_id) WHERE unexplained AND NOT penalised;

CREATE TABLE line_changes (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  report_id bigint NOT NULL,
  account_id bigint NOT NULL,
  distributor_id bigint NOT NULL,
  msp_id bigint NOT NULL,
  version integer NOT NULL,
  line_id bigint NOT NULL,
  line_uid uuid NOT NULL,
  line_label text NOT NULL,
  field text NOT NULL,
  old text,
  new text,
  FOREIGN KEY (report_id, version, account_id, distributor_id, msp_id)
    REFERENCES report_actions (report_id, version, account_id, distributor_id, msp_id) DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX line_changes_report ON line_changes (report_id, version);
COMMENT ON TABLE line_changes IS
  'who and when stand on the action of the same report and version; line_id is no foreign key: '
  'a removed line keeps its history';
"""

LASTING = """uid, report_id, account_id, distributor_id, msp_id, customer_id, product_id, customer_ref, sku, unit,
  "precision", usage_source, minor_unit, tolerance_units, tolerance_percent, added_by_msp"""
FIGURES = "provisioned_units, used_units, chargeable_units, comment"
REVIEWED = "reviewer_note, noted_units, noted_comment, note_answered, accepted, estimated"
WORDS = f"system_note, {REVIEWED}"


def of(alias: str, columns: str) -> str:
    return ", ".join(f"{alias}.{column.strip()}" for column in columns.split(","))


SAME_LINE = f"({of('n', LASTING)}) IS NOT DISTINCT FROM ({of('o', LASTING)})"
UNTOUCHED_FIGURES = f"({of('n', FIGURES)}) IS NOT DISTINCT FROM ({of('o', FIGURES)})"
IS_WAIVER = f"""(o.penalised AND NOT n.penalised AND n.waived_reason IS NOT NULL AND n.declared_units IS NULL
    AND n.chargeable_units = o.declared_units
    AND (n.system_note IS NULL OR n.system_note = o.system_note)
    AND (n.provisioned_units, n.used_units, n.comment, n.unit_price, {of("n", REVIEWED)})
        IS NOT DISTINCT FROM (o.provisioned_units, o.used_units, o.comment, o.unit_price, {of("o", REVIEWED)}))"""
IS_PRICING = f"""(o.unit_price IS NULL AND n.unit_price IS NOT NULL
    AND ({of("n", FIGURES)}, n.declared_units, n.penalised, n.waived_reason, {of("n", WORDS)})
        IS NOT DISTINCT FROM ({of("o", FIGURES)}, o.declared_units, o.penalised, o.waived_reason, {of("o", WORDS)}))"""
EDITABLE = "r.status IN ('msp_preparing', 'rejected')"
VERSIONS = {"oldest": "min(n.version)", "newest": "max(n.version)"}
IS_MADE_NOW = "r.versioned_in = pg_current_xact_id()"
OF_THIS_VERSION = (
    f"r.newest <= r.version + 1 AND r.oldest >= CASE WHEN {IS_MADE_NOW} THEN r.version ELSE r.version + 1 END"
)
# A waiver is one line's: its action names the line and the reason.
ONE_LINE_CHANGED = """(SELECT count(*) FROM usage_report_lines l
                         WHERE l.report_id = r.id AND l.version = r.version) = 1"""
STEP = "(SELECT a.step FROM report_actions a WHERE a.report_id = r.id AND a.version = r.version)"

# What is asked of all lines of a report that one statement changed: name → aggregate over the old and new rows.
ASKED_OF_CHANGES = {
    **VERSIONS,
    "turned": f"""bool_or(NOT ({SAME_LINE}) OR n.version <= o.version
      OR (o.unit_price IS NOT NULL AND n.unit_price IS DISTINCT FROM o.unit_price))""",
    "thawed": f"bool_or(o.accepted AND n.accepted AND NOT ({UNTOUCHED_FIGURES}))",
    "waived": f"bool_and({IS_WAIVER} IS TRUE)",
    "priced": f"bool_and({IS_PRICING} IS TRUE)",
}
MAY_CHANGE = f"""{OF_THIS_VERSION} AND NOT r.turned
     AND (({EDITABLE} AND NOT r.thawed)
          OR (r.status = 'under_review'
              AND ((r.waived AND {STEP} = 'waive' AND {ONE_LINE_CHANGED}) OR (r.priced AND {STEP} = 'price'))))"""


# What is asked of new lines: they carry the report's own terms, and nothing that only a later step gives a line.
TERMS_OF_LINES = ("tolerance_units", "tolerance_percent", "minor_unit")
ASKED_OF_NEW = {
    **VERSIONS,
    **{f"least_{term}": f"min(n.{term})" for term in TERMS_OF_LINES},
    **{f"most_{term}": f"max(n.{term})" for term in TERMS_OF_LINES},
    "settled": """bool_or(n.penalised OR n.estimated OR n.accepted OR n.note_answered
      OR num_nonnulls(n.waived_reason, n.reviewer_note, n.system_note) > 0)""",
}
SAME_TERMS = " AND ".join(f"r.least_{term} = r.{term} AND r.most_{term} = r.{term}" for term in TERMS_OF_LINES)
MAY_COME = f"{EDITABLE} AND {OF_THIS_VERSION} AND NOT r.settled AND {SAME_TERMS}"


def keeping_totals(rows: str, report: str, totals: dict[str, str], asked: dict[str, str], allowed: str) -> str:
    """One pass over the transition tables: carries their lines into the headers and gives the reports whose lines may
    not do this.
    """
    added = ", ".join(f"sum({adds}) AS {name}" for name, adds in totals.items())
    facts = ", ".join(f"{aggregate} AS {name}" for name, aggregate in asked.items())
    sets = ", ".join(f"{name} = r.{name} + d.{name}" for name in totals)
    # Removed lines have no version to give; they go with the version that this transaction made, or the next.
    newest = "d.newest" if "newest" in asked else f"CASE WHEN {IS_MADE_NOW} THEN r.version ELSE r.version + 1 END"
    return f"""WITH d AS (
    SELECT {report} AS report_id, {added}, {facts} FROM {rows} GROUP BY {report}
  ), r AS (
    UPDATE usage_reports r SET lines_version = greatest(r.lines_version, {newest}), {sets}
    FROM d WHERE r.id = d.report_id
    RETURNING r.id, r.status, r.version, r.versioned_in, {of("r", ",".join(TERMS_OF_LINES))},
              {of("d", ",".join(asked))}
  )
  SELECT r.id FROM r WHERE NOT ({allowed})"""


def each(template: str) -> dict[str, str]:
    """The totals with `template` around them, in which {n} and {o} are what the new and the old row add."""
    return {name: template.format(n=adds.format("n"), o=adds.format("o")) for name, adds in TOTALS.items()}


KEEP_INSERTED = keeping_totals("new_lines n", "n.report_id", each("{n}"), ASKED_OF_NEW, MAY_COME)
KEEP_DELETED = keeping_totals(
    "old_lines o",
    "o.report_id",
    each("-({o})"),
    {"accepted": "bool_or(o.accepted)"},
    f"{EDITABLE} AND NOT r.accepted",
)
KEEP_UPDATED = keeping_totals(
    "new_lines n JOIN old_lines o ON o.id = n.id", "n.report_id", each("{n} - {o}"), ASKED_OF_CHANGES, MAY_CHANGE
)


def line_guard(happened: str, kept: str, rule: str) -> str:
    """The function behind the trigger that looks at lines once they were inserted, updated or deleted."""
    # EXECUTE: planned for this call's number of lines. A plan kept from a call with one line would join thousands of
    # lines with one another one by one, a plan kept from a large one would read every report there is.
    return f"""
CREATE FUNCTION lines_{happened}() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  wrong bigint;
BEGIN
  EXECUTE $sql${kept}$sql$
  INTO wrong;
  IF wrong IS NOT NULL THEN
    PERFORM refuse_line('{rule}', wrong);
  END IF;
  RETURN NULL;
END $$;
"""


LINE_GUARDS = f"""
CREATE FUNCTION refuse_line(rule text, report bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'usage report %: %', report, rule USING ERRCODE = 'integrity_constraint_violation';
END $$;
{line_guard("inserted", KEEP_INSERTED, "lines are added only while it is being prepared or rejected, plain ones")}
{line_guard("deleted", KEEP_DELETED, "lines go only while it is being prepared or rejected, accepted ones never")}
{line_guard("updated", KEEP_UPDATED, "its lines cannot change this way in its present status and version")}
CREATE TRIGGER lines_inserted AFTER INSERT ON usage_report_lines
  REFERENCING NEW TABLE AS new_lines FOR EACH STATEMENT EXECUTE FUNCTION lines_inserted();
CREATE TRIGGER lines_updated AFTER UPDATE ON usage_report_lines
  REFERENCING NEW TABLE AS new_lines OLD TABLE AS old_lines FOR EACH STATEMENT EXECUTE FUNCTION lines_updated();
CREATE TRIGGER lines_deleted AFTER DELETE ON usage_report_lines
  REFERENCING OLD TABLE AS old_lines FOR EACH STATEMENT EXECUTE FUNCTION lines_deleted();
"""

TERMS = """uid, account_id, distributor_id, msp_id, cycle, starts_on, ends_on, opened_at, po_number, currency,
    minor_unit, time_zone, auto_submit_after_days, resubmit_after_days, tolerance_units, tolerance_percent,
    corrections_allowed, uplift_percent, usage_source"""

KEPT = ",".join(TOTALS) + ", versioned_in, lines_version"
BY_STEPS = """status, from_status, version, due_at, due_set_at, usage_taken_at, submitted_at, submitted_from,
    submission_kind, decided_at, endorsed_by, endorsed_at, invoiced_at, rejected_before"""

GIVEN_LATER = """submitted_at, submitted_from, submission_kind, decided_at, endorsed_by, endorsed_at, invoiced_at"""


def same(columns: str) -> str:
    return f"({of('NEW', columns)}) IS NOT DISTINCT FROM ({of('OLD', columns)})"


REPORT_GUARD = f"""
CREATE FUNCTION report_changes() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF OLD.invoiced_at IS NOT NULL THEN
    RAISE EXCEPTION 'usage report %: an invoiced report never changes', OLD.id
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  -- The lines' triggers keep the totals; they run as the owner. Being called by a trigger alone proves nothing.
  IF current_user = 'distributor_owner' AND pg_trigger_depth() > 1
     AND {same(f"{BY_STEPS}, {TERMS}, versioned_in")} THEN
    RETURN NEW;
  END IF;
  IF NEW.version <> OLD.version + 1 THEN
    RAISE EXCEPTION 'usage report %: each step and each saved draft raises the version by one', OLD.id
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF NOT ({same(TERMS)}) THEN
    RAISE EXCEPTION 'usage report %: terms are copied at opening and stay', OLD.id
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF NOT ({same(KEPT)}) THEN
    RAISE EXCEPTION 'usage report %: totals follow from the lines', OLD.id
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  NEW.from_status := OLD.status;
  NEW.versioned_in := pg_current_xact_id();
  RETURN NEW;
END $$;
CREATE TRIGGER report_changes BEFORE UPDATE ON usage_reports FOR EACH ROW EXECUTE FUNCTION report_changes();

CREATE FUNCTION report_starts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.version <> 1 OR NEW.status <> 'msp_preparing' OR NEW.from_status <> 'none' OR NEW.lines_version <> 1
     OR ({of("NEW", ",".join(TOTALS))}) <> ({", ".join("0" for _ in TOTALS)}) OR NEW.rejected_before
     OR num_nonnulls({of("NEW", GIVEN_LATER)}) > 0 THEN
    RAISE EXCEPTION 'a usage report starts at version 1, being prepared, without lines or decisions'
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  NEW.versioned_in := pg_current_xact_id();
  RETURN NEW;
END $$;
CREATE TRIGGER report_starts BEFORE INSERT ON usage_reports FOR EACH ROW EXECUTE FUNCTION report_starts();

CREATE FUNCTION history_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'history is written once' USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER history_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON report_actions
  FOR EACH STATEMENT EXECUTE FUNCTION history_stays();
CREATE TRIGGER history_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON line_changes
  FOR EACH STATEMENT EXECUTE FUNCTION history_stays();
"""

SUBMISSION = "submitted_at, submitted_from, submission_kind"
# Columns of the header → the steps that may set them.
SET_BY = {
    SUBMISSION: ("submit", "auto_submit", "recall", "reopen"),
    "decided_at": ("approve", "auto_approve", "reject", "reopen"),
    "invoiced_at": ("invoice",),
    "due_at, due_set_at": ("recall", "reject", "reopen"),
    "usage_taken_at": ("save", "refresh"),
    "rejected_before": ("reject",),
}
STRAYED = " OR ".join(
    f"NOT ({same(columns)}) AND act.step NOT IN ({', '.join(map(repr, steps))})" for columns, steps in SET_BY.items()
)
# What a step that sets something must set; NULL is no refusal where `is true` asks.
HAS_SET = f"""CASE act.step
    WHEN 'submit' THEN ({of("NEW", SUBMISSION)}) = (act.at, OLD.status, 'manual')
    WHEN 'auto_submit' THEN ({of("NEW", SUBMISSION)}) = (act.at, OLD.status, NEW.submission_kind)
      AND NEW.submission_kind <> 'manual' AND act.at >= OLD.due_at
    WHEN 'recall' THEN {same(SUBMISSION)} OR num_nonnulls({of("NEW", SUBMISSION)}) = 0
    WHEN 'reopen' THEN ({same(SUBMISSION)} OR num_nonnulls({of("NEW", SUBMISSION)}) = 0)
      AND (NEW.decided_at IS NULL OR {same("decided_at")})
    WHEN 'approve' THEN NEW.decided_at = act.at
    WHEN 'auto_approve' THEN NEW.decided_at = act.at
    WHEN 'reject' THEN NEW.decided_at = act.at AND NEW.rejected_before
    WHEN 'invoice' THEN NEW.invoiced_at = act.at
    ELSE true END"""
# An endorsement is one person's for the figures seen: it stays while the report is only decided on.
ENDORSED = f"""CASE
    WHEN act.step = 'endorse' THEN (NEW.endorsed_by, NEW.endorsed_at) = (act.actor_user_id, act.at)
    WHEN act.step IN ('approve', 'auto_approve', 'invoice') THEN {same("endorsed_by, endorsed_at")}
    ELSE NEW.endorsed_by IS NULL END"""

SETTLING = f"""
CREATE FUNCTION report_settles() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
  act report_actions;
  r usage_reports;
BEGIN
  SELECT * INTO r FROM usage_reports WHERE id = NEW.id;
  IF r.lines_version > r.version THEN
    RAISE EXCEPTION 'usage report %: its lines changed without a new version of the report', r.id
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF {EDITABLE} AND (r.penalised > 0 OR r.estimated > 0) THEN
    RAISE EXCEPTION 'usage report %: penalties and estimates come with automatic submission, not before it', r.id
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF NEW.version = OLD.version THEN
    RETURN NULL;
  END IF;
  SELECT * INTO act FROM report_actions WHERE report_id = NEW.id AND version = NEW.version;
  IF ({STRAYED}) OR ({HAS_SET}) IS NOT TRUE OR ({ENDORSED}) IS NOT TRUE THEN
    RAISE EXCEPTION 'usage report %: step % has set what it may not, or not what it must', NEW.id, act.step
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER report_settles AFTER UPDATE ON usage_reports DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW WHEN (NEW.version <> OLD.version OR NEW.lines_version > NEW.version)
  EXECUTE FUNCTION report_settles();

CREATE FUNCTION action_follows() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
  follows boolean;
BEGIN
  SELECT r.version >= NEW.version AND NEW.from_status = coalesce(before.to_status, 'none')
         AND (NEW.version = 1) = (before.id IS NULL)
         AND (NEW.step <> 'waive' OR r.version > NEW.version OR r.lines_version = r.version)
  INTO follows
  FROM usage_reports r
  LEFT JOIN report_actions before ON before.report_id = r.id AND before.version = NEW.version - 1
  WHERE r.id = NEW.report_id;
  IF follows IS NOT TRUE THEN
    RAISE EXCEPTION 'usage report %: action % of version % does not follow the one before', NEW.report_id, NEW.step,
      NEW.version USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER action_follows AFTER INSERT ON report_actions DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION action_follows();
"""

# A temporary table's triggers would run inside the guards' own statements; nobody needs one here. The privilege is the
# database owner's to take: where the migrating login is not that, the guards hold without it.
TEMPORARY = """
RESET ROLE;
DO $$
BEGIN
  IF pg_has_role((SELECT datdba FROM pg_database WHERE datname = current_database()), 'USAGE') THEN
    EXECUTE format('{change}', current_database());
  END IF;
END $$;
SET ROLE distributor_owner;
"""
NO_TEMPORARY = TEMPORARY.format(change="REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC")
TEMPORARY_AGAIN = TEMPORARY.format(change="GRANT TEMPORARY ON DATABASE %I TO PUBLIC")

RIGHTS = """
GRANT SELECT, INSERT ON usage_reports, usage_report_lines, report_actions, line_changes TO distributor_service;
GRANT SELECT ON report_edges TO distributor_service;
GRANT UPDATE (status, version, due_at, due_set_at, usage_taken_at, submitted_at, submitted_from, submission_kind,
  decided_at, endorsed_by, endorsed_at, invoiced_at, rejected_before) ON usage_reports TO distributor_service;
GRANT DELETE ON usage_report_lines TO distributor_service;
GRANT UPDATE (version, customer_name, product_name, unit_price, provisioned_units, used_units, chargeable_units,
  declared_units, comment, system_note, reviewer_note, noted_units, noted_comment, note_answered, accepted, penalised,
  estimated, waived_reason, changed_by_msp, sources) ON usage_report_lines TO distributor_service;
"""

UNDO = """
ALTER TABLE usage_reports DROP CONSTRAINT every_version_has_its_action;
DROP TABLE line_changes, usage_report_lines, report_actions, usage_reports, report_edges;
DROP FUNCTION lines_inserted(), lines_updated(), lines_deleted(), refuse_line(text, bigint), report_changes(),
  report_starts(), report_settles(), action_follows(), history_stays();
DROP FUNCTION line_is_discrepancy(numeric, numeric, numeric, numeric);
DROP FUNCTION line_figure(numeric, numeric, boolean, boolean);
"""


def upgrade() -> None:
    for statements in (NO_TEMPORARY, RULES, REPORTS, LINES, LINE_GUARDS, REPORT_GUARD, SETTLING, RIGHTS):
        op.execute(statements)


def downgrade() -> None:
    op.execute(UNDO)
    op.execute(TEMPORARY_AGAIN)
