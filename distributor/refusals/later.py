"""What is written about an attempt once its answer is on its way, so that the time it takes tells nobody anything."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import structlog
from flask import Flask, Response, after_this_request, current_app
from sqlalchemy.exc import SQLAlchemyError

from distributor.database import db
from distributor.refusals.trail import WAIT_AT_MOST

log = structlog.get_logger("distributor")


def after_answer(work: Callable[[], None]) -> None:
    """Do `work` in a transaction of its own after this request's answer was sent."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # what the proxy stands for

    def bind(answer: Response) -> Response:
        answer.call_on_close(partial(_carry_out, app, work))
        return answer

    after_this_request(bind)


def _carry_out(app: Flask, work: Callable[[], None]) -> None:
    with app.app_context():
        try:
            db.session.execute(WAIT_AT_MOST)
            work()
            db.session.commit()
        except SQLAlchemyError as error:
            log.error("a refused attempt is not in the trail", exc_info=error)
