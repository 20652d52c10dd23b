"""What the MSP writes: drafts of chargeable units and comments, hand-counted lines."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from flask_babel import gettext, ngettext
from sqlalchemy import select, text

from distributor.database import db, one_of
from distributor.errors import Conflict, FieldError, InputRefused, NotFound, StaleLines
from distributor.formatting import units as units_in_words
from distributor.identity.acting import Acting
from distributor.provisioning.queries import usage_is_missing
from distributor.saying import said
from distributor.usage_reports.operations import carrying
from distributor.usage_reports.operations.carrying import KEPT, Kept
from distributor.usage_reports.operations.line_changes import change_lines, note_lines
from distributor.usage_reports.operations.recording import Recorded, record
from distributor.usage_reports.operations.usage import PRICE_AT_OPENING
from distributor.usage_reports.queries import LINE, LineRow, ReportRow, state_of
from distributor.words import fits_on_a_line, is_storable, plain_breaks
from workflows.errors import InvalidUnits
from workflows.events import Event
from workflows.units import BLANKS, parse_units
from workflows.usage_report import Step, fire

LONGEST_COMMENT = 2000
# A draft may name every line of a long report: only what it is judged by is read.
NEEDED = tuple(
    LINE.c[name]
    for name in (
        "id", "uid", "version", "precision", "provisioned_units", "chargeable_units", "comment", "accepted",
        "carried_until", "carried_limit", "tolerance_units", "tolerance_percent",
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class LineDraft:
    """What the MSP typed on one line. `version` is the line's as it was read; None trusts the report's. `carry_until`:
    the day until when later cycles start with the comment; None carries it no further.
    """

    uid: UUID
    version: int | None = None
    chargeable_units: str | Decimal | int | Kept | None = KEPT
    comment: str | Kept | None = KEPT
    carry_until: date | Kept | None = KEPT


@dataclass(frozen=True, slots=True)
class NewLine:
    """A hand-counted line: a product of the catalogue for a customer, who may be new to the account."""

    sku: str
    chargeable_units: str | Decimal | int
    customer_ref: str | None = None
    customer_name: str | None = None
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class Saved:
    """What a saved draft came to: the version the report is at now, and the lines that changed."""

    version: int
    lines: int


def save_lines(
    report: ReportRow, drafts: Sequence[LineDraft], acting: Acting, at: datetime, *, version: int | None = None
) -> Saved:
    """Save a draft, all of it or nothing. A draft that changes nothing leaves the version as it is.

    Raises StaleVersion (report) or StaleLines (lines changed meanwhile), InputRefused with each wrong field,
    TransitionNotAllowed or NotPermitted.
    """
    event = fire(state_of(report), Step.SAVE, acting.actor, at, version=version)
    changed = changes_of(report, drafts)
    if not changed:
        return Saved(report.version, 0)
    details = {"lines": len(changed)}
    record(Recorded(report, event, details=details), acting)
    write_changes(changed, event, acting, at)
    return Saved(event.version, len(changed))


def changes_of(report: ReportRow, drafts: Sequence[LineDraft]) -> list[_Change]:
    """What the drafts would change. Raises StaleLines, InputRefused."""
    return _changed(report, _lines_of(report, drafts), drafts)


def write_changes(changed: Sequence[_Change], event: Event, acting: Acting, at: datetime) -> None:
    """Write changes that belong to an event already recorded."""
    _write(changed, event)
    carrying.remember([change.line.id for change in changed if change.carries], acting, at)


@dataclass(frozen=True, slots=True)
class _Change:
    line: LineRow
    units: Decimal | None
    comment: str | None
    until: date | None

    @property
    def is_news(self) -> bool:
        line = self.line
        return (self.units, self.comment, self.until) != (line.chargeable_units, line.comment, line.carried_until)

    @property
    def carries(self) -> bool:
        """Whether words are carried forward from the line, or were."""
        return not self.until is self.line.carried_until is self.line.carried_limit is None


def _lines_of(report: ReportRow, drafts: Sequence[LineDraft]) -> dict[UUID, LineRow]:
    query = select(*NEEDED).where(LINE.c.report_id == report.id, one_of(LINE.c.uid, [draft.uid for draft in drafts]))
    lines = {line.uid: line for line in db.session.execute(query)}
    errors = [
        FieldError(gettext("This report has no such line."), "id", str(d.uid)) for d in drafts if d.uid not in lines
    ]
    if len({draft.uid for draft in drafts}) < len(drafts):
        errors.append(FieldError(gettext("A line is named twice."), "id"))
    if errors:
        raise InputRefused(gettext("The draft names lines that it cannot change."), errors)
    return lines


def _changed(report: ReportRow, lines: dict[UUID, LineRow], drafts: Sequence[LineDraft]) -> list[_Change]:
    stale = [d for d in drafts if d.version is not None and d.version != lines[d.uid].version]
    if stale:
        raise StaleLines([present_values(lines[draft.uid]) for draft in stale])
    errors: list[FieldError] = []
    changes = [_change(report, lines[draft.uid], draft, errors) for draft in drafts]
    if errors:
        why = ngettext(
            "%(num)s value was refused. Nothing was saved.",
            "%(num)s values were refused. Nothing was saved.",
            len(errors),
        )
        raise InputRefused(why, errors)
    return [change for change in changes if change.is_news]


def _change(report: ReportRow, line: LineRow, draft: LineDraft, errors: list[FieldError]) -> _Change:
    units, comment, until = line.chargeable_units, line.comment, line.carried_until
    field = "chargeable_units"
    try:
        if draft.chargeable_units is not KEPT:
            units = _units(line, draft.chargeable_units)
        field = "comment"
        if draft.comment is not KEPT:
            comment = tidy_comment(draft.comment)
            if line.comment is not None and comment == plain_breaks(line.comment):
                comment = line.comment  # the same words, from before breaks were made alike
        field = "carry_until"
        until = carrying.until(report, line, units, comment, draft.carry_until)
    except (InvalidUnits, InputRefused) as error:
        errors.append(FieldError(said(error), field, str(line.uid)))
    change = _Change(line, units, comment, until)
    if line.accepted and change.is_news:
        errors.append(
            FieldError(gettext("The distributor accepted this line; it stays as it is."), "id", str(line.uid))
        )
    return change


def _units(line: LineRow, given: str | Decimal | int | None) -> Decimal | None:
    if given is None or given == "":
        if line.provisioned_units is not None:
            raise InvalidUnits(
                gettext("Chargeable units are needed here; write 0 where nothing is charged."), "chargeable_units"
            )
        return None
    return parse_units(given, line.precision, "chargeable_units")


def tidy_comment(given: str | None) -> str | None:
    """A comment without the blanks around it, its breaks line feeds; None for one that says nothing. The same words
    are the same comment, whichever way they came. Raises InputRefused.
    """
    words = plain_breaks(given or "").strip(BLANKS)
    if len(words) > LONGEST_COMMENT:
        lengths = {"most": units_in_words(LONGEST_COMMENT), "given": units_in_words(len(words))}
        raise InputRefused(gettext("A comment has at most %(most)s characters, this one %(given)s.", **lengths))
    if not is_storable(words):
        raise InputRefused(gettext("A comment cannot hold control characters."))
    return words or None


def _write(changes: Sequence[_Change], event: Event) -> None:
    """The chargeable units follow the next import again once they are back at their default."""
    change_lines(
        """SELECT given.id, CAST(:version AS int) AS version, given.units, given.comment, given.until
           FROM jsonb_to_recordset(CAST(:lines AS jsonb))
                  AS given (id bigint, units numeric, comment text, until date)""",
        """chargeable_units = g.units, comment = g.comment, carried_until = g.until,
           -- words of one's own explain whatever the difference is
           carried_limit = CASE WHEN g.comment IS NOT DISTINCT FROM l.comment THEN l.carried_limit END,
           changed_by_msp = g.units IS DISTINCT FROM coalesce(l.used_units, l.provisioned_units),
           waived_reason = CASE WHEN g.units IS NOT DISTINCT FROM l.chargeable_units THEN l.waived_reason END,
           note_answered = l.reviewer_note IS NOT NULL
             AND (g.units IS DISTINCT FROM l.noted_units OR g.comment IS DISTINCT FROM l.noted_comment)""",
        {"lines": json.dumps([_given(change) for change in changes], default=str), "version": event.version},
    )


def _given(change: _Change) -> dict[str, Any]:
    return {"id": change.line.id, "units": change.units, "comment": change.comment, "until": change.until}


def present_values(line: LineRow) -> dict[str, Any]:
    """A line as it stands, for somebody whose copy of it is stale."""
    return {
        "id": str(line.uid),
        "version": line.version,
        "chargeable_units": None if line.chargeable_units is None else f"{line.chargeable_units.normalize():f}",
        "comment": line.comment,
        "carried_until": line.carried_until and line.carried_until.isoformat(),
    }


def add_line(
    report: ReportRow, new: NewLine, acting: Acting, at: datetime, *, version: int | None = None
) -> tuple[int, UUID]:
    """Add a hand-counted line; returns the report's version and the line's uid.

    On an account with a feed this needs a comment and is possible only while the cycle's usage is missing (domain.md).
    Raises InputRefused, Conflict where the line exists, and what `fire` raises.
    """
    event = fire(state_of(report), Step.SAVE, acting.actor, at, version=version)
    _check_lines(new)
    product = _product(report, new.sku)
    units = _checked(lambda: parse_units(new.chargeable_units, product.precision, "chargeable_units"))
    comment = tidy_comment(new.comment)
    if product.usage_source == "feed":
        _check_usage_is_missing(report, comment)
    customer = _customer(report, new)
    record(Recorded(report, event, details={"added": product.sku}), acting)
    uid = _insert_line(report, product, customer, units, comment=comment, event=event)
    note_lines(
        """SELECT l.*, CAST(:version AS int) AS now_version
           FROM usage_report_lines l WHERE report_id = :report AND uid = :uid""",
        "added",
        {"report": report.id, "uid": uid, "version": event.version},
    )
    return event.version, uid


def _check_lines(new: NewLine) -> None:
    """Names stand on one line, in mails and headers too. Raises InputRefused."""
    given = {"sku": new.sku, "customer_ref": new.customer_ref, "customer_name": new.customer_name}
    message = gettext("This holds a line break or another control character. Take it out.")
    if errors := [FieldError(message, field) for field, words in given.items() if not fits_on_a_line(words or "")]:
        raise InputRefused(gettext("%(field)s: %(why)s", field=errors[0].field, why=message), errors)


def _checked(parse: Any) -> Decimal:
    try:
        units: Decimal = parse()
    except InvalidUnits as error:
        raise InputRefused(said(error), [FieldError(said(error), error.field)]) from error
    return units


def _product(report: ReportRow, sku: str) -> Any:
    query = text(f"""
