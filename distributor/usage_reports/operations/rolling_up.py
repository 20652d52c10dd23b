"""Rolling approved reports of an MSP's own partners up into the report it owes its distributor: one saved draft."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask_babel import gettext
from sqlalchemy import select, text

from distributor.database import db
from distributor.errors import Conflict, FieldError, InputRefused
from distributor.identity.acting import Acting
from distributor.usage_reports.operations import drafts
from distributor.usage_reports.operations.drafts import LineDraft, Saved
from distributor.usage_reports.operations.line_changes import note_lines
from distributor.usage_reports.operations.recording import Recorded, record
from distributor.usage_reports.operations.roll_up_plans import Carried, Fate, Plan, plan_of
from distributor.usage_reports.queries import REPORT, ReportRow, state_of
from workflows.events import Event
from workflows.usage_report import Status, Step, fire


class RollUpMoved(Conflict):
    """What would be rolled up is no longer what was shown. `plan` is what would be now."""

    type = "roll-up-moved"

    def __init__(self, plan: Plan) -> None:
        super().__init__(
            gettext(
                "Something changed since this was shown: a report below, a price or a product. Nothing was rolled up."
            )
        )
        self.plan = plan


def roll_up(
    report: ReportRow,
    seen: str,
    acting: Acting,
    at: datetime,
    *,
    comment: str | None = None,
    version: int | None = None,
) -> Saved:
    """Do what the plan of this digest showed. A plan that changes nothing leaves the version as it is.

    `comment` is for new lines of products that a feed counts and has not delivered. Raises RollUpMoved, InputRefused,
    and what `fire` raises.
    """
    event = fire(state_of(report), Step.SAVE, acting.actor, at, version=version)
    _hold_below(report)
    plan = plan_of(report)
    if plan.digest != seen:
        raise RollUpMoved(plan)
    words = _words_for(plan, comment)
    if not plan.is_news:
        return Saved(report.version, 0)
    carried = {one.pair.source.id for one in plan.marking}
    record(Recorded(report, event, details={"rolled_up": len(plan.marking), "reports": len(carried)}), acting)
    _change(report, plan.of(Fate.CHANGED), event, acting)
    added = _add(report, plan.of(Fate.NEW), words, event)
    _mark(report, plan.marking, added, event)
    return Saved(event.version, len(plan.of(Fate.CHANGED, Fate.NEW)))


def _hold_below(report: ReportRow) -> None:
    """Keep the approved reports below as they are until this is committed."""
    query = select(REPORT.c.id).where(
        REPORT.c.distributor_id == report.msp_id, REPORT.c.cycle == report.cycle, REPORT.c.status == Status.APPROVED
    )
    db.session.execute(query.order_by(REPORT.c.id).with_for_update(read=True)).all()


def _words_for(plan: Plan, comment: str | None) -> str | None:
    words = drafts.tidy_comment(comment)
    if plan.needs_words and words is None:
        message = gettext("The feed has not delivered for this cycle: lines added by hand need a comment.")
        raise InputRefused(message, [FieldError(message, "comment")])
    return words


def _change(report: ReportRow, carried: Sequence[Carried], event: Event, acting: Acting) -> None:
    lines = [(one.pair.line, one.units) for one in carried if one.pair.line]
    if lines:
        given = [LineDraft(line.uid, line.version, units) for line, units in lines]
        drafts.write_changes(drafts.changes_of(report, given), event, acting, event.at)


CUSTOMERS = text("""
INSERT INTO customers (account_id, distributor_id, msp_id, ref, name)
SELECT DISTINCT ON (ref) :account, :distributor, :msp, ref, name
FROM jsonb_to_recordset(CAST(:lines AS jsonb)) AS given (ref text, name text) ORDER BY ref
ON CONFLICT (account_id, ref) DO NOTHING""")

LINES = text("""
INSERT INTO usage_report_lines (
  report_id, account_id, distributor_id, msp_id, version, customer_id, customer_ref, customer_name, product_id, sku,
  product_name, unit, "precision", usage_source, minor_unit, tolerance_units, tolerance_percent, unit_price,
  chargeable_units, comment, changed_by_msp, added_by_msp)
