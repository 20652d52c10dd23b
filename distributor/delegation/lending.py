"""The roles that absent colleagues lend a member, as the query that finds the member reads them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, bindparam, func, select
from sqlalchemy.orm import InstrumentedAttribute, aliased

from distributor.delegation.models import Substitute
from distributor.identity.acting import Absentee, CurrentMember
from distributor.identity.models import Member, User
from workflows.usage_report import Role

AWAY = aliased(Member, name="away")
PERSON = aliased(User, name="away_person")


def lasts(at: Any) -> tuple[ColumnElement[bool], ...]:
    """The conditions under which a substitution holds at an instant."""
    return Substitute.revoked_at.is_(None), Substitute.starts_at <= at, Substitute.ends_at > at


def lenders_of(member_id: InstrumentedAttribute[int]) -> ColumnElement[Any]:
    """A column of the query with the parameter `at`: JSON of everybody the member acts for then, or null."""
    one = func.json_build_object(
        "user_id", PERSON.id, "user_uid", PERSON.uid, "name", PERSON.name, "roles", AWAY.roles,
        "last_day", Substitute.last_day,
    )  # fmt: skip
    return (
        select(func.json_agg(one))
        .select_from(Substitute)
        .join(AWAY, AWAY.id == Substitute.absent_id)
        .join(PERSON, PERSON.id == AWAY.user_id)
        .where(
            Substitute.substitute_id == member_id,
            *lasts(bindparam("at")),
            AWAY.removed_at.is_(None),
            PERSON.disabled_at.is_(None),
        )
        .correlate(Member)
        .scalar_subquery()
    )


def with_lent(member: CurrentMember, lenders: Iterable[Mapping[str, Any]] | None) -> CurrentMember:
    """The member with the roles lent on top of its own. `lenders`: what the column above gave."""
    acts_for = tuple(_absentee(one) for one in lenders or ())
    if not acts_for:
        return member
    held = member.roles.union(*(absent.roles for absent in acts_for))
    return replace(member, roles=held, own=member.roles, acts_for=tuple(sorted(acts_for, key=_order)))


def _absentee(given: Mapping[str, Any]) -> Absentee:
    return Absentee(
        given["user_id"],
        UUID(given["user_uid"]),
        given["name"],
        frozenset(Role(role) for role in given["roles"]),
        date.fromisoformat(given["last_day"]),
    )


def _order(absent: Absentee) -> tuple[date, int]:
    return absent.last_day, absent.user_id
