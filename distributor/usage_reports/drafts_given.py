"""Reading a draft that came over the API, by hand: five thousand lines through a schema would take longer
than saving them.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from distributor.api.bodies import refused
from distributor.api.fields import UNSTORABLE
from distributor.errors import FieldError, InputRefused
from distributor.usage_reports.operations.drafts import KEPT, LineDraft

MOST_LINES = 20_000
FIELDS = frozenset({"id", "version", "chargeable_units", "comment"})


def drafts_given(data: Any) -> list[LineDraft]:
    """Drafts from `[{id, version?, chargeable_units?, comment?}]`. Raises InputRefused that names each wrong
    place.
    """
    if not isinstance(data, list) or not all(isinstance(item, dict) for item in data):
        raise InputRefused("Give a list of lines.", [FieldError("Give a list of lines, each an object with an id.")])
    if len(data) > MOST_LINES:
        raise InputRefused(f"At most {MOST_LINES} lines are saved at once, not {len(data)}.")
    errors: list[FieldError] = []
    drafts = [_draft(item, number, errors) for number, item in enumerate(data)]
    if errors:
        raise refused(errors)
    return drafts


def _draft(item: Mapping[str, Any], number: int, errors: list[FieldError]) -> LineDraft:
    units, comment, version = item.get("chargeable_units", KEPT), item.get("comment", KEPT), item.get("version")
    wrong = dict.fromkeys(item.keys() - FIELDS, "There is no such field here.")
    uid = _uid(item.get("id"))
    if uid is None:
        wrong["id"] = "Give the id of a line of this report, a UUID."
    if not _is_version(version):
        wrong["version"] = "Give the line's version as a whole number."
    if not _is_number(units):
        wrong["chargeable_units"] = 'Give a number, best as a text such as "2.85", or null.'
    if not _is_text(comment):
        wrong["comment"] = "Give a text without control characters, or null."
    if wrong:
        line = str(uid) if uid else None
        errors += [FieldError(reason, f"{number}.{_shown(name)}", line) for name, reason in wrong.items()]
    return LineDraft(uid or UUID(int=0), version, units, comment)


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
