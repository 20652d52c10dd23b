"""Explanations that are carried forward: a table of them, and what lines know of the words they were given.

Words carried to a line explain it only as far as they were once given. `unexplained` says so, which makes the guards of
0004 say it too; and the two new columns belong to a line's figures, so that the guards hold still what may not change.
"""

import re

from alembic import op
from sqlalchemy import text

revision = "0007"
down_revision = "0006"

TABLE = """
CREATE TABLE carried_explanations (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account_id bigint NOT NULL,
  distributor_id bigint NOT NULL,
  msp_id bigint NOT NULL,
  customer_id bigint,
  product_id bigint NOT NULL,
  comment text NOT NULL CHECK (btrim(comment) <> '' AND length(comment) <= 2000),
  carried_until date NOT NULL,
  difference numeric(16, 4) NOT NULL CHECK (difference <> 0 AND abs(difference) < 'Infinity'),
  report_id bigint NOT NULL,
  line_uid uuid NOT NULL,
  cycle date NOT NULL,
  set_by text NOT NULL,
  set_at timestamptz NOT NULL,
  FOREIGN KEY (report_id, account_id, distributor_id, msp_id)
    REFERENCES usage_reports (id, account_id, distributor_id, msp_id),
  FOREIGN KEY (customer_id, account_id) REFERENCES customers (id, account_id),
  FOREIGN KEY (product_id, distributor_id) REFERENCES products (id, distributor_id)
);
CREATE UNIQUE INDEX one_explanation_per_customer_and_product
  ON carried_explanations (account_id, product_id, coalesce(customer_id, 0));
COMMENT ON COLUMN carried_explanations.difference IS
  'the largest difference the words cover, with its direction: chargeable - provisioned of the line they were given on';
GRANT SELECT, INSERT, DELETE, UPDATE (comment, carried_until, difference, report_id, line_uid, cycle, set_by, set_at)
  ON carried_explanations TO distributor_service;

ALTER TABLE usage_report_lines
  ADD COLUMN carried_until date,
  ADD COLUMN carried_limit numeric(16, 4),
  ADD CONSTRAINT only_words_are_carried
    CHECK (comment IS NOT NULL OR num_nonnulls(carried_until, carried_limit) = 0),
  ADD CONSTRAINT carried_words_cover_something CHECK (carried_limit <> 0 AND abs(carried_limit) < 'Infinity');
COMMENT ON COLUMN usage_report_lines.carried_until IS 'until when the comment is carried to later cycles';
COMMENT ON COLUMN usage_report_lines.carried_limit IS
  'the comment was carried here and covers a difference of this direction and up to this size';
GRANT UPDATE (carried_until, carried_limit) ON usage_report_lines TO distributor_service;
"""

RULE = """
CREATE FUNCTION line_is_explained(comment text, carried_limit numeric, difference numeric)
RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN comment IS NOT NULL AND (carried_limit IS NULL OR coalesce(
  difference BETWEEN least(carried_limit, 0) AND greatest(carried_limit, 0), false));
"""

FIGURE = "line_figure(chargeable_units, declared_units, penalised, estimated)"
DISCREPANCY = f"line_is_discrepancy(provisioned_units, {FIGURE}, tolerance_units, tolerance_percent)"
COMMENTED = "comment IS NOT NULL"
EXPLAINED = f"line_is_explained(comment, carried_limit, {FIGURE} - provisioned_units)"


def unexplained(explained: str) -> str:
    """The column `unexplained` made anew with another rule of what a comment explains; its index stands on it."""
    return f"""
ALTER TABLE usage_report_lines DROP COLUMN unexplained;
ALTER TABLE usage_report_lines ADD COLUMN unexplained boolean NOT NULL GENERATED ALWAYS AS
  (waived_reason IS NULL AND (
      (NOT ({explained}) AND {DISCREPANCY})
      OR (NOT ({explained}) AND usage_source = 'feed' AND provisioned_units IS NULL AND {FIGURE} IS NOT NULL)
      OR (reviewer_note IS NOT NULL AND NOT note_answered))) STORED;
CREATE INDEX usage_report_lines_unexplained ON usage_report_lines (report_id) WHERE unexplained AND NOT penalised;
"""


# What changes in the functions of 0004's guards, as (pattern, replacement) for either way.
NOW_EXPLAINED = (
    r"(\1.discrepancy AND NOT line_is_explained(\1.comment, \1.carried_limit, line_figure("
    r"\1.chargeable_units, \1.declared_units, \1.penalised, \1.estimated) - \1.provisioned_units))"
)
TO_CARRIED = (
    (r"\((\w)\.discrepancy AND \1\.comment IS NULL\)", NOW_EXPLAINED),
    (r"\b(\w)\.comment([,)])(?! \1\.carried)", r"\1.comment, \1.carried_until, \1.carried_limit\2"),
)
TO_PLAIN = (
    (
        r"\((\w)\.discrepancy AND NOT line_is_explained\([^()]*line_figure\([^()]*\)[^()]*\)\)",
        r"(\1.discrepancy AND \1.comment IS NULL)",
    ),
    (r"\b(\w)\.comment, \1\.carried_until, \1\.carried_limit([,)])", r"\1.comment\2"),
)
# Each guard with how many of the patterns it holds: only the one for updates compares old lines with new ones.
GUARDS = {"lines_inserted": 1, "lines_deleted": 1, "lines_updated": 2}
SOURCE = text("SELECT prosrc FROM pg_proc WHERE proname = :name")


def rewrite_guards(patterns: tuple[tuple[str, str], ...]) -> None:
    """Put other words into the functions that keep the totals and judge changes of lines. Raises RuntimeError where one
    does not read as 0004 made it.
    """
    for name, held in GUARDS.items():
        source = op.get_bind().execute(SOURCE, {"name": name}).scalar_one()
        found = 0
        for pattern, replacement in patterns:
            source, count = re.subn(pattern, replacement, source)
            found += count > 0
        if found != held:
            raise RuntimeError(f"The function {name}() is not the one that migration 0004 made.")
        op.execute(
            f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER "
            f"SET search_path = public, pg_temp AS $guard${source}$guard$"
        )


# Words that a line has outgrown are words again, as before: the headers count anew what that changes.
RECOUNT = """
ALTER TABLE usage_reports DISABLE TRIGGER USER;
UPDATE usage_reports r SET uncommented = l.uncommented, unexplained = l.unexplained,
  unexplained_unpenalised = l.unexplained_unpenalised
FROM (SELECT report_id, count(*) FILTER (WHERE discrepancy AND comment IS NULL) AS uncommented,
             count(*) FILTER (WHERE unexplained) AS unexplained,
             count(*) FILTER (WHERE unexplained AND NOT penalised) AS unexplained_unpenalised
      FROM usage_report_lines GROUP BY report_id HAVING count(carried_limit) > 0) l
WHERE l.report_id = r.id;
ALTER TABLE usage_reports ENABLE TRIGGER USER;
"""

UNDO = """
DROP FUNCTION line_is_explained(text, numeric, numeric);
ALTER TABLE usage_report_lines DROP COLUMN carried_limit, DROP COLUMN carried_until;
DROP TABLE carried_explanations;
"""


def upgrade() -> None:
    op.execute(TABLE)
    op.execute(RULE)
    op.execute(unexplained(EXPLAINED))
    rewrite_guards(TO_CARRIED)


def downgrade() -> None:
    rewrite_guards(TO_PLAIN)
    op.execute(unexplained(COMMENTED))
    op.execute(RECOUNT)
    op.execute(UNDO)
