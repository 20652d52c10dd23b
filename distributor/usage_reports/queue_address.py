"""The queue's address: what its parameters mean, and the parameters of a filter, the same on every page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from flask_babel import gettext

from distributor.errors import FieldError, InputRefused
from distributor.saying import said
from distributor.usage_reports.review_queue import RISK, SORTS, STATUSES, VIEWS, QueueFilter, sorting
from distributor.words import on_a_line
from workflows.errors import InvalidCycle
from workflows.report_cycle import Cycle
from workflows.usage_report import Status

ALL, ANY = "all", "any"
FIRST_SORT = f"-{RISK}"
LONGEST_SEARCH = 100
Given = Mapping[str, str]


def wanted_of(given: Given, cycles: Sequence[date], status: Status | None = Status.UNDER_REVIEW) -> QueueFilter:
    """The filter that an address asks for; the newest of `cycles` and `status` where it says nothing. Raises
    InputRefused for a parameter that means nothing.
    """
    return QueueFilter(
        _cycle(given.get("cycle", ""), cycles),
        _status(given.get("status", ""), status),
        on_a_line(given.get("q", "")).strip()[:LONGEST_SEARCH],
        _named(given.get("view") or RISK, VIEWS, "view"),
        _sort(given.get("sort") or FIRST_SORT),
    )


def _cycle(text: str, cycles: Sequence[date]) -> date | None:
    if text == ALL:
        return None
    try:
        return Cycle.parse(text).first_day if text else (cycles[0] if cycles else None)
    except InvalidCycle as error:
        raise InputRefused(said(error), [FieldError(said(error), "cycle")]) from error


def _status(text: str, default: Status | None) -> Status | None:
    if text in {"", ANY}:
        return None if text else default
    found = next((each for each in STATUSES if each == text), None)
    if found is None:
        raise _refused("status", gettext("“%(given)s” is no status of a report.", given=text[:40]))
    return found


def _named(text: str, names: Sequence[str], field: str) -> str:
    if text not in names:
        raise _refused(field, gettext("“%(given)s” is no view of the queue.", given=text[:40]))
    return text


def _sort(text: str) -> str:
    if text.removeprefix("-") not in SORTS:
        raise _refused("sort", gettext("The queue cannot be sorted by “%(given)s”.", given=text[:40]))
    return text


def _refused(field: str, why: str) -> InputRefused:
    return InputRefused(why, [FieldError(why, field)])


def address_of(wanted: QueueFilter, **changes: str | None) -> dict[str, str]:
    """The parameters of a filter, `changes` over them (None takes one out); plain choices are left out."""
    given: dict[str, str | None] = {
        "cycle": str(Cycle.from_date(wanted.cycle)) if wanted.cycle else ALL,
        "status": str(wanted.status) if wanted.status else ANY,
        "q": wanted.partner or None,
        "view": wanted.view if wanted.view != RISK else None,
        "sort": wanted.sort if wanted.sort != FIRST_SORT else None,
    }
    return {name: value for name, value in {**given, **changes}.items() if value is not None}


def is_address(given: Given) -> bool:
    """Whether parameters name a queue, so that whoever came from one goes on in it."""
    return "cycle" in given or "status" in given


def place_after(given: Given, wanted: QueueFilter) -> tuple[Any, int] | None:
    """Where the page before ended, as `place_of` wrote it. Raises InputRefused for a place that cannot be."""
    text = given.get("after", "")
    if not text:
        return None
    key, _, number = text.rpartition("~")
    try:
        if not (number.isascii() and number.isdigit() and len(number) < 19):
            raise ValueError(number)
        return sorting(wanted.sort)[0].read(on_a_line(key)), int(number)
    except (ValueError, ArithmeticError) as error:
        why = gettext("This page of the list does not exist. Start with the first.")
        raise _refused("after", why) from error


def place_of(report: Any) -> str:
    """The place of a listed report, for the address of the next page."""
    key = report.sort_key
    return f"{key.isoformat() if hasattr(key, 'isoformat') else key}~{report.id}"
