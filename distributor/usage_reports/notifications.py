"""Who hears of what: one audience list for each occasion, the same words as the e-mail templates' folders."""

from __future__ import annotations

from dataclasses import dataclass

from workflows.usage_report import Role, Side


@dataclass(frozen=True, slots=True)
class Audience:
    """Members of one side of the account holding any of these roles; `but_actor` leaves out the one who acted."""

    side: Side
    roles: tuple[Role, ...]
    but_actor: bool = False


REPORTING = Audience(Side.MSP, (Role.PREPARER, Role.ADMIN))
REVIEWING = Audience(Side.DISTRIBUTOR, (Role.REVIEWER,))
OTHER_REVIEWERS = Audience(Side.DISTRIBUTOR, (Role.REVIEWER,), but_actor=True)
ADMINISTERING = Audience(Side.DISTRIBUTOR, (Role.ADMIN,))

AUDIENCES: dict[str, tuple[Audience, ...]] = {
    "opened": (REPORTING,),
    "unpriced": (ADMINISTERING,),
    "reminder": (REPORTING,),
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
