"""One PostgreSQL cluster and one migrated database per run; each test process keeps a copy of it for its tests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from flask import Flask

from distributor import schema
from distributor.config import MailSettings, Settings, database_url
from distributor.postgres import attach
from tests.kept import Compiled, Kept, Service, administration, in_database
from tests.run import NAME, folder_of, once

# How long an example takes depends on the machine; benchmarks measure it.
hypothesis.settings.register_profile("suite", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("suite")
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
    with attach(folder_of(tmp_path_factory) / "cluster", durable=False) as server:
        yield server.url("postgres")


@pytest.fixture(scope="session")
def template(cluster: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Name of a database that the real migrations built; TEST_TEMPLATE names one that is there already."""

    def build() -> str:
        name = f"template_{NAME}"
        with administration(cluster) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        schema.migrate(in_database(cluster, name))
        return name

    return os.environ.get("TEST_TEMPLATE") or once(tmp_path_factory, "template", build)


@pytest.fixture(scope="session")
def kept(cluster: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    """What most tests share, one after the other."""
    shared = Kept(cluster, template, tmp_path_factory.mktemp("home"))
    yield shared
    shared.forget()


@pytest.fixture
def url(kept: Kept) -> Iterator[str]:
    """URL of this test's database: migrated, without rows."""
    yield kept.url()
    kept.give_back()


@pytest.fixture
def settings(url: str, kept: Kept) -> Settings:
    """Settings of a service on this test's database, without a mail server."""
    return make_settings(url, kept.home)


@pytest.fixture
def app(settings: Settings, kept: Kept) -> Iterator[Flask]:
    """The service as the real `create_app` makes it, inside an application context."""
    with kept.running(settings).running() as app:
        yield app


@pytest.fixture
def new_app(settings: Settings) -> Iterator[Flask]:
    """A service that has answered nobody yet, so that a test may add routes of its own."""
    with Service(settings).running() as app:
        yield app


@pytest.fixture(scope="session", autouse=True)
def compiled_templates() -> Iterator[None]:
    """Every application of this process compiles only what none before it did."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Flask, "jinja_options", {**Flask.jinja_options, "bytecode_cache": Compiled()})
        yield


def make_settings(url: str, home: Path, **changes: object) -> Settings:
    """Settings for tests; `changes` replaces fields."""
    mail = MailSettings(None, 25, False, False, None, None, "Distributor <usage@example.com>")
    values = {
        "database_url": url, "home": home, "host": "127.0.0.1", "port": 8000, "public_url": "http://127.0.0.1:8000",
        "secret_key": "a key for tests that is long enough", "brand_name": "Distributor", "mail": mail, "testing": True,
    }  # fmt: skip
    return Settings(**{**values, **changes})  # type: ignore[arg-type]  # a test may replace any field
