"""One PostgreSQL server on one data folder: made, probed, started, stopped.

It listens on a Unix socket only, in a folder only its user may enter, and asks for a password (SCRAM).
"""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import psycopg

from distributor.postgres.account import Account
from distributor.postgres.errors import PostgresUnavailable
from distributor.postgres.folder import Folder, held, opened, seized, taken, write_secret
from distributor.postgres.installation import Installation

SUPERUSER = "postgres"
PORT = 5432
# The kernel takes 107 bytes for a socket's path; the names below the base need up to 55.
LONGEST_SOCKET_BASE = 50
START_SECONDS = 120.0
STOP_SECONDS = 30.0
LARGEST_LOG = 10_000_000
SETTINGS = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "random_page_cost": "1.1",  # the data lies on a solid-state disk, or in memory
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
}
# For tests: what was committed survives a kill, as ever, but no power cut.
NOT_DURABLE = {"fsync": "off", "full_page_writes": "off"}


@dataclass
class Server:
    """A cluster, and the programs and the user it runs with."""

    folder: Folder
    installation: Installation
    account: Account
    durable: bool
    process: subprocess.Popen[bytes] | None = field(default=None)

    @property
    def cluster(self) -> Path:
        return self.folder.cluster(self.installation.major)

    def initialise(self) -> None:
        """Make the data folder unless it is there; a half-made one of an earlier attempt is thrown away.

        Raises PostgresUnavailable with initdb's own words when it fails.
        """
        if self.cluster.exists():
            return
        draft = self.cluster.with_suffix(".new")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        self.account.own(draft)
        with held(self.folder.server):
            self._initdb(draft)
            draft.rename(self.cluster)

    def _initdb(self, draft: Path) -> None:
        secret = self._socket_folder() / "initial-password"
        write_secret(secret, self.folder.password())
        self.account.own(secret)
        try:
            made = self._run(
                "initdb", draft, f"--pwfile={secret}", f"--username={SUPERUSER}", "--auth=scram-sha-256",
                "--encoding=UTF8", *self._locale(), *([] if self.durable else ["--no-sync"]),
            )  # fmt: skip
        finally:
            secret.unlink()
        if made.returncode:
            raise PostgresUnavailable(f"The database could not be made in {draft}: {_last_line(made.stderr)}")

    def _locale(self) -> list[str]:
        if self.installation.major >= 17:
            return ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        return ["--locale=C.UTF-8"]

    def _run(self, program: str, cluster: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.installation.program(program), "-D", self._named(cluster), *arguments],
            cwd=cluster, env=_environment(), capture_output=True, text=True, check=False,
            **self.account.popen_arguments(),
        )  # fmt: skip

    def _named(self, cluster: Path) -> str:
        """The data folder as the server's user can open it.

        Below a folder that is closed to that user (root's home) no path leads there, but the programs are
        started inside, and Linux opens a process's working folder under this name without walking to it.
        """
        if self.account.enters(cluster):
            return str(cluster)
        if self.installation.major < 16 or not Path("/proc/self/cwd").exists():
            raise PostgresUnavailable(
                "Root may not run PostgreSQL, and the user that runs it for root cannot enter "
                f"{cluster.parent}: set DISTRIBUTOR_HOME to a folder such as /var/lib/distributor, "
                "or set DATABASE_URL."
            )
        return "/proc/self/cwd"

    def start(self) -> None:
        """Start the server and wait until it takes connections, after a crash until it has recovered.

        Raises PostgresUnavailable with the last line of the log when it stops again, or when another server,
        not ours, works in the folder.
        """
        descriptor = self._sole_right()
        try:
            self._remove_leftovers()
            self.process = self._popen(descriptor)
        finally:
            os.close(descriptor)
        self.wait_until_ready()

    def _sole_right(self) -> int:
        """The server's lock, once the last process of a server that was killed is gone."""
        descriptor = opened(self.folder.server)
        if not within(STOP_SECONDS, lambda: seized(descriptor)) or self._working_pid():
            os.close(descriptor)
            raise PostgresUnavailable(
                f"Another PostgreSQL server works in {self.cluster} (its process id is in postmaster.pid) "
                "and does not answer Distributor: stop it, then start Distributor again."
            )
        return descriptor

    def _working_pid(self) -> int | None:
        """The process that postmaster.pid names, if it works in this folder: pids are given out again."""
        try:
            pid = int((self.cluster / "postmaster.pid").read_text().partition("\n")[0])
            return pid if Path(f"/proc/{pid}/cwd").samefile(self.cluster) else None
        except (OSError, ValueError):
            return None

    def _remove_leftovers(self) -> None:
        """What a killed server leaves; PostgreSQL believes its pid file when that pid is any live process."""
        (self.cluster / "postmaster.pid").unlink(missing_ok=True)
        for leftover in self._socket_folder().glob(f".s.PGSQL.{PORT}*"):
            leftover.unlink()

    def _popen(self, lock: int) -> subprocess.Popen[bytes]:
        """The server keeps ``lock`` open, and so do its children: it is free when all of them are gone."""
        settings = SETTINGS | {"unix_socket_directories": str(self._socket_folder())}
        settings |= {} if self.durable else NOT_DURABLE
        options = [option for name, value in settings.items() for option in ("-c", f"{name}={value}")]
        with _log(self.folder.log) as log:
            return subprocess.Popen(
                [self.installation.program("postgres"), "-D", self._named(self.cluster), *options],
                cwd=self.cluster, env=_environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                pass_fds=(lock,), **self.account.popen_arguments(),
            )  # fmt: skip

    def _socket_folder(self) -> Path:
        """Stays the same over crashes, so that everybody's DATABASE_URL does, too."""
        noted = self.folder.socket()
        if noted and noted.is_dir() and not noted.is_symlink() and noted.stat().st_uid == self.account.uid:
            return noted
        made = Path(tempfile.mkdtemp(prefix=self.folder.socket_prefix, dir=self._socket_base()))
        self.account.own(made)
        write_secret(self.folder.socket_note, str(made))
        return made

    def _socket_base(self) -> str:
        usual = Path(tempfile.gettempdir())
        short = len(os.fsencode(usual)) <= LONGEST_SOCKET_BASE
        return str(usual) if short and self.account.enters(usual) else "/tmp"  # noqa: S108 - mkdtemp below it

    def wait_until_ready(self) -> None:
        """Wait until the server takes connections.

        Raises PostgresUnavailable when it stops, or takes longer than START_SECONDS.
        """
        within(START_SECONDS, lambda: self._ended() or not refusal(self.folder))
        reason = refusal(self.folder)
        if reason:
            words = _last_line(self.folder.log.read_text(errors="replace")) if self._ended() else reason
            raise PostgresUnavailable(f"PostgreSQL did not start: {words} (its log is {self.folder.log})")

    def _ended(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def alive(self) -> bool:
        """Whether a server answers, be it only that it is starting or full."""
        return not self._ended() and "FATAL:" in (refusal(self.folder) or "FATAL:")

    def stop(self) -> None:
        """Stop the server: transactions under way are rolled back, everything committed is on disk."""
        # A server that is only starting loses a signal: it is asked again every second.
        for kind, seconds in (*[(signal.SIGINT, 1.0)] * int(STOP_SECONDS), (signal.SIGQUIT, STOP_SECONDS)):
            pid = self.process.pid if self.process and not self._ended() else self._working_pid()
            if pid is None or not taken(self.folder.server):
                break
            os.kill(pid, kind)
            within(seconds, lambda: self._ended() or not taken(self.folder.server))
        if self.process:
            self.process.wait(timeout=STOP_SECONDS)
        self._forget_socket()

    def _forget_socket(self) -> None:
        socket = self.folder.socket()
        if socket:
            shutil.rmtree(socket, ignore_errors=True)
            self.folder.socket_note.unlink()


def connect(folder: Folder, database: str = "postgres") -> psycopg.Connection[tuple[object, ...]]:
    """A connection as the superuser, each statement its own transaction; raises psycopg.OperationalError."""
    return psycopg.connect(
        host=str(folder.socket()), port=PORT, user=SUPERUSER, password=folder.password(), dbname=database,
        connect_timeout=10, autocommit=True,
    )  # fmt: skip


def refusal(folder: Folder) -> str | None:
    """Why a real connection fails, in one line, or None when it works."""
    if folder.socket() is None:
        return "it was not started"
    try:
        connect(folder).close()
    except psycopg.OperationalError as error:
        return _last_line(str(error))
    return None


def _environment() -> dict[str, str]:
    """No PG… variable of the caller reaches the server."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def _log(path: Path) -> IO[bytes]:
    if path.exists() and path.stat().st_size > LARGEST_LOG:
        path.replace(path.with_suffix(".log.1"))
    return path.open("ab")


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1].strip() if lines else "it gave no reason"


def within(seconds: float, condition: Callable[[], object]) -> bool:
    """Whether the condition comes true in time; it is asked 50 times a second."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
