"""The review queue: what a reviewer narrows it to, in which order it stands, and what it comes to.

Filters are values, never SQL. A page of the queue finds the ids of its reports first, so that what is looked up for
each report is looked up for those shown only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlalchemy import Row, Select, and_, case, false, func, or_, select, true, tuple_
from sqlalchemy.sql.elements import ColumnElement

from distributor.database import db
from distributor.identity.acting import CurrentMember
from distributor.usage_reports.operations.automatic import CLEAN, LAST_AMOUNT
from distributor.usage_reports.policies import Policy
from distributor.usage_reports.queries import ACCOUNT, APPROVAL_LIMIT, MSP, REPORT, REPORT_COLUMNS, WITH_ACCOUNT
from workflows.report_cycle import Cycle
from workflows.usage_report import Status

ListedReport = Row[Any]
RISK = "risk"
VIEWS = (RISK, "penalty", "clean", "waiting")
STATUSES = (Status.MSP_PREPARING, Status.UNDER_REVIEW, Status.REJECTED, Status.APPROVED)
WAITED_LONG = timedelta(days=3)
MOST_CYCLES = 36
# Reports with nothing to compare with come last among changes.
NO_CHANGE = Decimal(-1_000_000)
# What the database counts lines in.
MOST_COUNTED = 2**31


@dataclass(frozen=True, slots=True)
class QueueFilter:
    """What a reviewer narrows the queue to; it is the address of the page. `sort` is a name of `SORTS`, after "-" the
    other way round.
    """

    cycle: date | None = None
    status: Status | None = Status.UNDER_REVIEW
    partner: str = ""
    view: str = RISK
    sort: str = "-risk"

    @property
    def is_bounded(self) -> bool:
        """Whether it holds some months' reports at most, which may be counted; approved ones pile up for ever."""
        return self.cycle is not None or self.status not in {None, Status.APPROVED}


@dataclass(frozen=True, slots=True)
class Desk:
    """Who looks at the queue, under which policy, and when."""

    member: CurrentMember
    policy: Policy
    at: datetime


EARLIER = REPORT.alias("earlier")
# The newest earlier cycle of the account that is approved now (settled.md, "Last approved"); no amount of it where it
# was in another currency, with which nothing compares.
LAST = (
    select(
        EARLIER.c.id,
        case((EARLIER.c.currency == REPORT.c.currency, EARLIER.c.amount)).label("amount"),
        EARLIER.c.cycle,
    )
    .where(
        EARLIER.c.account_id == REPORT.c.account_id,
        EARLIER.c.cycle < REPORT.c.cycle,
        EARLIER.c.status == Status.APPROVED,
    )
    .order_by(EARLIER.c.cycle.desc())
    .limit(1)
    .lateral("last_approved")
)
CHANGE = case((LAST.c.amount > 0, func.round((REPORT.c.amount - LAST.c.amount) * 100 / LAST.c.amount, 6)))


@dataclass(frozen=True, slots=True)
class Sort:
    """An order of the queue: by what, and how a value of it is read from an address."""

    key: ColumnElement[Any]
    read: Callable[[str], Any]
    is_change: bool = False


def _decimal(text: str) -> Decimal:
    value = Decimal(text)
    if not value.is_finite() or abs(value.adjusted()) > 20:
        raise InvalidOperation
    return value


def _count(text: str) -> int:
    value = int(text)
    if not 0 <= value < MOST_COUNTED:
        raise ValueError(text)
    return value


SORTS: Mapping[str, Sort] = {
    RISK: Sort(REPORT.c.at_risk, _decimal),
    "amount": Sort(REPORT.c.amount, _decimal),
    "discrepancies": Sort(REPORT.c.discrepancies, _count),
    "change": Sort(func.coalesce(CHANGE, NO_CHANGE), _decimal, is_change=True),
    "submitted": Sort(func.coalesce(REPORT.c.submitted_at, REPORT.c.due_at), datetime.fromisoformat),
    "partner": Sort(
        select(func.lower(MSP.c.name)).where(MSP.c.id == REPORT.c.msp_id).correlate(REPORT).scalar_subquery(), str
    ),
}


def sorting(name: str) -> tuple[Sort, bool]:
    """The order of a name, and whether it descends."""
    return SORTS[name.removeprefix("-")], name.startswith("-")


def cycles(member: CurrentMember) -> list[date]:
    """The newest cycles of the member's partners that can have a report, newest first, without reading every report."""
    query = select(func.max(REPORT.c.cycle), func.min(REPORT.c.cycle))
    newest, oldest = db.session.execute(query.where(REPORT.c.distributor_id == member.organization_id)).one()
    found: list[date] = []
    while newest is not None and newest >= oldest and len(found) < MOST_CYCLES:
        found.append(newest)
        newest = Cycle.from_date(newest).previous().first_day
    return found


def is_clean() -> ColumnElement[bool]:
    """Reports in which nothing is to be looked at: what a policy may approve too, apart from its own limits."""
    return and_(REPORT.c.line_count > 0, *(REPORT.c[name] == 0 for name in CLEAN))


