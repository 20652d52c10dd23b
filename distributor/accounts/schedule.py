"""When an account's reports to come open, and when they submit themselves, under its terms or others."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from distributor.usage_reports.operations.opening import next_opening
from workflows.report_cycle import Cycle, due_after


@dataclass(frozen=True, slots=True)
class Window:
    """One report to come: its cycle, when it opens and when it submits itself; None: it does not open."""

    cycle: Cycle
    opens_at: datetime | None
    due_at: datetime | None


def windows(account: Any, first: Cycle, count: int = 1) -> list[Window]:
    """When the reports of `count` cycles from `first` open, if nothing is late, and when they submit themselves."""
    found, cycle = [], first
    for _ in range(count):
        opens_at = next_opening(account, cycle)
        due_at = due_after(opens_at, account.auto_submit_after_days, account.time_zone) if opens_at else None
        found.append(Window(cycle, opens_at, due_at))
        cycle = cycle.next()
    return found
