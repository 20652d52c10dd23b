"""The benchmarks when nobody looks at their figures: databases are copied instead of built, applications made once."""

from __future__ import annotations

import pytest
from flask import Flask

from benchmarks import databases, service
from distributor import create_app
from distributor.config import Settings
from tests.kept import administration, in_database


def hurry(patch: pytest.MonkeyPatch, template: str) -> None:
    """For one test; `template` is the name of a migrated database."""
    made: dict[str | None, Flask] = {}

    def created(server: str, part: str) -> str:
        name = databases.name_of(part)
        with administration(server) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        return in_database(server, name)

    def application(settings: Settings) -> Flask:
        if settings.database_url not in made:
            made[settings.database_url] = create_app(settings)
        return made[settings.database_url]

    patch.setattr(databases, "create", created)
    patch.setattr(service, "create_app", application)
