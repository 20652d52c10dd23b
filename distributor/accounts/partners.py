"""The MSP of an account and its people: found among the distributor's own partners, or made.

Names of organizations are no secret and not unique: a partner is only ever looked for among those the distributor has,
so that nobody reaches another distributor's partner by guessing its name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from flask_babel import gettext
from sqlalchemy import func, select

from distributor.accounts.models import Account
from distributor.accounts.queries import AccountRow
from distributor.audit.operations import record
from distributor.database import db
from distributor.delivery.operations import tell_to_set_password
from distributor.errors import FieldError, Forbidden, InputRefused
from distributor.identity.acting import CurrentMember
from distributor.identity.models import Member, Organization
from distributor.identity.operations import add_member, password_link
from distributor.saying import said
from distributor.words import fits_on_a_line, is_disguised
from workflows.units import BLANKS
from workflows.usage_report import Role, Side

MOST_CONTACTS = 50
LONGEST_NAME = 200
ROLES = (Role.ADMIN, Role.PREPARER, Role.VIEWER)
DEFAULT_ROLE = Role.PREPARER


@dataclass(frozen=True, slots=True)
class Contact:
    """A person at the MSP who is to work on its reports."""

    name: str
    email: str
    role: Role


@dataclass(frozen=True, slots=True)
class Invited:
    """A contact made a member. `link`: the secret of the link that sets a first password; None for whoever has one."""

    member: Member
    link: str | None


def msp_of(member: CurrentMember, given: Any, errors: list[FieldError]) -> Organization | None:
    """The MSP that `{id}` or `{name}` means, made where the name is new to the distributor."""
    if not isinstance(given, Mapping) or not set(given) <= {"id", "name"} or not given:
        why = gettext("Say which MSP: %(name)s, or %(id)s of one you have.", name='{"name": …}', id='{"id": …}')
        errors.append(FieldError(why, "msp"))
        return None
    found = _by_id(member, given["id"]) if given.get("id") else None
    if given.get("id"):
        if found is None:
            errors.append(FieldError(gettext("You have no MSP with this id."), "msp.id"))
        return found
    name = checked_name(given.get("name"), errors)
    if name is None:
        return None
    one_at_a_time(member.organization_id)
    return _by_name(member, name) or (None if errors else _made(name))


def one_at_a_time(distributor_id: int) -> None:
    """Wait until nobody else takes on partners for the distributor: two at once would make an MSP of one name twice."""
    db.session.execute(select(Organization.id).where(Organization.id == distributor_id).with_for_update(key_share=True))


def checked_name(given: Any, errors: list[FieldError]) -> str | None:
    """The name of an MSP without outer white space; None, and a reason in `errors`, where it is none."""
    name = given.strip(BLANKS) if isinstance(given, str) else ""
    if not name or len(name) > LONGEST_NAME or not fits_on_a_line(name):
        why = gettext("A name has 1 to %(most)s characters on one line.", most=LONGEST_NAME)
        errors.append(FieldError(why, "msp.name"))
        return None
    if is_disguised(name):
        why = gettext("Write each word of the name in the letters of one alphabet, without invisible signs.")
        errors.append(FieldError(why, "msp.name"))
        return None
    return name


def _own(member: CurrentMember) -> Any:
    partners = select(Account.msp_id).where(Account.distributor_id == member.organization_id)
    return select(Organization).where(Organization.id.in_(partners))


def _by_id(member: CurrentMember, given: Any) -> Organization | None:
    try:
        uid = UUID(str(given))
    except ValueError:
        return None
    found: Organization | None = db.session.scalar(_own(member).where(Organization.uid == uid))
    return found


def _by_name(member: CurrentMember, name: str) -> Organization | None:
    query = _own(member).where(func.lower(Organization.name) == func.lower(name)).order_by(Organization.id).limit(1)
    found: Organization | None = db.session.scalar(query)
    return found


def _made(name: str) -> Organization:
    organization = Organization(name=name)
    db.session.add(organization)
    db.session.flush()
    return organization


def read_contacts(given: Any, errors: list[FieldError]) -> tuple[Contact, ...]:
    """`[{name, email, role}]`; every wrong field is added to `errors`."""
    if given is None:
        return ()
    if not isinstance(given, Sequence) or isinstance(given, str) or len(given) > MOST_CONTACTS:
        why = gettext("Contacts are a list of at most %(most)s.", most=MOST_CONTACTS)
        errors.append(FieldError(why, "contacts"))
        return ()
    read = [_contact(number, contact, errors) for number, contact in enumerate(given)]
    return tuple(contact for contact in read if contact is not None)


def _contact(number: int, given: Any, errors: list[FieldError]) -> Contact | None:
    place = f"contacts.{number}"
    if not isinstance(given, Mapping) or not set(given) <= {"name", "email", "role"}:
        errors.append(FieldError(gettext("A contact is {name, email, role}."), place))
        return None
    name, email, role = given.get("name"), given.get("email"), given.get("role", DEFAULT_ROLE)
    if not isinstance(email, str) or not email.strip():
        errors.append(FieldError(gettext("A contact needs an e-mail address."), f"{place}.email"))
        return None
    if role not in ROLES:
        why = gettext("A contact's role is one of %(roles)s.", roles=", ".join(ROLES))
        errors.append(FieldError(why, f"{place}.role"))
        return None
    called = name.strip() if isinstance(name, str) and name.strip() else email.partition("@")[0]
    return Contact(called, email, Role(role))


def invite(
    member: CurrentMember, account: AccountRow, contacts: Sequence[Contact], at: datetime
) -> tuple[Invited, ...]:
    """Make the contacts members of the account's MSP; whoever has no password is mailed a link to set one.

    Raises Forbidden, InputRefused with the contact's place.
    """
    if not contacts:
        return ()
    check_contacts_allowed(account)
    organization = db.session.get_one(Organization, account.msp_id)
    invited = tuple(_invited(organization, number, contact, at) for number, contact in enumerate(contacts))
    for one in invited:
        about = {"roles": list(one.member.roles)}
        email = one.member.user.email
        record("member.added", by=member, at=at, account_id=account.id, subject=email, details=about)
        if one.link is not None:
            tell_to_set_password(one.member.user_id, organization.id, Side.MSP, at, invited_by=member.organization_id)
    return invited


def check_contacts_allowed(account: AccountRow) -> None:
    """A distributor brings people into organizations that are its partners alone: members see all an organization sees.

    Raises Forbidden.
    """
    if works_with_others(account):
        why = gettext(
            "%(msp)s works with others too, so its own admins add its members. Leave the contacts out.",
            msp=account.msp_name,
        )
        raise Forbidden(why)


def works_with_others(account: AccountRow) -> bool:
    """Whether the account's MSP has another distributor, or may have partners of its own. Row-level security hides such
    accounts from the account's distributor, so that no query of the service's answers it (migrations/versions/0020).
    """
    asked = select(func.works_with_others(account.msp_id, account.distributor_id))
    return db.session.scalars(asked).one() is True


def _invited(organization: Organization, number: int, contact: Contact, at: datetime) -> Invited:
    try:
        made = add_member(organization, contact.email, contact.name, (contact.role,), at)
    except InputRefused as error:
        places = [FieldError(e.reason, f"contacts.{number}.{e.field or 'email'}") for e in error.errors]
        raise InputRefused(said(error), places) from error
    link = password_link(made.user, at) if made.user.password_hash is None else None
    return Invited(made, link)
