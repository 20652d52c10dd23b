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


def N_(text: str) -> str:  # noqa: N802 - the name by which Babel finds texts that are translated where they are shown
    return text


EVERYBODY = frozenset(Role)
ADMIN, PREPARER, REVIEWER = Role.ADMIN, Role.PREPARER, Role.REVIEWER

SCOPES: dict[str, Scope] = {
    scope.name: scope
    for scope in (
        Scope("reports:read", N_("Read accounts, products and usage reports"), EVERYBODY),
        Scope("reports:write", N_("Change, submit and recall usage reports"), frozenset({PREPARER, ADMIN})),
        Scope("reports:review", N_("Approve, reject and endorse usage reports"), frozenset({REVIEWER}), True),
        Scope("reports:invoice", N_("Mark approved reports as invoiced"), frozenset({ADMIN}), True),
        Scope("usage:write", N_("Deliver provisioned units"), frozenset({REVIEWER, ADMIN}), True),
        Scope("accounts:write", N_("Make accounts and change their terms"), frozenset({ADMIN}), True),
        Scope("catalogue:write", N_("Change products and prices"), frozenset({ADMIN}), True),
    )
}


def possible_scopes(roles: Iterable[Role], *, is_distributor: bool) -> tuple[str, ...]:
    """The scopes that somebody with these roles can make use of, in the order in which they are offered."""
    held = frozenset(roles)
    return tuple(
        scope.name for scope in SCOPES.values() if scope.roles & held and (is_distributor or not scope.distributor_only)
    )
