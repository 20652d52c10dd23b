"""One filled demo database for the whole run, and the service on it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from distributor.config import Settings
from distributor.demo.fill import DemoMember, fill
from tests.conftest import make_settings
from tests.kept import Service, administration, in_database
from tests.run import NAME, once

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
    """The demo's year, filled once in a run. Whoever uses it may sign in and look, but changes no report."""
    pattern, name = f"demo_{NAME}", f"demo_{NAME}_{os.getpid()}"
    home = Path(tmp_path_factory.mktemp("demo"))

    def fill_one() -> dict[str, Any]:
        _copy(cluster, pattern, template)
        began = time.monotonic()
        members = fill(make_settings(in_database(cluster, pattern), home), AT)
        return {"members": [asdict(one) for one in members], "seconds": time.monotonic() - began}

    made = once(tmp_path_factory, "demo", fill_one)
    _copy(cluster, name, pattern)
    members = [DemoMember(**one) for one in made["members"]]
    yield Filled(make_settings(in_database(cluster, name), home), members, made["seconds"])
    with administration(cluster) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _copy(cluster: str, name: str, of: str) -> None:
    with administration(cluster) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {of} STRATEGY file_copy")


@pytest.fixture(scope="session")
def demo_service(filled: Filled) -> Service:
    """The service on the filled database, for test after test."""
    return Service(filled.settings)


@pytest.fixture
def demo(demo_service: Service) -> Iterator[Flask]:
    """The service on the filled database, inside an application context."""
    with demo_service.running() as app:
        yield app
    assert demo_service.restore(), "The demo's service is everybody's: a test that wires into it makes its own."
