"""Facts: what a step did, in the past tense. The service writes rows and notifications from them.

Every event says ``step``, ``source`` and ``target`` status, ``at``, ``actor`` and the ``version`` after it, and
``in_name_of``: the absent colleague whose roles the actor took it with, if any.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from workflows.vocabulary import Actor, AutoApprovePolicy, Status, Step, SubmissionKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """``clears_endorsement``: an endorsement is for the figures seen and falls when they may change."""

    clears_endorsement: ClassVar[bool] = False

    step: Step
    source: Status
    target: Status
    at: datetime
    actor: Actor
    version: int
    in_name_of: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened(Event):
    """The report exists; without an answer it is submitted at ``due_at``."""

    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved(Event):
    """The MSP saved a draft, added or removed lines, or applied usage that had arrived."""

    clears_endorsement = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Refreshed(Event):
    """An import changed lines."""

    clears_endorsement = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Priced(Event):
    """A missing price was filled in."""

    clears_endorsement = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitted(Event):
    """By hand or by the scheduler (``step`` tells); ``nil`` when the report has no lines."""

    clears_endorsement = True

    kind: SubmissionKind
    nil: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Recalled(Event):
    """Back with the MSP, with its own figures; ``due_at`` is the old one while that lies ahead."""

    clears_endorsement = True

    due_at: datetime
    restores_declared: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Waived(Event):
    """One line's penalty is gone; the reason explains the line."""

    clears_endorsement = True

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Endorsed(Event):
    """A first reviewer stands for a report over the limit."""

    endorsed_by: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved(Event):
    """Accepted, by a reviewer or under ``policy`` (None for a reviewer)."""

    policy: AutoApprovePolicy | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected(Event):
    """Back with the MSP with the reviewer's words; replaces all earlier notes and freezes."""

    clears_endorsement = True

    reason: str
    due_at: datetime
    restores_declared: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoiced(Event):
    """Final: nothing moves the report any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reopened(Event):
    """An approved report goes back to the MSP; notes and freezes are cleared."""

    clears_endorsement = True

    reason: str
    due_at: datetime
    restores_declared: bool = True
    clears_notes: bool = True
