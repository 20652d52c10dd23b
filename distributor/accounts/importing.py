"""Accounts from a file: what it would add and change, by the rules that judge a single account, then all or nothing.

A fixed number of statements for any number of rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from flask_babel import gettext, lazy_gettext
from sqlalchemy import Table, bindparam, insert, update

from distributor.accounts import lists, operations, terms, trail
from distributor.accounts.effects import EDITED, differing
from distributor.accounts.models import Account
from distributor.accounts.partners import LONGEST_NAME, checked_name, one_at_a_time
from distributor.accounts.queries import AccountRow, account_shape
from distributor.accounts.wording import labels, value_of
from distributor.database import db
from distributor.errors import FieldError
from distributor.identity.acting import Acting, CurrentMember
from distributor.identity.models import Organization
from distributor.list_files import Column, GivenList, GivenRow, Layout
from distributor.list_plans import Change, Plan, Planned

ACCOUNT = cast(Table, Account.__table__)
COLUMNS = (
    Column("number", "text", lazy_gettext("Your number of the account; it tells which account a row is about."), 50),
    Column("msp", "text", lazy_gettext("Name of the MSP. One that is new to you is made."), LONGEST_NAME),
    Column("region", "text", lazy_gettext("Region; with the type it decides whether usage is reported."), 100),
    Column("type", "text", lazy_gettext("Type of account, such as MSP."), 100),
    Column("po_number", "text", lazy_gettext("Purchase order number, printed on reports; may be blank."), 100),
    Column("auto_submit_after_days", "whole", lazy_gettext("Days until a report submits itself, 1 to 60.")),
    Column("resubmit_after_days", "whole", lazy_gettext("Days to answer a rejection, 1 to 60.")),
    Column("opens_on_day", "whole", lazy_gettext("Day of the month on which reports open. This or the next column.")),
    Column("opens_days_after_end", "whole", lazy_gettext("Days after the cycle's end on which reports open.")),
    Column("closing_day", "whole", lazy_gettext("Day on which cycles close, 1 to 28; blank for calendar months.")),
    Column("tolerance_units", "number", lazy_gettext("Differences up to so many units need no comment.")),
    Column("tolerance_percent", "number", lazy_gettext("Differences up to so many percent need no comment.")),
    Column("currency", "text", lazy_gettext("Three letters, such as EUR."), 20),
    Column("time_zone", "text", lazy_gettext("Such as Europe/Dublin; days begin and end there."), 60),
    Column("usage_source", "text", lazy_gettext("feed or manual."), 20),
    Column("reports_from", "cycle", lazy_gettext("First cycle, such as 2026-10.")),
    Column("reports_until", "cycle", lazy_gettext("Last cycle; blank where there is none.")),
    Column("approval_limit", "number", lazy_gettext("Over this amount two reviewers are needed; blank for none.")),
    Column("corrections_allowed", "flag", lazy_gettext("yes or no: may the MSP take reports back?")),
    Column("auto_approve", "number", lazy_gettext("Clean reports within so many percent approve themselves.")),
    Column("uplift_percent", "number", lazy_gettext("Added to the last approved figure where one is missing.")),
    Column(
        "escalate_to_admins_days", "whole", lazy_gettext("Days before the date; blank: the MSP's admins never hear.")
    ),
    Column(
        "escalate_to_distributor_days", "whole", lazy_gettext("Days before the date; blank: your contact never hears.")
    ),
)
LAYOUT = Layout(COLUMNS, ("number",))
OF_ACCOUNT = ("number", "region", "type", "po_number")
# A blank cell of these columns empties the field; elsewhere it leaves what there is, or the default.
MAY_BE_EMPTY = frozenset(
    {"po_number", "opens_on_day", "opens_days_after_end", "closing_day", "reports_until", "approval_limit"}
) | {"auto_approve", "escalate_to_admins_days", "escalate_to_distributor_days"}


def exported(rows: Iterable[AccountRow]) -> list[dict[str, Any]]:
    """Accounts as rows of the file."""
    return [_exported(row) for row in rows]


def _exported(row: AccountRow) -> dict[str, Any]:
    shape = account_shape(row)
    known = {**{name: shape[name] for name in OF_ACCOUNT}, "msp": row.msp_name, **shape["terms"]}
    return {**known, "auto_approve": row.auto_approve_max_change_percent}


@dataclass(slots=True)
class _Known:
    """What the distributor has before the file: accounts by number, MSPs by lower-case name; and rows seen so far."""

    accounts: Mapping[str, AccountRow]
    msps: Mapping[str, int]
    seen: dict[str, int] = field(default_factory=dict)


def plan(distributor_id: int, given: GivenList, at: datetime, *, lock: bool = False) -> Plan:
    """What the file would change; who may ask is the caller's to check, as there is an operator, too.

    `lock` holds the accounts until the end of the transaction.
    """
    if lock:
        one_at_a_time(distributor_id)
    rows = lists.every_account(distributor_id, lock=lock)
    known = _Known({row.number: row for row in rows}, {row.msp_name.lower(): row.msp_id for row in reversed(rows)})
    found = Plan(refused=list(given.refused))
    for row in given.rows:
        _plan_row(found, known, row, at)
    found.refused.sort(key=lambda one: one.row or 0)
    return found


def _plan_row(found: Plan, known: _Known, row: GivenRow, at: datetime) -> None:
    errors: list[FieldError] = []
    number = row.values.get("number")
    first = known.seen.setdefault(number or "", row.number)
    if number and first != row.number:
        errors.append(FieldError(gettext("The same account as row %(row)s.", row=first), "number"))
    present = known.accounts.get(number or "")
    fields = _fields(row.values)
    planned = _changed(row, present, fields, errors) if present else _new(row, known, fields, at, errors)
    if errors:
        found.refuse(row.number, errors)
    elif planned is None:
        found.unchanged += 1
    else:
        found.planned.append(planned)


def _fields(values: Mapping[str, Any]) -> dict[str, Any]:
    """A row in the shape that the operations judge."""
    kept = {name: value for name, value in values.items() if value is not None or name in MAY_BE_EMPTY}
    fields: dict[str, Any] = {name: kept[name] for name in OF_ACCOUNT if name in kept}
    given = {name: kept[name] for name in terms.FIELDS if name in kept}
    if given.get("auto_approve") is not None:
        given["auto_approve"] = {"max_change_percent": given["auto_approve"]}
    return {**fields, "terms": given}


def _new(
    row: GivenRow, known: _Known, fields: dict[str, Any], at: datetime, errors: list[FieldError]
) -> Planned | None:
    columns, _contacts = operations.new_columns(fields, at, errors)
    if not row.values.get("msp"):
        errors.append(FieldError(gettext("A new account needs the name of its MSP."), "msp"))
        return None
    name = checked_name(row.values["msp"], errors)
    if errors or name is None:
        return None
    written = {**columns, "msp_id": known.msps.get(name.lower()), "msp_name": name}
    said = tuple(Change(labels()[key], None, _said(key, columns)) for key in EDITED if columns[key] is not None)
    return Planned(row.number, columns["number"], name, is_new=True, changes=said, columns=written)


def _changed(row: GivenRow, present: AccountRow, fields: dict[str, Any], errors: list[FieldError]) -> Planned | None:
    columns, _contacts = operations.changed_columns(present, fields, errors)
    msp = row.values.get("msp")
    if msp and msp.lower() != present.msp_name.lower():
        said = gettext("This account's MSP is %(msp)s; make another account for another MSP.", msp=present.msp_name)
        errors.append(FieldError(said, "msp"))
    if errors:
        return None
    changes = tuple(
        Change(labels()[key], value_of(key, getattr(present, key), present.currency), _said(key, columns))
        for key in differing(present, columns)
    )
    if not changes:
        return None
    return Planned(row.number, present.number, present.msp_name, False, changes, columns, present)


def _said(key: str, columns: Mapping[str, Any]) -> str:
    return value_of(key, columns[key], columns["currency"])


def carry_out(distributor_id: int, planned: Plan, by: Acting | CurrentMember, at: datetime) -> None:
    """Do what the plan says, all of it. Raises InputRefused where a row was refused."""
    planned.check()
    scopes = {(one.columns["region"], one.columns["account_type"]) for one in planned.planned}
    operations.know_scopes(distributor_id, scopes)
    made = _insert(distributor_id, planned.added, at)
    _update(planned.changed)
    trail.note_plan(planned, EDITED, made, by, at)


def _insert(distributor_id: int, added: Sequence[Planned], at: datetime) -> dict[str, int]:
    """The new accounts' ids by number."""
    made = _new_msps(
        {one.columns["msp_name"].lower(): one.columns["msp_name"] for one in reversed(added) if not _msp(one)}
    )
    rows = []
    for one in added:
        columns = {name: one.columns[name] for name in EDITED}
        msp_id = _msp(one) or made[one.columns["msp_name"].lower()]
        keys = {"distributor_id": distributor_id, "msp_id": msp_id, "created_at": at}
        rows.append({**columns, **keys, **operations.first_opening(columns, at)})
    if not rows:
        return {}
    inserted = db.session.execute(insert(ACCOUNT).returning(ACCOUNT.c.id, ACCOUNT.c.number), rows)
    return {row.number: row.id for row in inserted}


def _msp(one: Planned) -> int | None:
    msp_id: int | None = one.columns["msp_id"]
    return msp_id


def _new_msps(names: Mapping[str, str]) -> dict[str, int]:
    if not names:
        return {}
    made = db.session.execute(
        insert(Organization).returning(Organization.id, Organization.name), [{"name": name} for name in names.values()]
    )
    return {row.name.lower(): row.id for row in made}


def _update(changed: Sequence[Planned]) -> None:
    if not changed:
        return
    rows = [
        {"account": one.present.id, **{name: one.columns[name] for name in EDITED},
         **operations.later_opening(one.present, one.columns)}
        for one in changed
    ]  # fmt: skip
    statement = update(ACCOUNT).where(ACCOUNT.c.id == bindparam("account"))
    # As a statement of the table: one of the model would match rows with objects of the session, one by one.
    db.session.connection().execute(statement, rows)
