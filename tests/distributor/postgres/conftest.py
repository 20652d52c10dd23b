"""A home, processes attached to it, and this process attached to it."""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from distributor.postgres import Handle, attach
from distributor.postgres.folder import Folder, taken
from distributor.postgres.server import within
from tests.distributor.postgres.clients import ATTACH, WAIT, Client


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def client(home: Path) -> Iterator[Callable[..., Client]]:
    started: list[Client] = []

    def start(program: str = ATTACH + WAIT) -> Client:
        started.append(Client(home, program))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.end(signal.SIGKILL)
    assert within(30, lambda: not taken(Folder(home).keeper))


@pytest.fixture
def handle(home: Path) -> Iterator[Handle]:
    with attach(home, durable=False) as attached:
        yield attached
