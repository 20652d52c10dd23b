"""Approving several reports at once: each is decided and answered by itself, none holds up the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from flask_babel import gettext
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from distributor.database import db, one_of
from distributor.errors import Conflict, NotFound
from distributor.formatting import currency_symbol, money, percent, signed_percent
from distributor.identity.acting import CurrentMember, acting
from distributor.usage_reports.operations import steps
from distributor.usage_reports.operations.automatic import LAST_AMOUNT
from distributor.usage_reports.policies import Policy
from distributor.usage_reports.proving import require_above_limit
from distributor.usage_reports.queries import REPORT, ReportRow, reports_in_sight_for_update
from workflows.errors import Refused
from workflows.events import Approved


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one report: approved by `event`, or refused. `report` is as it was before, None out of sight."""

    uid: UUID
    report: ReportRow | None = None
    event: Approved | None = None
    refused: Refused | None = None


def approve_all(
    wanted: Sequence[tuple[UUID, int]], member: CurrentMember, at: datetime, policy: Policy | None = None
) -> list[Answer]:
    """Approve the (uid, version) pairs, in the order asked for; a savepoint each, locks taken in the order of ids.

    With a `policy` only reports that it lets be approved together go through (docs/decisions/0015): the page's way.
    """
    versions = dict(wanted)
    locked = reports_in_sight_for_update(list(versions), member)
    stopped = _stopped(list(locked.values()), policy, member) if policy else {}
    return [
        _approve(locked[uid], version, member, at, stopped.get(uid, "")) if uid in locked else _unknown(uid)
        for uid, version in versions.items()
    ]


def _unknown(uid: UUID) -> Answer:
    return Answer(uid, refused=NotFound(gettext("This usage report")))


def _approve(report: ReportRow, version: int, member: CurrentMember, at: datetime, stop: str) -> Answer:
    try:
        with db.session.begin_nested():
            event = steps.approve(report, acting(member, report), at, version=version)
            # Asked last: whose step it is and whether the report is still the one that was seen are better news.
            if stop:
                raise Conflict(stop)
            require_above_limit(report, member, at)
    except Refused as refused:
        return Answer(report.uid, report, refused=refused)
    except IntegrityError:
        changed = gettext("This report changed meanwhile. Reload it and try again.")
        return Answer(report.uid, report, refused=Conflict(changed))
    return Answer(report.uid, report, event)


def _stopped(reports: Sequence[ReportRow], policy: Policy, member: CurrentMember) -> dict[UUID, str]:
    """Which of the locked reports are not to be approved together, and why."""
    query = select(REPORT.c.id, LAST_AMOUNT.label("amount")).where(one_of(REPORT.c.id, [row.id for row in reports]))
    last = {row.id: row.amount for row in db.session.execute(query)}
    found = {row.uid: obstacle(row, last.get(row.id), policy, member.user_id) for row in reports}
    return {uid: why for uid, why in found.items() if why}


def obstacle(report: Any, last_amount: Decimal | None, policy: Policy, user_id: int) -> str:
    """Why a report under review is not to be approved together with others, in a sentence; empty where it may be.

    `last_amount`: of the account's last approved report. `user_id`: who would approve it.
    """
    return _unclean(report) or _moved(report, last_amount, policy) or _over_limit(report, user_id)


def _unclean(report: Any) -> str:
    if not report.line_count:
        return gettext("It says that nothing was used, so it is approved by itself.")
    if report.missing_figures or report.missing_prices:
        return gettext("Figures or prices are missing.")
    if report.penalised or report.estimated:
        return gettext("It has penalties or estimates, so it is approved by itself.")
    if report.discrepancies or report.commented or report.unexplained:
        return gettext("It has discrepancies or comments, so it is approved by itself.")
    return ""


def _moved(report: Any, last: Decimal | None, policy: Policy) -> str:
    limit = policy.bulk_max_change_percent
    if limit is None:
        return ""
    if last is None:
        return gettext("There is no earlier approved report to compare its total with, so it is approved by itself.")
    if abs(report.amount - last) * 100 <= limit * last:
        return ""
    if not last:
        return gettext("The last approved report came to nothing, so it is approved by itself.")
    moved = signed_percent((report.amount - last) * 100 / last)
    said = gettext("Its total moved by %(moved)s; beyond %(limit)s it is approved by itself.")
    return said % {"moved": moved, "limit": percent(limit)}


def _over_limit(report: Any, user_id: int) -> str:
    if report.approval_limit is None or report.amount <= report.approval_limit:
        return ""
    if report.endorsed_by is not None and report.endorsed_by != user_id:
        return ""
    limit = f"{currency_symbol(report.currency)} {money(report.approval_limit, report.minor_unit)}"
    return gettext("It is over %(limit)s, which takes two people.", limit=limit)
