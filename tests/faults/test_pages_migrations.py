"""Going back to the release before the pages, and forth again: reports, lines and their history stay as they are."""

from __future__ import annotations

import os
from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy.engine import make_url

from distributor import schema
from tests.conftest import administration, in_database
from tests.demo_database import Filled

BEFORE = "0005"
# What the pages remember of themselves goes with their tables and columns.
OF_PAGES = ("muted", "words_seen_at", "carried_until", "carried_limit")
TABLES = """SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind = 'r' AND n.nspname = 'public' AND c.relname <> 'alembic_version' ORDER BY c.relname"""


@pytest.fixture
def copy(cluster: str, filled: Filled) -> Iterator[str]:
    """The demo's year in a database of its own."""
    name, source = f"moved_{os.getpid()}", make_url(filled.settings.database_url or "").database
    with administration(cluster) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {source}")
    yield in_database(cluster, name)
    with administration(cluster) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def contents(url: str) -> dict[str, str]:
    """A digest of every table without what belongs to the pages."""
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    without = "".join(f" - '{column}'" for column in OF_PAGES)
    with psycopg.connect(plain, autocommit=True) as connection:
        names = [row[0] for row in connection.execute(TABLES)]
        return {name: _digest(connection, name, without) for name in names}


def _digest(connection: psycopg.Connection, name: str, without: str) -> str:
    rows = f"SELECT md5((to_jsonb(t){without})::text) AS row FROM {name} t"
    (found,) = connection.execute(f"SELECT count(*) || ' ' || coalesce(md5(string_agg(row, '' ORDER BY row)), '') "
                                  f"FROM ({rows}) rows").fetchone() or ("",)  # fmt: skip
    return str(found)


def test_the_way_back_and_forth_loses_nothing_of_reports(copy: str) -> None:
    whole = contents(copy)
    schema.downgrade(copy, BEFORE)
    before = contents(copy)
    assert {name: whole[name] for name in before} == before
    assert int(before["usage_reports"].split()[0]) > 0
    assert schema.migrate(copy) == schema.head()
    after = contents(copy)
    assert {name: after[name] for name in before} == before
    assert set(after) == set(whole)
