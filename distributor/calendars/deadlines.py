"""What stands in a member's calendar, in the member's language."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any

from flask_babel import gettext, ngettext
from sqlalchemy import Row

from distributor.calendars import queries
from distributor.calendars.icalendar import CalendarEvent
from distributor.formatting import NO_BREAK_SPACE, currency_symbol, cycle_name, instant, money
from distributor.identity.acting import CurrentMember
from distributor.usage_reports.operations.automatic import charged
from distributor.usage_reports.queries import LineRow, ReportRow, earlier_units
from workflows.money import amount_of

# A deadline is the end of its event, so that it stands on the last day that is left, not on the day after.
LENGTH = timedelta(minutes=30)
A_DAY_BEFORE = "-P1D"
# From this many on, the reports that are due on one day are one event.
MANY_A_DAY = 4
WAITS_TOO_LONG = timedelta(days=3)


def events(member: CurrentMember, at: datetime, address: str) -> list[CalendarEvent]:
    """All events; `address` is the service's own, which links begin with. Six queries at most."""
    here = member.organization_id
    upstream = [*_partners_days(member, at, address), *_waiting(member, at, address)] if member.is_distributor else []
    return [*_own_reports(here, address), *_openings(here, at, address), *upstream]


def _own_reports(organization_id: int, address: str) -> Iterator[CalendarEvent]:
    deadlines = queries.own_deadlines(organization_id)
    costs = _costs(deadlines)
    for report in deadlines:
        yield CalendarEvent(
            uid=f"due-{report.uid}@distributor",
            starts=report.due_at - LENGTH,
            ends=report.due_at,
            summary=gettext(
                "Submit the usage report %(cycle)s (%(account)s)",
                cycle=cycle_name(report.cycle),
                account=report.account_number,
            ),
            description=_what_silence_costs(report, *costs[report.id]),
            url=f"{address}/reports/{report.uid}",
            sequence=report.version,
            alarm=A_DAY_BEFORE,
        )


def _what_silence_costs(report: ReportRow, count: int, cost: Decimal) -> str:
    when = instant(report.due_at, report.time_zone)
    said = [gettext("Left alone, the report is submitted automatically on %(instant)s.", instant=when)]
    if count:
        said.append(
            ngettext(
                "%(num)s line is not settled; that adds %(extra)s.",
                "%(num)s lines are not settled; that adds %(extra)s.",
                count,
                extra=_cash(cost, report),
            )
        )
    said.append(gettext("The total so far is %(amount)s.", amount=_cash(report.amount, report)))
    return "\n".join(said)


def _costs(deadlines: Sequence[ReportRow]) -> dict[int, tuple[int, Decimal]]:
    """Per report the lines that automatic submission would charge otherwise, and what all of them would cost."""
    by_id = {row.id: row for row in deadlines}
    found: dict[int, tuple[int, Decimal]] = defaultdict(lambda: (0, Decimal(0)))
    open_ids = [row.id for row in deadlines if row.unexplained_unpenalised or row.missing_figures]
    lines = queries.unsettled_lines(open_ids) if open_ids else []
    unknown = [line.id for line in lines if line.chargeable_units is None or line.provisioned_units is None]
    earlier = earlier_units(unknown) if unknown else {}
    for line in lines:
        count, cost = found[line.report_id]
        found[line.report_id] = count + 1, cost + _cost(by_id[line.report_id], line, earlier.get(line.id))
    return found


def _cost(report: ReportRow, line: LineRow, earlier: Decimal | None) -> Decimal:
    return (amount_of(charged(report, line, earlier)) or Decimal(0)) - Decimal(line.amount)


def _openings(organization_id: int, at: datetime, address: str) -> Iterator[CalendarEvent]:
    for account in queries.openings(organization_id, at):
        cycle = cycle_name(account.next_cycle)
        yield CalendarEvent(
            uid=f"opens-{account.uid}-{account.next_cycle:%Y-%m}@distributor",
            starts=account.next_opens_at,
            ends=account.next_opens_at + LENGTH,
            summary=gettext("Usage report %(cycle)s opens (%(account)s)", cycle=cycle, account=account.number),
            description=ngettext(
                "%(distributor)s opens the report on this day. It has to be submitted within %(num)s day.",
                "%(distributor)s opens the report on this day. It has to be submitted within %(num)s days.",
                account.auto_submit_after_days,
                distributor=account.distributor_name,
            ),
            url=f"{address}/reports",
        )


def _partners_days(member: CurrentMember, at: datetime, address: str) -> Iterator[CalendarEvent]:
    for _day, rows in groupby(queries.partners_deadlines(member.organization_id), key=lambda row: row.day):
        due = list(rows)
        if due[0].many < MANY_A_DAY:
            yield from (_partners_report(row, address) for row in due)
        else:
            yield _partners_day(due, member, at, address)


def _partners_report(row: Row[Any], address: str) -> CalendarEvent:
    named = {"msp": row.msp_name, "cycle": cycle_name(row.cycle), "account": row.number}
    when = instant(row.due_at, row.time_zone)
    return CalendarEvent(
        uid=f"partner-{row.uid}@distributor",
        starts=row.due_at - LENGTH,
        ends=row.due_at,
        summary=gettext("%(msp)s: usage report %(cycle)s due (%(account)s)", **named),
        description=gettext("Left alone, the report is submitted automatically on %(instant)s.", instant=when),
        url=f"{address}/review/{row.uid}",
        sequence=row.version,
    )


def _partners_day(due: Sequence[Row[Any]], member: CurrentMember, at: datetime, address: str) -> CalendarEvent:
    count, day = due[0].many, due[0].day
    named = [f"{row.number} {row.msp_name}, {cycle_name(row.cycle)}" for row in due]
    more = count - len(named)
    rest = [ngettext("and %(num)s more report", "and %(num)s more reports", more)] if more else []
    return CalendarEvent(
        uid=f"partners-{member.organization_uid}-{day:%Y-%m-%d}@distributor",
        starts=day,
        ends=day + timedelta(days=1),
        summary=ngettext("%(num)s usage report is due", "%(num)s usage reports are due", count),
        description="\n".join([*named, *rest]),
        url=f"{address}/overview",
        sequence=_minutes(at),
    )


def _waiting(member: CurrentMember, at: datetime, address: str) -> Iterator[CalendarEvent]:
    waiting = queries.waiting_for_review(member.organization_id, at - WAITS_TOO_LONG)
    if not waiting.many:
        return
    first = instant(waiting.since)
    yield CalendarEvent(
        uid=f"waiting-{member.organization_uid}@distributor",
        starts=at.astimezone(UTC).date(),
        ends=at.astimezone(UTC).date() + timedelta(days=1),
        summary=ngettext(
            "%(num)s usage report waits for your review", "%(num)s usage reports wait for your review", waiting.many
        ),
        description=gettext("Submitted more than three days ago, the first on %(instant)s.", instant=first),
        url=f"{address}/review",
        sequence=_minutes(at),
    )


def _minutes(at: datetime) -> int:
    """The sequence of an event whose make-up changes with the hour: later always counts for more."""
    return int(at.timestamp()) // 60


def _cash(value: Decimal, report: ReportRow) -> str:
    return f"{currency_symbol(report.currency)}{NO_BREAK_SPACE}{money(value, report.minor_unit)}"
