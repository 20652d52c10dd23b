"""The one clock. Everything below the edges is handed the time; the edges ask here."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from flask import current_app


def now() -> datetime:
    """The instant in UTC; tests and `--at` put their own clock into the application's configuration."""
    clock: Callable[[], datetime] | None = current_app.config.get("CLOCK")
    return clock() if clock else datetime.now(UTC)
