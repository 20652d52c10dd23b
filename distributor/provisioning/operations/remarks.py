"""What is odd about an import without being wrong: said, never in the way. A cycle far ahead is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row

from distributor.errors import FieldError, InputRefused
from distributor.provisioning.formats import UsageFile
from distributor.provisioning.queries import current_snapshot
from workflows.report_cycle import Cycle, bounds

AccountRow = Row[Any]
MONTHS_AHEAD = 24
# Clocks differ a little; a day is no longer a little.
CLOCKS_DIFFER = timedelta(days=1)


def check_cycle(cycle: Cycle, at: datetime) -> None:
    """Usage of a cycle years ahead is a slip of the pen. Raises InputRefused."""
    now = Cycle.from_date(at.date())
    ahead = (cycle.year - now.year) * 12 + cycle.month - now.month
    if ahead > MONTHS_AHEAD:
        message = f"The cycle {cycle} lies {ahead} months ahead. Check the year."
        raise InputRefused(message, [FieldError(message, "cycle")])


def remarks(account: AccountRow, cycle: Cycle, file: UsageFile, at: datetime) -> list[str]:
    """Sentences for whoever imports, in the order of their weight."""
    return [*_about_cycle(account, cycle, at), *_about_count(account, cycle, file, at), *_about_rows(file)]


def _about_cycle(account: AccountRow, cycle: Cycle, at: datetime) -> Iterator[str]:
    starts_on, _ = bounds(cycle, account.closing_day)
    if cycle.first_day < account.reports_from:
        first = Cycle.from_date(account.reports_from)
        yield f"The account reports from {first}: this usage is kept as history, no report opens for {cycle}."
    if account.reports_until is not None and cycle.first_day > account.reports_until:
        last = Cycle.from_date(account.reports_until)
        yield f"The account reports until {last}: this usage is kept, no report opens for {cycle}."
    if starts_on > at.astimezone(ZoneInfo(account.time_zone)).date():
        yield f"The cycle {cycle} has not begun; it starts on {starts_on}."


def _about_count(account: AccountRow, cycle: Cycle, file: UsageFile, at: datetime) -> Iterator[str]:
    if file.counted_at is None:
        return
    if file.counted_at > at + CLOCKS_DIFFER:
        yield f"These units say that they were counted at {file.counted_at:%Y-%m-%d %H:%M} UTC, which is still to come."
    earlier = current_snapshot(account.id, cycle, file.source)
    if earlier is not None and earlier.counted_at is not None and earlier.counted_at > file.counted_at:
        yield (
            f"These units were counted at {file.counted_at:%Y-%m-%d %H:%M} UTC, before those they replace "
            f"({earlier.counted_at:%Y-%m-%d %H:%M} UTC)."
        )


def _about_rows(file: UsageFile) -> Iterator[str]:
    if file.skipped:
        first = file.skipped[0]
        count = "1 row says" if len(file.skipped) == 1 else f"{len(file.skipped)} rows say"
        yield f"{count} nothing about units and was left out, as in row {first.row}: {first.reason}."
    if not file.rows and not file.subscriptions and not file.refused:
        yield "The file has no rows: the source says that nothing was provisioned in this cycle."
