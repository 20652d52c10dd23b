"""What changes people: members come and go, passwords are set, sign-ins begin."""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Iterable
from datetime import datetime, timedelta

from flask_babel import gettext
from sqlalchemy import select, text, update

from distributor import locks
from distributor.audit.operations import record
from distributor.calendars import operations as calendars
from distributor.database import db
from distributor.delegation import operations as delegation
from distributor.errors import Conflict, FieldError, InputRefused
from distributor.identity import passwords, pending, queries, sessions, tokens
from distributor.identity.acting import Acting, CurrentMember
from distributor.identity.models import Member, Organization, PasswordLink, User
from distributor.identity.sessions import digest
from distributor.words import fits_on_a_line, is_disguised, on_a_line
from workflows.units import BLANKS
from workflows.usage_report import Role

LINK_LIVES = timedelta(hours=72)
LONGEST_NAME, LONGEST_EMAIL, LONGEST_PHONE = 200, 254, 50

_EMAIL = re.compile(r"[^@\s,;<>\"()\[\]\\\x00-\x1f\x7f]+@[^@\s,;<>\"()\[\]\\\x00-\x1f\x7f]+")


def init_distributor(
    organization_name: str, admin_email: str, password: str, at: datetime, admin_name: str | None = None
) -> Member:
    """Make the first distributor with its admin, who also reviews. Raises Conflict where there is one, InputRefused."""
    db.session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": locks.INIT})
    if db.session.scalar(select(Organization.id).where(Organization.is_distributor).limit(1)):
        raise Conflict(gettext("There is a distributor already. Its admin adds everybody else."))
    passwords.check_length(password)
    organization = Organization(name=tidy_name(organization_name, "organization"), is_distributor=True)
    db.session.add(organization)
    db.session.flush()
    name = admin_name or admin_email.partition("@")[0]
    member = add_member(organization, admin_email, name, (Role.ADMIN, Role.REVIEWER), at)
    set_password(member.user, password)
    return member


def let_distribute(organization: Organization, acting: Acting, at: datetime) -> bool:
    """Let an organization have a catalogue and partners of its own; whether it could not before. What it owes to its
    own distributors stays as it is.
    """
    if organization.is_distributor:
        return False
    organization.is_distributor = True
    record("organization.took_partners", by=acting, at=at, organization_id=organization.id, subject=organization.name)
    db.session.flush()
    return True


def add_member(organization: Organization, email: str, name: str, roles: Iterable[str], at: datetime) -> Member:
    """Give a person roles in the organization, on top of those held already; a user who is new is made.

    An address that is known keeps its user's name. Somebody who had been removed comes back with `roles` alone.
    Raises InputRefused.
    """
    wanted = _known_roles(roles)
    user = queries.user_by_email(email) or _new_user(email, name, at)
    member = db.session.scalar(select(Member).filter_by(organization_id=organization.id, user_id=user.id))
    if member is None:
        member = Member(organization=organization, user=user, roles=[], created_at=at)
        db.session.add(member)
    held = () if member.removed_at else member.roles
    member.roles, member.removed_at = sorted({*held, *wanted}), None
    db.session.flush()
    return member


def remove_member(member: Member, at: datetime) -> None:
    """Take every right of a membership away, for the very next request. Coming back later revives no token and
    no calendar's address.
    """
    if member.removed_at is None:
        member.removed_at = at
    sessions.end_of_member(member.id, at)
    tokens.revoke(member.id, at)
    delegation.end_of_member(member.id, at)
    calendars.end_of_member(member.id)
    db.session.flush()


def known_by_password(email: str, password: str) -> CurrentMember | None:
    """Whose address and password these are, as the membership used last. None for a wrong password and an unknown
    address alike, after the same work.
    """
    user = queries.user_by_email(email)
    kept = user.password_hash if user else None
    if not passwords.is_right(password, kept) or user is None or kept is None:
        return None
    members = queries.members_by_own_proof(user.id)
    if not members:
        return None
    if passwords.needs_rehash(kept):
        user.password_hash = passwords.HASHER.hash(password)
    return members[0]


def password_link(user: User, at: datetime, *, beside: bool = False, lives: timedelta = LINK_LIVES) -> str:
    """The secret of a single-use link to set a password, alive for 72 hours. Earlier links stop working, unless the new
    one stands `beside` them, as a mail's does; using one ends all.
    """
    if not beside:
        use_up_links(user.id, at)
    token = secrets.token_urlsafe(32)
    db.session.add(PasswordLink(user_id=user.id, token_hash=digest(token), created_at=at, expires_at=at + lives))
    db.session.flush()
    return token


def set_password(user: User, password: str) -> None:
    """Give a user a password; who is half way in with the one before begins anew. Raises InputRefused."""
    passwords.check(password, _names_about(user))
    user.password_hash = passwords.hash_password(password)
    pending.end_of_user(user.id)
    db.session.flush()


