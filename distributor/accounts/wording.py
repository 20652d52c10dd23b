"""An account's terms as people read them: names of fields, values, and whole sentences with examples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from flask_babel import gettext, ngettext

from distributor import formatting
from distributor.accounts.escalation import ESCALATION, days_before, escalation_words
from distributor.accounts.queries import AccountRow
from distributor.accounts.schedule import windows
from workflows.report_cycle import Cycle, bounds
from workflows.units import tolerance_limit

EXAMPLES = (Decimal(400), Decimal(20))


@dataclass(frozen=True, slots=True)
class Said:
    """One term: its name, what it is in words, and an example or a remark."""

    label: str
    text: str
    example: str = ""


def labels() -> Mapping[str, str]:
    """Names of the fields of an account, by column."""
    return {
        "number": gettext("Account number"),
        "region": gettext("Region"),
        "account_type": gettext("Type"),
        "po_number": gettext("Purchase order number"),
        "auto_submit_after_days": gettext("Automatic submission"),
        "resubmit_after_days": gettext("Time after a rejection"),
        "opens_on_day": gettext("Opens on day"),
        "opens_days_after_end": gettext("Opens after the cycle's end"),
        "closing_day": gettext("Closing day"),
        "tolerance_units": gettext("Tolerance in units"),
        "tolerance_percent": gettext("Tolerance in percent"),
        "currency": gettext("Currency"),
        "time_zone": gettext("Time zone"),
        "usage_source": gettext("Usage"),
        "reports_from": gettext("First cycle"),
        "reports_until": gettext("Last cycle"),
        "approval_limit": gettext("Approval limit"),
        "corrections_allowed": gettext("Corrections"),
        "auto_approve_max_change_percent": gettext("Automatic approval"),
        "uplift_percent": gettext("Uplift of estimates"),
        "escalate_to_admins_days": gettext("Unopened: the MSP's admins hear"),
        "escalate_to_distributor_days": gettext("Unopened: the distributor hears"),
    }


def value_of(column: str, value: Any, currency: str = "") -> str:
    """A value of an account's field in a few words, such as "14 days" or "none"."""
    if value is None:
        never = gettext("never") if column in ESCALATION else gettext("none")
        return gettext("off") if column == "auto_approve_max_change_percent" else never
    written = WRITTEN.get(column)
    if column == "approval_limit":
        return gettext("%(amount)s %(currency)s", amount=formatting.money(value, currency), currency=currency)
    return written(value) if written else str(value)


def _days(value: int) -> str:
    return ngettext("%(num)s day", "%(num)s days", value)


def _day(value: int) -> str:
    return gettext("day %(day)s", day=value)


def _source(value: str) -> str:
    return gettext("from a usage feed") if value == "feed" else gettext("counted by hand")


def _allowed(value: bool) -> str:
    return gettext("allowed") if value else gettext("not allowed")


def _within(value: Decimal) -> str:
    return gettext("within %(percent)s", percent=formatting.percent(value))


WRITTEN: Mapping[str, Any] = {
    **dict.fromkeys(ESCALATION, days_before),
    "auto_submit_after_days": _days,
    "resubmit_after_days": _days,
    "opens_on_day": _day,
    "opens_days_after_end": _days,
    "closing_day": _day,
    "tolerance_units": formatting.units,
    "tolerance_percent": formatting.percent,
    "uplift_percent": formatting.percent,
    "reports_from": formatting.cycle_name,
    "reports_until": formatting.cycle_name,
    "usage_source": _source,
    "corrections_allowed": _allowed,
    "auto_approve_max_change_percent": _within,
}


def in_words(account: AccountRow) -> list[Said]:
    """What both sides go by, as sentences with examples of this account."""
    return [
        _cycle_said(account),
        _opening_said(account),
        _submission_said(account),
        _resubmission_said(account),
        Said(*escalation_words(account)),
        _tolerance_said(account),
        _penalty_said(account),
        _estimate_said(account),
        _source_said(account),
        _money_said(account),
        _corrections_said(account),
        _span_said(account),
    ]


def of_the_distributor(account: AccountRow) -> list[Said]:
    """What binds the distributor's reviewers; no business of the MSP."""
    limit, percent = account.approval_limit, account.auto_approve_max_change_percent
    approved = gettext("Every report is approved by a person.")
    if percent is not None:
        approved = gettext(
            "A clean report within %(percent)s of the last approved total is approved within a minute.",
            percent=formatting.percent(percent),
        )
    limited = gettext("One reviewer approves, whatever the amount.")
    if limit is not None:
        limited = gettext(
            "Over %(amount)s one reviewer endorses and another one approves.",
            amount=value_of("approval_limit", limit, account.currency),
        )
    return [Said(gettext("Approval limit"), limited), Said(gettext("Automatic approval"), approved)]


def _cycle_said(account: AccountRow) -> Said:
    cycle = Cycle.from_date(account.next_cycle)
    first, last = bounds(cycle, account.closing_day)
    example = gettext(
        "%(cycle)s is %(first)s to %(last)s.",
        cycle=formatting.cycle_name(cycle),
        first=formatting.short_day(first),
        last=formatting.short_day(last),
    )
    if account.closing_day is None:
        return Said(gettext("Report cycle"), gettext("A calendar month."), example)
    return Said(
        gettext("Report cycle"), gettext("Closes on day %(day)s of its month.", day=account.closing_day), example
    )


