"""Which changes of accounts ask for a fresh proof of who makes them, beside those of terms (OWASP ASVS 5.0, 7.5.3)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from distributor.accounts.models import Account
from distributor.accounts.operations import PutAccount
from distributor.accounts.partners import works_with_others
from distributor.accounts.queries import AccountRow
from distributor.database import db
from distributor.identity import step_up
from distributor.identity.acting import CurrentMember
from workflows.usage_report import Role


def require_for_admins(put: PutAccount, member: CurrentMember, at: datetime) -> None:
    """Raises StepUpRequired where a contact becomes an admin of a partner and the last proof is too old."""
    if any(Role.ADMIN in one.member.roles for one in put.invited):
        step_up.require(member, at)


def require_for_admins_of_old_partners(put: PutAccount, member: CurrentMember, at: datetime) -> None:
    """The same for an account just made; the first admin of a new partner gets no rights over anything yet."""
    if _has_others(put.account):
        require_for_admins(put, member, at)


def _has_others(account: AccountRow) -> bool:
    """Whether this is not the MSP's only account; a query sees the distributor's own alone."""
    if works_with_others(account):
        return True
    others = select(Account.id).where(Account.msp_id == account.msp_id, Account.id != account.id)
    return db.session.scalar(others.limit(1)) is not None
