"""The four questions of a search, each one statement over rows in the member's sight only, each with a limit.

Accounts, products and an MSP's own reports are few enough to look into; customers and a distributor's reports are
found by index (migration 0008).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, case, cast, func, literal, or_, select, true, union_all
from sqlalchemy.dialects.postgresql import TSQUERY

from distributor.accounts.models import Account
from distributor.catalogue.models import Customer, Product
from distributor.catalogue.queries import in_sight as product_in_sight
from distributor.database import db
from distributor.identity.acting import CurrentMember
from distributor.identity.models import Organization
from distributor.search.terms import Terms
from distributor.usage_reports.models import UsageReport, UsageReportLine
from workflows.usage_report import EDITABLE, Status

Found = Row[Any]
ACCOUNT = Account.__table__
REPORT = UsageReport.__table__
LINE = UsageReportLine.__table__
CUSTOMER = Customer.__table__
PRODUCT = Product.__table__
RECENT = REPORT.alias("recent")
OTHER = Organization.__table__.alias("other")
# Accounts whose reports are looked up, reports of one account, customers put into order: enough to choose from.
MOST_ACCOUNTS = 50
REPORTS_OF_ACCOUNT = 12
MOST_CUSTOMERS = 200
# How many of the newest reports are looked into for a line to lead to.
REPORTS_LOOKED_INTO = 3


def accounts(member: CurrentMember, terms: Terms, limit: int) -> list[Found]:
    """Accounts by number, PO number or the other side's name; the number itself first."""
    exact = func.lower(ACCOUNT.c.number) == terms.text.lower()
    query = (
        select(ACCOUNT.c.uid, ACCOUNT.c.number, *_other_side(member, ACCOUNT))
        .select_from(_with_other(member))
        .where(_on_a_side(member, ACCOUNT), *_account_has(terms.words, ACCOUNT.c.po_number))
        .order_by(exact.desc(), func.lower(OTHER.c.name), ACCOUNT.c.number, ACCOUNT.c.id)
    )
    return _all(query.limit(limit))


def reports(member: CurrentMember, terms: Terms, limit: int) -> list[Found]:
    """Reports by cycle, by account and cycle, and by how their PO number begins; the newest first."""
    ways = [_of_accounts(member, terms.words, ()), _by_po_number(member, terms.text)]
    if terms.cycles:
        ways.append(
            _of_accounts(member, terms.rest, terms.cycles) if terms.rest else _of_cycles(member, terms.cycles, limit)
        )
    found = union_all(*(select(way.subquery()) for way in ways)).subquery()
    query = select(*_report_columns(member)).select_from(_report_with_other(member))
    query = query.where(REPORT.c.id.in_(select(found.c.id)))
    return _all(query.order_by(REPORT.c.cycle.desc(), REPORT.c.at_risk.desc(), REPORT.c.id.desc()).limit(limit))


def waiting(member: CurrentMember, limit: int) -> list[Found]:
    """Reports that wait for the member's side: to submit, the earliest due first; to review, most money first."""
    own = member.organization_id
    mine = select(REPORT.c.id).where(REPORT.c.msp_id == own, REPORT.c.status.in_(EDITABLE))
    theirs = select(REPORT.c.id).where(REPORT.c.distributor_id == own, REPORT.c.status == Status.UNDER_REVIEW)
    ids = union_all(
        select(mine.order_by(REPORT.c.due_at, REPORT.c.id).limit(limit).subquery()),
        select(theirs.order_by(REPORT.c.at_risk.desc(), REPORT.c.id.desc()).limit(limit).subquery()),
    ).subquery()
    query = select(*_report_columns(member)).select_from(_report_with_other(member))
    to_review = REPORT.c.status == Status.UNDER_REVIEW
    query = query.where(REPORT.c.id.in_(select(ids.c.id)))
    return _all(query.order_by(to_review, case((to_review, -REPORT.c.at_risk)), REPORT.c.due_at).limit(limit))


