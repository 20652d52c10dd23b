"""Trends for an MSP: units, amounts and what was not charged over two years, as a page and as a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

from flask import Blueprint, Response, render_template, request

from distributor import charts, clock
from distributor.errors import NotFound
from distributor.identity.acting import CurrentMember
from distributor.identity.current import require_member, signed_in
from distributor.limits.operations import Limited
from distributor.limits.routes import limited
from distributor.list_files import CSV_TYPE, Column, write_csv
from distributor.usage_reports import lists, trends
from distributor.usage_reports.trends import KINDS, MEASURES, MONTHS, Series, Total, Wanted
from distributor.usage_reports.trends_chart import drawn, figure, measures
from workflows.report_cycle import Cycle

blueprint = Blueprint("trends", __name__, url_prefix="/trends")
SHOWN = 50
Choice = TypeVar("Choice", bound=str)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for, and the sums there are: `total` is the one looked at."""

    wanted: Wanted
    accounts: list[Any]
    account: str
    totals: list[Total]
    total: Total | None


@blueprint.get("")
@signed_in
def show() -> str:
    """The chart of the whole, and a line for each product or customer."""
    member = require_member()
    asked = _asked(member)
    total = asked.total
    found, number = trends.series(member, asked.wanted, total, SHOWN) if total else ([], 0)
    return render_template(
        "trends/show.html",
        asked=asked,
        wanted=asked.wanted,
        total=total,
        drawing=drawn(asked.wanted, total) if total else None,
        rows=[(series, charts.spark(series.values)) for series in found],
        number=number,
        figure=lambda value: figure(asked.wanted, total.scale if total else "", value),
        measures=measures(),
    )


@blueprint.get("/export.csv")
@signed_in
@limited(Limited.EXPORT)
def export() -> Response:
    """Every product or customer with a column for each month."""
    member = require_member()
    asked = _asked(member)
    found = trends.series(member, asked.wanted, asked.total, None)[0] if asked.total else []
    months = [str(month) for month in asked.wanted.months]
    named = [asked.wanted.kind, *(["sku"] if asked.wanted.kind == "product" else []), "scale"]
    columns = [*(Column(name) for name in named), *(Column(month, "number") for month in months)]
    scale = asked.total.scale if asked.total else ""
    rows = [_row(asked.wanted, series, scale, months) for series in found]
    answer = Response(write_csv(columns, rows), mimetype=CSV_TYPE)
    name = f"trends-{asked.wanted.measure.replace('_', '-')}-by-{asked.wanted.kind}.csv"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _row(wanted: Wanted, series: Series, scale: str, months: list[str]) -> dict[str, Any]:
    named = {wanted.kind: series.name, "sku": series.second, "scale": scale}
    return {**named, **dict(zip(months, series.values, strict=True))}


def _asked(member: CurrentMember) -> Asked:
    accounts = trends.own_accounts(member)
    if member.is_distributor and not accounts:
        raise NotFound
    given = request.args
    account = next((row for row in accounts if row.number == given.get("account")), None)
    last = Cycle.from_date(clock.now().date())
    wanted = Wanted(
        measure=_one_of(MEASURES, given.get("measure")),
        kind=_one_of(KINDS, given.get("by")),
        first=lists.since(last, MONTHS),
        last=last,
        account=account.uid if account else None,
    )
    wanted, totals = trends.without_lead(wanted, trends.totals(member, wanted))
    total = next((each for each in totals if each.scale == given.get("scale")), totals[0] if totals else None)
    return Asked(wanted, accounts, account.number if account else "", totals, total)


def _one_of(choices: tuple[Choice, ...], given: str | None) -> Choice:
    """The choice that was given; the first where it is none of them."""
    return next((choice for choice in choices if choice == given), choices[0])