SELECT r.id, r.account_id, r.distributor_id, r.msp_id, :version, c.id, c.ref, c.name, p.id, p.sku,
  p.name, p.unit, p."precision", given.usage_source, r.minor_unit, r.tolerance_units, r.tolerance_percent, given.price,
  given.units, given.comment, true, true
FROM jsonb_to_recordset(CAST(:lines AS jsonb))
       AS given (ref text, product bigint, usage_source text, price numeric, units numeric, comment text)
JOIN usage_reports r ON r.id = :report
JOIN customers c ON c.account_id = r.account_id AND c.ref = given.ref
JOIN products p ON p.id = given.product AND p.distributor_id = r.distributor_id
ORDER BY c.id, p.id
RETURNING id, customer_ref, product_id""")

ADDED = """
SELECT l.*, CAST(:version AS int) AS now_version FROM usage_report_lines l WHERE id = ANY(CAST(:lines AS bigint[]))"""

Ids = dict[tuple[str, int], int]


def _add(report: ReportRow, carried: Sequence[Carried], words: str | None, event: Event) -> Ids:
    """Add the new lines; gives their ids by the customer's reference and the product."""
    if not carried:
        return {}
    lines = _json([_new_line(one, words) for one in carried])
    keys = {"account": report.account_id, "distributor": report.distributor_id, "msp": report.msp_id}
    db.session.execute(CUSTOMERS, {**keys, "lines": lines})
    made = db.session.execute(LINES, {"report": report.id, "version": event.version, "lines": lines}).all()
    note_lines(ADDED, "added", {"lines": [row.id for row in made], "version": event.version})
    return {(row.customer_ref, row.product_id): row.id for row in made}


def _new_line(one: Carried, words: str | None) -> dict[str, Any]:
    pair = one.pair
    product = pair.product and pair.product.id
    known = {"ref": pair.ref, "name": pair.source.partner, "product": product, "usage_source": pair.usage_source}
    return {**known, "price": pair.price, "units": one.units, "comment": words if one.lacks_usage else None}


MARKS = text("""
INSERT INTO rolled_up_lines (line_id, report_id, account_id, distributor_id, msp_id, version, at, units)
SELECT given.line, :report, :account, :distributor, :msp, :version, :at, given.units
FROM jsonb_to_recordset(CAST(:lines AS jsonb)) AS given (line bigint, units numeric)
ON CONFLICT (line_id) DO UPDATE SET version = excluded.version, at = excluded.at, units = excluded.units""")

FROM = text("""
INSERT INTO rolled_up_from (line_id, report_id, account_id, distributor_id, msp_id, version)
SELECT given.line, below.id, below.account_id, below.distributor_id, below.msp_id, below.version
FROM jsonb_to_recordset(CAST(:lines AS jsonb)) AS given (line bigint, source bigint)
JOIN usage_reports below ON below.id = given.source
ON CONFLICT (line_id) DO UPDATE SET report_id = excluded.report_id, account_id = excluded.account_id,
  msp_id = excluded.msp_id, version = excluded.version""")


def _mark(report: ReportRow, carried: Sequence[Carried], added: Ids, event: Event) -> None:
    lines = _json([_marked(one, added) for one in carried])
    keys = {"account": report.account_id, "distributor": report.distributor_id, "msp": report.msp_id}
    made = {"report": report.id, "version": event.version, "at": event.at}
    db.session.execute(MARKS, {**keys, **made, "lines": lines})
    db.session.execute(FROM, {"lines": lines})


def _marked(one: Carried, added: Ids) -> dict[str, Any]:
    pair = one.pair
    line = pair.line.id if pair.line else added[pair.ref, pair.product.id if pair.product else 0]
    return {"line": line, "units": one.units, "source": pair.source.id}


def _json(lines: Sequence[dict[str, Any]]) -> str:
    return json.dumps(lines, default=str)
