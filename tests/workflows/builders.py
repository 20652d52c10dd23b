"""Reports and people for the tests of the rules: complete and unremarkable unless told otherwise."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from workflows.usage_report import (
    SYSTEM,
    Actor,
    AutoApprovePolicy,
    LineRef,
    ReportState,
    Role,
    Side,
    Status,
    SubmissionKind,
)

NOW = datetime(2026, 10, 25, 9, 30, tzinfo=UTC)
DUE = datetime(2026, 10, 31, tzinfo=UTC)
POLICY = AutoApprovePolicy(Decimal(10))


def member(side: Side, *roles: Role, person: int = 7) -> Actor:
    return Actor(side, frozenset(roles), person)


ACTORS = {
    "MSP preparer": member(Side.MSP, Role.PREPARER),
    "MSP admin": member(Side.MSP, Role.ADMIN),
    "MSP viewer": member(Side.MSP, Role.VIEWER),
    "distributor reviewer": member(Side.DISTRIBUTOR, Role.REVIEWER),
    "distributor admin": member(Side.DISTRIBUTOR, Role.ADMIN),
    "distributor viewer": member(Side.DISTRIBUTOR, Role.VIEWER),
    "other organization": member(Side.OUTSIDE, Role.ADMIN, Role.PREPARER, Role.REVIEWER),
    "scheduler": SYSTEM,
}
PREPARER, REVIEWER = ACTORS["MSP preparer"], ACTORS["distributor reviewer"]
SECOND_REVIEWER = member(Side.DISTRIBUTOR, Role.REVIEWER, person=8)


def report(status: Status = Status.MSP_PREPARING, **changes: Any) -> ReportState:
    """A report of three lines that agree, in Dublin, due in six days."""
    plain = ReportState(status, 3, DUE, "Europe/Dublin", 5, amount=Decimal(100), line_count=3)
    if status is Status.UNDER_REVIEW:
        plain = replace(plain, submitted_from=Status.MSP_PREPARING, submission_kind=SubmissionKind.MANUAL)
    return replace(plain, **changes)


def under_review(**changes: Any) -> ReportState:
    return report(Status.UNDER_REVIEW, **changes)


def approved(**changes: Any) -> ReportState:
    return report(Status.APPROVED, **changes)


def overdue(**changes: Any) -> ReportState:
    return report(**{"due_at": NOW - timedelta(minutes=1)} | changes)


LINE = LineRef("l-1", "Shannon Freight Group", "Worry-Free Services Advanced", "WFS-ADV-S")
