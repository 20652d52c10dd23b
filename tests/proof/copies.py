"""Copies of the checkout in which a file is changed and tests are run, in a process of their own."""

from __future__ import annotations

import compileall
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.proof.ground import Ground

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("distributor", "workflows", "migrations", "templates", "tests", "docs", "tools", "setup.cfg", "pyproject.toml",
         "wsgi.py", "README.md")  # fmt: skip
LONGEST = 300


@dataclass(frozen=True)
class Copy:
    """A copy of the checkout; `on` is where its tests find a server and a template."""

    root: Path
    on: Ground

    @contextmanager
    def changed(self, path: str, source: str) -> Iterator[None]:
        """The file says something else while the block runs. Its time of change comes back with its text, so that what
        was compiled of it holds again.
        """
        file = self.root / path
        before, times = file.read_bytes(), file.stat()
        file.write_text(source, "utf-8")
        try:
            yield
        finally:
            file.write_bytes(before)
            os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))

    def fails(self, arguments: Sequence[str], *, migrate: bool = False) -> bool:
        """Whether pytest finds something wrong; so it does where it never comes to an end. `migrate`: on a database
        that the copy's own migrations build.
        """
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *arguments]
        try:
            done = subprocess.run(
                command,
                cwd=self.root,
                env=self._environment(migrate),
                capture_output=True,
                timeout=LONGEST,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return True
        if done.returncode in {4, 5}:
            raise ValueError(f"No such tests: {arguments}\n{done.stdout.decode()[-2000:]}")
        return done.returncode != 0

    def _environment(self, migrate: bool) -> dict[str, str]:
        own = {"TEST_DATABASE_URL": self.on.server, "PYTHONDONTWRITEBYTECODE": "1"}
        return {**os.environ, **own, **({} if migrate else {"TEST_TEMPLATE": self.on.template})}


@contextmanager
def copy(on: Ground) -> Iterator[Copy]:
    """A copy of the checkout, compiled."""
    with tempfile.TemporaryDirectory(prefix="distributor-copy-") as home:
        for part in PARTS:
            source, target = ROOT / part, Path(home) / part
            if source.is_dir():
                shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "pictures"))
            elif source.exists():
                shutil.copy2(source, target)
        for package in ("distributor", "workflows", "tests"):
            compileall.compile_dir(Path(home) / package, quiet=2)
        yield Copy(Path(home), on)
