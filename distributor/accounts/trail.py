"""What changes of accounts leave in the audit trail, where both sides read it: old and new of each term."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from distributor.audit.changes import changed
from distributor.audit.operations import Fact, record_all
from distributor.identity.acting import Acting, CurrentMember
from distributor.list_plans import Plan

By = Acting | CurrentMember


def note_created(account_id: int, number: str, columns: Mapping[str, Any], by: By, at: datetime) -> None:
    """An account taken on, with the terms it starts with."""
    record_all([_created(account_id, number, columns)], by=by, at=at)


def note_changed(account: Any, columns: Mapping[str, Any], by: By, at: datetime) -> None:
    """Terms changed; `account` is the row before. Nothing where all stayed as they were."""
    record_all(_changed(account, columns), by=by, at=at)


def note_all_changed(accounts: Iterable[Any], columns: Mapping[str, Any], by: By, at: datetime) -> None:
    """The same terms given to many accounts."""
    record_all((fact for account in accounts for fact in _changed(account, columns)), by=by, at=at)


def note_plan(planned: Plan, columns: tuple[str, ...], made: Mapping[str, int], by: By, at: datetime) -> None:
    """All that a file changed; `made` are the ids of new accounts by number, `columns` what is written of each."""
    facts = [_created(made[one.key], one.key, {name: one.columns[name] for name in columns}) for one in planned.added]
    for one in planned.changed:
        facts += _changed(one.present, {name: one.columns[name] for name in columns})
    record_all(facts, by=by, at=at)


def _created(account_id: int, number: str, columns: Mapping[str, Any]) -> Fact:
    return Fact("account.created", account_id, subject=number, details={"changes": changed({}, columns)})


def _changed(account: Any, columns: Mapping[str, Any]) -> list[Fact]:
    changes = changed({name: getattr(account, name) for name in columns}, columns)
    return [Fact("terms.changed", account.id, subject=account.number, details={"changes": changes})] if changes else []
