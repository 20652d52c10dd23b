"""Everything the application shows to the outside, registered in one place."""

from __future__ import annotations

from flask import Flask


def register(app: Flask) -> None:
    """Bind blueprints, error pages, headers and template helpers to the application."""
