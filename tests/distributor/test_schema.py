"""What the schema promises as a whole: its roles, its migrations, and keys that bind every row to its tenant."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import text

from distributor import schema
from distributor.database import db
from distributor.usage_reports.operations import drafts
from distributor.usage_reports.operations.drafts import LineDraft
from tests.distributor.usage_reports.plain_sql import refused
from tests.factories import OPENED_AT, Story
from tests.kept import administration, in_database

AT = OPENED_AT + timedelta(days=1)


def test_every_tenant_table_carries_the_three_keys(app: Flask) -> None:
    tables = """
        SELECT table_name FROM information_schema.columns WHERE table_schema = 'public' AND column_name = 'account_id'
        EXCEPT SELECT table_name FROM information_schema.columns WHERE column_name = 'msp_id'"""
    assert list(db.session.scalars(text(tables))) == []
    total = "SELECT count(DISTINCT table_name) FROM information_schema.columns WHERE column_name = 'msp_id'"
    assert db.session.scalar(text(total)) >= 8


def test_every_tenant_tables_keys_lead_to_accounts(app: Flask) -> None:
    bound = """
WITH RECURSIVE fk AS (
  SELECT c.conrelid AS child, c.confrelid AS parent FROM pg_constraint c
  WHERE c.contype = 'f' AND (SELECT count(*) FROM pg_attribute a WHERE a.attrelid = c.conrelid
    AND a.attnum = ANY(c.conkey) AND a.attname IN ('account_id', 'distributor_id', 'msp_id')) = 3
), led AS (
  SELECT 'accounts'::regclass::oid AS id UNION SELECT fk.child FROM fk JOIN led ON led.id = fk.parent
)
SELECT attrelid::regclass::text FROM pg_attribute a JOIN pg_class t ON t.oid = a.attrelid AND t.relkind = 'r'
WHERE attname = 'account_id' AND attrelid NOT IN (SELECT id FROM led)"""
    assert list(db.session.scalars(text(bound))) == []


COPIED = {
    "line_changes": "report_id, account_id, distributor_id, version, line_id, line_uid, line_label, field",
    "usage_rows": "snapshot_id, account_id, distributor_id, product_id, provisioned_units",
    "delivery_attempts": "notification_id, account_id, distributor_id, at, succeeded",
}


@pytest.mark.parametrize("table", ["line_changes", "usage_rows", "delivery_attempts"])
def test_a_row_cannot_name_another_tenant(app: Flask, table: str) -> None:
    story = Story()
    report = story.open(("40", None))
    given = [LineDraft(story.lines(report)[0].uid, comment="x")]
    drafts.save_lines(story.report(report), given, story.by(story.preparer), AT)
    notice = "(SELECT id, account_id, distributor_id, msp_id FROM notifications LIMIT 1) n"
    db.session.execute(
        text(f"""INSERT INTO delivery_attempts (notification_id, account_id, distributor_id, msp_id, at,
        succeeded) SELECT n.*, now(), true FROM {notice}""")
    )
    db.session.commit()
    columns = COPIED[table]
    refused(
        f"INSERT INTO {table} ({columns}, msp_id) SELECT {columns}, :msp FROM {table} LIMIT 1",
        "foreign key",
        msp=Story().msp.id,
    )


def test_what_a_later_migration_makes_belongs_to_the_owner_too(url: str) -> None:
    schema.downgrade(url, "0005")
    schema.migrate(url)
    owners = "SELECT DISTINCT relowner::regrole::text FROM pg_class WHERE relnamespace = 'public'::regnamespace"
    with administration(url) as connection:
        assert connection.execute(owners).fetchall() == [("distributor_owner",)]


ROLES_MADE_BEFORE = """
CREATE ROLE {login} LOGIN NOCREATEROLE PASSWORD 'of-this-test-alone';
GRANT distributor_owner, distributor_service, distributor_operator TO {login};
CREATE DATABASE {login} OWNER {login};
"""


@pytest.fixture
def plain_login(cluster: str, template: str) -> Iterator[str]:
    """URL of an empty database for a login that makes no roles, prepared as docs/operations.md says."""
    login = f"plain_{os.getpid()}"
    with administration(cluster) as connection:
        for statement in ROLES_MADE_BEFORE.format(login=login).strip().split(";\n"):
            connection.execute(statement)
    yield in_database(cluster, login, username=login, password="of-this-test-alone")
    with administration(cluster) as connection:
        connection.execute(f"DROP DATABASE {login} WITH (FORCE)")
        connection.execute(f"DROP ROLE {login}")


def test_a_login_that_makes_no_roles_migrates_with_roles_made_for_it(plain_login: str) -> None:
    assert schema.migrate(plain_login) == schema.head()
    schema.downgrade(plain_login, "base")
