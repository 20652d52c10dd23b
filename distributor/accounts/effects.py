"""What a change of an account means, term by term and from when, said before it is saved.

Terms are copied to a report when it opens, so most of them begin with the next report; approval limit and automatic
approval are read live and bind the distributor's own reviewers (docs/workflow.md).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from flask_babel import gettext, ngettext

from distributor import formatting
from distributor.accounts.escalation import ESCALATION
from distributor.accounts.lists import Consequences
from distributor.accounts.operations import COLUMNS, TERM_COLUMNS, later_opening
from distributor.accounts.queries import AccountRow
from distributor.accounts.schedule import Window, windows
from distributor.accounts.wording import labels, value_of
from workflows.report_cycle import Cycle
from workflows.usage_report import Status

EDITED = (*COLUMNS.values(), *TERM_COLUMNS)
AT_ONCE = ("number", "region", "account_type")
LIVE = ("approval_limit", "auto_approve_max_change_percent")
# What decides when reports open and are due.
TIMING = (
    "auto_submit_after_days", "opens_on_day", "opens_days_after_end", "closing_day", "time_zone", "reports_from",
    "reports_until",
)  # fmt: skip
SHOWN_WINDOWS = 3


@dataclass(frozen=True, slots=True)
class Effect:
    """One change: the column, its name, the values in words, from when it applies, and what it comes to."""

    column: str
    label: str
    before: str
    after: str
    when: str
    meaning: str = ""


@dataclass(frozen=True, slots=True)
class Dates:
    """One report to come as the present and as the new terms have it."""

    cycle: Cycle
    before: Window
    after: Window


@dataclass(frozen=True, slots=True)
class Preview:
    """Everything that is said before a change is saved."""

    effects: tuple[Effect, ...]
    dates: tuple[Dates, ...]


def fingerprint(account: AccountRow) -> str:
    """What the account's fields were when somebody read them: a change made meanwhile gives another."""
    values = "\x1f".join(str(_plain(getattr(account, column))) for column in EDITED)
    return hashlib.sha256(values.encode()).hexdigest()[:16]


def differing(account: AccountRow, columns: Mapping[str, Any]) -> list[str]:
    """The columns in which the account would change."""
    return [name for name in EDITED if _plain(getattr(account, name)) != _plain(columns[name])]


def preview(account: AccountRow, columns: Mapping[str, Any], reports: Sequence[Any], met: Consequences) -> Preview:
    """What changing `account` to `columns` means. `reports`: the account's newest reports (`lists.last_reports`)."""
    changed = differing(account, columns)
    after = _View({**account._mapping, **columns, **later_opening(account, columns)})
    said = [_effect(name, account, after, reports, met) for name in changed]
    dates = _dates(account, after) if set(changed) & set(TIMING) else ()
    return Preview(tuple(said), tuple(dates))


class _View:
    """An account as it would be, read like a row."""

    def __init__(self, columns: Mapping[str, Any]) -> None:
        self.__dict__.update(columns)

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...


def _effect(name: str, account: AccountRow, after: _View, reports: Sequence[Any], met: Consequences) -> Effect:
    return Effect(
        name,
        labels()[name],
        value_of(name, getattr(account, name), account.currency),
        value_of(name, getattr(after, name), after.currency),
        _when(name, after, reports),
        _meaning(name, after, met),
    )


def _when(name: str, after: _View, reports: Sequence[Any]) -> str:
    if name in LIVE:
        return _binds_reviewers(sum(report.status == Status.UNDER_REVIEW for report in reports))
    if name in (*AT_ONCE, *ESCALATION):
        return gettext("At once.")
    if after.next_opens_at is None:
        return gettext("Not at all as it stands: no further report opens.")
    return _from_the_next_report(
        formatting.cycle_name(after.next_cycle), [one for one in reports if one.status != Status.APPROVED]
    )


def _binds_reviewers(waiting: int) -> str:
    if not waiting:
        return gettext("At once. No report is under review now.")
    return ngettext(
        "At once: binds the reviewers of %(num)s report under review.",
        "At once: binds the reviewers of %(num)s reports under review.",
        waiting,
    )


