"""Whose rows a transaction sees: the second wall between tenants, behind the scope that every query has already.

PostgreSQL shows the service's role the rows of the organization that `app.organization` names, and none without one
(migrations/versions/0009). It is named for one transaction at a time, never for a connection, which serves the next
person a moment later. The scheduler and the command line work for everybody and say so.
"""

from __future__ import annotations

import structlog
from flask import Flask, g, has_app_context
from flask_babel import gettext
from sqlalchemy import ColumnElement, Connection, Text, cast, event, func, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import InstrumentedAttribute, Session, SessionTransaction
from werkzeug.exceptions import ServiceUnavailable

from distributor.database import SERVICE_ROLE, db

SETTING = "app.organization"
OPERATOR_ROLE = "distributor_operator"
log = structlog.get_logger()

_NAME = text("SELECT set_config(:setting, :organization, true)")
_OPERATE = text(f"SELECT set_config('role', '{OPERATOR_ROLE}', true)")


def across_tenants() -> None:
    """Let this application context's transactions work for everybody. For the scheduler and the command line alone."""
    g.across_tenants = True


def naming(organization_id: InstrumentedAttribute[int]) -> ColumnElement[str]:
    """A column for the query that finds a member: from then on the transaction is its organization's."""
    return func.set_config(SETTING, cast(organization_id, Text), True)


def remember(organization_id: int) -> None:
    """Name the organization in every later transaction of this application context."""
    g.organization_id = organization_id


def enter(organization_id: int) -> None:
    """Name the organization now and in later transactions: for who is known otherwise than by `naming`."""
    remember(organization_id)
    db.session.execute(_NAME, {"setting": SETTING, "organization": str(organization_id)})


@event.listens_for(Session, "after_begin")
def _begin(_session: Session, transaction: SessionTransaction, connection: Connection) -> None:
    if transaction.nested or not has_app_context():
        return
    if g.get("across_tenants"):
        connection.execute(_OPERATE)
    elif organization_id := g.get("organization_id"):
        connection.execute(_NAME, {"setting": SETTING, "organization": str(organization_id)})


WALL = text("""
    SELECT role.rolname AS name, role.rolsuper OR role.rolbypassrls AS bypasses,
      (SELECT string_agg(relname, ', ') FROM pg_class WHERE relowner = role.oid AND relkind IN ('r', 'p')) AS owned,
      (SELECT string_agg(attrelid::regclass::text, ', ') FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
       WHERE attname = 'distributor_id' AND relkind = 'r' AND NOT (relrowsecurity AND relforcerowsecurity)) AS open
    FROM pg_roles role WHERE role.rolname = current_user
""")


def gaps(connection: Connection) -> list[str]:
    """What lets the service past the wall, in sentences; nothing where it stands. Asked on a fresh connection."""
    role = connection.execute(WALL).one()
    found = [f"The service works as {role.name}, not as {SERVICE_ROLE}."] if role.name != SERVICE_ROLE else []
    found += [f"The role {role.name} can bypass row-level security."] if role.bypasses else []
    found += [f"The role {role.name} owns {role.owned}; it must own no table."] if role.owned else []
    return found + ([f"Row-level security is off for {role.open}."] if role.open else [])


def guard(app: Flask) -> None:
    """Answer nobody while there is a gap in the wall; asked once, by the first request that finds the database."""
    standing: list[bool] = []

    def check() -> None:
        if standing:
            return
        try:
            with db.engine.connect() as connection:
                found = gaps(connection)
        except SQLAlchemyError:
            return  # without a database there is nothing to be seen either
        if found:
            log.error("refusing to serve", problems=found)
            raise ServiceUnavailable(gettext("This service is not set up safely. Its operator finds why in the log."))
        standing.append(True)

    app.before_request_funcs.setdefault(None, []).insert(0, check)
