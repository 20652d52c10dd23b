"""Scopes of API tokens: what each lets a program do, and which members can ever hold it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from workflows.usage_report import Role


@dataclass(frozen=True, slots=True)
class Scope:
    """A right a token may carry. `roles` can hold it; `distributor_only` ones need a distributor's membership."""

    name: str
    label: str
    roles: frozenset[Role]
    distributor_only: bool = False


EVERYBODY = frozenset(Role)
ADMIN, PREPARER, REVIEWER = Role.ADMIN, Role.PREPARER, Role.REVIEWER

SCOPES: dict[str, Scope] = {
    scope.name: scope
    for scope in (
        Scope("reports:read", "Read accounts, products and usage reports", EVERYBODY),
        Scope("reports:write", "Change, submit and recall usage reports", frozenset({PREPARER, ADMIN})),
        Scope("reports:review", "Approve, reject and endorse usage reports", frozenset({REVIEWER}), True),
        Scope("reports:invoice", "Mark approved reports as invoiced", frozenset({ADMIN}), True),
        Scope("usage:write", "Deliver provisioned units", frozenset({REVIEWER, ADMIN}), True),
        Scope("accounts:write", "Make accounts and change their terms", frozenset({ADMIN}), True),
        Scope("catalogue:write", "Change products and prices", frozenset({ADMIN}), True),
    )
}


def possible_scopes(roles: Iterable[Role], *, is_distributor: bool) -> tuple[str, ...]:
    """The scopes that somebody with these roles can make use of, in the order in which they are offered."""
    held = frozenset(roles)
    return tuple(
        scope.name for scope in SCOPES.values() if scope.roles & held and (is_distributor or not scope.distributor_only)
    )
