"""Which mails a member gets: what can be switched off, and who hears of it all the same."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, exists, select, update

from distributor.accounts.models import Account
from distributor.database import db
from distributor.identity.acting import CurrentMember
from distributor.identity.models import Member, User
from distributor.usage_reports.notifications import AUDIENCES, Audience, may_be_muted, muted_as
from workflows.usage_report import Side


@dataclass(frozen=True, slots=True)
class Choice:
    """A kind of mail that reaches the member. `others`: colleagues who get it now, whatever the member chooses."""

    event: str
    side: Side
    optional: bool
    on: bool
    others: tuple[str, ...]

    @property
    def key(self) -> str:
        return muted_as(self.event, self.side)


def choices(member: CurrentMember) -> list[Choice]:
    """Every kind of mail that goes to somebody of the member's roles, in the order of a report's life."""
    people = _colleagues(member.organization_id)
    mine = next(row for row in people if row.id == member.member_id)
    sides = _sides(member)
    return [
        _choice(event, audience, mine, [row for row in people if row.id != member.member_id])
        for event, told in AUDIENCES.items()
        for audience in told
        if audience.side in sides and member.own_roles & set(audience.roles)
    ]


def change_choices(member: CurrentMember, wanted: Iterable[str]) -> int:
    """Switch off each kind that can be and is not `wanted` (keys of choices); returns how many are off now."""
    kept = set(wanted)
    off = sorted(choice.key for choice in choices(member) if choice.optional and choice.key not in kept)
    db.session.execute(update(Member).where(Member.id == member.member_id).values(muted=off))
    return len(off)


def _choice(event: str, audience: Audience, mine: Row[Any], colleagues: Sequence[Row[Any]]) -> Choice:
    key, optional = muted_as(event, audience.side), may_be_muted(event, audience.side)
    hearing = [row for row in colleagues if set(audience.roles) & set(row.roles)]
    others = tuple(row.name for row in hearing if not (optional and key in row.muted))
    return Choice(event, audience.side, optional, not (optional and key in mine.muted), others)


def _colleagues(organization_id: int) -> Sequence[Row[Any]]:
    query = (
        select(Member.__table__, User.name)
        .join(User, User.id == Member.user_id)
        .where(Member.organization_id == organization_id, Member.removed_at.is_(None), User.disabled_at.is_(None))
        .order_by(User.name, Member.id)
    )
    return db.session.execute(query).all()


def _sides(member: CurrentMember) -> set[Side]:
    """On which sides of accounts the organization stands."""
    if not member.is_distributor:
        return {Side.MSP}
    also_msp = db.session.scalar(select(exists().where(Account.msp_id == member.organization_id)))
    return {Side.DISTRIBUTOR, Side.MSP} if also_msp else {Side.DISTRIBUTOR}
