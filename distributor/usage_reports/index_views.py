"""The MSP's list of usage reports: what needs somebody, amounts per cycle, the reports of a year, also as a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, render_template, request
from flask_babel import gettext, lazy_gettext

from distributor import clock
from distributor.errors import FieldError, InputRefused
from distributor.identity.acting import CurrentMember
from distributor.identity.current import require_member, signed_in
from distributor.limits.operations import Limited
from distributor.limits.routes import limited
from distributor.list_files import XLSX_TYPE, Column, write_xlsx
from distributor.usage_reports import lists
from distributor.usage_reports.index_chart import amounts
from distributor.usage_reports.index_page import SORTS, Entry, Narrowing, entries, narrowed, open_reports, sums
from distributor.usage_reports.index_words import card, next_step
from distributor.words import on_a_line
from workflows.report_cycle import FIRST_YEAR, LAST_YEAR, Cycle

CARDS = 4


def add_to(blueprint: Blueprint) -> None:
    """Let `blueprint` answer the list's addresses."""
    blueprint.get("")(index)
    blueprint.get("/export.xlsx")(export)


@dataclass(frozen=True, slots=True)
class Found:
    """The reports of the asked time and account: all of them, and those shown, in order."""

    first: Cycle
    last: Cycle
    all: list[Entry]
    shown: list[Entry]
    todo: list[Entry]
    wanted: Narrowing
    accounts: list[Any]


@signed_in
def index() -> str:
    """The MSP's reports of the last 12 months or of a year."""
    member, at = require_member(), clock.now()
    found = _found(member)
    return render_template(
        "usage_reports/index.html",
        found=found,
        cards=[(entry.report, card(entry, at)) for entry in found.todo[:CARDS]],
        charts_of=amounts(found.all, found.first, found.last),
        years=lists.years(member),
        year=request.args.get("year", ""),
        sums=sums(found.shown),
        grouped=found.wanted.sort == "cycle",
        next_step=next_step,
        next_opening=None if found.todo else lists.next_opening(member),
        is_cut=len(found.all) == lists.MOST_LISTED,
    )


def _found(member: CurrentMember) -> Found:
    first, last = _span(request.args.get("year", ""), Cycle.from_date(clock.now().date()))
    listed, waiting = lists.msp_reports(member, first.first_day, last.first_day), open_reports(member)
    by_id = entries({row.id: row for row in [*waiting, *listed]}.values())
    accounts = sorted({(row.account_number, row.distributor_name) for row in listed})
    wanted = _wanted([number for number, _ in accounts])
    of_account = [by_id[row.id] for row in listed if wanted.account in {"", row.account_number}]
    shown = narrowed(of_account, wanted)
    todo = [by_id[row.id] for row in waiting]
    return Found(first, min(last, _newest(listed, last)), of_account, shown, todo, wanted, accounts)


def _newest(listed: list[Any], last: Cycle) -> Cycle:
    """The newest cycle that has a report; a month that did not open yet needs no column."""
    return max((Cycle.from_date(row.cycle) for row in listed), default=last)


def _span(year: str, today: Cycle) -> tuple[Cycle, Cycle]:
    if not year:
        return lists.since(today, 12), today.next()
    if not (year.isascii() and year.isdigit() and len(year) == 4 and FIRST_YEAR <= int(year) <= LAST_YEAR):
        why = gettext("“%(given)s” is no year with reports. Choose one from the list.", given=year[:40])
        raise InputRefused(why, [FieldError(why, "year")])
    return Cycle(int(year), 1), Cycle(int(year), 12)


def _wanted(accounts: list[str]) -> Narrowing:
    given = request.args
    account, sort = given.get("account", ""), given.get("sort", "cycle")
    return Narrowing(
        only=given.get("only", ""),
        account=account if account in accounts else "",
        text=on_a_line(given.get("q", "")).strip()[:100],
        sort=sort if sort in SORTS else "cycle",
        ascending=given.get("order") == "asc",
    )


COLUMNS = (
    Column("cycle", "text", lazy_gettext("The report cycle, as year and month.")),
    Column("distributor", "text", lazy_gettext("To whom the report goes.")),
    Column("account", "text", lazy_gettext("The number of the usage account.")),
    Column("po_number", "text", lazy_gettext("The purchase order number, where there is one.")),
    Column("status", "text", lazy_gettext("msp_preparing, under_review, approved or rejected.")),
    Column("due_at", "text", lazy_gettext("When an open report submits itself, in UTC.")),
    Column("submitted_at", "text", lazy_gettext("When the report was submitted, in UTC.")),
    Column("submission_kind", "text", lazy_gettext("manual, automatic or automatic_with_penalty.")),
    Column(
        "discrepancies", "whole", lazy_gettext("Lines that differ from provisioned units by more than the tolerance.")
    ),
    Column("open_comments", "whole", lazy_gettext("Lines that still need a comment.")),
    Column("open_notes", "whole", lazy_gettext("Notes of the reviewer that still need an answer.")),
    Column("missing_figures", "whole", lazy_gettext("Lines without chargeable units.")),
    Column("cost_of_waiting", "number", lazy_gettext("What automatic submission would add to an open report.")),
    Column("penalty", "number", lazy_gettext("What automatic submission added.")),
    Column("amount", "number", lazy_gettext("The total of the report.")),
    Column("currency", "text", lazy_gettext("The currency of the money in this row.")),
)


@signed_in
@limited(Limited.EXPORT)
def export() -> Response:
    """The list as it is narrowed, as a workbook."""
    found = _found(require_member())
    answer = Response(write_xlsx(COLUMNS, [_row(entry) for entry in found.shown], "reports"), mimetype=XLSX_TYPE)
    name = f"usage-reports-{found.first}-{found.last}.xlsx"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _row(entry: Entry) -> dict[str, Any]:
    report = entry.report
    submitted = report.submitted_at if report.status != "msp_preparing" else None
    return {
        **{name: getattr(report, name) for name in ("po_number", "status", "discrepancies", "penalty", "amount")},
        "cycle": str(Cycle.from_date(report.cycle)),
        "distributor": report.distributor_name,
        "account": report.account_number,
        "currency": report.currency,
        "due_at": _instant(report.due_at) if entry.is_open else None,
        "submitted_at": _instant(submitted) if submitted else None,
        "submission_kind": report.submission_kind if submitted else None,
        "open_comments": entry.comments,
        "open_notes": entry.notes,
        "missing_figures": entry.figures,
        "cost_of_waiting": entry.idle_cost if entry.is_open else None,
    }


def _instant(at: Any) -> str:
    return f"{at:%Y-%m-%d %H:%M}"
