"""The steps people take. Each operation takes a locked row (`queries.report_for_update`), asks the rules first and
never commits; the edge does, once.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from flask_babel import gettext
from sqlalchemy import text

from distributor.database import db
from distributor.errors import FieldError, InputRefused, NotFound
from distributor.formatting import units
from distributor.identity.acting import Acting
from distributor.usage_reports.operations.carrying import forget
from distributor.usage_reports.operations.line_changes import change_lines
from distributor.usage_reports.operations.recording import Recorded, record
from distributor.usage_reports.operations.taking import submission, take
from distributor.usage_reports.queries import ReportRow
from distributor.words import is_storable
from workflows.events import Approved, Endorsed, Event, Invoiced, Recalled, Rejected, Reopened, Submitted, Waived
from workflows.units import BLANKS, is_blank
from workflows.usage_report import Side, Step

LONGEST_TEXT = 2000
NOT_SUBMITTED: dict[str, Any] = {"submitted_at": None, "submitted_from": None, "submission_kind": None}


def submit(
    report: ReportRow, acting: Acting, at: datetime, *, version: int | None = None, nil: bool = False
) -> Submitted:
    """The MSP hands the report in.

    Raises CommentRequired, FiguresMissing, PricesMissing, NilNotConfirmed, StaleVersion, TransitionNotAllowed or
    NotPermitted.
    """
    event = take(Submitted, report, Step.SUBMIT, acting, at, version=version, nil=nil)
    record(Recorded(report, event, submission(event), _figures(report), vouches=True), acting, tell="submitted")
    return event


def recall(report: ReportRow, acting: Acting, at: datetime, *, version: int | None = None) -> Recalled:
    """The MSP takes a submitted report back. Raises TransitionNotAllowed, StaleVersion or NotPermitted."""
    event = take(Recalled, report, Step.RECALL, acting, at, version=version)
    sets = {**_back_with_msp(report, event.due_at, at), **NOT_SUBMITTED}
    record(Recorded(report, event, sets), acting, tell="recalled")
    restore_declared(report, event)
    return event


def waive(
    report: ReportRow, line_uid: UUID, acting: Acting, at: datetime, *, reason: str, version: int | None = None
) -> Event:
    """The distributor lets a penalty go: the line's chargeable units return to what the MSP had declared.

    Raises NotFound for a line of another report, ReasonRequired, TransitionNotAllowed, StaleVersion or NotPermitted.
    """
    line = _line(report, line_uid)
    event = take(Waived, report, Step.WAIVE, acting, at, version=version, reason=reason, penalised_line=line.penalised)
    words = checked_text(reason, "reason")
    details = {"line": line.label, "penalty": line.penalty}
    record(Recorded(report, event, details=details, reason=words), acting, tell="waived")
    change_lines(
        "SELECT CAST(:line AS bigint) AS id, CAST(:version AS int) AS version",
        "chargeable_units = l.declared_units, declared_units = NULL, penalised = false, waived_reason = :reason,"
        " system_note = NULL",
        {"line": line.id, "version": event.version, "reason": words},
    )
    return event


def endorse(report: ReportRow, acting: Acting, at: datetime, *, version: int | None = None) -> Endorsed:
    """The first of two reviewers stands for a report over the account's limit."""
    event = take(Endorsed, report, Step.ENDORSE, acting, at, version=version)
    sets = {"endorsed_by": event.endorsed_by, "endorsed_at": at}
    record(Recorded(report, event, sets, _figures(report), vouches=True), acting, tell="endorsed")
    return event


def approve(report: ReportRow, acting: Acting, at: datetime, *, version: int | None = None) -> Approved:
    """The distributor accepts the figures. Raises EndorsementRequired, FiguresMissing, PricesMissing, StaleVersion,
    TransitionNotAllowed or NotPermitted.
    """
    event = take(Approved, report, Step.APPROVE, acting, at, version=version)
    record(Recorded(report, event, {"decided_at": at}, _figures(report), vouches=True), acting, tell="approved")
    return event


def reject(
    report: ReportRow,
    acting: Acting,
    at: datetime,
    *,
    reason: str,
    notes: Mapping[UUID, str] | None = None,
    version: int | None = None,
) -> Rejected:
    """The distributor sends the report back; `notes` are remarks by line uid.

    Lines without a note are accepted and frozen unless penalised, estimated or unknown; without any note nothing is
    frozen (workflow.md, `reject`).

    Raises ReasonRequired, InputRefused for a note that is too long or on a line that is not the report's, and what
    `fire` raises.
    """
    event = take(Rejected, report, Step.REJECT, acting, at, version=version, reason=reason)
    words = checked_text(reason, "reason")
    flagged, carrying = _checked_notes(report, notes or {})
    sets = {**_back_with_msp(report, event.due_at, at), "decided_at": at, "rejected_before": True}
    details = {"notes": len(flagged)}
    record(Recorded(report, event, sets, details, words), acting, tell="rejected")
    forget(report, carrying)
    _note_and_freeze(report, event, flagged)
    return event


def invoice(
    report: ReportRow, acting: Acting, at: datetime, *, reason: str | None = None, version: int | None = None
) -> Event:
    """Close an approved report for good. Nobody is told; nothing moves it any more."""
    event = take(Invoiced, report, Step.INVOICE, acting, at, version=version)
    record(Recorded(report, event, {"invoiced_at": at}, _figures(report), reason, vouches=True), acting)
    return event


