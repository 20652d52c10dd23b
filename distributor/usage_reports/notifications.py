"""Who hears of what: one audience list for each occasion, the same words as the e-mail templates' folders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from distributor.delivery.events import TO_ADMINS, TO_DISTRIBUTOR
from workflows.usage_report import Role, Side


@dataclass(frozen=True, slots=True)
class Audience:
    """Members of one side of the account holding any of these roles; `but_actor` leaves out the one who acted. With
    `contact_first` the distributor's contact for the account is told instead of them, where there is one.
    """

    side: Side
    roles: tuple[Role, ...]
    but_actor: bool = False
    contact_first: bool = False


REPORTING = Audience(Side.MSP, (Role.PREPARER, Role.ADMIN))
REVIEWING = Audience(Side.DISTRIBUTOR, (Role.REVIEWER,))
OTHER_REVIEWERS = Audience(Side.DISTRIBUTOR, (Role.REVIEWER,), but_actor=True)
ADMINISTERING = Audience(Side.DISTRIBUTOR, (Role.ADMIN,))
MSP_ADMINS = Audience(Side.MSP, (Role.ADMIN,))
CONTACT = Audience(Side.DISTRIBUTOR, (Role.REVIEWER,), contact_first=True)

AUDIENCES: dict[str, tuple[Audience, ...]] = {
    "opened": (REPORTING,),
    "unpriced": (ADMINISTERING,),
    "reminder": (REPORTING,),
    TO_ADMINS: (MSP_ADMINS,),
    TO_DISTRIBUTOR: (CONTACT,),
    "submitted": (REVIEWING,),
    "auto_submitted": (REPORTING, REVIEWING),
    "recalled": (REVIEWING,),
    "waived": (REPORTING,),
    "endorsed": (OTHER_REVIEWERS,),
    "approved": (REPORTING,),
    "auto_approved": (REPORTING,),
    "rejected": (REPORTING,),
    "reopened_by_msp": (REVIEWING,),
    "reopened_by_distributor": (REPORTING,),
}

# What nobody can switch off: it opens or shortens the time in which silence costs money, says that it has cost money,
# or lets people in (docs/decisions/0018). Of reminders the early ones can be.
STATUTORY: dict[Side, frozenset[str]] = {
    Side.MSP: frozenset({"opened", TO_ADMINS, "auto_submitted", "rejected", "reopened_by_distributor"}),
    Side.DISTRIBUTOR: frozenset(),
}
EARLY_SECONDS = 24 * 3600


def may_be_muted(event: str, side: Side) -> bool:
    """Whether a member may switch this kind of mail off."""
    return event in AUDIENCES and event not in STATUTORY[side]


def muted_as(event: str, side: Side) -> str:
    """How `members.muted` names a kind of mail: by side, as a company may be distributor and MSP."""
    return f"{side}:{event}"


def is_urgent(event: str, details: Mapping[str, Any]) -> bool:
    """Whether a mail goes to those, too, who switched its kind off: a reminder on the last day, or one by a person."""
    return event == "reminder" and int(details.get("seconds_before", 0)) <= EARLY_SECONDS
