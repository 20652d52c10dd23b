"""Naming a substitute for a time, and ending it: by whoever is away, or by an admin of the organization."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from flask_babel import gettext
from sqlalchemy import Row, or_, select, update

from distributor.audit.operations import Fact, record, record_all
from distributor.database import db
from distributor.delegation import queries
from distributor.delegation.models import Substitute
from distributor.delivery.events import SUBSTITUTE_ENDED, SUBSTITUTE_NAMED
from distributor.delivery.telling import Telling, tell
from distributor.errors import FieldError, Forbidden, InputRefused
from distributor.identity.acting import CurrentMember
from distributor.identity.models import Member
from workflows.report_cycle import midnight
from workflows.usage_report import Role, Side

# Who is away for longer leaves; and a plan further ahead is forgotten by then.
LONGEST = timedelta(days=366)
FURTHEST = timedelta(days=366)
KEYS: tuple[Any, ...] = (Substitute.uid, Substitute.organization_id)


@dataclass(frozen=True, slots=True)
class Absence:
    """Who is away, who acts meanwhile (uids of memberships), from which day to which, both included."""

    absent: UUID
    substitute: UUID
    first_day: date
    last_day: date


def may_name(member: CurrentMember, absent: UUID) -> bool:
    """Whether `member` may name a substitute for this colleague: itself always, others as an admin."""
    return absent == member.member_uid or Role.ADMIN in member.own_roles


def name_substitute(member: CurrentMember, absence: Absence, at: datetime) -> Row[Any]:
    """Let a colleague act for another one; returns the substitution. Both are told, and whoever lends their roles is
    told in any case: so that nothing is lent unnoticed.

    Days are those of the zone in which most of the organization's accounts report. Raises Forbidden, InputRefused.
    """
    if not may_name(member, absence.absent):
        raise Forbidden(gettext("A substitute is named by the person who is away, or by an admin."))
    zone = ZoneInfo(queries.home_zone(member.organization_id))
    _check(absence, at.astimezone(zone).date())
    absent, substitute = _both(member, absence)
    starts_at, ends_at = midnight(absence.first_day, zone), midnight(absence.last_day + timedelta(days=1), zone)
    _one_at_a_time(absent.id)
    _check_free(absent, substitute, starts_at, ends_at)
    row = Substitute(
        organization_id=member.organization_id,
        absent_id=absent.id,
        substitute_id=substitute.id,
        first_day=absence.first_day,
        last_day=absence.last_day,
        time_zone=zone.key,
        starts_at=starts_at,
        ends_at=ends_at,
        made_by=member.user_id,
        made_at=at,
    )
    db.session.add(row)
    db.session.flush()
    named = queries.one(row.uid, member.organization_id)
    _tell(SUBSTITUTE_NAMED, member, named, at)
    record("substitute.named", by=member, at=at, organization_id=member.organization_id, **_about(named))
    return named


def revoke(member: CurrentMember, uid: UUID, at: datetime) -> Row[Any]:
    """End a substitution for the very next request; doing it twice is fine. Raises NotFound, Forbidden.

    Whoever acts may give it back, too.
    """
    row = queries.one(uid, member.organization_id)
    if member.member_id not in {row.absent_id, row.substitute_id} and Role.ADMIN not in member.own_roles:
        raise Forbidden(gettext("A substitution is ended by one of the two people, or by an admin."))
    ended = _end(at, Substitute.id == row.id, Substitute.ends_at > at, by=member.user_id)
    if ended:
        _tell(SUBSTITUTE_ENDED, member, row, at)
        record("substitute.ended", by=member, at=at, organization_id=member.organization_id, **_about(row))
    return row


def end_of_member(member_id: int, at: datetime) -> None:
    """Whoever leaves acts for nobody, and nobody for them."""
    theirs = or_(Substitute.absent_id == member_id, Substitute.substitute_id == member_id)
    ended = [queries.one(row.uid, row.organization_id) for row in _end(at, theirs, Substitute.ends_at > at)]
    facts = [Fact("substitute.ended", organization_id=row.organization_id, **_about(row)) for row in ended]
    record_all(facts, by=None, at=at)


def _end(at: datetime, *which: Any, by: int | None = None) -> Sequence[Row[Any]]:
    ending = update(Substitute).where(Substitute.revoked_at.is_(None), *which).values(revoked_at=at, revoked_by=by)
    return db.session.execute(ending.returning(*KEYS)).all()


def _check(absence: Absence, today: date) -> None:
    """Raises InputRefused for days that make no sense together, or with today."""
    errors = []
    if absence.last_day < absence.first_day:
        errors.append(FieldError(gettext("The last day lies before the first."), "last_day"))
    elif absence.last_day < today:
        errors.append(FieldError(gettext("The last day is over already."), "last_day"))
    elif absence.last_day - absence.first_day >= LONGEST:
        errors.append(FieldError(gettext("A substitute is named for a year at most."), "last_day"))
    if absence.first_day - today > FURTHEST:
        errors.append(FieldError(gettext("The first day is more than a year ahead."), "first_day"))
    if absence.substitute == absence.absent:
        errors.append(FieldError(gettext("Choose a colleague."), "substitute"))
    if errors:
        raise InputRefused(gettext("Nobody was named."), errors)


def _both(member: CurrentMember, absence: Absence) -> tuple[Row[Any], Row[Any]]:
    """Raises InputRefused unless both belong to the organization."""
    found = {row.uid: row for row in queries.colleagues(member.organization_id)}
    missing = [
        name for name, uid in (("absent", absence.absent), ("substitute", absence.substitute)) if uid not in found
    ]
    if missing:
        why = gettext("Choose a colleague who belongs to %(name)s.", name=member.organization_name)
        raise InputRefused(why, [FieldError(why, name) for name in missing])
    return found[absence.absent], found[absence.substitute]


def _one_at_a_time(member_id: int) -> None:
    db.session.execute(select(Member.id).where(Member.id == member_id).with_for_update(key_share=True))


def _check_free(absent: Row[Any], substitute: Row[Any], starts_at: datetime, ends_at: datetime) -> None:
    if queries.overlapping(absent.id, substitute.id, starts_at, ends_at):
        why = gettext(
            "%(substitute)s acts for %(absent)s on some of these days already. End that first, or choose other days.",
            substitute=substitute.name,
            absent=absent.name,
        )
        raise InputRefused(why, [FieldError(why, "first_day")])


def _about(row: Row[Any]) -> dict[str, Any]:
    """What the trail keeps of a substitution."""
    days = {"first_day": row.first_day, "last_day": row.last_day, "time_zone": row.time_zone}
    return {
        "subject": f"{row.substitute_name} for {row.absent_name}",
        "details": {"absent": row.absent_email, "substitute": row.substitute_email, **days},
    }


def _tell(event: str, member: CurrentMember, row: Row[Any], at: datetime) -> None:
    """Tell both of them. Who did it knows, but whose roles are lent may not: somebody else may have sat at the desk."""
    side = Side.DISTRIBUTOR if member.is_distributor else Side.MSP
    told = {
        "substitute": row.substitute_name,
        "absent": row.absent_name,
        "first_day": row.first_day.isoformat(),
        "last_day": row.last_day.isoformat(),
        "time_zone": row.time_zone,
        "by": member.name,
    }
    for user_id, is_absent in ((row.substitute_user_id, False), (row.absent_user_id, True)):
        is_own_doing = user_id == member.user_id
        if not is_own_doing or (is_absent and event == SUBSTITUTE_NAMED):
            about = {"is_absent": is_absent, "is_own_doing": is_own_doing, "substitution": str(row.uid)}
            details = {**told, **about}
            tell(Telling(event, member.organization_id, side, user_id, details=details), at)
