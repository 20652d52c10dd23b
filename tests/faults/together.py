"""Running several acts at the same moment, each in a thread and a transaction of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from flask import Flask
from sqlalchemy.exc import DBAPIError

from distributor.database import db
from distributor.tenancy import across_tenants
from workflows.errors import Refused


@contextmanager
def together(app: Flask, *acts: Callable[[], object]) -> Iterator[list[BaseException | None]]:
    """Run each act in a thread and a transaction of its own, all let go at the same moment; gives what each raised."""
    start = threading.Barrier(len(acts))
    raised: list[BaseException | None] = [None] * len(acts)

    def run(number: int, act: Callable[[], object]) -> None:
        with app.app_context():
            across_tenants()
            start.wait()
            try:
                act()
                db.session.commit()
            except (Refused, DBAPIError) as error:
                db.session.rollback()
                raised[number] = error
            finally:
                db.session.remove()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    yield raised
