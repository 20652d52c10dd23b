"""A server, a migrated template and services on copies of it, for proofs that run outside the tests."""

from __future__ import annotations

import itertools
import logging
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import structlog
from flask import Flask

from benchmarks import databases
from benchmarks.service import inside
from distributor import create_app, schema
from distributor.limits.rates import MOST, Limited, rates
from tests.conftest import make_settings
from tests.kept import administration, in_database


@dataclass(frozen=True)
class Ground:
    """Where proofs are made: the server's URL and the name of the database that the migrations built."""

    server: str
    template: str


@contextmanager
def ground() -> Iterator[Ground]:
    """TEST_DATABASE_URL's server, or an embedded one of its own, with the template."""
    with databases.cluster("TEST_DATABASE_URL", durable=False) as server:
        name = f"proof_{os.getpid()}_template"
        with administration(server) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        try:
            schema.migrate(in_database(server, name))
            yield Ground(server, name)
        finally:
            _drop(server, name)


NUMBER = itertools.count(1)
# A refusal for too many requests would hide what the service says to the request itself.
UNLIMITED = rates(" ".join(f"{one}={MOST}/1h" for one in Limited if one not in {Limited.REFUSAL, Limited.REFUSALS}))


@contextmanager
def service(on: Ground) -> Iterator[Flask]:
    """The service on a database of its own, inside an application context that works for everybody. Of what it logs,
    errors alone are shown: everything else is refused ten thousand times, as it should be.
    """
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    name = f"proof_{os.getpid()}_{next(NUMBER)}"
    with administration(on.server) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {on.template}")
    try:
        with tempfile.TemporaryDirectory(prefix="distributor-proof-") as home:
            settings = make_settings(in_database(on.server, name), Path(home), rate_limits=UNLIMITED)
            with inside(create_app(settings)) as app:
                yield app
    finally:
        _drop(on.server, name)


def _drop(server: str, name: str) -> None:
    with administration(server) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
