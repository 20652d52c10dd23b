"""What changes accounts: partners taken on, terms changed for later cycles, regions switched on and off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from distributor.accounts import terms as term_rules
from distributor.accounts.models import Account, ReportingScope
from distributor.accounts.partners import Contact, Invited, invite, msp_of, read_contacts
from distributor.accounts.queries import ACCOUNT, AccountRow, account_by_id
from distributor.database import db
from distributor.errors import Conflict, FieldError, Forbidden, InputRefused
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
    columns, given, contacts = _read(fields, errors)
    if "number" not in columns and not any(error.field == "number" for error in errors):
        errors.append(FieldError("An account needs a number.", "number"))
    whole = term_rules.complete(given, at)
    term_rules.check_together(whole, errors)
    msp = msp_of(member, fields.get("msp"), errors)
    if errors or msp is None:
        raise InputRefused("The account was refused. Nothing was changed.", errors)
    row = {"region": DEFAULT_REGION, "account_type": DEFAULT_TYPE, **columns, **whole}
    account = _insert(member, msp.id, row, at)
    return PutAccount(account, invite(member, account, contacts, at))


def update_account(account: AccountRow, changes: Mapping[str, Any], member: CurrentMember, at: datetime) -> PutAccount:
    """Change what `changes` names of a locked account (`queries.account_for_update`), in the shape of `create_account`.

    Terms touch later cycles only: an open report keeps its copies. `next_cycle` never moves back; when it opens is
    worked out anew. Raises Forbidden, InputRefused naming every wrong field, Conflict where the number is taken.
    """
    check_may_change(member, account)
    errors: list[FieldError] = []
    columns, given, contacts = _read(changes, errors)
    if "msp" in changes:
        errors.append(FieldError("The MSP of an account stays; make another account for another MSP.", "msp"))
    whole = term_rules.changed({column: getattr(account, column) for column in TERM_COLUMNS}, given)
    term_rules.check_together(whole, errors)
    if errors:
        raise InputRefused("The change was refused. Nothing was changed.", errors)
    _update(account, {**columns, **whole})
    changed = account_by_id(account.id)
    return PutAccount(changed, invite(member, changed, contacts, at))


def set_reporting(distributor_id: int, region: str, account_type: str, on: bool, acting: Acting) -> int:
    """Switch usage reports of a region and account type on or off; reports that are open already take their course.
    Returns how many accounts that concerns. Raises Forbidden, InputRefused.
    """
    if acting.actor.side is not Side.DISTRIBUTOR or Role.ADMIN not in acting.actor.roles:
        raise Forbidden("Where usage reports are on is decided by the distributor's admins only.")
    errors: list[FieldError] = []
    names = {"region": _words("region", region, errors), "type": _words("type", account_type, errors)}
    if errors:
        raise InputRefused("The region or type was refused. Nothing was changed.", errors)
    scope = {"distributor_id": distributor_id, "region": names["region"], "account_type": names["type"]}
    statement = insert(ReportingScope).values(**scope, usage_reports=on)
    keys = [SCOPE.c.distributor_id, SCOPE.c.region, SCOPE.c.account_type]
    db.session.execute(statement.on_conflict_do_update(index_elements=keys, set_={"usage_reports": on}))
    return db.session.scalar(select(func.count()).select_from(Account).filter_by(**scope)) or 0


def check_may_change(member: CurrentMember, account: AccountRow | None = None) -> None:
    """Accounts are the business of the distributor's admins. Raises Forbidden."""
    own = member.is_distributor and (account is None or account.distributor_id == member.organization_id)
    if not own or Role.ADMIN not in member.roles:
        raise Forbidden("Accounts and their terms are changed by the distributor's admins only.")


def _read(
    fields: Mapping[str, Any], errors: list[FieldError]
) -> tuple[dict[str, Any], dict[str, Any], tuple[Contact, ...]]:
    known = {*COLUMNS, "msp", "terms", "contacts"}
    errors.extend(FieldError("An account has no field of this name.", name) for name in fields if name not in known)
    columns = {column: _words(name, fields[name], errors) for name, column in COLUMNS.items() if name in fields}
    terms = {} if fields.get("terms") is None else fields["terms"]
    if not isinstance(terms, Mapping):
        errors.append(FieldError("Terms are an object of names and values.", "terms"))
        terms = {}
    contacts = read_contacts(fields.get("contacts"), errors)
    given = {column: value for column, value in columns.items() if value is not None or column == "po_number"}
    return given, term_rules.read_terms(terms, errors), contacts


def _words(name: str, given: Any, errors: list[FieldError]) -> str | None:
    words = given.strip(BLANKS) if isinstance(given, str) else ""
    if name == "po_number" and (given is None or given == ""):
        return None
    if not words or len(words) > LONGEST[name] or not words.isprintable():
        errors.append(FieldError(f"Write 1 to {LONGEST[name]} characters on one line.", name))
        return None
    return words


def _insert(member: CurrentMember, msp_id: int, row: dict[str, Any], at: datetime) -> AccountRow:
    _know_scope(member.organization_id, row["region"], row["account_type"])
    whole = {**row, "distributor_id": member.organization_id, "msp_id": msp_id, "created_at": at}
    view = _View(whole)
    cycle = first_cycle(view, at)  # type: ignore[arg-type]  # has the columns that the rules read
    whole |= {"next_cycle": cycle.first_day, "next_opens_at": next_opening(view, cycle)}  # type: ignore[arg-type]  # as above
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
    number = columns.get("number", account.number)
    taken = select(ACCOUNT.c.id).where(ACCOUNT.c.distributor_id == account.distributor_id, ACCOUNT.c.number == number)
    if db.session.scalar(taken.where(ACCOUNT.c.id != account.id)) is not None:
        raise _number_taken(number)
    region, account_type = columns.get("region", account.region), columns.get("account_type", account.account_type)
    _know_scope(account.distributor_id, region, account_type)
    cycle = max(Cycle.from_date(account.next_cycle), Cycle.from_date(columns["reports_from"]))
    opens_at = next_opening(_View({**account._mapping, **columns}), cycle)  # type: ignore[arg-type]  # as above
    sets = {**columns, "next_cycle": cycle.first_day, "next_opens_at": opens_at}
    db.session.execute(update(Account).where(ACCOUNT.c.id == account.id).values(**sets))


def _number_taken(number: str) -> Conflict:
    return Conflict(f"You have an account {number} already; numbers are unique per distributor.")


def _know_scope(distributor_id: int, region: str, account_type: str) -> None:
    row = {"distributor_id": distributor_id, "region": region, "account_type": account_type, "usage_reports": True}
    db.session.execute(insert(ReportingScope).values(**row).on_conflict_do_nothing())
