"""Going back to the release before the pages, and forth again: reports, lines and their history stay as they are."""

from __future__ import annotations

import os
from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy.engine import make_url

from distributor import schema
from tests.demo_database import Filled
from tests.kept import administration, in_database

BEFORE = "0005"
TABLES = """SELECT c.relname, array_agg(a.attname::text ORDER BY a.attnum) FROM pg_class c
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
            WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND c.relname <> 'alembic_version'
            GROUP BY c.relname ORDER BY c.relname"""


@pytest.fixture
def copy(cluster: str, filled: Filled) -> Iterator[str]:
    """The demo's year in a database of its own."""
    name, source = f"moved_{os.getpid()}", make_url(filled.settings.database_url or "").database
    with administration(cluster) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {source}")
    yield in_database(cluster, name)
    with administration(cluster) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def tables(url: str) -> dict[str, list[str]]:
    """The columns of each table."""
    with administration(url) as connection:
        return dict(connection.execute(TABLES).fetchall())


def contents(url: str, columns: dict[str, list[str]]) -> dict[str, str]:
    """How many rows each table has, and a digest of these columns of them; what came later goes with its columns."""
    with administration(url) as connection:
        return {name: _digest(connection, name, among) for name, among in columns.items()}


def _digest(connection: psycopg.Connection, name: str, columns: list[str]) -> str:
    rows = f"SELECT md5((SELECT row FROM (SELECT {', '.join(columns)}) row)::text) AS row FROM {name}"
    (found,) = connection.execute(f"SELECT count(*) || ' ' || coalesce(md5(string_agg(row, '' ORDER BY row)), '') "
                                  f"FROM ({rows}) rows").fetchone() or ("",)  # fmt: skip
    return str(found)


def test_the_way_back_and_forth_loses_nothing_of_reports(copy: str, filled: Filled) -> None:
    source = str(filled.settings.database_url)
    schema.downgrade(copy, BEFORE)
    columns = tables(copy)
    before = contents(copy, columns)
    assert contents(source, columns) == before
    assert int(before["usage_reports"].split()[0]) > 0
    assert schema.migrate(copy) == schema.head()
    assert contents(copy, columns) == before
    assert tables(copy).keys() == tables(source).keys()
