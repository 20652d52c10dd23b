"""The report's history in words: every action with the line changes it made, newest first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext, ngettext

from distributor.usage_reports import queries
from distributor.usage_reports.queries import ReportRow
from workflows.usage_report import Side

MOST_CHANGES_SHOWN = 200

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
    """Every action of the report, newest first."""
    by_version: dict[int, list[Any]] = defaultdict(list)
    for change in queries.changes(report.id):
        by_version[change.version].append(change)
    return [_entry(action, by_version[action.version]) for action in queries.history(report.id)]


def _entry(action: Any, changes: list[Any]) -> Entry:
    return Entry(
        icon=ICONS[action.step],
        text=own_words(action) if action.actor_side == Side.SYSTEM else words(action),
        actor="" if action.actor_side == Side.SYSTEM else action.actor_name,
        via=via_words(action.via),
        at=action.at,
        reason=action.reason,
        version=action.version,
        changes=changes[:MOST_CHANGES_SHOWN],
        hidden=max(0, len(changes) - MOST_CHANGES_SHOWN),
    )


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
