"""Reading a draft that came over the API, by hand: five thousand lines through a schema would take longer
than saving them.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from flask_babel import gettext

from distributor.api.bodies import refused
from distributor.api.fields import UNSTORABLE
from distributor.errors import FieldError, InputRefused
from distributor.formatting import units as units_in_words
from distributor.usage_reports.operations.carrying import KEPT, day_of
from distributor.usage_reports.operations.drafts import LineDraft

MOST_LINES = 20_000
FIELDS = frozenset({"id", "version", "chargeable_units", "comment", "carry_until"})


def drafts_given(data: Any) -> list[LineDraft]:
    """Drafts from `[{id, version?, chargeable_units?, comment?, carry_until?}]`. Raises InputRefused that names each
    wrong place.
    """
    if not isinstance(data, list) or not all(isinstance(item, dict) for item in data):
        why = gettext("Give a list of lines, each an object with an id.")
        raise InputRefused(why, [FieldError(why)])
    if len(data) > MOST_LINES:
        given = {"most": units_in_words(MOST_LINES), "given": units_in_words(len(data))}
        raise InputRefused(gettext("At most %(most)s lines are saved at once, not %(given)s.", **given))
    errors: list[FieldError] = []
    drafts = [_draft(item, number, errors) for number, item in enumerate(data)]
    if errors:
        raise refused(errors)
    return drafts


def _draft(item: Mapping[str, Any], number: int, errors: list[FieldError]) -> LineDraft:
    units, comment, version = item.get("chargeable_units", KEPT), item.get("comment", KEPT), item.get("version")
    until = item.get("carry_until", KEPT)
    wrong = dict.fromkeys(item.keys() - FIELDS, gettext("There is no such field here."))
    uid = _uid(item.get("id"))
    if uid is None:
        wrong["id"] = gettext("Give the id of a line of this report, a UUID.")
    if not _is_version(version):
        wrong["version"] = gettext("Give the line's version as a whole number.")
    if not _is_number(units):
        wrong["chargeable_units"] = gettext('Give a number, best as a text such as "2.85", or null.')
    if not _is_text(comment):
        wrong["comment"] = gettext("Give a text without control characters, or null.")
    if not _is_day(until):
        wrong["carry_until"] = gettext("Give a day such as 2026-10-31, or null.")
    if wrong:
        line = str(uid) if uid else None
        errors += [FieldError(reason, f"{number}.{_shown(name)}", line) for name, reason in wrong.items()]
    day = day_of(until) if isinstance(until, str) else until
    return LineDraft(uid or UUID(int=0), version, units, comment, day)


def _is_day(given: Any) -> bool:
    return given is KEPT or given is None or (isinstance(given, str) and day_of(given) is not None)


def _uid(given: Any) -> UUID | None:
    try:
        return UUID(given) if isinstance(given, str) else None
    except ValueError:
        return None


def _is_version(given: Any) -> bool:
    return given is None or (type(given) is int and 0 < given < 10**9)


def _is_number(given: Any) -> bool:
    return given is KEPT or given is None or (isinstance(given, str | int | Decimal) and not isinstance(given, bool))


def _is_text(given: Any) -> bool:
    return given is KEPT or given is None or (isinstance(given, str) and not UNSTORABLE.search(given))


def _shown(name: str) -> str:
    return name[:100].encode("utf-8", "replace").decode()
