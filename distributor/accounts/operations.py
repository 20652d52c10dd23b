"""What changes accounts: partners taken on, terms changed for later cycles, regions switched on and off."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from flask_babel import gettext
from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from distributor.accounts import terms as term_rules
from distributor.accounts import trail
from distributor.accounts.models import Account, ReportingScope
from distributor.accounts.partners import Contact, Invited, invite, msp_of, read_contacts
from distributor.accounts.queries import ACCOUNT, AccountRow, account_by_id
from distributor.audit.operations import record
from distributor.database import db, one_of
from distributor.errors import Conflict, FieldError, Forbidden, InputRefused, NotFound
from distributor.identity.acting import Acting, CurrentMember
from distributor.usage_reports.operations.opening import first_cycle, next_opening
from workflows.report_cycle import Cycle
from workflows.units import BLANKS
from workflows.usage_report import Role, Side

SCOPE = ReportingScope.__table__
DEFAULT_REGION, DEFAULT_TYPE = "Worldwide", "MSP"
COLUMNS = {"number": "number", "region": "region", "type": "account_type", "po_number": "po_number"}
LONGEST = {"number": 50, "region": 100, "type": 100, "po_number": 100}
TERM_COLUMNS = tuple(column for column, _ in term_rules.CHECKS.values())


@dataclass(frozen=True, slots=True)
class PutAccount:
    """An account as it stands now, and the people it brought in, each with the link that sets a first password."""

    account: AccountRow
    invited: tuple[Invited, ...] = ()


def create_account(member: CurrentMember, fields: Mapping[str, Any], at: datetime) -> PutAccount:
    """Take a partner on.

    `fields`: `{number, region?, type?, po_number?, msp: {name} | {id}, terms: {…}, contacts: [{name, email, role}]}`.
    The MSP is one of the distributor's own, by name or id, or made. What `terms` leaves out has the defaults of
    `accounts.terms`. A region and type new to the distributor is switched on. Raises Forbidden, InputRefused naming
    every wrong field, Conflict where the number is taken.
    """
    check_may_change(member)
    errors: list[FieldError] = []
    row, contacts = new_columns(fields, at, errors)
    msp = msp_of(member, fields.get("msp"), errors)
    if errors or msp is None:
        raise InputRefused(gettext("The account was refused. Nothing was changed."), errors)
    account = _insert(member, msp.id, row, at)
    trail.note_created(account.id, account.number, row, member, at)
    return PutAccount(account, invite(member, account, contacts, at))


def new_columns(
    fields: Mapping[str, Any], at: datetime, errors: list[FieldError]
) -> tuple[dict[str, Any], tuple[Contact, ...]]:
    """The columns of an account that `fields` describe, and its contacts; what is wrong is added to `errors`."""
    columns, given, contacts = _read(fields, errors)
    if "number" not in columns and not any(error.field == "number" for error in errors):
        errors.append(FieldError(gettext("An account needs a number."), "number"))
    whole = term_rules.complete(given, at)
    term_rules.check_together(whole, errors)
    defaults = {"region": DEFAULT_REGION, "account_type": DEFAULT_TYPE, "po_number": None}
    return {**defaults, **columns, **whole}, contacts


def changed_columns(
    account: AccountRow, changes: Mapping[str, Any], errors: list[FieldError]
) -> tuple[dict[str, Any], tuple[Contact, ...]]:
    """The columns of an account after `changes`, those included that stay; what is wrong is added to `errors`."""
    columns, given, contacts = _read(changes, errors)
    if "msp" in changes:
        errors.append(FieldError(gettext("The MSP of an account stays; make another account for another MSP."), "msp"))
    whole = term_rules.changed({column: getattr(account, column) for column in TERM_COLUMNS}, given)
    term_rules.check_together(whole, errors)
    kept = {column: getattr(account, column) for column in COLUMNS.values()}
    return {**kept, **columns, **whole}, contacts


def update_account(account: AccountRow, changes: Mapping[str, Any], member: CurrentMember, at: datetime) -> PutAccount:
    """Change what `changes` names of a locked account (`queries.account_for_update`), in the shape of `create_account`.

    Terms touch later cycles only: an open report keeps its copies. `next_cycle` never moves back; when it opens is
    worked out anew. Raises Forbidden, InputRefused naming every wrong field, Conflict where the number is taken.
    """
    check_may_change(member, account)
    errors: list[FieldError] = []
    columns, contacts = changed_columns(account, changes, errors)
    if errors:
        raise InputRefused(gettext("The change was refused. Nothing was changed."), errors)
    _update(account, columns)
    trail.note_changed(account, columns, member, at)
    changed = account_by_id(account.id)
    return PutAccount(changed, invite(member, changed, contacts, at))


def set_reporting(
    distributor_id: int, region: str, account_type: str, on: bool, acting: Acting, *, at: datetime
) -> int:
    """Switch usage reports of a region and account type on or off; reports that are open already take their course.
    Returns how many accounts that concerns. Raises Forbidden, InputRefused.
    """
    if acting.actor.side is not Side.DISTRIBUTOR or Role.ADMIN not in acting.actor.roles:
        raise Forbidden(gettext("Where usage reports are on is decided by the distributor's admins only."))
    errors: list[FieldError] = []
    names = {"region": _words("region", region, errors), "type": _words("type", account_type, errors)}
    if errors:
        raise InputRefused(gettext("The region or type was refused. Nothing was changed."), errors)
    scope = {"distributor_id": distributor_id, "region": names["region"], "account_type": names["type"]}
    statement = insert(ReportingScope).values(**scope, usage_reports=on)
    keys = [SCOPE.c.distributor_id, SCOPE.c.region, SCOPE.c.account_type]
    db.session.execute(statement.on_conflict_do_update(index_elements=keys, set_={"usage_reports": on}))
    details = {"region": names["region"], "type": names["type"], "usage_reports": on}
    subject = f"{names['region']}, {names['type']}"
    record("reporting.set", by=acting, at=at, organization_id=distributor_id, subject=subject, details=details)
    return db.session.scalar(select(func.count()).select_from(Account).filter_by(**scope)) or 0


def check_may_change(member: CurrentMember, account: AccountRow | None = None) -> None:
    """Accounts are the business of the distributor's admins. Raises Forbidden."""
    own = member.is_distributor and (account is None or account.distributor_id == member.organization_id)
    if not own or Role.ADMIN not in member.roles:
        raise Forbidden(gettext("Accounts and their terms are changed by the distributor's admins only."))


