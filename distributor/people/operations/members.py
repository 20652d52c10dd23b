"""Members and their roles, changed by the admins of their organization, one of whom there always is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from flask_babel import gettext
from sqlalchemy import Row, select

from distributor.audit.operations import record
from distributor.database import db
from distributor.delivery.events import MEMBER_REMOVED, ROLES_CHANGED
from distributor.delivery.telling import Telling, tell
from distributor.errors import Conflict, FieldError, Forbidden, InputRefused
from distributor.identity import sessions
from distributor.identity.acting import CurrentMember
from distributor.identity.models import Member, Organization
from distributor.identity.operations import remove_member
from distributor.identity.queries import members_by_own_proof
from distributor.people.operations.telling import side_of
from distributor.people.operations.withdrawing import withdraw_made_by
from distributor.people.queries import offered_roles, other_admins, person
from workflows.usage_report import Role


@dataclass(frozen=True, slots=True)
class NewRoles:
    """The roles a member is to have, and those that were shown to whoever decided so."""

    wanted: frozenset[str]
    seen: frozenset[str]


def check_admin(member: CurrentMember) -> None:
    """Members are the business of their organization's admins. Raises Forbidden."""
    if Role.ADMIN not in member.own_roles:
        raise Forbidden(gettext("Members and invitations are the business of your organization's admins."))


def one_at_a_time(member: CurrentMember) -> None:
    """Wait until nobody else changes the organization's members; then see whether `member` is still its admin.

    Raises Forbidden.
    """
    here = Organization.id == member.organization_id
    db.session.execute(select(Organization.id).where(here).with_for_update(key_share=True))
    roles = db.session.scalar(select(Member.roles).where(Member.id == member.member_id, Member.removed_at.is_(None)))
    if str(Role.ADMIN) not in (roles or ()):
        raise Forbidden(gettext("You are no longer an admin of %(name)s.", name=member.organization_name))


def change_roles(member: CurrentMember, uid: UUID, roles: NewRoles, at: datetime) -> Row[Any]:
    """Give a member of one's organization other roles; returns the member as it was. The same roles twice do nothing.
    Whoever stops being an admin takes their open invitations along.

    Raises NotFound, Forbidden, Conflict for the last admin and where the roles are no longer those seen, InputRefused.
    """
    check_admin(member)
    one_at_a_time(member)
    found = person(uid, member)
    held = frozenset(found.roles)
    if roles.wanted == held:
        return found
    if roles.seen != held:
        raise Conflict(gettext("The roles of %(name)s were changed meanwhile. Nothing was saved.", name=found.name))
    check_roles(member, roles.wanted - held, roles.wanted)
    if str(Role.ADMIN) in held - roles.wanted:
        _check_not_last(member, found)
        withdraw_made_by(found, member, at, leaves=False)
    db.session.get_one(Member, found.id).roles = sorted(roles.wanted)
    _note("member.roles_changed", ROLES_CHANGED, member, found, at, roles=sorted(roles.wanted), before=sorted(held))
    return found


def remove(member: CurrentMember, uid: UUID, at: datetime) -> Row[Any]:
    """End a membership: its sign-ins, tokens and open invitations with it, at once; returns the member as it was.

    Raises NotFound, Forbidden, Conflict for the last admin.
    """
    check_admin(member)
    one_at_a_time(member)
    found = person(uid, member)
    if str(Role.ADMIN) in found.roles:
        _check_not_last(member, found)
    withdraw_made_by(found, member, at, leaves=True)
    _note("member.removed", MEMBER_REMOVED, member, found, at, before=sorted(found.roles))
    remove_member(db.session.get_one(Member, found.id), at)
    return found


def end_sign_ins(member: CurrentMember, uid: UUID, at: datetime) -> Row[Any]:
    """End all sign-ins by which a member of one's organization could act for it; API tokens stay. Of somebody who is
    at home elsewhere only those that act for it now: else whoever adds a stranger as a contact could sign them out.

    Raises Forbidden, NotFound.
    """
    check_admin(member)
    found = person(uid, member)
    by_password = found.is_at_home and any(one.member_uid == uid for one in members_by_own_proof(found.user_id))
    sessions.end_here(found.user_id, found.id, at, by_password=by_password)
    record("session.ended_by_admin", by=member, at=at, organization_id=member.organization_id, subject=found.email)
    return found


def check_roles(member: CurrentMember, new: Iterable[str], wanted: Iterable[str]) -> None:
    """Raises InputRefused unless there is a role among `wanted` and each `new` one means something here."""
    if not frozenset(wanted):
        why = gettext("Choose at least one role.")
        raise InputRefused(why, [FieldError(why, "roles")])
    if frozenset(new) - {str(role) for role in offered_roles(member)}:
        why = gettext("Choose among the roles that are offered.")
        raise InputRefused(why, [FieldError(why, "roles")])


def _check_not_last(member: CurrentMember, found: Row[Any]) -> None:
    if not other_admins(member.organization_id, found.id):
        why = gettext(
            "%(name)s is the last admin of %(organization)s who can sign in. Make somebody else an admin first.",
            name=found.name,
            organization=member.organization_name,
        )
        raise Conflict(why)


def _note(what: str, event: str, member: CurrentMember, found: Row[Any], at: datetime, **about: list[str]) -> None:
    """Write the change into the audit trail and tell the person concerned."""
    told = {**about, "by": member.name}
    tell(Telling(event, member.organization_id, side_of(member), found.user_id, details=told), at)
    record(what, by=member, at=at, organization_id=member.organization_id, subject=found.email, details=about)
