"""The page of one report for its reviewer: everything its template shows."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from babel.numbers import get_currency_symbol
from flask import request
from flask_babel import get_locale, gettext

from distributor.identity.acting import CurrentMember
from distributor.usage_reports import review_history, review_report
from distributor.usage_reports.operations.roll_up_marks import summary_in
from distributor.usage_reports.policies import Policy
from distributor.usage_reports.queries import LineRow, ReportRow, state_of
from distributor.usage_reports.queue_page import change_of
from distributor.usage_reports.review_desk import queue_of, way_on
from distributor.usage_reports.review_drafts import Draft, draft_of
from distributor.usage_reports.review_queue import Desk
from distributor.usage_reports.review_report import Lines
from distributor.usage_reports.review_totals import place
from distributor.usage_reports.usage_note import usage_note
from workflows.money import line_amount
from workflows.report_cycle import Cycle, due_after
from workflows.units import is_blank
from workflows.usage_report import Status, Step, actions_for, stepper

# A part of the lines; more of them are fetched part by part, so that the page of 5,000 lines is as quick as any.
PART = 250
MOMENTS_SHOWN = 8
MOST_LINES = 20_000
DECISIONS = (Step.APPROVE, Step.AUTO_APPROVE, Step.REJECT)


@dataclass(frozen=True, slots=True)
class Typed:
    """A rejection as it was typed: what was refused just now, or the member's draft."""

    reason: str = ""
    notes: dict[UUID, str] = field(default_factory=dict)
    error: str = ""

    @property
    def flagged(self) -> list[UUID]:
        """Lines with a note of more than white space."""
        return [line for line, note in self.notes.items() if not is_blank(note)]


def page_of(report: ReportRow, member: CurrentMember, at: datetime, refused: Typed | None = None) -> dict[str, Any]:
    """What the template shows of a report read by `review_report.reviewed`; `refused` stands over the draft."""
    draft = draft_of(report)
    typed = refused or Typed(draft.reason, dict(draft.notes))
    notable = review_report.notable_lines(report, typed.flagged, most=_asked_for("notable", PART))
    actions = [str(step) for step in actions_for(state_of(report), member.actor_for(report), at)]
    return {
        "report": report,
        "cycle": Cycle.from_date(report.cycle),
        "stages": stepper(Status(report.status)),
        "actions": actions,
        "change": change_of(report.amount, report.last_amount),
        "symbol": get_currency_symbol(report.currency, locale=get_locale()),
        "usage_note": usage_note(report),
        "rolled_up": summary_in(report),
        "at": at,
        "typed": typed,
        "in_full": in_full,
        "words": line_words(),
        "part": PART,
        **_lines(report, notable, typed),
        **_history(report, member, draft),
        **_around(report, member, at),
        **_reject_by(report, at),
    }


def _lines(report: ReportRow, notable: Lines, typed: Typed) -> dict[str, Any]:
    most = _asked_for("agreeing", 0)
    shown = review_report.agreeing_lines(report, typed.flagged, most=most) if most else Lines([], None)
    amount = notable.sums.sum_amount if notable.sums else Decimal(0)
    on_report = {line.uid for line in notable.rows}
    return {
        "notable": notable,
        "agreeing": shown,
        "agreeing_number": report.line_count - notable.number,
        "agreeing_amount": report.amount - amount,
        "flagged": [line for line in notable.rows if line.uid in typed.flagged],
        "notes_below": [uid for uid in typed.flagged if uid not in on_report] if notable.hidden else [],
        # Notes on lines that the MSP has removed since.
        "lost_notes": [] if notable.hidden else [typed.notes[uid] for uid in typed.flagged if uid not in on_report],
    }


def _asked_for(name: str, least: int) -> int:
    """How many lines the address asks for; without scripts more of them come with the page."""
    text = request.args.get(name, "")
    return max(least, min(int(text), MOST_LINES)) if text.isascii() and text.isdigit() and len(text) < 7 else least


def _history(report: ReportRow, member: CurrentMember, draft: Draft) -> dict[str, Any]:
    rows = review_history.happened(report)
    moments = review_history.moments(rows)
    since = review_history.changed_since(rows, draft.updated_at, member.user_id) if draft.updated_at else None
    decision = next((row for row in rows if row.step in DECISIONS), None)
    return {
        "moments": moments[:MOMENTS_SHOWN],
        "earlier_moments": moments[MOMENTS_SHOWN:],
        "draft": draft,
        "changed_since": since,
        "decision": decision,
    }


def _around(report: ReportRow, member: CurrentMember, at: datetime) -> dict[str, Any]:
    wanted = queue_of(report.cycle)
    policy = Policy(report.bulk_max_change_percent, report.marked_change_percent)
    return {"place": place(Desk(member, policy, at), wanted, report), "wanted": wanted, "way_on": way_on(wanted)}


def _reject_by(report: ReportRow, at: datetime) -> dict[str, Any]:
    due = due_after(at, report.resubmit_after_days, report.time_zone)
    # The day that ends then, where people would call midnight the end of it.
    return {"resubmit_by": due - timedelta(seconds=1)}


def line_words() -> dict[str, str]:
    """Words that stand on every line, looked up once for a page of hundreds of them."""
    return {
        "provisioned": gettext("Provisioned"),
        "used": gettext("Used"),
        "chargeable": gettext("Chargeable"),
        "difference": gettext("Difference"),
        "last": gettext("Last appr."),
        "change": gettext("Change"),
        "at_risk": gettext("Not charged"),
        "amount": gettext("Amount"),
        "evidence": gettext("Show evidence"),
        "flag": gettext("Flag with a note"),
        "note": gettext("Your note to the MSP"),
        "kept": gettext("accepted, stays as it is"),
        "back": gettext("goes back to the MSP"),
    }


def in_full(line: LineRow) -> Decimal:
    """How much more the line would come to if all provisioned units were charged."""
    if line.provisioned_units is None or line.chargeable_units is None or line.unit_price is None:
        return Decimal(0)
    full = line_amount(max(line.provisioned_units, line.chargeable_units), line.unit_price, line.minor_unit)
    return full - line.amount
