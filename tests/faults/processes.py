"""Real processes of the service for fault tests, on a test's own database."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path


def command(*words: str, url: str, home: Path, **environment: str) -> subprocess.Popen[bytes]:
    """Start `distributor WORDS` in its own session; the caller ends it."""
    return subprocess.Popen(
        [sys.executable, "-m", "distributor", *words],
        env=settings(url, home, environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def settings(url: str, home: Path, more: Mapping[str, str]) -> dict[str, str]:
    return {**os.environ, "DATABASE_URL": url, "DISTRIBUTOR_HOME": str(home), **more}
