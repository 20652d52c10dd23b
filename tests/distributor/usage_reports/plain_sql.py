"""Statements in the service's own role, past every operation: only the database stands in their way."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from distributor.database import db


def write(statement: str, values: dict[str, object]) -> None:
    db.session.execute(text(statement), values)
    db.session.commit()


def refused(statement: str, words: str, **values: object) -> None:
    with pytest.raises(DBAPIError, match=words):
        write(statement, values)
    db.session.rollback()
