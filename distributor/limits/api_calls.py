"""Counts the calls of API tokens. Each process takes a handful from PostgreSQL and hands them out by itself.

A call then costs a write only every so often; several processes together let at most a handful each more through.
What is left is said as draft-ietf-httpapi-ratelimit-headers has it.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Flask, Response, current_app, request

from distributor.limits.counter import rate_of
from distributor.limits.operations import Limited, TooManyRequests, spend_up_to
from distributor.limits.rates import Rate

NAME = "token"
KEPT = "distributor.limits"
TOLD = "distributor.rate_limit"
# A handful is a twentieth of what a token has, so that processes do not keep much from each other.
SHARE = 20
LARGEST_HANDFUL = 100
MOST_TOKENS = 10_000


@dataclass(slots=True)
class Handful:
    """What a process still holds of what it took at `since`; `free_at`: when all of it will have come back.

    `closed_until`: nothing was left when it asked last.
    """

    left: int
    since: datetime
    free_at: datetime
    closed_until: datetime | None = None


class Handfuls:
    """Those of one process, by token; the one used longest ago is let go of first."""

    def __init__(self) -> None:
        self._held: OrderedDict[int, Handful] = OrderedDict()
        self._guard = threading.Lock()

    def take(self, token_id: int, rate: Rate, at: datetime) -> Handful:
        """One call of the token. Raises TooManyRequests, CannotCount."""
        with self._guard:
            held = self._held.pop(token_id, None)
            if held is None or not _serves(held, rate, at):
                held = _ask(token_id, rate, at)
            self._held[token_id] = held
            while len(self._held) > MOST_TOKENS:
                self._held.popitem(last=False)
            _refuse_closed(held, at)
            held.left -= 1
            return held


def register(app: Flask) -> None:
    """Let every answer of the API say what is left."""
    app.extensions[KEPT] = Handfuls()
    app.after_request(_say_what_is_left)


def count(token_id: int, at: datetime) -> None:
    """Count one call of a token. Raises TooManyRequests, CannotCount."""
    rate = rate_of(Limited.API)
    handfuls: Handfuls = current_app.extensions[KEPT]
    try:
        held = handfuls.take(token_id, rate, at)
    except TooManyRequests as refused:
        request.environ[TOLD] = (rate, 0, refused.retry_after)
        raise
    taken = max(timedelta(0), held.free_at - at)
    left = max(0, (rate.window - taken) // rate.step) + held.left
    request.environ[TOLD] = (rate, min(left, rate.most), -(taken // -timedelta(seconds=1)))


def _serves(held: Handful, rate: Rate, at: datetime) -> bool:
    """Whether nothing need be asked: what was taken long ago, or by a clock that was set back, counts no more."""
    if held.closed_until is not None:
        return held.since <= at < held.closed_until
    return held.left > 0 and held.since <= at < held.since + rate.window


def _ask(token_id: int, rate: Rate, at: datetime) -> Handful:
    size = max(1, min(rate.most // SHARE, LARGEST_HANDFUL))
    try:
        granted, free_at = spend_up_to(size, Limited.API, str(token_id), at)
    except TooManyRequests as refused:
        return Handful(0, at, at + rate.window, at + timedelta(seconds=refused.retry_after))
    return Handful(granted, at, free_at)


def _refuse_closed(held: Handful, at: datetime) -> None:
    if held.closed_until is not None:
        raise TooManyRequests(Limited.API, -((held.closed_until - at) // -timedelta(seconds=1)))


def _say_what_is_left(answer: Response) -> Response:
    told: tuple[Rate, int, int] | None = request.environ.get(TOLD)
    if told is not None:
        rate, left, seconds = told
        answer.headers["RateLimit-Policy"] = f'"{NAME}";q={rate.most};w={int(rate.window.total_seconds())}'
        answer.headers["RateLimit"] = f'"{NAME}";r={left};t={seconds}'
    return answer
