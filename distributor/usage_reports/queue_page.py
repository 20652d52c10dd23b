"""The review queue as its page shows it: rows with their change and what stands in their way, tabs, sums, words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from babel.lists import format_list
from flask import url_for
from flask_babel import get_locale, gettext, ngettext

from distributor.formatting import short_day
from distributor.identity.acting import CurrentMember
from distributor.provisioning.coverage import Coverage
from distributor.usage_reports.operations.bulk import obstacle
from distributor.usage_reports.queue_address import address_of
from distributor.usage_reports.review_queue import RISK, VIEWS, WAITED_LONG, Desk, ListedReport, QueueFilter
from distributor.usage_reports.review_totals import Totals
from distributor.usage_reports.saved_views import SavedView
from workflows.report_cycle import Cycle
from workflows.steps import RULES
from workflows.usage_report import Actor, Side, Status, Step


@dataclass(frozen=True, slots=True)
class QueueRow:
    """A report of the queue. `change`: percent since its last approved one, None without one; `since`: the cycle of
    that one where it is not the month before; `obstacle`: why it is not approved together with others; `waited`: since
    it was submitted, None when it does not wait.
    """

    report: ListedReport
    change: Decimal | None
    is_marked: bool
    since: date | None
    obstacle: str
    waited: timedelta | None
    waited_long: bool


def rows_of(reports: Sequence[ListedReport], desk: Desk) -> list[QueueRow]:
    """The reports with what the page says of each."""
    return [_row(report, desk) for report in reports]


def _row(report: ListedReport, desk: Desk) -> QueueRow:
    change = change_of(report.amount, report.last_amount)
    waits = report.status == Status.UNDER_REVIEW
    waited = desk.at - report.submitted_at if waits else None
    return QueueRow(
        report,
        change,
        change is not None and abs(change) > desk.policy.marked_change_percent,
        _unusual(report),
        obstacle(report, report.last_amount, desk.policy, desk.member.user_id) if waits else "",
        waited,
        waited is not None and waited >= WAITED_LONG,
    )


def change_of(amount: Decimal, last: Decimal | None) -> Decimal | None:
    """Percent by which a total moved; None where there is nothing to compare with."""
    return (amount - last) * 100 / last if last else None


def _unusual(report: ListedReport) -> date | None:
    before = Cycle.from_date(report.cycle).previous().first_day
    return report.last_cycle if report.last_cycle not in {None, before} else None


def may_approve(member: CurrentMember) -> bool:
    """Whether the member's roles let them approve reports of the distributor's partners."""
    return RULES[Step.APPROVE].permits(Actor(Side.DISTRIBUTOR, member.roles, member.user_id))


@dataclass(frozen=True, slots=True)
class Sum:
    """What the reports of the filter come to in one currency; `change` in percent, None where nothing compares."""

    currency: str
    number: int
    discrepancies: int
    explained: int
    change: Decimal | None
    amount: Decimal
    at_risk: Decimal


def sums(totals: Totals) -> list[Sum]:
    """One sum for each currency that the filter holds; none for a queue too long to be added up."""
    if not totals.is_complete:
        return []
    rows = [row for row in totals.rows if row.matching]
    return [_sum(currency, [row for row in rows if row.currency == currency]) for currency in _currencies(rows)]


def _currencies(rows: Sequence[Any]) -> list[str]:
    return list(dict.fromkeys(row.currency for row in rows))


def _sum(currency: str, rows: Sequence[Any]) -> Sum:
    discrepancies = sum(int(row.matching_discrepancies) for row in rows)
    last = sum((row.last_amount or Decimal(0) for row in rows), Decimal(0))
    compared = sum((row.compared_amount or Decimal(0) for row in rows), Decimal(0))
    return Sum(
        currency,
        sum(row.matching for row in rows),
        discrepancies,
        discrepancies - sum(int(row.matching_uncommented) for row in rows),
        change_of(compared, last),
        sum((row.matching_amount for row in rows), Decimal(0)),
        sum((row.matching_at_risk for row in rows), Decimal(0)),
    )


def tabs(totals: Totals, wanted: QueueFilter, own: Sequence[tuple[SavedView, QueueFilter]]) -> list[dict[str, Any]]:
    """The built-in views, then the member's own, as {label, href, current, count}; `count` None where it is unknown."""
    is_own = any(meant == wanted for _, meant in own)
    built_in = [_built_in(view, totals, wanted, is_own=is_own) for view in VIEWS]
    return built_in + [_own(place, view, meant, totals, wanted) for place, (view, meant) in enumerate(own)]


def _built_in(view: str, totals: Totals, wanted: QueueFilter, *, is_own: bool) -> dict[str, Any]:
    label = {
        RISK: gettext("Money at risk"),
        "penalty": gettext("With penalty"),
        "clean": gettext("Clean, ready to approve"),
        "waiting": gettext("Waiting over 3 days"),
    }[view]
    address = address_of(wanted, view=view if view != RISK else None, status=str(Status.UNDER_REVIEW))
    return {
        "label": label,
        "href": f"{url_for('review.queue')}?{urlencode(address)}",
        "current": view == wanted.view and wanted.status is Status.UNDER_REVIEW and not is_own,
        "count": totals.number(Status.UNDER_REVIEW, "number" if view == RISK else view),
    }


def _own(place: int, view: SavedView, meant: QueueFilter, totals: Totals, wanted: QueueFilter) -> dict[str, Any]:
    # Over all cycles the totals leave out what is approved.
    counted = meant.cycle == wanted.cycle if wanted.cycle else meant.status not in {None, Status.APPROVED}
    return {
        "label": view.name,
        "href": f"{url_for('review.queue')}?{view.query}" if view.query else url_for("review.queue"),
        "current": meant == wanted,
        "count": totals.number(None, f"v{place}") if counted else None,
    }


def coverage_words(feeds: Coverage | None) -> str:
    """Whose usage is missing or old, and what that means for the reports; empty when all feeds are fresh."""
    if feeds is None or not feeds.behind:
        return ""
    names = list(feeds.names)
    if more := feeds.behind - len(names):
        names.append(ngettext("%(num)s more", "%(num)s more", more))
    who = format_list(names, locale=get_locale())
    if feeds.latest is None:
        return ngettext(
            "%(who)s has delivered no recent usage, so its provisioned units may be low.",
            "%(who)s have delivered no recent usage, so their provisioned units may be low.",
            feeds.behind,
            who=who,
        )
    return ngettext(
        "%(who)s has had no data since %(day)s, so its provisioned units may be low.",
        "%(who)s have had no data since %(day)s, so their provisioned units may be low.",
        feeds.behind,
        who=who,
        day=short_day(feeds.latest, feeds.time_zone),
    )
