"""The words of the workflow: statuses, steps, actors, and the facts a step is judged on."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from workflows.words import Words, words


class Status(StrEnum):
    """Where a report stands. ``NOT_OPENED`` is no status of a report but the place ``open`` starts from."""

    NOT_OPENED = "none"
    MSP_PREPARING = "msp_preparing"
    UNDER_REVIEW = "under_review"
    APPROVED = "approved"
    REJECTED = "rejected"

    @property
    def label(self) -> Words:
        """The status as people read it, e.g. "MSP preparing"."""
        return STATUS_LABELS[self]


STATUS_LABELS = {
    Status.NOT_OPENED: words("Not opened"),
    Status.MSP_PREPARING: words("MSP preparing"),
    Status.UNDER_REVIEW: words("Under review"),
    Status.APPROVED: words("Approved"),
    Status.REJECTED: words("Rejected"),
}


class Step(StrEnum):
    """Everything that raises a report's version."""

    OPEN = "open"
    SAVE = "save"
    REFRESH = "refresh"
    PRICE = "price"
    SUBMIT = "submit"
    AUTO_SUBMIT = "auto_submit"
    RECALL = "recall"
    WAIVE = "waive"
    ENDORSE = "endorse"
    APPROVE = "approve"
    AUTO_APPROVE = "auto_approve"
    REJECT = "reject"
    INVOICE = "invoice"
    REOPEN = "reopen"

    @property
    def label(self) -> Words:
        """The step as people read it, e.g. "Save draft"."""
        return STEP_LABELS[self]


STEP_LABELS = {
    Step.OPEN: words("Open"),
    Step.SAVE: words("Save draft"),
    Step.REFRESH: words("Refresh usage"),
    Step.PRICE: words("Fill in a price"),
    Step.SUBMIT: words("Submit"),
    Step.AUTO_SUBMIT: words("Submit automatically"),
    Step.RECALL: words("Recall"),
    Step.WAIVE: words("Waive a penalty"),
    Step.ENDORSE: words("Endorse"),
    Step.APPROVE: words("Approve"),
    Step.AUTO_APPROVE: words("Approve automatically"),
    Step.REJECT: words("Reject"),
    Step.INVOICE: words("Mark invoiced"),
    Step.REOPEN: words("Reopen"),
}


class SubmissionKind(StrEnum):
    """How a report came under review."""

    MANUAL = "manual"
    AUTOMATIC = "automatic"
    AUTOMATIC_WITH_PENALTY = "automatic_with_penalty"


class Side(StrEnum):
    """Which end of the account somebody stands on; ``OUTSIDE`` is any other organization."""

    MSP = "msp"
    DISTRIBUTOR = "distributor"
    SYSTEM = "system"
    OUTSIDE = "outside"


class Role(StrEnum):
    """A member's role in the organization; it hangs on the membership, not on the person."""

    ADMIN = "admin"
    PREPARER = "preparer"
    REVIEWER = "reviewer"
    VIEWER = "viewer"


@dataclass(frozen=True, slots=True)
class Absent:
    """A colleague whom somebody acts for: the person's id, and the roles that are lent."""

    person: int
    roles: frozenset[Role]


@dataclass(frozen=True, slots=True)
class Actor:
    """Who takes a step: a side of the account, the roles held there, the person's id (None: the system).

    ``roles`` are all that are held now. ``own`` are those without what absent colleagues lend (None: all are), and
    ``acts_for`` says who lends which.
    """

    side: Side
    roles: frozenset[Role]
    person: int | None
    own: frozenset[Role] | None = None
    acts_for: tuple[Absent, ...] = ()


SYSTEM = Actor(Side.SYSTEM, frozenset(), None)


@dataclass(frozen=True, slots=True)
class LineRef:
    """A line as it is named to people. Lines of accounts that report totals only have no customer."""

    id: str
    customer_name: str | None
    product_name: str
    sku: str

    def __str__(self) -> str:
        product = f"{self.product_name} ({self.sku})"
        return f"{self.customer_name}, {product}" if self.customer_name else product


@dataclass(frozen=True, slots=True)
class AutoApprovePolicy:
    """The distributor's terms for automatic approval, read live: how far the total may move, in percent."""

    max_change_percent: Decimal


def no_offenders(_question: str) -> tuple[LineRef, ...]:
    """The answer of a report whose lines are not at hand: none can be named."""
    return ()


@dataclass(frozen=True, slots=True)
class ReportState:
    """What the rules need to know of one report; counts instead of lines, so that one query can fill it.

    ``due_at`` is an aware datetime; for a report not yet opened it is the instant it will be due.
    ``endorsed_for`` is the absent colleague in whose name the endorser acted.
    ``unexplained``, ``missing_figures``, ``missing_prices``, ``penalised``, ``estimated``, ``discrepancies``
    and ``comments`` are numbers of lines. ``offenders`` is called only to refuse, with "unexplained",
    "missing_figures" or "missing_prices", and names those lines.
    """

    status: Status
    version: int
    due_at: datetime
    time_zone: str
    resubmit_after_days: int
    submitted_from: Status | None = None
    submission_kind: SubmissionKind | None = None
    corrections_allowed: bool = False
    invoiced: bool = False
    endorsed_by: int | None = None
    endorsed_for: int | None = None
    amount: Decimal = Decimal(0)
    approval_limit: Decimal | None = None
    line_count: int = 0
    unexplained: int = 0
    missing_figures: int = 0
    missing_prices: int = 0
    penalised: int = 0
    estimated: int = 0
    discrepancies: int = 0
    comments: int = 0
    rejected_before: bool = False
    offenders: Callable[[str], tuple[LineRef, ...]] = no_offenders

    @property
    def endorsers(self) -> frozenset[int]:
        """Everybody who stands behind the endorsement: who gave it, and in whose name."""
        return frozenset({self.endorsed_by, self.endorsed_for} - {None})  # type: ignore[arg-type]  # None is gone

    @property
    def over_limit(self) -> bool:
        """Whether approval takes two people: the total is more than the account's approval limit."""
        return self.approval_limit is not None and self.amount > self.approval_limit
