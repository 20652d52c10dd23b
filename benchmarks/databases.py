"""The server the run works on, and databases on it that are made, copied and dropped again."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from sqlalchemy.engine import make_url

from distributor import schema
from distributor.config import database_url
from distributor.postgres import attach


@contextmanager
def cluster(variable: str = "BENCH_DATABASE_URL", *, durable: bool = True) -> Iterator[str]:
    """URL of a server whose databases the run may make and drop: that of an environment variable, or an embedded one of
    its own. `durable`: the embedded one keeps what it promises (fsync, synchronous_commit), as in service.
    """
    given = os.environ.get(variable)
    if given:
        yield database_url(given)
        return
    with tempfile.TemporaryDirectory(prefix="distributor-bench-") as home:
        # The server's user, another one when root runs this, must reach its folder.
        Path(home).chmod(0o755)
        with attach(Path(home), durable=durable) as server:
            yield server.url("postgres")


def name_of(part: str) -> str:
    """A database's name that no other run on the same server uses."""
    return f"bench_{os.getpid()}_{part}"


def create(server: str, part: str) -> str:
    """URL of a new database, built by the real migrations."""
    name = name_of(part)
    _administer(server, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)", f"CREATE DATABASE {name}")
    schema.migrate(_in(server, name))
    return _in(server, name)


def copy(server: str, original: str, part: str) -> str:
    """URL of a copy of a database that nobody is connected to, its pages on disk."""
    name = name_of(part)
    _administer(
        server,
        f"DROP DATABASE IF EXISTS {name} WITH (FORCE)",
        f"CREATE DATABASE {name} TEMPLATE {name_of(original)}",
        "CHECKPOINT",
    )
    return _in(server, name)


def drop(server: str, *parts: str) -> None:
    """Drop databases, whoever is connected."""
    _administer(server, *(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)" for name in map(name_of, parts)))


def settle(url: str) -> None:
    """Do what autovacuum would have done by now, so that it does not start in the middle of a measurement."""
    with owner(url) as connection:
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")


@contextmanager
def owner(url: str) -> Iterator[psycopg.Connection]:
    """A connection as the login of the URL, each statement its own transaction."""
    with psycopg.connect(plain(url), autocommit=True) as connection:
        yield connection


@contextmanager
def service_role(url: str) -> Iterator[psycopg.Connection]:
    """A connection with the service's rights and everybody's rows, in transactions, as the floors need it."""
    with psycopg.connect(plain(url), options="-c role=distributor_operator") as connection:
        yield connection


def plain(url: str) -> str:
    """The URL in libpq's spelling."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def _in(server: str, name: str) -> str:
    return make_url(server).set(database=name).render_as_string(hide_password=False)


def _administer(server: str, *statements: str) -> None:
    with owner(server) as connection:
        for statement in statements:
            connection.execute(statement.encode())
