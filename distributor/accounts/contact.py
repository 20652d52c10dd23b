"""The distributor's contact for an account: a member of its own who hears when the MSP is silent."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask_babel import gettext
from sqlalchemy import Row, select, update

from distributor.accounts.models import Account
from distributor.accounts.queries import AccountRow
from distributor.audit.operations import record
from distributor.database import db
from distributor.delegation.queries import colleagues
from distributor.errors import FieldError, InputRefused
from distributor.identity.acting import CurrentMember
from distributor.identity.models import Member, User

PERSON: tuple[Any, ...] = (Member.uid, Member.roles, User.name, User.email, User.phone)


def contact_of(account: AccountRow) -> Row[Any] | None:
    """The contact's `uid`, `name`, `email`, `phone` and `roles`; None without one, or after they left."""
    if account.contact_id is None:
        return None
    query = (
        select(*PERSON)
        .join(User, User.id == Member.user_id)
        .where(Member.id == account.contact_id, Member.removed_at.is_(None), User.disabled_at.is_(None))
    )
    return db.session.execute(query).one_or_none()


def change_contact(account: AccountRow, uid: str, member: CurrentMember, at: datetime) -> None:
    """Choose the contact among the distributor's members by uid; "" for none. Raises InputRefused."""
    found = _chosen(uid, member) if uid else None
    before, wanted = contact_of(account), found.id if found else None
    if account.contact_id == wanted:
        return
    db.session.execute(update(Account).where(Account.id == account.id).values(contact_id=wanted))
    changes = {"contact": [before.email if before else None, found.email if found else None]}
    record(
        "terms.changed",
        by=member,
        at=at,
        account_id=account.id,
        subject=account.number,
        details={"changes": changes},
    )


def _chosen(uid: str, member: CurrentMember) -> Row[Any]:
    for one in colleagues(member.organization_id):
        if str(one.uid) == uid:
            return one
    why = gettext("Choose a colleague who belongs to %(name)s.", name=member.organization_name)
    raise InputRefused(why, [FieldError(why, "contact")])
