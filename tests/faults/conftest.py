"""The world that hostile callers share: whatever they try, it stays as it is, so that one is enough for all."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.distributor.identity.conftest import aoife, clock, niamh, story
from tests.faults.ground import World, service

# Fixtures of the tests of sign-ins, which serve here too.
__all__ = ["aoife", "clock", "niamh", "story"]


@pytest.fixture(scope="package")
def world(cluster: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One world for a run of the bad-input tests, its service answering bugs as it would in use: with a 500."""
    with service(cluster, template, f"world_{os.getpid()}", tmp_path_factory.mktemp("world")) as app:
        app.config["PROPAGATE_EXCEPTIONS"] = False
        yield World(app)
