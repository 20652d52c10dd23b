"""What tests of several parts of the service start from."""

from __future__ import annotations

from pathlib import Path

import pytest

from distributor.config import Settings
from tests.distributor.commands import Shell


@pytest.fixture
def shell(settings: Settings, tmp_path: Path) -> Shell:
    """The command line on this test's database."""
    return Shell(settings, tmp_path)