def _names_about(user: User) -> list[str]:
    """What others know about a person: no password is to be made of it."""
    companies = [member.organization_name for member in queries.members_of(user.id)]
    return [user.name, user.email, *companies, passwords.name_of_service()]


def use_password_link(token: str, password: str, at: datetime, *, language: str | None = None) -> User | None:
    """Set the password by a link and end all sign-ins. None when the link does not work; raises InputRefused.

    Whoever had none yet reads pages and mails in `language` from then on: the one the invitation was answered in.
    """
    passwords.check_length(password)
    user_id = db.session.scalar(
        update(PasswordLink)
        .where(PasswordLink.token_hash == digest(token), PasswordLink.used_at.is_(None), PasswordLink.expires_at > at)
        .values(used_at=at)
        .returning(PasswordLink.user_id)
    )
    user = queries.user(user_id) if user_id else None
    if user is None or user.disabled_at is not None:
        return None
    if user.password_hash is None and language is not None:
        user.locale = language
    set_password(user, password)
    sessions.end(user.id, at)
    use_up_links(user.id, at)
    return user


def change_password(member: CurrentMember, present: str, new: str, at: datetime) -> None:
    """Replace one's own password; all other sign-ins end. Raises InputRefused."""
    user = queries.user(member.user_id)
    if not passwords.is_right(present, user.password_hash):
        why = gettext("The present password is not right.")
        raise InputRefused(why, [FieldError(why, "present")])
    set_password(user, new)
    sessions.end_others(user.id, member.web_session_id, at)
    use_up_links(user.id, at)


def change_details(member: CurrentMember, name: str, phone: str) -> None:
    """Replace one's own contact details. Raises InputRefused."""
    user = queries.user(member.user_id)
    user.name, user.phone = tidy_name(name, "name"), _tidy_phone(phone)
    db.session.flush()


def change_language(member: CurrentMember, locale: str) -> None:
    """Have pages and mails come to the person in this language from now on; the caller knows that there is one."""
    queries.user(member.user_id).locale = locale
    db.session.flush()


def _new_user(email: str, name: str, at: datetime) -> User:
    user = User(email=tidy_address(email), name=tidy_name(name, "name"), created_at=at)
    db.session.add(user)
    db.session.flush()
    return user


def _known_roles(roles: Iterable[str]) -> frozenset[str]:
    wanted = frozenset(str(role) for role in roles)
    if not wanted or wanted - set(Role):
        why = gettext("A member has one or more of the roles %(roles)s.", roles=", ".join(Role))
        raise InputRefused(why, [FieldError(why, "roles")])
    return wanted


def use_up_links(user_id: int, at: datetime) -> None:
    """End every link by which this person could set a password."""
    db.session.execute(
        update(PasswordLink).where(PasswordLink.user_id == user_id, PasswordLink.used_at.is_(None)).values(used_at=at)
    )


def tidy_address(email: str, field: str = "email") -> str:
    """An address as it is kept. Raises InputRefused unless it looks like one."""
    address = queries.tidy_email(email)
    if len(address) > LONGEST_EMAIL or not _EMAIL.fullmatch(address) or not fits_on_a_line(address):
        why = gettext(
            "“%(given)s” is no e-mail address. It looks like name@company.example.", given=on_a_line(address[:60])
        )
        raise InputRefused(why, [FieldError(why, field)])
    if not _is_reachable(address):
        why = gettext("“%(given)s” cannot be reached by e-mail. Type it in plain letters.", given=address[:60])
        raise InputRefused(why, [FieldError(why, field)])
    return address


def _is_reachable(address: str) -> bool:
    """Whether mail servers take the address as it is read: letters that look alike lead elsewhere."""
    local, _, domain = address.rpartition("@")
    try:
        return local.isascii() and bool(domain.encode("idna")) and not is_disguised(domain)
    except UnicodeError:
        return False


def tidy_name(name: str, field: str) -> str:
    """A name of 1 to 200 characters on one line, without outer white space. Raises InputRefused."""
    tidy = unicodedata.normalize("NFC", name.strip(BLANKS))
    if not tidy or len(tidy) > LONGEST_NAME or not fits_on_a_line(tidy):
        why = gettext("Give a name of 1 to %(most)s characters on one line.", most=LONGEST_NAME)
        raise InputRefused(why, [FieldError(why, field)])
    if is_disguised(tidy):
        why = gettext("Write each word of the name in the letters of one alphabet, without invisible signs.")
        raise InputRefused(why, [FieldError(why, field)])
    return tidy


def _tidy_phone(phone: str) -> str | None:
    tidy = phone.strip(BLANKS)
    if len(tidy) > LONGEST_PHONE or not fits_on_a_line(tidy):
        why = gettext("A phone number has at most %(most)s characters on one line.", most=LONGEST_PHONE)
        raise InputRefused(why, [FieldError(why, "phone")])
    return tidy or None
