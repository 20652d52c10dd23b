"""What the commands share: settings and database, the application, the clock of one run, words and JSON."""

from __future__ import annotations

import dataclasses
import functools
import gc
import json
import logging
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import structlog
from alembic.util import CommandError
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError, OperationalError

from distributor import create_app, schema
from distributor.config import SettingError, Settings, load
from distributor.database import db
from distributor.errors import InputRefused
from distributor.postgres import PostgresUnavailable, attach
from distributor.tenancy import across_tenants
from workflows.errors import Refused
from workflows.report_cycle import FIRST_YEAR, LAST_YEAR

MOST_PLACES = 20

as_json = click.option("--json", "json_output", is_flag=True, help="Answer in JSON.")


def log_to_stderr() -> None:
    """Logs are lines for machines on standard error; standard output belongs to the commands."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


@contextmanager
def database() -> Iterator[Settings]:
    """Settings with a database: the one of DATABASE_URL, or the embedded one, kept up while the command runs."""
    settings = load()
    if settings.database_url:
        yield settings
        return
    with attach(settings.home) as server:
        yield dataclasses.replace(settings, database_url=server.url())


@contextmanager
def application() -> Iterator[Flask]:
    """The service on a migrated database, inside an application context."""
    with database() as settings:
        app = create_app(settings)
        # The application stays until the command ends: no collection need look through it for each row of a file.
        gc.freeze()
        with app.app_context():
            across_tenants()
            try:
                _check_migrated()
                yield app
            finally:
                db.session.remove()
                db.engine.dispose()


def _check_migrated() -> None:
    revision = schema.current(db.engine)
    if revision is not None and not schema.is_known(revision):
        raise click.ClickException(schema.newer_than_this(revision))
    if revision != schema.head():
        state = f"is at migration {revision}" if revision else "was never migrated"
        raise click.ClickException(
            f"The database {state}; this release needs {schema.head()}. Run: distributor migrate"
        )


def command(**options: Any) -> Callable[[Callable[..., None]], click.Command]:
    """A click command whose refusals are one sentence and exit code 1."""

    def decorate(function: Callable[..., None]) -> click.Command:
        @functools.wraps(function)
        def guarded(*args: Any, **kwargs: Any) -> None:
            log_to_stderr()
            try:
                _check_texts(kwargs)
                function(*args, **kwargs)
            except (SettingError, PostgresUnavailable) as error:
                raise click.ClickException(str(error)) from error
            except CommandError as error:
                raise click.ClickException(str(error)) from error
            except Refused as error:
                raise click.ClickException(in_words(error)) from error
            except OperationalError as error:
                raise click.ClickException(f"The database cannot be used: {_first_line(error)}") from error
            except DBAPIError as error:
                said = f"The database refused it, so nothing was changed: {_first_line(error)}"
                raise click.ClickException(said) from error

        return click.command(**options)(guarded)

    return decorate


def _check_texts(options: Mapping[str, Any]) -> None:
    """Python keeps argument bytes that are no text as halves of characters, which nothing can store."""
    for name, value in options.items():
        for text in value if isinstance(value, tuple) else (value,):
            if isinstance(text, str) and not _is_utf_8(text):
                option = name.removesuffix("_text").replace("_", "-")
                raise click.UsageError(f"The value of {option} is no UTF-8 text. Type it again.")


def _is_utf_8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def in_words(error: Refused) -> str:
    """A refusal with its first places, each on a line of its own; what the sentence has said is not said again."""
    if not isinstance(error, InputRefused):
        return error.message
    errors = [wrong for wrong in error.errors if wrong.row or wrong.reason not in error.message]
    places = [f"  {placed(wrong.row, wrong.field, wrong.reason)}" for wrong in errors[:MOST_PLACES]]
    if len(errors) > MOST_PLACES:
        places.append(f"  … and {len(errors) - MOST_PLACES:,} more.")
    return "\n".join([error.message, *places])


def placed(row: int | None, field: str | None, reason: str) -> str:
    """What was wrong, after where it was: "row 3, sku: …"."""
    where = ", ".join(filter(None, [f"row {row}" if row else None, field]))
    return f"{where}: {reason}" if where else reason


def _first_line(error: DBAPIError) -> str:
    return str(error.orig).strip().splitlines()[0]


class Moment(click.ParamType[datetime]):
    """An instant with an offset, such as 2026-10-20T00:00:00+02:00; it is the clock of that one run."""

    name = "instant"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no instant; write it like 2026-10-20T00:00:00+02:00.", param, ctx)
        if moment.tzinfo is None:
            self.fail(
                f"{value!r} has no offset; write it like 2026-10-20T00:00:00+02:00, or with Z for UTC.", param, ctx
            )
        try:
            moment = moment.astimezone(UTC)
        except OverflowError:
            moment = datetime.min.replace(tzinfo=UTC)
        if not FIRST_YEAR <= moment.year <= LAST_YEAR:
            self.fail(f"{value!r} lies outside the years {FIRST_YEAR} to {LAST_YEAR}.", param, ctx)
        return moment


def read_password(path: Path | None) -> str:
    """The password in the file, or typed twice. Raises ClickException where none comes that is text."""
    if path is None:
        try:
            return str(click.prompt("Password (12 characters or more)", hide_input=True, confirmation_prompt=True))
        except click.Abort:
            raise click.ClickException("No password was given. Type one, or name a --password-file.") from None
    try:
        return path.read_text("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        raise click.ClickException(f"{path} is no UTF-8 text. Write the password into it as plain text.") from None


at_option = click.option("--at", type=Moment(), help="Take this instant for now, with its offset.")


def clock_of(at: datetime | None) -> datetime:
    """The instant of this run: `--at`, or the database's now()."""
    if at is not None:
        return at
    now = db.session.execute(select(func.now())).scalar_one()
    db.session.rollback()
    return now


def say(sentence: str, answer: dict[str, Any], json_output: bool) -> None:
    """One line of what was done, or the same as JSON."""
    click.echo(json.dumps(answer, default=str) if json_output else sentence)


def counted(number: int, one: str, many: str) -> str:
    """ "1 report", "2 reports"."""
    return f"{number:,} {one if number == 1 else many}"