def _from_the_next_report(first: str, kept: Sequence[Any]) -> str:
    if not kept:
        return gettext("From the %(cycle)s report on.", cycle=first)
    if len(kept) == 1:
        open_one = formatting.cycle_name(kept[0].cycle)
        return gettext(
            "From the %(cycle)s report on; the open %(open)s report keeps its terms.", cycle=first, open=open_one
        )
    return ngettext(
        "From the %(cycle)s report on; %(num)s open report keeps its terms.",
        "From the %(cycle)s report on; %(num)s open reports keep their terms.",
        len(kept),
        cycle=first,
    )


def _meaning(name: str, after: _View, met: Consequences) -> str:
    said = MEANINGS.get(name)
    return said(after, met) if said else ""


def _of_tolerance(after: _View, met: Consequences) -> str:
    if met.newest_cycle is None or met.discrepancies == met.new_discrepancies:
        return ""
    return ngettext(
        "On the %(cycle)s report %(num)s line would need a comment instead of %(before)s.",
        "On the %(cycle)s report %(num)s lines would need a comment instead of %(before)s.",
        met.new_discrepancies,
        cycle=formatting.cycle_name(met.newest_cycle),
        before=met.discrepancies,
    )


def _of_currency(after: _View, met: Consequences) -> str:
    if not met.unpriced or met.newest_cycle is None:
        return gettext("Every product of the newest report has a price in %(currency)s.", currency=after.currency)
    return ngettext(
        "%(num)s product of the newest report has no price in %(currency)s: its lines wait for one.",
        "%(num)s products of the newest report have no price in %(currency)s: their lines wait for one.",
        met.unpriced,
        currency=after.currency,
    )


def _of_limit(after: _View, met: Consequences) -> str:
    if after.approval_limit is None:
        return gettext("One reviewer approves, whatever the amount.")
    amount = value_of("approval_limit", after.approval_limit, after.currency)
    return gettext("Over %(amount)s one reviewer endorses and another one approves.", amount=amount)


def _of_automatic(after: _View, met: Consequences) -> str:
    percent = after.auto_approve_max_change_percent
    if percent is None:
        return gettext("Every report is approved by a person.")
    return gettext(
        "Clean reports within %(percent)s of the last approved total are approved within a minute, "
        "those already under review too.",
        percent=formatting.percent(percent),
    )


def _of_last_cycle(after: _View, met: Consequences) -> str:
    if after.next_opens_at is not None:
        return ""
    return gettext("No further report opens; reports that are open take their course.")


def _of_scope(after: _View, met: Consequences) -> str:
    return gettext("Whether the account reports follows its region and type: see “Where reports are on”.")


def _of_source(after: _View, met: Consequences) -> str:
    if after.usage_source == "manual":
        return gettext("Provisioned units are unknown then, so there is no difference to explain.")
    return gettext("Lines open from the usage feed; what it does not deliver stays unknown.")


MEANINGS: Mapping[str, Callable[[_View, Consequences], str]] = {
    "tolerance_units": _of_tolerance,
    "tolerance_percent": _of_tolerance,
    "currency": _of_currency,
    "approval_limit": _of_limit,
    "auto_approve_max_change_percent": _of_automatic,
    "reports_until": _of_last_cycle,
    "region": _of_scope,
    "account_type": _of_scope,
    "usage_source": _of_source,
}


def _dates(account: AccountRow, after: _View) -> list[Dates]:
    first = Cycle.from_date(min(account.next_cycle, after.next_cycle))
    before, then = windows(account, first, SHOWN_WINDOWS), windows(after, first, SHOWN_WINDOWS)
    starts = Cycle.from_date(after.next_cycle)
    shut = [Window(one.cycle, None, None) if one.cycle < starts else one for one in then]
    return [Dates(one.cycle, one, other) for one, other in zip(before, shut, strict=True)]


def _plain(value: Any) -> Any:
    return value.normalize() if isinstance(value, Decimal) else value
