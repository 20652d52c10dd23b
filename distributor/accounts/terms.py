"""The terms of an account as somebody gives them: read, judged field by field, and the defaults where nothing is said.

Columns of the database have the names of the terms, but for `auto_approve`, which is kept as its percentage.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from flask_babel import gettext

from distributor.errors import FieldError, InputRefused
from distributor.saying import said
from workflows.errors import InvalidInput
from workflows.money import minor_unit
from workflows.report_cycle import Cycle, zone
from workflows.units import parse_units

# Where nothing is said. Opening and `reports_from` follow from other terms: see `complete`.
DEFAULTS: Mapping[str, Any] = {
    "auto_submit_after_days": 10,
    "resubmit_after_days": 7,
    "closing_day": None,
    "tolerance_units": Decimal(0),
    "tolerance_percent": Decimal(0),
    "currency": "EUR",
    "time_zone": "UTC",
    "usage_source": "feed",
    "reports_until": None,
    "approval_limit": None,
    "corrections_allowed": True,
    "auto_approve_max_change_percent": None,
    "uplift_percent": Decimal(0),
    "escalate_to_admins_days": 2,
    "escalate_to_distributor_days": 1,
}
OPENS_ON_DAY = 20
OPENS_DAYS_AFTER_END = 1  # of an account with a closing day
DECIMALS = 4

Check = Callable[[Any], Any]


def _days(low: int, high: int, *, optional: bool = False) -> Check:
    def check(given: Any) -> int | None:
        if given is None and optional:
            return None
        if isinstance(given, bool) or not isinstance(given, int) or not low <= given <= high:
            raise InputRefused(gettext("Write a whole number from %(low)s to %(high)s.", low=low, high=high))
        return given

    return check


def _number(high: Decimal, *, optional: bool = False) -> Check:
    def check(given: Any) -> Decimal | None:
        if given is None and optional:
            return None
        try:
            value = parse_units(given, DECIMALS, "number")
        except InvalidInput:
            value = None
        if value is None or value > high:
            why = gettext("Write a number from 0 to %(high)s with at most %(decimals)s decimals, such as 2.5.")
            raise InputRefused(why % {"high": f"{high:f}", "decimals": DECIMALS})
        return value

    return check


def _currency(given: Any) -> str:
    minor_unit(given)
    return str(given)


def _time_zone(given: Any) -> str:
    return zone(given if isinstance(given, str) else str(given)).key


def _usage_source(given: Any) -> str:
    if given not in ("feed", "manual"):
        raise InputRefused(gettext("Write feed or manual."))
    return str(given)


def _flag(given: Any) -> bool:
    if not isinstance(given, bool):
        raise InputRefused(gettext("Write true or false."))
    return given


def _cycle(given: Any) -> date:
    return Cycle.parse(given if isinstance(given, str) else str(given)).first_day


def _last_cycle(given: Any) -> date | None:
    return None if given is None else _cycle(given)


def _auto_approve(given: Any) -> Decimal | None:
    if given is None:
        return None
    if not isinstance(given, Mapping) or set(given) != {"max_change_percent"}:
        raise InputRefused(gettext("Write null, or %(shape)s.", shape='{"max_change_percent": …}'))
    percent: Decimal = CHANGE(given["max_change_percent"])
    return percent


HUNDRED, THOUSAND, MOST_UNITS = Decimal(100), Decimal(1000), Decimal(10**12 - 1)
CHANGE = _number(THOUSAND)

# Field of the API → (column, check).
CHECKS: Mapping[str, tuple[str, Check]] = {
    "auto_submit_after_days": ("auto_submit_after_days", _days(1, 60)),
    "resubmit_after_days": ("resubmit_after_days", _days(1, 60)),
    "opens_on_day": ("opens_on_day", _days(1, 31, optional=True)),
    "opens_days_after_end": ("opens_days_after_end", _days(0, 60, optional=True)),
    "closing_day": ("closing_day", _days(1, 28, optional=True)),
    "tolerance_units": ("tolerance_units", _number(MOST_UNITS)),
    "tolerance_percent": ("tolerance_percent", _number(HUNDRED)),
    "currency": ("currency", _currency),
    "time_zone": ("time_zone", _time_zone),
    "usage_source": ("usage_source", _usage_source),
    "reports_from": ("reports_from", _cycle),
    "reports_until": ("reports_until", _last_cycle),
    "approval_limit": ("approval_limit", _number(MOST_UNITS, optional=True)),
    "corrections_allowed": ("corrections_allowed", _flag),
    "auto_approve": ("auto_approve_max_change_percent", _auto_approve),
    "uplift_percent": ("uplift_percent", _number(THOUSAND)),
    "escalate_to_admins_days": ("escalate_to_admins_days", _days(1, 30, optional=True)),
    "escalate_to_distributor_days": ("escalate_to_distributor_days", _days(1, 30, optional=True)),
}
FIELDS = tuple(CHECKS)


def read_terms(given: Mapping[str, Any], errors: list[FieldError]) -> dict[str, Any]:
    """The terms given, by column; every wrong one is added to `errors`."""
    terms: dict[str, Any] = {}
    for name, value in given.items():
        if name not in CHECKS:
            why = gettext("There is no such term. Terms are: %(terms)s.", terms=", ".join(FIELDS))
            errors.append(FieldError(why, name))
            continue
        column, check = CHECKS[name]
        try:
            terms[column] = check(value)
        except (InputRefused, InvalidInput) as error:
            errors.append(FieldError(said(error), name))
    if terms.get("opens_on_day") is not None and terms.get("opens_days_after_end") is not None:
        reason = gettext("Set either a day of opening or a number of days after the cycle's end, not both.")
        errors.append(FieldError(reason, "opens_on_day"))
    return terms


def complete(terms: dict[str, Any], at: datetime) -> dict[str, Any]:
    """All terms of a new account made at `at`: those given and the defaults."""
    whole = {**DEFAULTS, "opens_on_day": None, "opens_days_after_end": None, **terms}
    if whole["opens_on_day"] is None and whole["opens_days_after_end"] is None:
        closes = whole["closing_day"] is not None
        whole["opens_days_after_end" if closes else "opens_on_day"] = OPENS_DAYS_AFTER_END if closes else OPENS_ON_DAY
    whole.setdefault("reports_from", cycle_of(at, whole["time_zone"], whole["closing_day"]).first_day)
    return whole


def changed(present: Mapping[str, Any], terms: Mapping[str, Any]) -> dict[str, Any]:
    """All terms after a change. Giving one way of opening takes the other one's place."""
    whole = {**present, **terms}
    for one, other in (("opens_on_day", "opens_days_after_end"), ("opens_days_after_end", "opens_on_day")):
        if terms.get(one) is not None and terms.get(other) is None:
            whole[other] = None
    return whole


def check_together(terms: Mapping[str, Any], errors: list[FieldError]) -> None:
    """What only shows when all terms are there."""
    if terms["opens_on_day"] is None and terms["opens_days_after_end"] is None:
        reason = gettext("One of opens_on_day and opens_days_after_end has to be set.")
        errors.append(FieldError(reason, "opens_on_day"))
    if terms["reports_until"] is not None and terms["reports_until"] < terms["reports_from"]:
        first = Cycle.from_date(terms["reports_from"])
        errors.append(
            FieldError(gettext("The last cycle lies before the first, %(first)s.", first=first), "reports_until")
        )


def cycle_of(at: datetime, time_zone: str, closing_day: int | None) -> Cycle:
    """The cycle that the instant falls into, on the account's own calendar."""
    day = at.astimezone(zone(time_zone)).date()
    cycle = Cycle.from_date(day)
    return cycle.next() if closing_day is not None and day.day > closing_day else cycle
