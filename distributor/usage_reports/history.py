"""The report's history in words: every action with the line changes it made, newest first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

from flask_babel import gettext, ngettext

from distributor.delegation.names import NAMES_BOTH, named
from distributor.usage_reports import queries
from distributor.usage_reports.queries import ReportRow
from workflows.usage_report import Side, Step

MOST_CHANGES_SHOWN = 200
SITTING = timedelta(minutes=30)

ICONS = {
    "open": "file-plus", "save": "device-floppy", "refresh": "refresh", "price": "cash", "submit": "send",
    "auto_submit": "robot", "recall": "arrow-back-up", "waive": "receipt", "endorse": "checks",
    "approve": "circle-check", "auto_approve": "circle-check", "reject": "flag", "invoice": "file-invoice",
    "reopen": "folder-open",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """One action as people read it; `actor` is empty where the service acted by itself. `changes` are its line changes,
    `hidden` how many more there are.
    """

    icon: str
    text: str
    actor: str
    via: str
    at: datetime
    reason: str | None
    version: int
    changes: list[Any]
    hidden: int


def history_of(report: ReportRow) -> list[Entry]:
    """Every action of the report, newest first; what one person saved in one go is one entry."""
    by_version: dict[int, list[Any]] = defaultdict(list)
    for change in queries.changes(report.id):
        by_version[change.version].append(change)
    sittings = _sittings(queries.history(report.id))
    return [
        _entry(actions, [change for action in actions for change in by_version[action.version]]) for actions in sittings
    ]


def _sittings(actions: Sequence[Any]) -> list[list[Any]]:
    """Actions newest first, drafts that one person saved within `SITTING` of each other put together: a page that saves
    by itself makes many of them.
    """
    sittings: list[list[Any]] = []
    for action in actions:
        if sittings and _continues(sittings[-1][0], action):
            sittings[-1].append(action)
        else:
            sittings.append([action])
    return sittings


def _continues(newest: Any, action: Any) -> bool:
    if not (_is_plain_save(newest) and _is_plain_save(action)):
        return False
    return _by_whom(newest) == _by_whom(action) and newest.at - action.at <= SITTING


def _by_whom(action: Any) -> tuple[object, ...]:
    return action.actor_user_id, action.actor_name, action.details.get("for"), action.via


def _is_plain_save(action: Any) -> bool:
    """A draft of lines; not one that added or removed a line or took usage over."""
    return action.step == Step.SAVE and not action.details.keys() - {"lines"} - NAMES_BOTH


def _entry(actions: Sequence[Any], changes: list[Any]) -> Entry:
    newest, shown = actions[0], _from_first_to_last(changes) if len(actions) > 1 else changes
    return Entry(
        icon=ICONS[newest.step],
        text=_text(actions, shown),
        actor="" if newest.actor_side == Side.SYSTEM else named(newest),
        via=via_words(newest.via),
        at=newest.at,
        reason=newest.reason,
        version=newest.version,
        changes=shown[:MOST_CHANGES_SHOWN],
        hidden=max(0, len(shown) - MOST_CHANGES_SHOWN),
    )


def _text(actions: Sequence[Any], changes: Sequence[Any]) -> str:
    newest = actions[0]
    if newest.actor_side == Side.SYSTEM:
        return own_words(newest)
    if len(actions) == 1:
        return words(newest)
    return _saved({"lines": len({change.line_uid for change in changes})})


def _from_first_to_last(changes: Sequence[Any]) -> list[Any]:
    """Changes newest first as one for each field of a line: what it was before all of them, and what it came to.
    A field that came back to what it was is no change.
    """
    oldest = {(change.line_uid, change.field): change.old for change in changes}
    newest: dict[tuple[Any, str], Any] = {}
    for change in changes:
        newest.setdefault((change.line_uid, change.field), change)
    return [_as_one(change, oldest[key]) for key, change in newest.items() if oldest[key] != change.new]


def _as_one(newest: Any, old: str | None) -> Any:
    given = {name: getattr(newest, name) for name in ("line_uid", "line_label", "field", "new")}
    return SimpleNamespace(**given, old=old)


def own_words(action: Any) -> str:
    """What the service did by itself."""
    step = action.step
    if step == "open":
        lines = int(action.details.get("lines", 0))
        return ngettext("Report opened with %(num)s line", "Report opened with %(num)s lines", lines)
    return {
        "refresh": gettext("Usage refreshed"),
        "price": gettext("Missing price filled in"),
        "auto_submit": gettext("Submitted automatically"),
        "auto_approve": gettext("Approved automatically"),
        "invoice": gettext("Marked as invoiced"),
    }[step]


def words(action: Any) -> str:
    """What an action was, for the line "… by Aoife Brennan"."""
    details, step = action.details, action.step
    if step == "open":
        lines = int(details.get("lines", 0))
        return ngettext("Report opened with %(num)s line by", "Report opened with %(num)s lines by", lines)
    if step == "save":
        return _saved(details)
    if step == "reject":
        notes = int(details.get("notes", 0))
        return ngettext("Rejected with %(num)s note by", "Rejected with %(num)s notes by", notes)
    return {
        "refresh": gettext("Usage refreshed by"),
        "price": gettext("Missing price filled in by"),
        "submit": gettext("Submitted by"),
        "recall": gettext("Recalled by"),
        "waive": gettext("Penalty waived by"),
        "endorse": gettext("Endorsed by"),
        "approve": gettext("Approved by"),
        "invoice": gettext("Marked as invoiced by"),
        "reopen": gettext("Reopened by"),
    }[step]


def _saved(details: Mapping[str, Any]) -> str:
    """What a saved draft was. Usage that was taken over counts lines added and removed, so it is asked for first."""
    if details.get("usage"):
        return gettext("Newer usage taken over by")
    if "rolled_up" in details:
        reports = int(details["reports"])
        return ngettext(
            "Rolled up from %(num)s approved report by", "Rolled up from %(num)s approved reports by", reports
        )
    if "added" in details:
        return gettext("Line of %(sku)s added by", sku=details["added"])
    if "removed" in details:
        return gettext("Line of %(sku)s removed by", sku=details["removed"])
    lines = int(details.get("lines", 1))
    return ngettext("Draft saved, %(num)s line changed by", "Draft saved, %(num)s lines changed by", lines)


def via_words(via: str) -> str:
    """Through what somebody acted."""
    return {
        "web": gettext("in the browser"),
        "api": gettext("over the API"),
        "command": gettext("by command"),
        "scheduler": gettext("by the scheduler"),
    }[via]
