"""One PostgreSQL cluster and one migrated template database per run; every test gets its own copy of it."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from flask import Flask
from sqlalchemy.engine import make_url

from distributor import create_app, schema
from distributor.config import MailSettings, Settings, database_url
from distributor.database import db
from distributor.postgres import attach
from distributor.tenancy import across_tenants

COUNTER = itertools.count(1)
pytest_plugins = ["tests.demo_database", "tests.journeys.demo_site"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """What `make pictures` says to the tests."""
    parser.addoption("--pictures", action="store_true", help="write the guide's pictures into docs/guide/pictures")


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a server whose databases tests may create and drop; TEST_DATABASE_URL names one that runs already."""
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        yield database_url(given)
        return
    with attach(tmp_path_factory.mktemp("cluster"), durable=False) as server:
        yield server.url("postgres")


@pytest.fixture(scope="session")
def template(cluster: str) -> str:
    """Name of a database that the real migrations built; TEST_TEMPLATE names one that is there already."""
    given = os.environ.get("TEST_TEMPLATE")
    if given:
        return given
    name = f"template_{os.getpid()}"
    with administration(cluster) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name}")
        connection.execute(f"CREATE DATABASE {name}")
    schema.migrate(in_database(cluster, name))
    return name


@pytest.fixture
def new_database(cluster: str, template: str) -> Iterator[Callable[[], str]]:
    """Makes empty, migrated databases; returns their URLs."""
    made: list[str] = []

    def make() -> str:
        name = f"test_{os.getpid()}_{next(COUNTER)}"
        with administration(cluster) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        made.append(name)
        return in_database(cluster, name)

    yield make
    with administration(cluster) as connection:
        for name in made:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture
def url(new_database: Callable[[], str]) -> str:
    """URL of this test's own database."""
    return new_database()


@pytest.fixture
def settings(url: str, tmp_path: Path) -> Settings:
    """Settings of a service on this test's database, without a mail server."""
    return make_settings(url, tmp_path)


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    """The service as the real `create_app` makes it, inside an application context."""
    app = create_app(settings)
    with app.app_context():
        across_tenants()
        yield app
        db.session.remove()
        db.engine.dispose()


def make_settings(url: str, home: Path, **changes: object) -> Settings:
    """Settings for tests; `changes` replaces fields."""
    mail = MailSettings(None, 25, False, False, None, None, "Distributor <usage@example.com>")
    values = {
        "database_url": url, "home": home, "host": "127.0.0.1", "port": 8000, "public_url": "http://127.0.0.1:8000",
        "secret_key": "a key for tests that is long enough", "brand_name": "Distributor", "mail": mail, "testing": True,
    }  # fmt: skip
    return Settings(**{**values, **changes})  # type: ignore[arg-type]  # a test may replace any field


def in_database(url: str, name: str, **login: str) -> str:
    """The server's URL with another database, and another `username` and `password` where given."""
    return make_url(url).set(database=name, **login).render_as_string(hide_password=False)  # type: ignore[arg-type]  # names of its own fields


@contextmanager
def administration(url: str) -> Iterator[psycopg.Connection]:
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        yield connection