def _read(
    fields: Mapping[str, Any], errors: list[FieldError]
) -> tuple[dict[str, Any], dict[str, Any], tuple[Contact, ...]]:
    known = {*COLUMNS, "msp", "terms", "contacts"}
    unknown = gettext("An account has no field of this name.")
    errors.extend(FieldError(unknown, name) for name in fields if name not in known)
    columns = {column: _words(name, fields[name], errors) for name, column in COLUMNS.items() if name in fields}
    terms = {} if fields.get("terms") is None else fields["terms"]
    if not isinstance(terms, Mapping):
        errors.append(FieldError(gettext("Terms are an object of names and values."), "terms"))
        terms = {}
    contacts = read_contacts(fields.get("contacts"), errors)
    given = {column: value for column, value in columns.items() if value is not None or column == "po_number"}
    return given, term_rules.read_terms(terms, errors), contacts


def _words(name: str, given: Any, errors: list[FieldError]) -> str | None:
    words = given.strip(BLANKS) if isinstance(given, str) else ""
    if name == "po_number" and (given is None or given == ""):
        return None
    if not words or len(words) > LONGEST[name] or not words.isprintable():
        errors.append(FieldError(gettext("Write 1 to %(most)s characters on one line.", most=LONGEST[name]), name))
        return None
    return words