SELECT p.id, p.sku, p.name, p.unit, p."precision", coalesce(p.usage_source, r.usage_source) AS usage_source,
       {PRICE_AT_OPENING} AS unit_price
FROM usage_reports r
JOIN products p ON p.distributor_id = r.distributor_id AND p.sku = :sku
LEFT JOIN prices price ON price.product_id = p.id AND price.currency = r.currency
WHERE r.id = :report""")
    row = db.session.execute(query, {"report": report.id, "sku": sku}).one_or_none()
    if row is None:
        message = gettext("The catalogue has no product %(sku)s.", sku=sku)
        raise InputRefused(message, [FieldError(message, "sku")])
    return row


def _check_usage_is_missing(report: ReportRow, comment: str | None) -> None:
    if not usage_is_missing(report.account_id, report.cycle):
        message = gettext("Lines of this product come from the usage feed, which has delivered for this cycle.")
        raise InputRefused(message, [FieldError(message, "sku")])
    if comment is None:
        message = gettext("The feed has not delivered for this cycle: a line added by hand needs a comment.")
        raise InputRefused(message, [FieldError(message, "comment")])


def _customer(report: ReportRow, new: NewLine) -> Any:
    """The account's customer by reference, made where it is new; None for a line of totals only."""
    ref, name = (new.customer_ref or "").strip(BLANKS), (new.customer_name or "").strip(BLANKS)
    if not ref and not name:
        return None
    ref = ref or name
    if len(ref) > 200 or len(name) > 300:
        message = gettext("A customer's reference has at most 200 characters and its name at most 300.")
        raise InputRefused(message, [FieldError(message, "customer_ref")])
    query = text("""
INSERT INTO customers (account_id, distributor_id, msp_id, ref, name) VALUES (:account, :distributor, :msp, :ref, :name)
ON CONFLICT (account_id, ref) DO UPDATE SET name = customers.name RETURNING id, ref, name""")
    given = {"account": report.account_id, "distributor": report.distributor_id, "msp": report.msp_id}
    return db.session.execute(query, {**given, "ref": ref, "name": name or ref}).one()


