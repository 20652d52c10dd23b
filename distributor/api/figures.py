"""Figures, times and steps as the API writes them: decimal strings without noise, RFC 3339 in UTC, null for what is
unknown.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal

from workflows.usage_report import Step


def units(value: Decimal | None) -> str | None:
    """ "300", "2.85": as many decimals as the value has, never an exponent."""
    if value is None:
        return None
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def money(value: Decimal | None, minor_unit: int) -> str | None:
    """ "855.00": with the decimals of the currency."""
    return None if value is None else f"{value:.{minor_unit}f}"


def instant(at: datetime | None) -> str | None:
    """ "2026-10-31T00:00:00Z"."""
    return None if at is None else f"{at.astimezone(UTC).replace(tzinfo=None).isoformat()}Z"


def cycle(first_day: date | None) -> str | None:
    """ "2026-10"."""
    return None if first_day is None else f"{first_day:%Y-%m}"


# They come with usage and with prices, not by a call of their own.
WITHOUT_A_CALL = frozenset({Step.REFRESH, Step.PRICE})


def actions(steps: Iterable[Step]) -> list[str]:
    """The steps that a program may take by a call."""
    return [step.value for step in steps if step not in WITHOUT_A_CALL]
