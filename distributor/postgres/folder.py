"""What the embedded PostgreSQL keeps below DISTRIBUTOR_HOME, and the locks that order its processes.

Every lock is a ``flock``: the kernel drops it with the process that holds it, whatever that process died of.
"""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from distributor.postgres.errors import PostgresUnavailable


@dataclass(frozen=True)
class Folder:
    """The files of one embedded PostgreSQL; ``home`` is DISTRIBUTOR_HOME."""

    home: Path

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def starting(self) -> Path:
        """Held while a process attaches: one at a time."""
        return self.data / "starting.lock"

    @property
    def users(self) -> Path:
        """Shared by everybody attached: the reference count. The keeper waits to hold it alone."""
        return self.data / "users.lock"

    @property
    def keeper(self) -> Path:
        """Held by the keeper for its whole life."""
        return self.data / "keeper.lock"

    @property
    def server(self) -> Path:
        """Held by the server's own processes: while it is taken, nobody else may touch the data."""
        return self.data / "server.lock"

    @property
    def password_file(self) -> Path:
        return self.data / "password"

    @property
    def socket_note(self) -> Path:
        """Holds the path of the folder with the server's socket."""
        return self.data / "socket"

    @property
    def log(self) -> Path:
        return self.home / "logs" / "postgresql.log"

    def cluster(self, major: int) -> Path:
        """The data folder of PostgreSQL ``major``."""
        return self.data / str(major)

    def majors(self) -> list[int]:
        """The PostgreSQL majors whose data stands here, newest first."""
        return sorted((int(path.name) for path in self.data.iterdir() if path.name.isdigit()), reverse=True)

    def password(self) -> str:
        """The superuser's password.

        Raises PostgresUnavailable when there is data, but its password is gone.
        """
        if not self.password_file.exists():
            raise PostgresUnavailable(
                f"The database's password, {self.password_file}, is missing: put the file back from a backup."
            )
        return self.password_file.read_text().strip()

    @property
    def socket_prefix(self) -> str:
        """How the name of our socket folder begins; a note of another one came with a copy of the data."""
        return f"distributor-{self.data.stat().st_ino}-"

    def socket(self) -> Path | None:
        """The folder of the server's socket, or None when no server was started since the last stop."""
        if not self.socket_note.exists():
            return None
        noted = Path(self.socket_note.read_text())
        return noted if noted.name.startswith(self.socket_prefix) else None


def prepared(home: Path) -> Folder:
    """The folder, made if it is new; with a password as long as there is no data.

    Raises PostgresUnavailable when this user may not write there.
    """
    folder = Folder(home.absolute())
    try:
        folder.data.mkdir(parents=True, exist_ok=True)
        folder.log.parent.mkdir(exist_ok=True)
        for lock in (folder.starting, folder.users, folder.keeper, folder.server):
            os.close(opened(lock))
    except OSError as error:
        raise PostgresUnavailable(
            f"The database's folder {folder.data} cannot be used ({error.strerror}: {error.filename}): run "
            "Distributor as the user it belongs to, or set DISTRIBUTOR_HOME to a folder of your own."
        ) from error
    return folder


def ensure_password(folder: Folder) -> None:
    """Write a new password unless there is one, or data that knows another."""
    if folder.password_file.exists() or folder.majors():
        return
    write_secret(folder.password_file, secrets.token_urlsafe(24))


def write_secret(path: Path, text: str) -> None:
    """Write a file that only its owner reads; it is there in full or not at all."""
    draft = path.with_name(path.name + ".draft")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    draft.rename(path)


def opened(lock: Path) -> int:
    """A descriptor of a lock file, closed in programs that this process starts."""
    return os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


@contextmanager
def held(lock: Path) -> Iterator[int]:
    """Wait for a lock and hold it alone."""
    descriptor = opened(lock)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)


def taken(lock: Path) -> bool:
    """Whether a process holds the lock alone; two that ask at once do not take each other for its holder."""
    descriptor = opened(lock)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return False
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)


def seized(descriptor: int) -> bool:
    """Take a lock alone if that needs no waiting."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
