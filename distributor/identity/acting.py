"""Who acts: the person behind a request, and what the rules and the history need to know of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Protocol
from uuid import UUID

from workflows.usage_report import SYSTEM, Absent, Actor, Role, Side


class OfAccount(Protocol):
    """Any row that carries both sides of an account."""

    distributor_id: int
    msp_id: int


@dataclass(frozen=True, slots=True)
class Absentee:
    """A colleague whom a member acts for until the end of `last_day`, with the roles that this lends."""

    user_id: int
    user_uid: UUID
    name: str
    roles: frozenset[Role]
    last_day: date


@dataclass(frozen=True, slots=True)
class CurrentMember:
    """The member behind a request. `scopes` is None for a sign-in in the browser, which may do all its roles allow.

    `must_enrol`: the organization asks for a second factor, and the person has none yet. `vouched_by`: the organization
    whose own provider the sign-in came through; None where the person proved it to us. `roles` are all those held now,
    what absent colleagues lend among them (`acts_for`); `own_roles` are those of the membership itself.
    """

    user_id: int
    member_id: int
    member_uid: UUID
    email: str
    name: str
    locale: str
    organization_id: int
    organization_uid: UUID
    organization_name: str
    is_distributor: bool
    roles: frozenset[Role]
    scopes: frozenset[str] | None = None
    web_session_id: int | None = None
    api_token_id: int | None = None
    must_enrol: bool = False
    vouched_by: int | None = None
    own: frozenset[Role] | None = None
    acts_for: tuple[Absentee, ...] = ()

    @property
    def own_roles(self) -> frozenset[Role]:
        return self.roles if self.own is None else self.own

    def may(self, scope: str) -> bool:
        return self.scopes is None or scope in self.scopes

    def side_of(self, row: OfAccount) -> Side:
        """MSP or distributor, as the account says; OUTSIDE when it is somebody else's."""
        if row.msp_id == self.organization_id:
            return Side.MSP
        return Side.DISTRIBUTOR if row.distributor_id == self.organization_id else Side.OUTSIDE

    def actor_for(self, row: OfAccount) -> Actor:
        return self.actor_on(self.side_of(row))

    def actor_on(self, side: Side) -> Actor:
        """The rules' actor on a side that is known to be the member's."""
        lent = tuple(Absent(absent.user_id, absent.roles) for absent in self.acts_for)
        return Actor(side, self.roles, self.user_id, self.own, lent)


@dataclass(frozen=True, slots=True)
class Acting:
    """The rules' actor together with the names and the way in that the history keeps."""

    actor: Actor
    name: str
    via: str
    web_session_id: int | None = None
    api_token_id: int | None = None
    details: dict[str, str] = field(default_factory=dict)
    acts_for: tuple[Absentee, ...] = ()


def names_both(acts_for: tuple[Absentee, ...], person: int) -> dict[str, str]:
    """What the history and the trail keep of a colleague in whose name somebody acted."""
    absent = next(one for one in acts_for if one.user_id == person)
    return {"for": absent.name, "for_user": str(absent.user_uid)}


def acting(member: CurrentMember, row: OfAccount) -> Acting:
    """`member` acting on a row of an account, through the browser or the API."""
    via = "web" if member.scopes is None else "api"
    return Acting(
        member.actor_for(row),
        member.name,
        via,
        member.web_session_id,
        member.api_token_id,
        acts_for=member.acts_for,
    )


def acting_upstream(member: CurrentMember) -> Acting:
    """`member` acting on what its own organization holds as a distributor: the catalogue, accounts still to be made."""
    via = "web" if member.scopes is None else "api"
    actor = member.actor_on(Side.DISTRIBUTOR if member.is_distributor else Side.OUTSIDE)
    return Acting(actor, member.name, via, member.web_session_id, member.api_token_id, acts_for=member.acts_for)


def system(via: str = "scheduler") -> Acting:
    """The service itself: the scheduler, or an operator at the command line."""
    return Acting(SYSTEM, "Distributor", via)


def operator(side: Side = Side.DISTRIBUTOR) -> Acting:
    """An operator at the command line doing what a distributor's admin may do."""
    return Acting(Actor(side, frozenset({Role.ADMIN, Role.REVIEWER}), None), "Operator", "command")