def customers(member: CurrentMember, terms: Terms, limit: int) -> list[Found]:
    """Customers by the beginnings of words of their name or reference, with `report_uid` and `line_uid` of the newest
    report of their account, where it has a line of theirs.
    """
    if not terms.pieces:
        return []
    words = func.customer_words(CUSTOMER.c.name, CUSTOMER.c.ref, CUSTOMER.c.distributor_id, CUSTOMER.c.msp_id)
    matching = words.op("@@")(cast(func.lower(literal(_tsquery(member, terms.pieces))), TSQUERY))
    found = select(CUSTOMER).where(_on_a_side(member, CUSTOMER), matching).limit(MOST_CUSTOMERS).subquery("found")
    newest = (
        select(REPORT.c.id, REPORT.c.uid, REPORT.c.cycle)
        .where(REPORT.c.account_id == found.c.account_id)
        .order_by(REPORT.c.cycle.desc())
        .limit(1)
        .lateral("newest")
    )
    line = select(LINE.c.uid).where(LINE.c.report_id == newest.c.id, LINE.c.customer_id == found.c.id).limit(1)
    query = (
        select(
            found.c.name, found.c.ref, ACCOUNT.c.number.label("account_number"), *_other_side(member, ACCOUNT),
            newest.c.uid.label("report_uid"), newest.c.cycle, line.scalar_subquery().label("line_uid"),
        )
        .select_from(
            found.join(ACCOUNT, ACCOUNT.c.id == found.c.account_id)
            .join(OTHER, OTHER.c.id == _other_id(member, ACCOUNT))
            .outerjoin(newest, true())
        )
        .order_by(
            func.starts_with(func.lower(found.c.name), func.lower(terms.text)).desc(),
            func.lower(found.c.name), found.c.id,
        )
    )  # fmt: skip
    return _all(query.limit(limit))


def products(member: CurrentMember, terms: Terms, limit: int) -> list[Found]:
    """Products by SKU, name or vendor, with a line of them in one of the MSP's newest reports where there is one."""
    own = member.organization_id
    newest = (
        select(RECENT.c.id)
        .where(RECENT.c.msp_id == own, RECENT.c.distributor_id == PRODUCT.c.distributor_id)
        .order_by(RECENT.c.cycle.desc(), RECENT.c.id.desc())
        .limit(REPORTS_LOOKED_INTO)
        .correlate(PRODUCT)
    )
    shown = (
        select(REPORT.c.uid.label("report_uid"), REPORT.c.cycle, LINE.c.uid.label("line_uid"))
        .select_from(REPORT.join(LINE, LINE.c.report_id == REPORT.c.id))
        .where(REPORT.c.id.in_(newest), LINE.c.product_id == PRODUCT.c.id)
        .order_by(REPORT.c.cycle.desc())
        .limit(1)
        .lateral("shown")
    )
    exact = func.lower(PRODUCT.c.sku) == terms.text.lower()
    query = (
        select(
            PRODUCT.c.sku, PRODUCT.c.name, PRODUCT.c.vendor,
            (PRODUCT.c.distributor_id == own).label("is_upstream"),
            shown.c.report_uid, shown.c.line_uid, shown.c.cycle,
        )
        .select_from(PRODUCT.outerjoin(shown, true()))
        .where(product_in_sight(member), *_has(terms.words, PRODUCT.c.sku, PRODUCT.c.name, PRODUCT.c.vendor))
        .order_by(exact.desc(), func.lower(PRODUCT.c.name), PRODUCT.c.sku, PRODUCT.c.id)
    )  # fmt: skip
    return _all(query.limit(limit))


def _of_accounts(member: CurrentMember, words: Sequence[str], cycles: Sequence[date]) -> Select[Any]:
    """Ids of the newest reports of each account whose number or other side matches."""
    matching = (
        select(ACCOUNT.c.id)
        .select_from(_with_other(member))
        .where(_on_a_side(member, ACCOUNT), *_account_has(words))
        .limit(MOST_ACCOUNTS)
        .subquery("matching")
    )
    of_one = select(REPORT.c.id).where(REPORT.c.account_id == matching.c.id, *_in(cycles))
    newest = of_one.order_by(REPORT.c.cycle.desc()).limit(REPORTS_OF_ACCOUNT).lateral("of_one")
    return select(newest.c.id).select_from(matching.join(newest, true()))


