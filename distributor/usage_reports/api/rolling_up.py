"""Rolling approved reports of an MSP's own partners up into the report it owes: a dry run, and the act."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import Response

from distributor.api.answers import respond, versioned
from distributor.api.calls import IF_MATCH, KEY, call
from distributor.api.figures import money, units
from distributor.identity.current import require_member
from distributor.usage_reports import queries, roll_up_schemas, schemas
from distributor.usage_reports.api.lines import PROBLEMS
from distributor.usage_reports.api.taking import Change, blueprint, take
from distributor.usage_reports.operations.roll_up_findings import Source
from distributor.usage_reports.operations.roll_up_plans import Carried, Plan, check_owed, plan_of
from distributor.usage_reports.operations.rolling_up import roll_up
from workflows.usage_report import Step


@blueprint.route("/<uuid:uid>/roll-up", methods=["GET"])
@call("previewRollUp", roll_up_schemas.RollUp, scope="reports:read", etag=True, problems=(404,))
def preview(uid: UUID) -> Response:
    """See what a roll-up would do

    For an MSP that has partners of its own: each partner's approved report of the same cycle, its units summed per
    product, and the line of this report that would take them. Nothing is changed.
    """
    member = require_member()
    report = queries.report(uid, member)
    check_owed(report, member)
    return respond(versioned(shape(plan_of(report))))


@blueprint.route("/<uuid:uid>/roll-up", methods=["POST"])
@call(
    "rollUp", schemas.ReportHeader, scope="reports:write", body=roll_up_schemas.RollUpBody,
    headers=[IF_MATCH, KEY], etag=True, problems=PROBLEMS,
)  # fmt: skip
def carry_out(uid: UUID) -> Response:
    """Roll up

    Does what the dry run showed: `plan` names it. Refused with `roll-up-moved` when a report below, a price or a
    product changed since. What is there already changes nothing, and leaves the version.
    """

    def act(change: Change, body: Mapping[str, Any]) -> None:
        given = {"comment": body["comment"], "version": change.version}
        roll_up(change.report, body["plan"], change.acting, change.at, **given)

    return take(uid, Step.SAVE, roll_up_schemas.RollUpBody, act, check_owed)


def shape(plan: Plan) -> dict[str, Any]:
    """A plan as programs see it."""
    digits = plan.report.minor_unit
    return {
        "plan": plan.digest,
        "version": plan.report.version,
        "changes": plan.is_news,
        "comment_required": plan.needs_words,
        "amount_from": money(plan.report.amount, digits),
        "amount_to": money(plan.amount, digits),
        "sources": [_source(source) for source in plan.sources],
        "lines": [_carried(one, digits) for one in plan.carried],
    }


def _source(source: Source) -> dict[str, Any]:
    return {
        "account": source.account,
        "partner": source.partner,
        "report": source.uid and str(source.uid),
        "version": source.version or None,
        "status": source.status or None,
        "starts_on": source.starts_on and source.starts_on.isoformat(),
        "ends_on": source.ends_on and source.ends_on.isoformat(),
    }


def _carried(one: Carried, digits: int) -> dict[str, Any]:
    pair, (before, after) = one.pair, one.amounts
    return {
        "fate": str(one.fate),
        "reason": one.why and str(one.why),
        "report": str(pair.source.uid),
        "line": str(pair.line.uid) if pair.line else None,
        "customer_ref": pair.ref,
        "customer_name": pair.customer_name or pair.source.partner,
        "sku": pair.sku,
        "product_name": pair.product_name,
        "units_below": units(pair.units_below),
        "units_from": units(pair.held_units),
        "units_to": units(one.units),
        "unit_price": units(pair.price),
        "amount_from": money(before, digits),
        "amount_to": money(after, digits),
        "edited": one.was_edited,
        "needs_comment": one.needs_comment,
    }
