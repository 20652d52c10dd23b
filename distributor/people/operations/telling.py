"""Mails about a person's own access: nobody can switch them off."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from distributor.delivery.telling import Telling, tell
from distributor.identity.acting import CurrentMember
from workflows.usage_report import Side


def side_of(member: CurrentMember) -> Side:
    """The side that the member's organization stands on first."""
    return Side.DISTRIBUTOR if member.is_distributor else Side.MSP


def tell_member(event: str, member: CurrentMember, at: datetime, *, recipient: str = "", **details: Any) -> None:
    """Queue a mail to a member, at the address they sign in with unless `recipient` names another."""
    telling = Telling(event, member.organization_id, side_of(member), member.user_id, recipient, details)
    tell(telling, at)
