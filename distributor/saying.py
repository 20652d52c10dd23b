"""Saying what the rules said in English to a reader in their language: the one place that translates `Words`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext, ngettext

from distributor.formatting import cycle_name, day, instant, units
from workflows.errors import Refused
from workflows.report_cycle import Cycle
from workflows.words import Words

LIST_SEPARATOR = "; "


def said(text: str | Refused) -> str:
    """A text, or what a refusal says, in the reader's language; a text that is no `Words` stands as it is."""
    given = text.message if isinstance(text, Refused) else text
    if not isinstance(given, Words):
        return given
    values = {name: _shown(value) for name, value in given.values.items() if name != "num"}
    if given.plural is None:
        return str(gettext(given.template, **values))
    return str(ngettext(given.template, given.plural, given.num, **values))


def _shown(value: object) -> str:
    return next((write(value) for kind, write in WRITERS if isinstance(value, kind)), str(value))


def _listed(parts: tuple[object, ...]) -> str:
    return LIST_SEPARATOR.join(_shown(part) for part in parts)


def _instant(at: datetime) -> str:
    return instant(at, at.tzinfo.key if isinstance(at.tzinfo, ZoneInfo) else "UTC")


# An instant is a date, too, so it comes first.
WRITERS: tuple[tuple[type, Callable[[Any], str]], ...] = (
    (str, said),
    (tuple, _listed),
    (Decimal, units),
    (Cycle, cycle_name),
    (datetime, _instant),
    (date, day),
)