def first_opening(columns: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    """`next_cycle` and `next_opens_at` of a new account made at `at`."""
    view = _View(columns)
    cycle = first_cycle(view, at)  # type: ignore[arg-type]  # has the columns that the rules read
    return {"next_cycle": cycle.first_day, "next_opens_at": next_opening(view, cycle)}  # type: ignore[arg-type]  # as above


def later_opening(account: AccountRow, columns: Mapping[str, Any]) -> dict[str, Any]:
    """`next_cycle` and `next_opens_at` once the account has these columns; the cycle never moves back."""
    cycle = max(Cycle.from_date(account.next_cycle), Cycle.from_date(columns["reports_from"]))
    opens_at = next_opening(_View({**account._mapping, **columns}), cycle)  # type: ignore[arg-type]  # as above
    return {"next_cycle": cycle.first_day, "next_opens_at": opens_at}


def _insert(member: CurrentMember, msp_id: int, row: dict[str, Any], at: datetime) -> AccountRow:
    know_scopes(member.organization_id, {(row["region"], row["account_type"])})
    whole = {**row, "distributor_id": member.organization_id, "msp_id": msp_id, "created_at": at}
    whole |= first_opening(whole, at)
    statement = insert(Account).values(**whole).on_conflict_do_nothing(index_elements=["distributor_id", "number"])
    identity = db.session.scalar(statement.returning(ACCOUNT.c.id))
    if identity is None:
        raise _number_taken(row["number"])
    return account_by_id(identity)


class _View:
    """Columns of an account that is not yet written, read like a row."""

    def __init__(self, columns: Mapping[str, Any]) -> None:
        self.__dict__.update(columns)


def _update(account: AccountRow, columns: dict[str, Any]) -> None:
    number = columns["number"]
    taken = select(ACCOUNT.c.id).where(ACCOUNT.c.distributor_id == account.distributor_id, ACCOUNT.c.number == number)
    if db.session.scalar(taken.where(ACCOUNT.c.id != account.id)) is not None:
        raise _number_taken(number)
    know_scopes(account.distributor_id, {(columns["region"], columns["account_type"])})
    sets = {**columns, **later_opening(account, columns)}
    db.session.execute(update(Account).where(ACCOUNT.c.id == account.id).values(**sets))


def _number_taken(number: str) -> Conflict:
    said = gettext("You have an account %(number)s already; numbers are unique per distributor.", number=number)
    return Conflict(said)


def know_scopes(distributor_id: int, scopes: Collection[tuple[str, str]]) -> None:
    """Make the regions and types that are new to the distributor; they start switched on (decision 0007)."""
    rows = [
        {"distributor_id": distributor_id, "region": region, "account_type": kind, "usage_reports": True}
        for region, kind in sorted(scopes)
    ]
    if rows:
        db.session.execute(insert(ReportingScope).values(rows).on_conflict_do_nothing())


def set_automatic_approval(uids: Collection[UUID], percent: Decimal | None, member: CurrentMember, at: datetime) -> int:
    """Approve clean reports of these accounts automatically while their total moves no more than `percent`; None
    switches it off. Read live: reports under review are judged by it at the next tick. Returns how many accounts
    changed. Raises Forbidden, NotFound where one account is not the member's.
    """
    check_may_change(member)
    own = (ACCOUNT.c.distributor_id == member.organization_id, one_of(ACCOUNT.c.uid, set(uids)))
    locked = select(ACCOUNT).where(*own).order_by(ACCOUNT.c.id).with_for_update(key_share=True)
    found = list(db.session.execute(locked))
    if len(found) != len(set(uids)):
        raise NotFound(gettext("This account"))
    changing = [row for row in found if row.auto_approve_max_change_percent != percent]
    within = {"auto_approve_max_change_percent": percent}
    db.session.execute(update(Account).where(one_of(ACCOUNT.c.id, [row.id for row in changing])).values(**within))
    trail.note_all_changed(changing, within, member, at)
    return len(changing)
