"""What is limited, and how often by default. RATE_LIMITS in the environment says otherwise (docs/operations.md)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class Limited(StrEnum):
    """What is counted; each by a key of its own, such as an address or a member."""

    SIGN_IN = "sign-in"
    SIGN_IN_FROM = "sign-in-from"
    RESET = "reset"
    INVITE = "invite"
    SECOND_FACTOR = "second-factor"
    IMPORT = "import"
    EXPORT = "export"
    MAIL = "mail"
    API = "api"
    TOKEN_REPORT = "token-report"  # noqa: S105 - a kind of request, no secret
    REFUSAL = "refusal"
    REFUSALS = "refusals"


@dataclass(frozen=True, slots=True)
class Rate:
    """`most` in `window`; used up at once or evenly, one comes back every `step`."""

    most: int
    window: timedelta

    @property
    def step(self) -> timedelta:
        return self.window // self.most


# Guessing: OWASP ASVS 5.0, 6.3.1. People mistype a few times; an office shares one address, a program one token.
DEFAULTS: Mapping[Limited, Rate] = {
    Limited.SIGN_IN: Rate(10, timedelta(minutes=15)),
    Limited.SIGN_IN_FROM: Rate(100, timedelta(minutes=15)),
    Limited.RESET: Rate(5, timedelta(hours=1)),
    Limited.INVITE: Rate(100, timedelta(hours=1)),
    Limited.SECOND_FACTOR: Rate(10, timedelta(minutes=15)),
    Limited.IMPORT: Rate(300, timedelta(hours=1)),
    Limited.EXPORT: Rate(300, timedelta(hours=1)),
    Limited.MAIL: Rate(2_000, timedelta(hours=1)),
    Limited.API: Rate(600, timedelta(minutes=1)),
    Limited.TOKEN_REPORT: Rate(20, timedelta(hours=1)),
    Limited.REFUSAL: Rate(1, timedelta(hours=1)),
    Limited.REFUSALS: Rate(100, timedelta(hours=1)),
}
MOST = 1_000_000
UNITS = {"s": timedelta(seconds=1), "m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
LONGEST = timedelta(days=1)

_FORM = re.compile(r"([a-z-]+)=([1-9][0-9]{0,6})/([1-9][0-9]{0,4})([smhd])")


def rates(text: str) -> dict[Limited, Rate]:
    """All rates, with those that `text` names replaced, such as `sign-in=20/15m api=1200/1m`. Raises ValueError."""
    return {**DEFAULTS, **dict(_rate(part) for part in text.split())}


def _rate(part: str) -> tuple[Limited, Rate]:
    match = _FORM.fullmatch(part)
    if match is None or match[1] not in set(Limited):
        raise ValueError(part)
    rate = Rate(int(match[2]), int(match[3]) * UNITS[match[4]])
    if rate.most > MOST or rate.window > LONGEST:
        raise ValueError(part)
    return Limited(match[1]), rate