def _of_cycles(member: CurrentMember, cycles: Sequence[date], limit: int) -> Select[Any]:
    own = member.organization_id
    sides = [
        select(REPORT.c.id).where(side == own, *_in(cycles)).order_by(REPORT.c.cycle.desc(), REPORT.c.id.desc())
        for side in (REPORT.c.msp_id, REPORT.c.distributor_id)
    ]
    both = union_all(*(select(side.limit(limit).subquery()) for side in sides)).subquery()
    return select(both.c.id)


def _by_po_number(member: CurrentMember, text: str) -> Select[Any]:
    own = member.organization_id
    begins = func.lower(REPORT.c.po_number).like(func.lower(literal(_literal(text) + "%")), escape="\\")
    sides = [
        select(REPORT.c.id).where(side == own, REPORT.c.po_number.is_not(None), begins).limit(MOST_ACCOUNTS)
        for side in (REPORT.c.msp_id, REPORT.c.distributor_id)
    ]
    both = union_all(*(select(side.subquery()) for side in sides)).subquery()
    return select(both.c.id)


def _in(cycles: Sequence[date]) -> list[ColumnElement[bool]]:
    return [REPORT.c.cycle.in_(cycles)] if cycles else []


def _report_columns(member: CurrentMember) -> tuple[ColumnElement[Any], ...]:
    return (
        REPORT.c.uid, REPORT.c.cycle, REPORT.c.status, REPORT.c.po_number, REPORT.c.due_at, REPORT.c.time_zone,
        ACCOUNT.c.number.label("account_number"), *_other_side(member, REPORT),
    )  # fmt: skip


def _report_with_other(member: CurrentMember) -> Any:
    return REPORT.join(ACCOUNT, ACCOUNT.c.id == REPORT.c.account_id).join(
        OTHER, OTHER.c.id == _other_id(member, REPORT)
    )


def _with_other(member: CurrentMember) -> Any:
    return ACCOUNT.join(OTHER, OTHER.c.id == _other_id(member, ACCOUNT))


def _other_side(member: CurrentMember, table: Any) -> tuple[ColumnElement[Any], ...]:
    """The other side's name, and whether the member's own organization is the distributor there."""
    is_upstream = table.c.distributor_id == member.organization_id
    return OTHER.c.name.label("other_name"), is_upstream.label("is_upstream")


def _other_id(member: CurrentMember, table: Any) -> ColumnElement[int]:
    return case((table.c.distributor_id == member.organization_id, table.c.msp_id), else_=table.c.distributor_id)


def _on_a_side(member: CurrentMember, table: Any) -> ColumnElement[bool]:
    own = member.organization_id
    return or_(table.c.msp_id == own, table.c.distributor_id == own)


def _account_has(words: Sequence[str], *more: ColumnElement[Any]) -> list[ColumnElement[bool]]:
    return _has(words, ACCOUNT.c.number, OTHER.c.name, *more)


def _has(words: Sequence[str], *columns: ColumnElement[Any]) -> list[ColumnElement[bool]]:
    """Every word stands in one of the columns, whatever its case; signs that SQL gives a meaning mean themselves."""
    return [or_(*(column.icontains(word, autoescape=True) for column in columns)) for word in words]


def _tsquery(member: CurrentMember, pieces: Sequence[str]) -> str:
    """The pieces hold neither quotation marks nor backslashes: words are cut at both."""
    own = member.organization_id
    beginnings = " & ".join(f"'{piece}':*" for piece in pieces)
    return f"('=d{own}' | '=m{own}') & {beginnings}"


def _literal(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _all(query: Select[Any]) -> list[Found]:
    return list(db.session.execute(query))