def reopen(report: ReportRow, acting: Acting, at: datetime, *, reason: str, version: int | None = None) -> Reopened:
    """An approved report goes back to the MSP, notes and freezes cleared; the other side is told."""
    event = take(Reopened, report, Step.REOPEN, acting, at, version=version, reason=reason)
    by_msp = acting.actor.side is Side.MSP
    sets = {**_back_with_msp(report, event.due_at, at), **NOT_SUBMITTED, "decided_at": None}
    recorded = Recorded(report, event, sets, {}, checked_text(reason, "reason"))
    record(recorded, acting, tell="reopened_by_msp" if by_msp else "reopened_by_distributor")
    change_lines(
        """SELECT id, CAST(:version AS int) AS version FROM usage_report_lines WHERE report_id = :report
           AND (penalised OR estimated OR accepted OR reviewer_note IS NOT NULL)""",
        f"""{RESTORED}, accepted = false, reviewer_note = NULL, noted_units = NULL, noted_comment = NULL,
            note_answered = false""",
        {"report": report.id, "version": event.version},
    )
    return event


RESTORED = """chargeable_units = CASE WHEN l.penalised OR l.estimated THEN l.declared_units ELSE l.chargeable_units END,
 declared_units = NULL, penalised = false, estimated = false, system_note = NULL"""


def restore_declared(report: ReportRow, event: Event) -> None:
    """Penalties and estimates go, the MSP's own figures return (domain.md, automatic submission)."""
    change_lines(
        """SELECT id, CAST(:version AS int) AS version FROM usage_report_lines
           WHERE report_id = :report AND (penalised OR estimated)""",
        RESTORED,
        {"report": report.id, "version": event.version},
    )


def checked_text(words: str, field: str) -> str:
    """`words` without outer white space. Raises InputRefused when too long."""
    words = words.strip(BLANKS)
    if not is_storable(words):
        message = gettext("%(text)s holds a control character. Take it out.", text=_named(field))
        raise InputRefused(message, [FieldError(message, field)])
    if len(words) > LONGEST_TEXT:
        told = {"text": _named(field), "most": units(LONGEST_TEXT), "given": units(len(words))}
        message = gettext("%(text)s has %(given)s characters; at most %(most)s are kept.", **told)
        raise InputRefused(message, [FieldError(message, field)])
    return words


def _named(field: str) -> str:
    return gettext("The note") if field == "note" else gettext("The reason")


def _back_with_msp(report: ReportRow, due_at: datetime, at: datetime) -> dict[str, Any]:
    changed = due_at != report.due_at
    return {"due_at": due_at, "due_set_at": at if changed else report.due_set_at}


def _figures(report: ReportRow) -> dict[str, Any]:
    return {"amount": report.amount, "discrepancies": report.discrepancies, "lines": report.line_count}


def _line(report: ReportRow, uid: UUID) -> Any:
    query = text("""SELECT id, penalised AND NOT estimated AS penalised, penalty,
                           coalesce(customer_name || ', ', '') || product_name AS label
                    FROM usage_report_lines WHERE report_id = :report AND uid = :uid""")
    row = db.session.execute(query, {"report": report.id, "uid": uid}).one_or_none()
    if row is None:
        raise NotFound(gettext("This line"))
    return row


def _checked_notes(report: ReportRow, notes: Mapping[UUID, str]) -> tuple[dict[UUID, str], list[UUID]]:
    """The notes that say something, and those of their lines whose words are carried forward."""
    kept = {uid: checked_text(note, "note") for uid, note in notes.items() if not is_blank(note)}
    query = text("SELECT uid, carried_until FROM usage_report_lines WHERE report_id = :report AND uid = ANY(:uids)")
    known = {row.uid: row.carried_until for row in db.session.execute(query, {"report": report.id, "uids": list(kept)})}
    if strangers := [
        FieldError(gettext("This report has no such line."), "lines", str(uid)) for uid in kept if uid not in known
    ]:
        raise InputRefused(gettext("A note was given for a line that is not on this report."), strangers)
    return kept, [uid for uid in kept if known[uid] is not None]


def _note_and_freeze(report: ReportRow, event: Rejected, notes: Mapping[UUID, str]) -> None:
    change_lines(
        """SELECT l.id, CAST(:version AS int) AS version, n.note
           FROM usage_report_lines l
           LEFT JOIN unnest(CAST(:uids AS uuid[]), CAST(:notes AS text[])) AS n (uid, note) ON n.uid = l.uid
           WHERE l.report_id = :report
             AND (cardinality(CAST(:uids AS uuid[])) > 0 OR l.penalised OR l.estimated OR l.accepted
                  OR l.reviewer_note IS NOT NULL)""",
        f"""{RESTORED}, reviewer_note = g.note, note_answered = false,
            noted_units = CASE WHEN g.note IS NOT NULL THEN
              CASE WHEN l.penalised OR l.estimated THEN l.declared_units ELSE l.chargeable_units END END,
            noted_comment = CASE WHEN g.note IS NOT NULL THEN l.comment END,
            -- words that were not accepted are carried no further
            carried_until = CASE WHEN g.note IS NULL THEN l.carried_until END,
            -- a note on a waived line binds like any other: what was waived is in question again
            waived_reason = CASE WHEN g.note IS NULL THEN l.waived_reason END,
            accepted = cardinality(CAST(:uids AS uuid[])) > 0 AND g.note IS NULL
              AND NOT (l.penalised OR l.estimated OR l.chargeable_units IS NULL)""",
        {"report": report.id, "version": event.version, "uids": list(notes), "notes": list(notes.values())},
    )
