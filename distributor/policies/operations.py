"""Changing a distributor's approval policy."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from decimal import Decimal

from flask_babel import gettext
from sqlalchemy.dialects.postgresql import insert

from distributor.accounts.terms import CHANGE
from distributor.audit.changes import changed
from distributor.audit.operations import record
from distributor.database import db
from distributor.errors import FieldError, Forbidden, InputRefused
from distributor.identity.acting import CurrentMember
from distributor.saying import said
from distributor.usage_reports.policies import ApprovalPolicy, Policy, policy_of
from workflows.usage_report import Role


def check_may_change(member: CurrentMember) -> None:
    """The policy is the distributor's admins' to decide. Raises Forbidden."""
    if not member.is_distributor or Role.ADMIN not in member.roles:
        raise Forbidden(gettext("The approval policy is changed by the distributor's admins only."))


def set_policy(member: CurrentMember, bulk: str, marked: str, at: datetime) -> Policy:
    """Decide how far a clean report's total may have moved to be approved with others ("": no limit), and from which
    change on lists mark it. Both are percents, read at once. Raises Forbidden, InputRefused.
    """
    check_may_change(member)
    errors: list[FieldError] = []
    limit = _read(bulk, "bulk_max_change_percent", errors) if bulk else None
    mark = _read(marked, "marked_change_percent", errors)
    if errors or mark is None:
        raise InputRefused(gettext("The policy was refused. Nothing was changed."), errors)
    before, after = asdict(policy_of(member.organization_id)), asdict(Policy(limit, mark))
    decided = {
        "bulk_max_change_percent": limit,
        "marked_change_percent": mark,
        "updated_at": at,
        "updated_by": member.name,
    }
    statement = insert(ApprovalPolicy).values(distributor_id=member.organization_id, **decided)
    db.session.execute(statement.on_conflict_do_update(index_elements=["distributor_id"], set_=decided))
    if changes := changed(before, after):
        here = member.organization_id
        record("policy.changed", by=member, at=at, organization_id=here, details={"changes": changes})
    return Policy(limit, mark)


def percent_of(text: str, field: str) -> Decimal:
    """A percent from 0 to 1000, by the rule of the accounts' terms. Raises InputRefused."""
    try:
        percent: Decimal = CHANGE(text)
    except InputRefused as refused:
        raise InputRefused(said(refused), [FieldError(said(refused), field)]) from refused
    return percent


def _read(text: str, field: str, errors: list[FieldError]) -> Decimal | None:
    try:
        return percent_of(text, field)
    except InputRefused as refused:
        errors.extend(refused.errors)
        return None
