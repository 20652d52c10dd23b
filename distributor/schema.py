"""Brings the database to the newest migration and keeps its table of allowed edges in step with the workflow."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, create_engine, text

from distributor import locks
from distributor.config import data_folder
from workflows.usage_report import EDGES


def migrate(url: str, revision: str = "head") -> str:
    """Upgrade the database behind `url`; returns the revision reached. Safe to call by several processes at once."""
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": locks.MIGRATION})
            present = MigrationContext.configure(connection).get_current_revision()
            connection.commit()
            if present is not None and not is_known(present):
                raise CommandError(newer_than_this(present))
            _run(connection, command.upgrade, revision)
            return _settle(connection)
    finally:
        engine.dispose()


def downgrade(url: str, revision: str) -> None:
    """Take migrations back; `base` empties the database."""
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            _run(connection, command.downgrade, revision)
    finally:
        engine.dispose()


def head() -> str:
    """The newest revision this code knows."""
    return _scripts().get_current_head() or ""


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_configuration())


def is_known(revision: str) -> bool:
    """Whether this release has the migration."""
    return any(script.revision == revision for script in _scripts().walk_revisions())


def newer_than_this(revision: str) -> str:
    """What to say of a database at a migration that this release does not have."""
    known = f"this release knows none after {head()}"
    return f"The database is at migration {revision}, {known}. Install the newer release."


def current(engine: Engine) -> str | None:
    """The revision the database is at; None for one that was never migrated."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def _configuration() -> Config:
    configuration = Config()
    configuration.set_main_option("script_location", str(data_folder("migrations")))
    return configuration


def _run(connection: Connection, move: object, revision: str) -> None:
    configuration = _configuration()
    configuration.attributes["connection"] = connection
    move(configuration, revision)  # type: ignore[operator]  # one of Alembic's commands
    connection.commit()


def _settle(connection: Connection) -> str:
    """Edges are only ever added: actions of long ago may refer to retired ones. Only the owner may write them."""
    connection.execute(text("SET ROLE distributor_owner"))
    connection.execute(
        text("INSERT INTO report_edges (step, from_status, to_status) VALUES (:s, :f, :t) ON CONFLICT DO NOTHING"),
        [{"s": str(step), "f": str(source), "t": str(target)} for step, source, target in EDGES],
    )
    connection.execute(text("RESET ROLE"))
    connection.commit()
    return MigrationContext.configure(connection).get_current_revision() or ""
