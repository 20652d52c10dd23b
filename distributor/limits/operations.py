"""Counts what is limited, in one statement on a connection of its own: a request that is rolled back has counted.

The rule is GCRA, the "leaky bucket as a meter" (ITU-T I.371): one instant per key says when everything that was taken
will have come back. Keys are kept as keyed hashes only. What cannot be counted is not done (OWASP ASVS 5.0, 16.5.3).
"""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from flask_babel import gettext, ngettext
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import ServiceUnavailable
from werkzeug.exceptions import TooManyRequests as HTTPTooManyRequests

from distributor.limits.counter import engine, hashed, network_of, rate_of
from distributor.limits.rates import Limited

__all__ = ["Limited", "TooManyRequests", "give_back", "network_of", "spend", "spend_up_to"]

RETRY_AFTER_SECONDS = 10
A_MINUTE = 60

log = structlog.get_logger()

# `granted` of the `amount` asked for are left; a clock that was set back makes nobody wait longer than one window.
SPEND = text("""
    INSERT INTO rate_limits AS kept (what, key_hash, free_at, granted)
    VALUES (:what, :key, :at + :amount * CAST(:step AS interval), :amount)
    ON CONFLICT (what, key_hash) DO UPDATE SET (granted, free_at) = (
      SELECT asked.n, asked.start + asked.n * CAST(:step AS interval)
      FROM (SELECT taken.start, greatest(0, least(:amount, floor(
              extract(epoch FROM CAST(:at AS timestamptz) + :window - taken.start)
              / extract(epoch FROM CAST(:step AS interval)))))::integer AS n
            FROM (SELECT least(greatest(kept.free_at, :at), CAST(:at AS timestamptz) + :window) AS start) taken) asked)
    RETURNING granted, free_at
""")
GIVE_BACK = text("""
    UPDATE rate_limits SET free_at = free_at - CAST(:step AS interval) WHERE what = :what AND key_hash = :key
""")
FORGET = text("DELETE FROM rate_limits WHERE free_at < :at")


class TooManyRequests(HTTPTooManyRequests):
    """The limit is used up. `retry_after`: whole seconds until one more is possible."""

    retry_after: int

    def __init__(self, what: Limited, seconds: int) -> None:
        super().__init__(f"{_said(what)} {_wait(seconds)}", retry_after=seconds)


class CannotCount(ServiceUnavailable):
    """The counter does not answer: nothing is done rather than something uncounted."""

    def __init__(self) -> None:
        why = gettext("Requests cannot be counted at the moment, so none is carried out. Try again in a moment.")
        super().__init__(why, retry_after=RETRY_AFTER_SECONDS)


def spend(what: Limited, key: str, at: datetime, amount: int = 1) -> None:
    """Count `amount` of `what` for `key`, whatever becomes of the request. Raises TooManyRequests, CannotCount."""
    granted, free_at = spend_up_to(amount, what, key, at)
    rate = rate_of(what)
    if granted < min(amount, rate.most):
        raise TooManyRequests(what, _seconds(free_at - at))


def spend_up_to(amount: int, what: Limited, key: str, at: datetime) -> tuple[int, datetime]:
    """Take as many of `amount` as are left; returns how many, at least one, and when all will have come back.

    Raises TooManyRequests, CannotCount.
    """
    rate = rate_of(what)
    asked = {"at": at, "step": rate.step, "window": rate.window, "amount": min(amount, rate.most)}
    try:
        with engine().begin() as connection:
            granted, free_at = connection.execute(SPEND, {**asked, "what": str(what), "key": hashed(what, key)}).one()
    except SQLAlchemyError as error:
        log.error("requests cannot be counted", what=str(what), exc_info=error)
        raise CannotCount from error
    if not granted:
        raise TooManyRequests(what, _seconds(free_at + rate.step - rate.window - at))
    return granted, free_at


def give_back(what: Limited, key: str) -> None:
    """Undo one `spend`: a right password costs nothing. A counter that is away keeps what it has."""
    given = {"what": str(what), "key": hashed(what, key), "step": rate_of(what).step}
    try:
        with engine().begin() as connection:
            connection.execute(GIVE_BACK, given)
    except SQLAlchemyError as error:
        log.warning("a count was not given back", what=str(what), exc_info=error)


def forget(at: datetime) -> int:
    """Let go of counters from which everything has come back; returns how many. Commits."""
    with engine().begin() as connection:
        return connection.execute(FORGET, {"at": at}).rowcount


def _seconds(left: timedelta) -> int:
    return max(1, -(left // -timedelta(seconds=1)))


def _wait(seconds: int) -> str:
    if seconds < A_MINUTE:
        return ngettext("Try again in %(num)s second.", "Try again in %(num)s seconds.", seconds)
    minutes = -(-seconds // A_MINUTE)
    return ngettext("Try again in %(num)s minute.", "Try again in %(num)s minutes.", minutes)


def _said(what: Limited) -> str:
    match what:
        case Limited.SIGN_IN | Limited.SIGN_IN_FROM | Limited.SECOND_FACTOR:
            return gettext("There were too many attempts to sign in.")
        case Limited.RESET | Limited.INVITE | Limited.MAIL:
            return gettext("Too many e-mails were asked for.")
        case Limited.IMPORT:
            return gettext("Too many files were imported in a short time.")
        case Limited.EXPORT:
            return gettext("Too many files were exported in a short time.")
        case _:
            return gettext("Too many requests came in a short time.")
