"""The page of feeds: whether the usage of each account that reports is fresh, when it was counted, what is due."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, render_template, request
from flask_babel import gettext

from distributor import clock
from distributor.errors import FieldError, InputRefused, NotFound
from distributor.identity.current import require_member, signed_in
from distributor.provisioning.coverage import FRESHNESS, Feed, Freshness, coverage, feeds
from distributor.saying import said
from workflows.errors import InvalidCycle
from workflows.report_cycle import Cycle

blueprint = Blueprint("coverage", __name__, url_prefix="/usage")
PAGE = 200


@blueprint.get("/coverage")
@signed_in
def index() -> str:
    """Every feed of a cycle, those that need somebody first."""
    member = require_member()
    if not member.is_distributor:
        raise NotFound
    at, only = clock.now(), _only(request.args.get("only", ""))
    this = Cycle.from_date(at.date())
    cycle = _cycle(request.args.get("cycle", ""), this)
    found = feeds(member.organization_id, cycle, at, only=only or FRESHNESS, after=_after(), limit=PAGE + 1)
    return render_template(
        "provisioning/coverage.html",
        summary=coverage(member.organization_id, cycle, at),
        feeds=found[:PAGE],
        next_after=_place(found[PAGE - 1]) if len(found) > PAGE else "",
        cycle=cycle,
        cycles=_choices(this, cycle),
        only=only[0] if only else "",
        at=at,
        soon=at + timedelta(days=1),
    )


def _choices(this: Cycle, shown: Cycle) -> list[Cycle]:
    """The cycle that runs now and the three before it, and the one shown."""
    found = [this]
    for _ in range(3):
        found.append(found[-1].previous())
    return found if shown in found else [*found, shown]


def _cycle(text: str, default: Cycle) -> Cycle:
    try:
        return Cycle.parse(text) if text else default
    except InvalidCycle as error:
        raise InputRefused(said(error), [FieldError(said(error), "cycle")]) from error


def _only(text: str) -> list[Freshness]:
    return [freshness for freshness in FRESHNESS if freshness == text]


def _after() -> tuple[Freshness, str] | None:
    given = request.args.get("after", "")
    if not given:
        return None
    freshness, _, number = given.partition("~")
    if freshness not in FRESHNESS or "\0" in number:
        why = gettext("This page of the list does not exist. Start with the first.")
        raise InputRefused(why, [FieldError(why, "after")])
    return freshness, number


def _place(feed: Feed) -> str:
    return f"{feed.freshness}~{feed.number}"
