"""The command line in this process: one call of `distributor`, its exit code and what it printed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import structlog
from click.testing import CliRunner
from flask import Flask

from distributor import create_app
from distributor.cli import main
from distributor.config import Settings
from distributor.database import db
from distributor.tenancy import across_tenants


class Printed:
    """What a command left behind."""

    def __init__(self, code: int, out: str, err: str, error: BaseException | None) -> None:
        self.code, self.out, self.err, self.error = code, out, err, error

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def closing(self) -> str:
        """The last line of what was said: on standard output after work done, on standard error after a refusal."""
        return (self.out if self.code == 0 else self.err).rstrip().splitlines()[-1]


class Shell:
    """Runs commands on one database. Nothing may ever end in a traceback."""

    def __init__(self, settings: Settings, home: Path) -> None:
        self.settings = settings
        self.environment = {"DATABASE_URL": settings.database_url, "DISTRIBUTOR_HOME": str(home), "MAIL_SERVER": ""}

    def __call__(self, *words: str, typed: str = "", **environment: str) -> Printed:
        done = CliRunner().invoke(main, words, input=typed, env={**self.environment, **environment})
        structlog.reset_defaults()  # the command's log went to a stream that is closed by now
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exc_info
        assert "Traceback" not in done.output
        return Printed(done.exit_code, done.stdout, done.stderr, done.exception)

    @contextmanager
    def service(self) -> Iterator[Flask]:
        """The application, to prepare and look at what commands work on; commits at the end."""
        app = create_app(self.settings)
        with app.app_context():
            across_tenants()
            yield app
            db.session.commit()
            db.session.remove()
            db.engine.dispose()
