"""One database and one application for test after test: rows are taken back in between, as making both anew takes
longer than most tests. What changed more than rows or settings is thrown away.
"""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from sqlalchemy.engine import make_url

from distributor import create_app
from distributor.config import Settings
from distributor.database import db
from distributor.limits.api_calls import KEPT, Handfuls
from distributor.tenancy import across_tenants

COUNTER = itertools.count(1)
# Deleted rows leave their pages behind: from here on a new database is quicker than a bloated one.
BLOAT = 8 * 1024 * 1024
CATALOGUES = ("class", "attribute", "constraint", "index", "policy", "proc", "rewrite", "trigger", "type", "namespace")
# Every change of an object writes its catalogue row anew; vacuum and analyze do not.
SHAPE = "SELECT md5(string_agg(x, ',' ORDER BY x)) FROM ({}) objects".format(
    " UNION ALL ".join(
        f"SELECT '{name}' || {'attrelid || attname' if name == 'attribute' else key} || xmin AS x FROM pg_{name} "
        f"WHERE {'attrelid' if name == 'attribute' else key} >= 16384"
        for name in CATALOGUES
        for key in ["indexrelid" if name == "index" else "oid"]
    )
)
TABLES = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY relname"
SEQUENCES = "SELECT seqrelid::regclass::text, pg_sequence_last_value(seqrelid) FROM pg_sequence"
AGAIN = """SELECT setval(seqrelid::regclass, seqstart, false) FROM pg_sequence
           WHERE pg_sequence_last_value(seqrelid) IS NOT NULL"""
OTHERS = """SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid()"""


@contextmanager
def administration(url: str) -> Iterator[psycopg.Connection]:
    """A connection of the server's administrator, each statement committed by itself."""
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        yield connection


def in_database(url: str, name: str, **login: str) -> str:
    """The server's URL with another database, and another `username` and `password` where given."""
    return make_url(url).set(database=name, **login).render_as_string(hide_password=False)  # type: ignore[arg-type]  # names of its own fields


class Database:
    """A copy of the template that is as new after `clean`, unless that answers False."""

    def __init__(self, server: str, template: str) -> None:
        self.name = f"test_{os.getpid()}_{next(COUNTER)}"
        self.server, self.url = server, in_database(server, self.name)
        with administration(server) as connection:
            connection.execute(f"CREATE DATABASE {self.name} TEMPLATE {template} STRATEGY file_copy")
        plain = make_url(self.url).set(drivername="postgresql").render_as_string(hide_password=False)
        # As a replica: no trigger keeps rows from going.
        options = "-c session_replication_role=replica"
        self.connection = psycopg.connect(plain, autocommit=True, options=options, application_name="tests")
        self.tables = [name for (name,) in self.connection.execute(TABLES)]
        self.seeds = self._contents(self._filled())
        self.size, self.shape = self._size(), self._shape()
        self.sequences = [(name, last) for name, last in self.connection.execute(SEQUENCES) if last is not None]

    def clean(self) -> bool:
        """Ends whatever is still connected and takes back all rows. False when more than rows was changed."""
        try:
            self.connection.execute(OTHERS)
            if self._shape() != self.shape or self._size() > self.size + BLOAT:
                return False
            self._empty([name for name in self._filled() if name not in self.seeds])
        except psycopg.OperationalError:  # the test stopped the server, or ended every connection
            return False
        return self._contents(list(self.seeds)) == self.seeds

    def drop(self) -> None:
        self.connection.close()
        with administration(self.server) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)")

    def _empty(self, tables: list[str]) -> None:
        if tables:
            self.connection.execute(";".join(f"DELETE FROM {name}" for name in tables))
        self.connection.execute(AGAIN)
        for name, last in self.sequences:
            self.connection.execute("SELECT setval(%s::regclass, %s, true)", (name, last))

    def _filled(self) -> list[str]:
        asked = " UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT FROM {name})" for name in self.tables)
        return [name for (name,) in self.connection.execute(asked)]

    def _contents(self, tables: list[str]) -> dict[str, str]:
        asked = " UNION ALL ".join(
            f"SELECT '{name}', (SELECT md5(string_agg(t::text, ',' ORDER BY t::text)) FROM {name} t)" for name in tables
        )
        return {str(name): str(digest) for name, digest in self.connection.execute(asked)}

    def _size(self) -> int:
        return int(self._asked("SELECT pg_database_size(current_database())"))

    def _shape(self) -> str:
        return str(self._asked(SHAPE))

    def _asked(self, query: str) -> Any:
        row = self.connection.execute(query).fetchone()
        assert row is not None
        return row[0]


class Service:
    """The application on one database, its settings and its extensions as they were before each test."""

    def __init__(self, settings: Settings) -> None:
        self.settings, self.app = settings, create_app(settings)
        self.config, self.extensions = dict(self.app.config), dict(self.app.extensions)
        self.wired = self._wiring()

    @contextmanager
    def running(self) -> Iterator[Flask]:
        """The application, inside a context that sees all tenants."""
        self.app.extensions[KEPT] = Handfuls()
        with self.app.app_context():
            across_tenants()
            yield self.app
            db.session.remove()
            for engine in db.engines.values():
                engine.dispose()

    def restore(self) -> bool:
        """Takes back what the test set. False when it wired something else into the application."""
        for kept, before in ((self.app.config, self.config), (self.app.extensions, self.extensions)):
            kept.clear()
            kept.update(before)
        return self._wiring() == self.wired

    def _wiring(self) -> tuple[object, ...]:
        hooks: list[dict[Any, list[Any]]] = [
            self.app.before_request_funcs,
            self.app.after_request_funcs,
            self.app.teardown_request_funcs,
        ]
        counts = [sorted((str(key), len(found)) for key, found in hook.items()) for hook in hooks]
        return (self.app.wsgi_app, counts, dict(self.app.view_functions), sorted(self.app.jinja_env.globals))


class Kept:
    """The database and the application of the tests of this process."""

    def __init__(self, server: str, template: str, home: Path) -> None:
        self.server, self.template, self.home = server, template, home
        self.database: Database | None = None
        self.service: Service | None = None

    def url(self) -> str:
        """Of a migrated database without rows."""
        if self.database is None:
            self.database = Database(self.server, self.template)
        return self.database.url

    def running(self, settings: Settings) -> Service:
        """The application on this database; made anew for a test with settings of its own, and after it."""
        if self.service is None or self.service.settings != settings:
            self.service = Service(settings)
        return self.service

    def give_back(self) -> None:
        """After a test: keep what is as it was, forget the rest."""
        shutil.rmtree(self.home)
        self.home.mkdir()
        if self.service and not self.service.restore():
            self.service = None
        if self.database and not self.database.clean():
            self.forget()

    def forget(self) -> None:
        """Drop the database, and the application that knows its address."""
        if self.database:
            self.database.drop()
        self.database = self.service = None


class Compiled(BytecodeCache):
    """Templates compiled by one application of this process, for those that follow."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self.kept:
            bucket.bytecode_from_string(self.kept[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.kept[bucket.key] = bucket.bytecode_to_string()
