"""One filled demo database for the whole run, and the service on it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask

from distributor import create_app
from distributor.config import Settings
from distributor.database import db
from distributor.demo.fill import DemoMember, fill
from distributor.tenancy import across_tenants
from tests.conftest import administration, in_database, make_settings

# The moment of the design's pictures: Tuesday 27 October 2026, 14:12 in Dublin.
AT = datetime(2026, 10, 27, 14, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Filled:
    """A demo database, who can sign in to it, and how long it took to fill."""

    settings: Settings
    members: list[DemoMember]
    seconds: float


@pytest.fixture(scope="session")
def filled(cluster: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    """The demo's year. Whoever uses it may sign in and look, but changes no report."""
    name = f"demo_{os.getpid()}"
    with administration(cluster) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    settings = make_settings(in_database(cluster, name), Path(tmp_path_factory.mktemp("demo")))
    began = time.monotonic()
    members = fill(settings, AT)
    yield Filled(settings, members, time.monotonic() - began)
    with administration(cluster) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def demo(filled: Filled) -> Iterator[Flask]:
    """The service on the filled database, inside an application context."""
    app = create_app(filled.settings)
    with app.app_context():
        across_tenants()
        yield app
        db.session.remove()
        db.engine.dispose()