def _insert_line(
    report: ReportRow, product: Any, customer: Any, units: Decimal, *, comment: str | None, event: Event
) -> UUID:
    query = text("""
INSERT INTO usage_report_lines (
  report_id, account_id, distributor_id, msp_id, version, customer_id, customer_ref, customer_name, product_id, sku,
  product_name, unit, "precision", usage_source, minor_unit, tolerance_units, tolerance_percent, unit_price,
  chargeable_units, comment, changed_by_msp, added_by_msp)
VALUES (
  :report, :account, :distributor, :msp, :version, :customer_id, :customer_ref, :customer_name, :product, :sku,
  :name, :unit, :precision, :usage_source, :minor_unit, :tolerance_units, :tolerance_percent, :price,
  :units, :comment, true, true)
ON CONFLICT DO NOTHING RETURNING uid""")
    given = {
        "report": report.id, "account": report.account_id, "distributor": report.distributor_id, "msp": report.msp_id,
        "version": event.version, "customer_id": customer and customer.id, "customer_ref": customer and customer.ref,
        "customer_name": customer and customer.name, "product": product.id, "sku": product.sku, "name": product.name,
        "unit": product.unit, "precision": product.precision, "usage_source": product.usage_source,
        "minor_unit": report.minor_unit, "tolerance_units": report.tolerance_units,
        "tolerance_percent": report.tolerance_percent, "price": product.unit_price, "units": units, "comment": comment,
    }  # fmt: skip
    uid: UUID | None = db.session.scalar(query, given)
    if uid is None:
        raise Conflict(
            gettext("This report has a line of %(sku)s for this customer already; change that one.", sku=product.sku)
        )
    return uid


