"""The service as it runs: the application inside this process, and `distributor web` as a process of its own."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path

from flask import Flask

from distributor import create_app
from distributor.config import load
from distributor.database import db
from distributor.tenancy import across_tenants

START_SECONDS = 30
SECRET = secrets.token_urlsafe(48)


def environment(url: str, port: int = 8000) -> dict[str, str]:
    """What the service reads from its environment, for a database and a port."""
    # A load no customer's token may make is counted all the same.
    limits = {"RATE_LIMITS": "api=1000000/1m import=1000000/1h export=1000000/1h"}
    return {"DATABASE_URL": url, "SECRET_KEY": SECRET, "PORT": str(port), "HOST": "127.0.0.1", **limits}


@contextmanager
def application(url: str) -> Iterator[Flask]:
    """The service on a database, inside an application context."""
    with inside(create_app(load(environment(url)))) as app:
        yield app


@contextmanager
def inside(app: Flask) -> Iterator[Flask]:
    """An application context that works for everybody; its connections go with it."""
    with app.app_context():
        across_tenants()
        try:
            yield app
        finally:
            db.session.remove()
            db.engine.dispose()


class Web:
    """A running `distributor web`: where it listens, and what its processes hold."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self.process, self.port = process, port

    def worker_megabytes(self) -> float:
        """Memory of the largest worker: what is resident and not shared with other processes."""
        workers = _children(self.process.pid)
        return max((_private_kilobytes(worker) for worker in workers), default=0) / 1024


@contextmanager
def web(url: str) -> Iterator[Web]:
    """`distributor web` with as many workers as it takes by itself."""
    port = _free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "distributor", "web"],
        env={**os.environ, **environment(url, port)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(process, port)
        yield Web(process, port)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=START_SECONDS)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not _answers(port):
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError("distributor web did not start; run it by itself to see why")
        time.sleep(0.1)  # a process of its own says that it listens by answering, not otherwise


def _answers(port: int) -> bool:
    with closing(HTTPConnection("127.0.0.1", port, timeout=2)) as connection:
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == 200
        except OSError:
            return False


def _children(pid: int) -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit() and _parent(path) == pid]


def _parent(process: Path) -> int:
    try:
        return int((process / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def _private_kilobytes(pid: int) -> int:
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    kept = (line for line in rollup.splitlines() if line.startswith(("Private_Clean", "Private_Dirty")))
    return sum(int(line.split()[1]) for line in kept)
