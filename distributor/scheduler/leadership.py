"""Which of several scheduler processes leads: the one that holds an advisory lock on a connection of its own."""

from __future__ import annotations

import threading

import structlog
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

from distributor import locks

log = structlog.get_logger()


class Leadership:
    """Holds or seeks the leader's lock. PostgreSQL lets go of it the moment the process or its connection dies."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Connection | None = None
        self._guard = threading.Lock()

    def held(self) -> bool:
        """Whether this process leads now; takes the lead when it is free."""
        with self._guard:
            return self._still_held() or self._take()

    def release(self) -> None:
        """Let the next scheduler lead."""
        with self._guard:
            self._drop()

    def _still_held(self) -> bool:
        if self._connection is None:
            return False
        try:
            self._connection.execute(text("SELECT 1"))
            self._connection.commit()
        except SQLAlchemyError:
            self._drop()
            return False
        return True

    def _take(self) -> bool:
        connection = self._engine.connect()
        won = bool(connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": locks.LEADER}).scalar())
        connection.commit()
        if won:
            log.info("leading")
            self._connection = connection
        else:
            connection.close()
        return won

    def _drop(self) -> None:
        if self._connection is not None:
            # A closed connection, not a pooled one: the lock lives as long as the server's session.
            self._connection.invalidate()
            self._connection.close()
            self._connection = None