def _opening_said(account: AccountRow) -> Said:
    zone = formatting.zone_city(account.time_zone)
    if account.opens_on_day is not None:
        text = gettext("At 00:00 in %(zone)s on day %(day)s of the month.", zone=zone, day=account.opens_on_day)
        if account.opens_on_day > 28:
            return Said(gettext("Opens"), text, gettext("In a shorter month: on its last day."))
    else:
        days = account.opens_days_after_end
        text = ngettext(
            "At 00:00 in %(zone)s, %(num)s day after the cycle's last.",
            "At 00:00 in %(zone)s, %(num)s days after the cycle's last.",
            days,
            zone=zone,
        )
    opens_at = account.next_opens_at
    return Said(gettext("Opens"), text, _next_opening(account) if opens_at else gettext("No further report opens."))


def _next_opening(account: AccountRow) -> str:
    return gettext(
        "%(cycle)s opens on %(when)s.",
        cycle=formatting.cycle_name(account.next_cycle),
        when=formatting.instant(account.next_opens_at, account.time_zone),
    )


def _submission_said(account: AccountRow) -> Said:
    days = account.auto_submit_after_days
    text = ngettext(
        "The MSP has %(num)s whole day after the day of opening; then the report submits itself.",
        "The MSP has %(num)s whole days after the day of opening; then the report submits itself.",
        days,
    )
    (window,) = windows(account, Cycle.from_date(account.next_cycle))
    due = window.due_at and gettext(
        "%(cycle)s: %(when)s.",
        cycle=formatting.cycle_name(window.cycle),
        when=formatting.instant(window.due_at, account.time_zone),
    )
    return Said(gettext("Automatic submission"), text, due or "")


def _resubmission_said(account: AccountRow) -> Said:
    text = ngettext(
        "A report that comes back is due again %(num)s day later.",
        "A report that comes back is due again %(num)s days later.",
        account.resubmit_after_days,
    )
    return Said(gettext("After a rejection"), text)


def _tolerance_said(account: AccountRow) -> Said:
    units, percent = account.tolerance_units, account.tolerance_percent
    label = gettext("Needs a comment")
    if not units and not percent:
        return Said(label, gettext("Every difference between chargeable and provisioned units."))
    text = ngettext(
        "A difference of more than %(units)s unit and more than %(percent)s of the provisioned units.",
        "A difference of more than %(units)s units and more than %(percent)s of the provisioned units.",
        1 if units == 1 else 2,
        units=formatting.units(units),
        percent=formatting.percent(percent),
    )
    return Said(label, text, gettext("%(one)s %(other)s", **_tolerated(units, percent)))


def _tolerated(units: Decimal, percent: Decimal) -> dict[str, str]:
    said = []
    for provisioned in EXAMPLES:
        limit = tolerance_limit(provisioned, units, percent)
        said.append(
            gettext(
                "With %(provisioned)s provisioned, %(least)s to %(most)s need none.",
                provisioned=formatting.units(provisioned),
                least=formatting.units(max(provisioned - limit, Decimal(0))),
                most=formatting.units(provisioned + limit),
            )
        )
    return {"one": said[0], "other": said[1]}


def _penalty_said(account: AccountRow) -> Said:
    text = gettext("What nobody explained by then is charged on provisioned units where those are more.")
    return Said(gettext("Without a comment"), text, gettext("400 provisioned, 300 chargeable: charged on 400."))


def _estimate_said(account: AccountRow) -> Said:
    uplift = account.uplift_percent
    if not uplift:
        return Said(gettext("Without a figure"), gettext("The last approved units are taken, marked as an estimate."))
    text = gettext(
        "The last approved units plus %(percent)s are taken, marked as an estimate.", percent=formatting.percent(uplift)
    )
    return Said(gettext("Without a figure"), text)


def _source_said(account: AccountRow) -> Said:
    if account.usage_source == "feed":
        text = gettext("Provisioned units come from the distributor's usage feed; a product may be counted by hand.")
    else:
        text = gettext("Units are counted by hand; a product may come from the distributor's usage feed.")
    return Said(gettext("Usage"), text)


def _money_said(account: AccountRow) -> Said:
    text = gettext("Prices are in %(currency)s, copied when a report opens.", currency=account.currency)
    note = account.po_number and gettext("Purchase order %(number)s.", number=account.po_number)
    return Said(gettext("Money"), text, note or "")


def _corrections_said(account: AccountRow) -> Said:
    if account.corrections_allowed:
        text = gettext("The MSP may take a submitted or approved report back until it is invoiced.")
    else:
        text = gettext("A submitted report may be taken back until it is due, an approved one only by the distributor.")
    return Said(gettext("Corrections"), text)


def _span_said(account: AccountRow) -> Said:
    first = formatting.cycle_name(account.reports_from)
    if account.reports_until is None:
        return Said(gettext("Reports"), gettext("From %(first)s on.", first=first))
    last = formatting.cycle_name(account.reports_until)
    return Said(gettext("Reports"), gettext("From %(first)s to %(last)s.", first=first, last=last))


def reporting_said(account: Any, at: datetime) -> str:
    """Whether the account reports usage, and if not, why."""
    if not account.usage_reports:
        return gettext("Switched off for this region and type")
    if account.next_opens_at is None:
        return gettext("Ended with %(cycle)s", cycle=formatting.cycle_name(account.reports_until))
    if account.next_opens_at <= at - timedelta(hours=1):
        return gettext("Waits for the scheduler")
    return gettext("On")
