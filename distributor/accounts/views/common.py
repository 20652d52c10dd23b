"""What the pages about accounts share: the blueprint, who may read and change, errors beside their fields."""

from __future__ import annotations

import re
from collections.abc import Sequence
from uuid import UUID

from flask import Blueprint
from flask_babel import gettext

from distributor.accounts import operations, queries
from distributor.accounts.queries import AccountRow
from distributor.errors import FieldError, NotFound
from distributor.identity.acting import CurrentMember
from distributor.identity.current import require_member
from workflows.usage_report import Role

blueprint = Blueprint("accounts", __name__)
CONTACT = re.compile(r"contacts\.([0-9]+)(?:\.(\w+))?")


def reading_member() -> CurrentMember:
    """The distributor's member who reads. Raises NotFound for everybody else."""
    member = require_member()
    if not member.is_distributor:
        raise NotFound
    return member


def changing_member() -> CurrentMember:
    """The distributor's admin. Raises NotFound, Forbidden."""
    member = reading_member()
    operations.check_may_change(member)
    return member


def may_change(member: CurrentMember) -> bool:
    """Whether the member sees what changes accounts."""
    return member.is_distributor and Role.ADMIN in member.roles


def own_account(uid: UUID, member: CurrentMember) -> AccountRow:
    """An account whose distributor the member's organization is. Raises NotFound."""
    account = queries.account(uid, member)
    if account.distributor_id != member.organization_id:
        raise NotFound(gettext("This account"))
    return account


def on_the_form(errors: Sequence[FieldError], rows: Sequence[int] = (0,)) -> list[FieldError]:
    """Errors with the ids that fields have on the form, so that the summary can lead to them. `rows`: where on the form
    each of the contacts stands.
    """
    return [FieldError(error.reason, _id_of(error.field, rows)) for error in errors]


def _id_of(field: str | None, rows: Sequence[int]) -> str | None:
    if field is None:
        return None
    contact = CONTACT.fullmatch(field)
    if contact:
        return f"contact_{contact[2] or 'email'}_{rows[int(contact[1])]}"
    return "msp" if field.startswith("msp") else field


def by_field(errors: Sequence[FieldError]) -> dict[str, str]:
    """The first reason for each field."""
    found: dict[str, str] = {}
    for error in errors:
        found.setdefault(error.field or "", error.reason)
    return found
