"""Reading the trail as a test needs it, and damaging it as nobody but a superuser could."""

from __future__ import annotations

from typing import Any

from flask import Flask
from sqlalchemy import Row, select

from distributor.audit.queries import ENTRY, HEAD, whole_entries
from distributor.database import db
from tests.kept import administration


def chain_of(**which: int) -> list[Row[Any]]:
    """A chain's entries in order, committed first: `account_id=…` or `organization_id=…`."""
    db.session.commit()
    conditions = [ENTRY.c[name] == value for name, value in which.items()]
    return list(db.session.execute(whole_entries().where(*conditions).order_by(ENTRY.c.number)))


def head_of(**which: int) -> Row[Any]:
    db.session.commit()
    return db.session.execute(select(HEAD).filter_by(**which)).one()


def behind_its_back(app: Flask, *statements: str) -> None:
    """What somebody with all rights does to the database, guards switched off."""
    db.session.commit()
    with administration(app.config["SETTINGS"].database_url) as connection:
        connection.execute("SET session_replication_role = replica")
        for statement in statements:
            connection.execute(statement)
