"""Indexes for the search over everything: the words of customers' names and references, and PO numbers of reports.

Words are found by how they begin. They are cut at ASCII signs only and folded by the database alone, on both sides, so
that index and question agree whatever the database's locale. The tenants stand among the words: so a search never
reads the rows of others.
"""

from alembic import op

revision = "0008"
down_revision = "0007"

INDEXES = r"""
CREATE FUNCTION search_words(given text) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
RETURN array_remove(string_to_array(
  translate(lower(given), E' \t\n\r!"#$%&''()*+,-./:;<=>?@[\\]^_`{|}~', repeat(' ', 36)), ' '), '');

CREATE FUNCTION customer_words(name text, ref text, distributor_id bigint, msp_id bigint) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN array_to_tsvector(search_words(name) || search_words(ref) || ARRAY['=d' || distributor_id, '=m' || msp_id]);

CREATE INDEX customers_words ON customers USING gin (customer_words(name, ref, distributor_id, msp_id));
CREATE INDEX usage_reports_po_number ON usage_reports (distributor_id, lower(po_number) text_pattern_ops)
  WHERE po_number IS NOT NULL;
"""

UNDO = """
DROP INDEX usage_reports_po_number, customers_words;
DROP FUNCTION customer_words(text, text, bigint, bigint);
DROP FUNCTION search_words(text);
"""


def upgrade() -> None:
    op.execute(INDEXES)


def downgrade() -> None:
    op.execute(UNDO)
