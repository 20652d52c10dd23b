"""The system user that runs the server: whoever we are, but never root, which PostgreSQL refuses."""

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from distributor.postgres.errors import PostgresUnavailable


@dataclass(frozen=True)
class Account:
    """User and group the server's programs run under; ``dropped`` when that is not who we are."""

    uid: int
    gid: int
    dropped: bool

    def popen_arguments(self) -> dict[str, Any]:
        """What ``subprocess`` needs to start a program as this user."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []} if self.dropped else {}

    def own(self, path: Path) -> None:
        """Give a file or folder to this user."""
        if self.dropped:
            os.chown(path, self.uid, self.gid)

    def enters(self, folder: Path) -> bool:
        """Whether this user can walk down to a folder: root's home, say, is closed to others."""
        real = folder.resolve()
        return not self.dropped or all(self._passes(path.stat()) for path in (real, *real.parents))

    def _passes(self, status: os.stat_result) -> bool:
        if status.st_uid == self.uid:
            return bool(status.st_mode & stat.S_IXUSR)
        if status.st_gid == self.gid:
            return bool(status.st_mode & stat.S_IXGRP)
        return bool(status.st_mode & stat.S_IXOTH)


def account_for(cluster: Path) -> Account:
    """Ourselves; as root, the owner of the data, or for new data ``postgres``, or ``nobody``.

    Raises PostgresUnavailable when root finds no such user, or another user's data is met.
    """
    if os.geteuid() != 0:
        _refuse_foreign(cluster)
        return Account(os.geteuid(), os.getegid(), dropped=False)
    if cluster.exists() and cluster.stat().st_uid != 0:
        return Account(cluster.stat().st_uid, cluster.stat().st_gid, dropped=True)
    return _unprivileged()


def _refuse_foreign(cluster: Path) -> None:
    if cluster.exists() and cluster.stat().st_uid != os.geteuid():
        raise PostgresUnavailable(
            f"The database {cluster} belongs to another user: run Distributor as that user (or as root), "
            "or set DISTRIBUTOR_HOME to a folder of your own."
        )


def _unprivileged() -> Account:
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid, dropped=True)
    raise PostgresUnavailable(
        "PostgreSQL refuses to run as root, and this machine has neither a user postgres nor nobody: "
        "run Distributor as an ordinary user, or set DATABASE_URL."
    )
