"""Runs the migrations as the owner of the tables, over the connection or URL that the caller configured."""

from alembic import context
from sqlalchemy import Connection, create_engine, text

OWNER_EXISTS = text(
    "SELECT true FROM pg_roles WHERE rolname = 'distributor_owner' AND pg_has_role(current_user, oid, 'MEMBER')"
    " AND to_regclass('usage_reports') IS NOT NULL"
)


def run(connection: Connection) -> None:
    context.configure(connection=connection, transaction_per_migration=False)
    with context.begin_transaction():
        if connection.scalar(OWNER_EXISTS):
            connection.execute(text("SET ROLE distributor_owner"))
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    with create_engine(context.config.get_main_option("sqlalchemy.url", "")).connect() as connection:
        run(connection)
