"""What a search found, as links with words: where each leads depends on the side the reader stands on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlencode
from uuid import UUID

from flask import url_for
from flask_babel import gettext

from distributor.formatting import cycle_name, short_instant
from distributor.identity.acting import CurrentMember
from distributor.search import queries
from distributor.search.queries import Found
from distributor.search.terms import Terms
from workflows.usage_report import EDITABLE


@dataclass(frozen=True, slots=True)
class Result:
    """A link; `note` is the second line, `status` a report's."""

    title: str
    note: str
    href: str
    status: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Results of one kind. `has_more`: more were found than are shown."""

    key: str
    label: str
    icon: str
    results: list[Result]
    has_more: bool = False

    @property
    def count(self) -> int:
        return len(self.results)


def found(member: CurrentMember, terms: Terms, limit: int) -> list[Group]:
    """Four groups at most, those without a result left out, each with `limit` results at most."""
    if not terms.is_long_enough:
        return []
    groups = [
        _group("accounts", gettext("Accounts"), "building-store", queries.accounts(member, terms, limit + 1), _account),
        _group("reports", gettext("Usage reports"), "report-money", queries.reports(member, terms, limit + 1), _report),
        _group("customers", gettext("Customers"), "users", queries.customers(member, terms, limit + 1), _customer),
        _group("products", gettext("Products"), "packages", queries.products(member, terms, limit + 1), _product),
    ]
    return [
        Group(group.key, group.label, group.icon, group.results[:limit], len(group.results) > limit)
        for group in groups
        if group.results
    ]


def suggested(member: CurrentMember, limit: int) -> list[Group]:
    """What is most likely wanted before anything is typed: the reports that wait for the reader's side."""
    waiting = queries.waiting(member, limit)
    return [_group("waiting", gettext("Waiting for you"), "bell", waiting, _waiting)] if waiting else []


def _group(key: str, label: str, icon: str, rows: Sequence[Found], shown: Callable[[Found], Result]) -> Group:
    return Group(key, label, icon, [shown(row) for row in rows])


def _account(row: Found) -> Result:
    here = f"/accounts/{row.uid}" if row.is_upstream else url_for("usage_reports.index", q=row.number)
    return Result(row.number, row.other_name, here)


def _report(row: Found) -> Result:
    return Result(_report_title(row), _report_note(row), _report_href(row), row.status)


def _waiting(row: Found) -> Result:
    if row.status not in EDITABLE:
        return _report(row)
    when = short_instant(row.due_at, row.time_zone)
    return Result(_report_title(row), gettext("Submits itself on %(when)s", when=when), _report_href(row), row.status)


def _report_title(row: Found) -> str:
    return gettext("%(cycle)s, %(name)s", cycle=cycle_name(row.cycle), name=row.other_name)


def _report_note(row: Found) -> str:
    if row.po_number:
        return gettext("Account %(number)s, PO %(po)s", number=row.account_number, po=row.po_number)
    return gettext("Account %(number)s", number=row.account_number)


def _report_href(row: Found) -> str:
    return url_for("review.show" if row.is_upstream else "usage_reports.show", uid=row.uid)


def _customer(row: Found) -> Result:
    here = {"name": row.other_name, "number": row.account_number}
    note = gettext("%(name)s, account %(number)s", **here)
    if row.report_uid is None:
        return Result(row.name, note, url_for("usage_reports.index") if not row.is_upstream else "/accounts")
    return Result(row.name, _with_line(row, note), _line_href(row.report_uid, row.line_uid, row.is_upstream))


def _with_line(row: Found, note: str) -> str:
    if row.line_uid is None:
        return gettext("%(where)s · no line in %(cycle)s", where=note, cycle=cycle_name(row.cycle))
    return gettext("%(where)s · %(cycle)s", where=note, cycle=cycle_name(row.cycle))


def _product(row: Found) -> Result:
    note = gettext("%(vendor)s · %(sku)s", vendor=row.vendor, sku=row.sku) if row.vendor else row.sku
    if row.is_upstream:
        return Result(row.name, note, f"/catalogue?{urlencode({'q': row.sku})}")
    if row.report_uid is None:
        unused = gettext("%(where)s · in none of your newest reports", where=note)
        return Result(row.name, unused, url_for("usage_reports.index"))
    return Result(row.name, _in_cycle(note, row.cycle), _line_href(row.report_uid, row.line_uid, is_upstream=False))


def _in_cycle(note: str, cycle: date) -> str:
    return gettext("%(where)s · %(cycle)s", where=note, cycle=cycle_name(cycle))


def _line_href(report: UUID, line: UUID | None, is_upstream: bool) -> str:
    anchor = f"l-{line}" if line is not None else None
    return url_for("review.show" if is_upstream else "usage_reports.show", uid=report, _anchor=anchor)
