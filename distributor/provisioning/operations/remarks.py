"""What is odd about an import without being wrong: said, never in the way. A cycle far ahead is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext, ngettext
from sqlalchemy import Row

from distributor.errors import FieldError, InputRefused
from distributor.formatting import cycle_name, day, instant
from distributor.provisioning.formats import UsageFile
from distributor.provisioning.queries import current_snapshot
from distributor.saying import said
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
        message = ngettext(
            "The cycle %(cycle)s lies %(num)s month ahead. Check the year.",
            "The cycle %(cycle)s lies %(num)s months ahead. Check the year.",
            ahead,
            cycle=cycle_name(cycle),
        )
        raise InputRefused(message, [FieldError(message, "cycle")])


def remarks(account: AccountRow, cycle: Cycle, file: UsageFile, at: datetime) -> list[str]:
    """Sentences for whoever imports, in the order of their weight."""
    return [*_about_cycle(account, cycle, at), *_about_count(account, cycle, file, at), *_about_rows(file)]


def _about_cycle(account: AccountRow, cycle: Cycle, at: datetime) -> Iterator[str]:
    starts_on, _ = bounds(cycle, account.closing_day)
    if cycle.first_day < account.reports_from:
        yield gettext(
            "The account reports from %(first)s: this usage is kept as history, no report opens for %(cycle)s.",
            first=cycle_name(account.reports_from),
            cycle=cycle_name(cycle),
        )
    if account.reports_until is not None and cycle.first_day > account.reports_until:
        yield gettext(
            "The account reports until %(last)s: this usage is kept, no report opens for %(cycle)s.",
            last=cycle_name(account.reports_until),
            cycle=cycle_name(cycle),
        )
    if starts_on > at.astimezone(ZoneInfo(account.time_zone)).date():
        starts = day(starts_on)
        yield gettext("The cycle %(cycle)s has not begun; it starts on %(day)s.", cycle=cycle_name(cycle), day=starts)


def _about_count(account: AccountRow, cycle: Cycle, file: UsageFile, at: datetime) -> Iterator[str]:
    if file.counted_at is None:
        return
    if file.counted_at > at + CLOCKS_DIFFER:
        counted = instant(file.counted_at)
        yield gettext("These units say that they were counted at %(at)s, which is still to come.", at=counted)
    earlier = current_snapshot(account.id, cycle, file.source)
    if earlier is not None and earlier.counted_at is not None and earlier.counted_at > file.counted_at:
        yield gettext(
            "These units were counted at %(at)s, before those they replace (%(earlier)s).",
            at=instant(file.counted_at),
            earlier=instant(earlier.counted_at),
        )


def _about_rows(file: UsageFile) -> Iterator[str]:
    if file.skipped:
        first = file.skipped[0]
        yield ngettext(
            "%(num)s row says nothing about units and was left out, as in row %(row)s: %(why)s.",
            "%(num)s rows say nothing about units and were left out, as in row %(row)s: %(why)s.",
            len(file.skipped),
            row=first.row,
            why=said(first.reason),
        )
    if not file.rows and not file.subscriptions and not file.refused:
        yield gettext("The file has no rows: the source says that nothing was provisioned in this cycle.")
