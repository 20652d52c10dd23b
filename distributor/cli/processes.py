"""The long-running ones: `run` keeps web and scheduler going together, `web` and `scheduler` are one each."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from types import FrameType

import click

from distributor import schema
from distributor.cli.output import command, database
from distributor.config import SettingError, Settings
from distributor.lifetime import PARENT, end_with_parent

STOP_SECONDS = 20


@command()
@click.option("--demo", is_flag=True, help="Fill an empty database with a year of demo data.")
def run(demo: bool) -> None:
    """Database if none is given, migrations, web and scheduler together. Ctrl-C stops everything."""
    with database() as settings:
        schema.migrate(str(settings.database_url))
        if demo:
            _fill(settings)
        _supervise(settings)


def _fill(settings: Settings) -> None:
    from distributor.demo.fill import announce, fill_if_empty

    announce(fill_if_empty(settings))


def _supervise(settings: Settings) -> None:
    """Start both processes and stop both when one ends or somebody asks; nothing is left behind."""
    stopping = _stop_requests()
    environment = {**os.environ, "DATABASE_URL": str(settings.database_url), PARENT: str(os.getpid())}
    children = [
        subprocess.Popen([sys.executable, "-m", "distributor", name], env=environment, start_new_session=True)
        for name in ("web", "scheduler")
    ]
    click.echo(f"\nDistributor is at {settings.public_url}\nCtrl-C stops it.")
    try:
        while not stopping and all(child.poll() is None for child in children):
            time.sleep(0.2)
        fallen = [child for child in children if child.poll() is not None]
    finally:
        _stop(children)
    if fallen and not stopping:
        raise click.ClickException("A process ended by itself; its words stand above. Everything was stopped.")
    click.echo("Stopped.")


def _stop_requests() -> list[int]:
    """Filled with the signals that ask to stop."""
    asked: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        asked.append(number)

    signal.signal(signal.SIGINT, note)
    signal.signal(signal.SIGTERM, note)
    signal.signal(signal.SIGHUP, note)
    return asked


def _stop(children: Sequence[subprocess.Popen[bytes]]) -> None:
    for child in children:
        child.terminate()
    deadline = time.monotonic() + STOP_SECONDS
    for child in children:
        try:
            child.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


@command()
@click.option("--workers", type=click.IntRange(1, 64), help="Worker processes; one for each core by default.")
def web(workers: int | None) -> None:
    """Serve pages and API on HOST and PORT."""
    from granian import Granian
    from granian.constants import Interfaces

    end_with_parent()
    with database() as settings:
        _check_port(settings)
        os.environ["DATABASE_URL"] = str(settings.database_url)
        os.environ[PARENT] = str(os.getpid())
        Granian(
            "distributor.serving:app",
            address=settings.host,
            port=settings.port,
            interface=Interfaces.WSGI,
            workers=workers or os.cpu_count() or 1,
            blocking_threads=1,
            log_access=False,
        ).serve()


def _check_port(settings: Settings) -> None:
    import socket

    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise SettingError(
                f"{settings.host}:{settings.port} cannot be listened on ({error.strerror}). Set HOST or PORT."
            ) from error


@command()
def scheduler() -> None:
    """Open, remind, submit what is due, deliver. Any number may run; one leads."""
    from distributor import create_app
    from distributor.scheduler.clock import serve

    end_with_parent()
    with database() as settings:
        serve(create_app(settings))


COMMANDS = (run, web, scheduler)
