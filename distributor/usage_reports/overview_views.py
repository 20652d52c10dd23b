"""The distributor's overview of a cycle, and the page that reminds MSPs of it."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext, ngettext
from werkzeug.wrappers import Response as BaseResponse

from distributor import clock
from distributor.database import db
from distributor.errors import FieldError, InputRefused, NotFound
from distributor.identity.acting import CurrentMember
from distributor.identity.current import require_member, signed_in
from distributor.limits import operations as limits
from distributor.limits.operations import Limited
from distributor.provisioning.coverage import coverage
from distributor.saying import said
from distributor.usage_reports import overview
from distributor.usage_reports.overview import CycleFigures
from distributor.usage_reports.overview_chart import submissions
from distributor.usage_reports.reminding import Nudge, check_may_remind, may_remind, nudge_of, remind, still_to_remind
from workflows.errors import InvalidCycle
from workflows.report_cycle import Cycle

blueprint = Blueprint("overview", __name__, url_prefix="/overview")
SHOWN_BY_NAME = 6
SHOWN_NAMES = 500
SEGMENTS = 3


@blueprint.get("")
@signed_in
def show() -> str:
    """One cycle: the newest, or the one in the address."""
    member, at = _distributor_member(), clock.now()
    wanted = _cycle(request.args.get("cycle", ""))
    figures = overview.cycle_figures(member.organization_id, wanted.first_day if wanted else None)
    if figures.cycle is None or not figures.number:
        return render_template("overview/empty.html", cycle=wanted, segments=_segments(figures))
    return render_template("overview/show.html", **_page(member, figures, figures.cycle, at))


def _distributor_member() -> CurrentMember:
    member = require_member()
    if not member.is_distributor:
        raise NotFound
    return member


def _cycle(text: str) -> Cycle | None:
    try:
        return Cycle.parse(text) if text else None
    except InvalidCycle as error:
        message = said(error)
        raise InputRefused(message, [FieldError(message, "cycle")]) from error


def _page(member: CurrentMember, figures: CycleFigures, cycle: date, at: datetime) -> dict[str, Any]:
    currencies = figures.currencies
    currency = _currency(currencies)
    waiting = overview.waiting(member.organization_id, cycle)
    moments, later = overview.moments(waiting, SHOWN_BY_NAME)
    place = ZoneInfo(figures.zone)
    opened = (figures.opened_at or at).astimezone(place).date()
    return {
        "figures": figures,
        "cycle": Cycle.from_date(cycle),
        "at": at,
        "segments": _segments(figures),
        "currency": currency,
        "others": [each for each in currencies if each != currency],
        "change": _change(figures, currency),
        "feeds": coverage(member.organization_id, Cycle.from_date(cycle), at),
        "chart": submissions(figures.days, opened, at.astimezone(place).date(), figures.number),
        "waiting": waiting,
        "moments": moments,
        "later": later,
        "idle": overview.group(waiting),
        "to_remind": still_to_remind(waiting, at) if may_remind(member) else 0,
        "largest": overview.largest_differences(member.organization_id, cycle, currency),
    }


def _currency(currencies: list[str]) -> str:
    """The one in which money is shown: asked for in the address, else the one of most reports."""
    wanted = request.args.get("currency", "")
    return wanted if wanted in currencies else currencies[0]


def _change(figures: CycleFigures, currency: str) -> Decimal | None:
    """Percent since the cycle before; None where there was nothing."""
    before = figures.before(currency)
    return (figures.money(currency) - before) * 100 / before if before else None


def _segments(figures: CycleFigures) -> list[Cycle]:
    """Three cycles to choose from: the newest, or those that end one after the shown one."""
    if figures.newest is None or figures.oldest is None:
        return []
    shown = min(figures.cycle or figures.newest, figures.newest)
    newest = min(Cycle.from_date(shown).next(), Cycle.from_date(figures.newest))
    found = [newest]
    while len(found) < SEGMENTS and found[0].first_day > figures.oldest:
        found.insert(0, found[0].previous())
    return found


@blueprint.get("/remind")
@signed_in
def ask() -> str:
    """Whom a reminder would reach, before it is sent."""
    member = require_member()
    check_may_remind(member)
    cycle = _named_cycle(request.args)
    nudge = nudge_of(member, cycle.first_day, clock.now())
    return render_template("overview/remind.html", cycle=cycle, nudge=nudge, at=clock.now(), most=SHOWN_NAMES)


@blueprint.post("/remind")
@signed_in
def send() -> BaseResponse:
    """Remind the MSPs of a cycle that still hold their report."""
    member = require_member()
    check_may_remind(member)
    cycle = _named_cycle(request.form)
    nudge = remind(member, cycle.first_day, at := clock.now())
    if nudge.told:
        limits.spend(Limited.MAIL, f"organization {member.organization_id}", at, len(nudge.told))
    db.session.commit()
    _say(nudge)
    return redirect(url_for(".show", cycle=str(cycle)))


def _named_cycle(given: Any) -> Cycle:
    cycle = _cycle(given.get("cycle", ""))
    if cycle is None:
        message = gettext("Say which cycle to remind of, for example 2026-10.")
        raise InputRefused(message, [FieldError(message, "cycle")])
    return cycle


def _say(nudge: Nudge) -> None:
    if nudge.told:
        flash(_told(len(nudge.told)), "success")
    if nudge.already:
        flash(_already(nudge), "warning" if not nudge.told else "message")
    if nudge.nobody:
        flash(_nobody(nudge), "warning")
    if not (nudge.told or nudge.already or nudge.nobody):
        flash(gettext("Nobody was reminded: no MSP holds a report of this cycle any more."), "message")


def _told(accounts: int) -> str:
    return ngettext(
        "Reminder on its way to the preparers of %(num)s account.",
        "Reminder on its way to the preparers of %(num)s accounts.",
        accounts,
    )


def _already(nudge: Nudge) -> str:
    return ngettext(
        "Left out, as reminded today already: %(names)s.",
        "%(num)s accounts left out, as reminded today already: %(names)s.",
        len(nudge.already),
        names=_names(nudge.already),
    )


def _nobody(nudge: Nudge) -> str:
    return ngettext(
        "Nobody prepares reports at %(names)s, so nobody was told there.",
        "Nobody prepares reports at %(num)s accounts, so nobody was told there: %(names)s.",
        len(nudge.nobody),
        names=_names(nudge.nobody),
    )


def _names(rows: Any) -> str:
    shown = [gettext("%(name)s (%(account)s)", name=row.msp_name, account=row.account_number) for row in rows[:5]]
    return ", ".join([*shown, "…"] if len(rows) > len(shown) else shown)