def is_ready(desk: Desk) -> ColumnElement[bool]:
    """Clean reports that the member may approve together with others (operations/bulk.py says the same of one)."""
    limit = select(APPROVAL_LIMIT).where(ACCOUNT.c.id == REPORT.c.account_id).correlate(REPORT)
    limited = select(ACCOUNT.c.id).where(
        ACCOUNT.c.distributor_id == desk.member.organization_id, ACCOUNT.c.approval_limit.is_not(None)
    )
    another = and_(REPORT.c.endorsed_by.is_not(None), REPORT.c.endorsed_by != desk.member.user_id)
    return and_(
        REPORT.c.status == Status.UNDER_REVIEW,
        is_clean(),
        or_(REPORT.c.account_id.not_in(limited), REPORT.c.amount <= limit.scalar_subquery(), another),
        *_within(desk.policy),
    )


def _within(policy: Policy) -> list[ColumnElement[bool]]:
    if policy.bulk_max_change_percent is None:
        return []
    moved = func.abs(REPORT.c.amount - LAST_AMOUNT) * 100 <= policy.bulk_max_change_percent * LAST_AMOUNT
    return [func.coalesce(moved, false())]


def in_view(view: str, desk: Desk) -> list[ColumnElement[bool]]:
    """What belongs to a view."""
    if view == "penalty":
        return [REPORT.c.penalised > 0]
    if view == "clean":
        return [is_ready(desk)]
    if view == "waiting":
        return [REPORT.c.status == Status.UNDER_REVIEW, REPORT.c.submitted_at <= desk.at - WAITED_LONG]
    return []


def _of_partner(name: str) -> ColumnElement[bool]:
    text = name.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    named = or_(MSP.c.name.ilike(f"%{text}%"), ACCOUNT.c.number.ilike(f"%{text}%"))
    found = select(ACCOUNT.c.id).join(MSP, MSP.c.id == ACCOUNT.c.msp_id).where(named)
    return REPORT.c.account_id.in_(found)


def conditions(wanted: QueueFilter, desk: Desk) -> list[ColumnElement[bool]]:
    """The filter as conditions on the member's own partners' reports."""
    found: list[ColumnElement[bool]] = [REPORT.c.distributor_id == desk.member.organization_id]
    if wanted.cycle is not None:
        found.append(REPORT.c.cycle == wanted.cycle)
    if wanted.status is not None:
        found.append(REPORT.c.status == wanted.status)
    if wanted.partner:
        found.append(_of_partner(wanted.partner))
    return found + in_view(wanted.view, desk)


def queue(
    desk: Desk, wanted: QueueFilter, *, after: tuple[Any, int] | None = None, limit: int = 50
) -> list[ListedReport]:
    """Reports in the wanted order, each with `sort_key`, `last_amount` and `last_cycle` of its last approved report;
    `after` is (sort_key, id) of the last one seen.
    """
    sort, descending = sorting(wanted.sort)
    ids = narrowed(desk, wanted, REPORT.c.id, sort.key.label("sort_key"))
    if after is not None:
        beyond = tuple_(sort.key, REPORT.c.id) < after if descending else tuple_(sort.key, REPORT.c.id) > after
        ids = ids.where(beyond)
    page = ids.order_by(*in_order(sort.key, REPORT.c.id, descending=descending)).limit(limit).subquery("page")
    return list(db.session.execute(_full(page, descending=descending)))


def narrowed(desk: Desk, wanted: QueueFilter, *columns: Any) -> Select[Any]:
    """The reports of the filter, with the last approved one at hand where the order asks for it."""
    sort, _ = sorting(wanted.sort)
    source = REPORT.outerjoin(LAST, true()) if sort.is_change else REPORT
    return select(*columns).select_from(source).where(*conditions(wanted, desk))


def in_order(key: Any, number: Any, *, descending: bool) -> tuple[Any, Any]:
    return (key.desc(), number.desc()) if descending else (key, number)


def _full(page: Any, *, descending: bool) -> Select[Any]:
    source = WITH_ACCOUNT.join(page, page.c.id == REPORT.c.id).outerjoin(LAST, true())
    query = select(
        *REPORT_COLUMNS, page.c.sort_key, LAST.c.amount.label("last_amount"), LAST.c.cycle.label("last_cycle")
    )
    return query.select_from(source).order_by(*in_order(page.c.sort_key, REPORT.c.id, descending=descending))


def every_report(desk: Desk, wanted: QueueFilter, *, at_once: int = 500) -> Iterator[ListedReport]:
    """All reports of the filter in its order, read part by part, so that no list of them is ever held."""
    sort, descending = sorting(wanted.sort)
    ids = narrowed(desk, wanted, REPORT.c.id, sort.key.label("sort_key")).subquery("page")
    yield from db.session.execute(_full(ids, descending=descending).execution_options(yield_per=at_once))
