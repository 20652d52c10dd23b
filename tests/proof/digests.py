"""What a company has in the database, as one digest for each table."""

from __future__ import annotations

from sqlalchemy import text

from distributor.database import db
from tests.proof.market import Company

COLUMNS = text("""
    SELECT table_name, array_agg(column_name::text) FROM information_schema.columns
    WHERE table_schema = 'public' AND column_name IN
      ('account_id', 'member_id', 'user_id', 'organization_id', 'distributor_id') GROUP BY table_name""")
# Refused attempts are written down there, and counted: that is what they are for.
WITNESSES = ("audit", "limit", "rate")
# When somebody was last seen is no change.
SEEN = ("last_seen_at", "last_used_at", "last_used_from")


def digest_of(company: Company) -> dict[str, str]:
    """By table, the digest of the rows that are the company's or its account's."""
    db.session.rollback()
    tables = {name: set(columns) for name, columns in db.session.execute(COLUMNS) if not name.startswith(WITNESSES)}
    upstream = company.upstream or company
    given = {
        "account_id": company.account_ids,
        "member_id": [one.member.member_id for one in (company.manager, company.viewer)],
        "user_id": [one.member.user_id for one in (company.manager, company.viewer)],
        "organization_id": [company.organization.id],
        "distributor_id": [upstream.organization.id],
    }
    without = "".join(f" - '{column}'" for column in SEEN)
    queries = [
        f"""SELECT '{name}', md5(coalesce(string_agg(row::text, ',' ORDER BY row::text), '')) FROM
            (SELECT to_jsonb(t){without} AS row FROM {name} t WHERE {_owner(columns)} = ANY(:{_owner(columns)})) rows"""
        for name, columns in sorted(tables.items())
    ]
    found = db.session.execute(text(" UNION ALL ".join(queries)), given)
    return {row[0]: row[1] for row in found}


def _owner(columns: set[str]) -> str:
    return next(
        name for name in ("account_id", "member_id", "user_id", "organization_id", "distributor_id") if name in columns
    )
