"""Who has a second factor, what it takes to use and to lose it, and whether an organization asks for one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from flask_babel import gettext
from sqlalchemy import func, literal, select, update

from distributor import tenancy
from distributor.database import db, one_of
from distributor.delivery.events import FACTORS_CHANGED
from distributor.errors import Conflict, FieldError, Forbidden, InputRefused, NotFound
from distributor.identity import codes, passkeys, queries, recovery, sessions, trail
from distributor.identity.acting import CurrentMember
from distributor.identity.factor_models import CodeSeed, Passkey, missing
from distributor.identity.models import Member, Organization, User
from distributor.identity.passkeys import Answer, Site
from distributor.people.operations.telling import tell_member
from workflows.usage_report import Role


@dataclass(frozen=True, slots=True)
class Factors:
    """What a person has beside the password."""

    codes: bool = False
    passkeys: int = 0

    def __bool__(self) -> bool:
        return self.codes or self.passkeys > 0


NONE = Factors()


def of_user(user_id: int) -> Factors:
    """One person's factors."""
    return of_users([user_id]).get(user_id, NONE)


def of_users(user_ids: Sequence[int]) -> dict[int, Factors]:
    """The factors of many people by one query; who has none is left out. For lists of members."""
    seeds = select(CodeSeed.user_id, literal(0).label("key")).where(CodeSeed.confirmed_at.is_not(None))
    each = seeds.union_all(select(Passkey.user_id, literal(1))).subquery()
    held = select(each.c.user_id, func.sum(each.c.key).label("keys"), func.count().label("all"))
    found = db.session.execute(held.where(one_of(each.c.user_id, user_ids)).group_by(each.c.user_id))
    return {row.user_id: Factors(codes=row.all > row.keys, passkeys=row.keys) for row in found}


def person(user_id: int) -> tuple[User, bool]:
    """A user that is known to exist, and whether they have a second factor, by one query."""
    query = select(User, missing(User.id)).where(User.id == user_id)
    user, lacks = db.session.execute(query).one()
    return user, not lacks


def lacking(organization_id: int) -> int:
    """How many of an organization's members have no second factor."""
    mine = (Member.organization_id == organization_id, Member.removed_at.is_(None), missing(Member.user_id))
    return db.session.scalar(select(func.count()).select_from(Member).where(*mine)) or 0


def is_required(organization_id: int) -> bool:
    """Whether the organization asks all its members for a second factor."""
    return bool(db.session.scalar(select(Organization.require_second_factor).filter_by(id=organization_id)))


def set_required(member: CurrentMember, on: bool, at: datetime) -> None:
    """Ask all members for a second factor, or leave it to them. Raises Forbidden unless an admin does."""
    if Role.ADMIN not in member.own_roles:
        raise Forbidden(gettext("What everybody needs to sign in is decided by the organization's admins only."))
    db.session.execute(
        update(Organization).where(Organization.id == member.organization_id).values(require_second_factor=on)
    )
    what = "second_factor.required" if on else "second_factor.left_to_members"
    trail.note(what, member, at)


def confirm_codes(member: CurrentMember, code: str, at: datetime) -> list[str]:
    """Switch one-time codes on by their first; returns recovery codes where there were none. Raises InputRefused."""
    if not codes.confirm(member.user_id, code, at):
        why = wrong_code()
        raise InputRefused(why, [FieldError(why, "code")])
    _changed("codes.switched_on", member, at)
    return _first_recovery_codes(member, at)


def add_passkey(member: CurrentMember, name: str, answer: Answer, site: Site, at: datetime) -> list[str]:
    """Keep a passkey; returns recovery codes where there were none. Raises InputRefused."""
    key = passkeys.add(member, name, answer, site, at)
    _changed("passkey.added", member, at, key.name)
    return _first_recovery_codes(member, at)


def new_recovery_codes(member: CurrentMember, at: datetime) -> list[str]:
    """Ten recovery codes in place of those before. Raises Conflict without a factor that they could stand in for."""
    if not of_user(member.user_id):
        raise Conflict(gettext("Recovery codes stand in for a second factor. Set one up first."))
    _changed("recovery_codes.made", member, at)
    return recovery.make(member.user_id, at)


def switch_codes_off(member: CurrentMember, at: datetime) -> None:
    """Switch one-time codes off; doing it twice is fine."""
    if codes.switch_off(member.user_id):
        _changed("codes.switched_off", member, at)
        _forget_recovery(member.user_id)


def remove_passkey(member: CurrentMember, uid: UUID, at: datetime) -> None:
    """Forget a passkey. Raises NotFound for one that is not the member's."""
    name = passkeys.remove(member.user_id, uid)
    if name is None:
        raise NotFound(gettext("This passkey"))
    _changed("passkey.removed", member, at, name)
    _forget_recovery(member.user_id)


def spend_recovery_code(user_id: int, code: str, at: datetime) -> bool:
    """Use a recovery code up and tell its person; False when it is none of theirs, or was used already."""
    if not recovery.spend(user_id, code, at):
        return False
    trail.note_of_user("recovery_code.used", user_id, at)
    for member in queries.members_of(user_id)[:1]:
        tenancy.enter(member.organization_id)
        tell_member(FACTORS_CHANGED, member, at, what="recovery_code.used")
    return True


def reset(member: CurrentMember, at: datetime) -> bool:
    """Take all factors away from somebody who lost them, and end their sign-ins; False where there were none.

    For the operator at the command line, who knows the person otherwise.
    """
    had = bool(of_user(member.user_id))
    codes.switch_off(member.user_id)
    passkeys.remove_all(member.user_id)
    recovery.forget(member.user_id)
    sessions.end(member.user_id, at)
    if had:
        trail.note_by_operator("second_factor.reset", member.user_id, at)
        tell_member(FACTORS_CHANGED, member, at, what="second_factor.reset")
    return had


def why_refused(user_id: int, code: str, at: datetime) -> dict[str, str | int]:
    """For the trail alone: what was wrong with a one-time or recovery code that was refused."""
    if recovery.was_used(user_id, code):
        return {"reason": "used", "kind": "recovery-code"}
    return codes.why_not(user_id, code, at)


def wrong_code() -> str:
    """What is said about every code that does not do, whatever is wrong with it."""
    return gettext(
        "This code is not right. Each works once and for half a minute: take the one that the app shows now, and if it "
        "is refused too, let the telephone set its clock by itself."
    )


def _changed(what: str, member: CurrentMember, at: datetime, subject: str = "") -> None:
    """Into the trail and, by mail, to the person, who may not have done it (OWASP ASVS 5.0, 6.3.7)."""
    trail.note(what, member, at, subject)
    tell_member(FACTORS_CHANGED, member, at, what=what)


def _first_recovery_codes(member: CurrentMember, at: datetime) -> list[str]:
    return [] if recovery.left(member.user_id) else new_recovery_codes(member, at)


def _forget_recovery(user_id: int) -> None:
    if not of_user(user_id):
        recovery.forget(user_id)
