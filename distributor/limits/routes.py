"""Says at a route how often a member may call it; the gate counts, before the view begins to work."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from distributor.identity.acting import CurrentMember
from distributor.identity.current import declared
from distributor.limits.operations import Limited, spend

View = TypeVar("View", bound=Callable[..., object])
NAME = "limited"


def limited(what: Limited) -> Callable[[View], View]:
    """Count each call of the route as one `what` of its member."""

    def declare(view: View) -> View:
        setattr(view, NAME, what)
        return view

    return declare


def limit_of(endpoint: str) -> Limited | None:
    """What a call of the route counts as."""
    found = declared(endpoint, NAME)
    return found if isinstance(found, Limited) else None


def count(endpoint: str, member: CurrentMember, at: datetime) -> None:
    """Count the call where its route is limited. Raises TooManyRequests, CannotCount."""
    what = limit_of(endpoint)
    if what is not None:
        spend(what, f"member {member.member_id}", at)
