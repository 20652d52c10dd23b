"""Who acts: the person behind a request, and what the rules and the history need to know of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from workflows.usage_report import SYSTEM, Actor, Role, Side


class OfAccount(Protocol):
    """Any row that carries both sides of an account."""

    distributor_id: int
    msp_id: int


@dataclass(frozen=True, slots=True)
class CurrentMember:
    """The member behind a request. `scopes` is None for a sign-in in the browser, which may do all its roles allow."""

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

    def may(self, scope: str) -> bool:
        return self.scopes is None or scope in self.scopes

    def side_of(self, row: OfAccount) -> Side:
        """MSP or distributor, as the account says; OUTSIDE when it is somebody else's."""
        if row.msp_id == self.organization_id:
            return Side.MSP
        return Side.DISTRIBUTOR if row.distributor_id == self.organization_id else Side.OUTSIDE

    def actor_for(self, row: OfAccount) -> Actor:
        return Actor(self.side_of(row), self.roles, self.user_id)


@dataclass(frozen=True, slots=True)
class Acting:
    """The rules' actor together with the name and the way in that the history keeps."""

    actor: Actor
    name: str
    via: str
    web_session_id: int | None = None
    api_token_id: int | None = None
    details: dict[str, str] = field(default_factory=dict)


def acting(member: CurrentMember, row: OfAccount) -> Acting:
    """`member` acting on a row of an account, through the browser or the API."""
    via = "web" if member.scopes is None else "api"
    return Acting(member.actor_for(row), member.name, via, member.web_session_id, member.api_token_id)


def acting_upstream(member: CurrentMember) -> Acting:
    """`member` acting on what its own organization holds as a distributor: the catalogue, accounts still to be made."""
    via = "web" if member.scopes is None else "api"
    actor = Actor(Side.DISTRIBUTOR if member.is_distributor else Side.OUTSIDE, member.roles, member.user_id)
    return Acting(actor, member.name, via, member.web_session_id, member.api_token_id)


def system(via: str = "scheduler") -> Acting:
    """The service itself: the scheduler, or an operator at the command line."""
    return Acting(SYSTEM, "Distributor", via)


def operator(side: Side = Side.DISTRIBUTOR) -> Acting:
    """An operator at the command line doing what a distributor's admin may do."""
    return Acting(Actor(side, frozenset({Role.ADMIN, Role.REVIEWER}), None), "Operator", "command")
