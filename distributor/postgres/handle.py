"""How a process gets the embedded PostgreSQL, and how it leaves."""

import atexit
import fcntl
import json
import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlencode

from psycopg import sql

from distributor.postgres.errors import PostgresUnavailable
from distributor.postgres.folder import Folder, held, opened, prepared, seized, taken
from distributor.postgres.server import PORT, START_SECONDS, STOP_SECONDS, SUPERUSER, connect, refusal, within

DATABASE = "distributor"
PACKAGE = Path(__file__).resolve().parents[1]
# Under a bare `distributor` package: the real one would load the whole service into the keeper, which
# outlives most other processes.
KEEPER = """
import runpy, sys, types
package = sys.modules["distributor"] = types.ModuleType("distributor")
package.__path__ = [sys.argv.pop(1)]
runpy.run_module("distributor.postgres.keeper", run_name="__main__", alter_sys=True)
"""


def attach(home: Path, *, durable: bool = True) -> "Handle":
    """Use the PostgreSQL of ``home`` (DISTRIBUTOR_HOME), started if need be, with a database ``distributor``.

    Any number of processes attach to one home; the server stops when the last has called ``release`` or
    ended, in whatever way. Child processes take the URL from their parent and do not attach themselves.
    ``durable=False`` is for tests: a server started with it is faster, and lost in a power cut.

    Raises PostgresUnavailable, with one sentence, when there is no server to be had.
    """
    folder = prepared(home)
    users = opened(folder.users)
    try:
        with held(folder.starting):
            fcntl.flock(users, fcntl.LOCK_SH)
            if not taken(folder.keeper):
                _start_keeper(folder, durable=durable)
            _ensure_database(folder)
    except BaseException:
        os.close(users)
        raise
    return Handle(folder, users)


class Handle:
    """One process's hold on the embedded PostgreSQL; a context manager, and let go at exit in any case."""

    def __init__(self, folder: Folder, users: int) -> None:
        self._folder = folder
        self._users: int | None = users
        self._base = f"postgresql+psycopg://{SUPERUSER}:{folder.password()}@"
        self._query = urlencode({"host": str(folder.socket()), "port": PORT})
        atexit.register(self.release)

    def url(self, database: str = DATABASE) -> str:
        """SQLAlchemy's URL of a database, as the superuser; a restart of the server does not change it."""
        return f"{self._base}/{database}?{self._query}"

    def release(self) -> None:
        """Leave; returns when the server has stopped, if this was the last process that used it.

        A forked child that leaves, or ends, leaves its parent's hold alone, and the other way round.
        """
        if self._users is None:
            return
        # Closed, not unlocked: parent and forked children share the lock until the last has closed it.
        os.close(self._users)
        self._users = None
        atexit.unregister(self.release)
        _wait_for_the_end(self._folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def _start_keeper(folder: Folder, *, durable: bool) -> None:
    """In a session of its own, because Ctrl-C on a terminal goes to everybody in the terminal's group."""
    command = [sys.executable, "-c", KEEPER, str(PACKAGE), str(folder.home)]
    path = os.pathsep.join(os.path.abspath(entry) for entry in sys.path)
    with folder.log.open("ab") as log:
        keeper = subprocess.run(
            command if durable else [*command, "--not-durable"],
            cwd="/", env={**os.environ, "PYTHONPATH": path}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=log, start_new_session=True, check=False,
        )  # fmt: skip
    _check_report(keeper.stdout, folder)


def _check_report(report: bytes, folder: Folder) -> None:
    if not report:
        raise PostgresUnavailable(f"PostgreSQL's keeper ended without a word: the reason is in {folder.log}.")
    failure = json.loads(report)["failure"]
    if failure:
        raise PostgresUnavailable(failure)


def _ensure_database(folder: Folder) -> None:
    _wait_for_recovery(folder)
    with connect(folder) as connection:
        known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
        if not known:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))


def _wait_for_recovery(folder: Folder) -> None:
    """A keeper that was here before us may be starting a killed server again."""
    if not within(START_SECONDS, lambda: refusal(folder) is None):
        raise PostgresUnavailable(f"PostgreSQL does not take connections: {refusal(folder)} (its log is {folder.log})")


def _wait_for_the_end(folder: Folder) -> None:
    """Wait as long as the keeper works and nobody else is attached: then it is stopping the server."""
    within(STOP_SECONDS, lambda: not taken(folder.keeper) or _used_by_others(folder))


def _used_by_others(folder: Folder) -> bool:
    users = opened(folder.users)
    try:
        fcntl.flock(users, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return not seized(users)
    except BlockingIOError:
        # Held alone, by the keeper: everybody has left.
        return False
    finally:
        os.close(users)