def is_removable(line: LineRow) -> bool:
    """Whether the MSP may take the line away again: nothing but its own word stands on it."""
    touched = line.provisioned_units is not None or line.sources or line.reviewer_note is not None or line.accepted
    return bool(line.added_by_msp and not touched)


def remove_line(report: ReportRow, uid: UUID, acting: Acting, at: datetime, *, version: int | None = None) -> int:
    """Remove a line the MSP added itself; returns the report's version. Raises NotFound, Conflict or as `fire` does."""
    event = fire(state_of(report), Step.SAVE, acting.actor, at, version=version)
    query = select(LINE).where(LINE.c.report_id == report.id, LINE.c.uid == uid)
    line = db.session.execute(query).one_or_none()
    if line is None:
        raise NotFound(gettext("This line"))
    if not is_removable(line):
        raise Conflict(
            gettext(
                "Only a line that was added by hand can be removed, while no usage has come for it and the distributor "
                "has neither noted nor accepted it. Write 0 where nothing is charged."
            )
        )
    record(Recorded(report, event, details={"removed": line.sku}), acting)
    note_lines(
        "SELECT l.*, CAST(:version AS int) AS now_version FROM usage_report_lines l WHERE id = :id",
        "removed",
        {"id": line.id, "version": event.version},
    )
    db.session.execute(text("DELETE FROM usage_report_lines WHERE id = :id"), {"id": line.id})
    return event.version
