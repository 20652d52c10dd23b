"""What a policy for automatic approval would have done with the reports of the last twelve months.

Each report is judged once, at its first submission, by the rule that approves automatically (`fire` with
`Step.AUTO_APPROVE` and the list `CLEAN`), on the figures it was submitted with. See decision 0016 for the limits.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from distributor.accounts.lists import every_account
from distributor.accounts.queries import AccountRow
from distributor.policies.submissions import FirstSubmission, first_submissions
from distributor.usage_reports.operations.automatic import CLEAN
from workflows.errors import Refused
from workflows.report_cycle import Cycle
from workflows.usage_report import SYSTEM, AutoApprovePolicy, ReportState, Status, Step, SubmissionKind, fire

MONTHS = 12


class Left(StrEnum):
    """Why the policy would have left a report to a person; the first that applies."""

    PENALTY = "penalty"
    NO_LINES = "no lines"
    MISSING = "missing"
    DISCREPANCIES = "discrepancies"
    COMMENTS = "comments"
    FIRST = "first"
    OVER_LIMIT = "over limit"
    CHANGED = "changed"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Judged:
    """A report with the policy's verdict: approved, left to a person for a reason, or unknown (both None)."""

    row: FirstSubmission
    account: AccountRow
    approved: bool = False
    left: Left | None = None

    @property
    def is_unknown(self) -> bool:
        return not self.approved and self.left is None

    @property
    def was_rejected(self) -> bool:
        return self.row.rejected_at is not None


@dataclass(slots=True)
class AccountResult:
    """What the policy would have done on one account."""

    account: AccountRow
    approved: int = 0
    left: int = 0
    unknown: int = 0
    rejected: int = 0

    @property
    def is_worth_it(self) -> bool:
        """Whether it is off today, would have approved something, and nothing that was rejected in truth."""
        return self.account.auto_approve_max_change_percent is None and self.approved > 0 and not self.rejected


@dataclass(slots=True)
class Backtest:
    """The result. `money`: what would have been approved, by currency; `not_submitted`: reports not judged at all."""

    max_change_percent: Decimal
    first: Cycle
    last: Cycle
    judged: list[Judged] = field(default_factory=list)
    not_submitted: int = 0

    @property
    def approved(self) -> list[Judged]:
        return [one for one in self.judged if one.approved]

    @property
    def unknown(self) -> list[Judged]:
        return [one for one in self.judged if one.is_unknown]

    @property
    def left(self) -> list[Judged]:
        return [one for one in self.judged if one.left is not None]

    @property
    def wrong(self) -> list[Judged]:
        """Those it would have approved that were rejected in truth, the largest amount first."""
        return sorted((one for one in self.approved if one.was_rejected), key=lambda one: -one.row.amount)

    @property
    def money(self) -> dict[str, Decimal]:
        return money_of(self.approved)

    @property
    def reasons(self) -> list[tuple[Left, int]]:
        """Why reports were left, the commonest first."""
        counts = {reason: sum(one.left is reason for one in self.judged) for reason in Left}
        return sorted(((reason, count) for reason, count in counts.items() if count), key=lambda pair: -pair[1])


def money_of(judged: Iterable[Judged]) -> dict[str, Decimal]:
    """Amounts as first submitted, summed by currency, the largest first."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for one in judged:
        sums[one.row.currency] += one.row.amount
    return dict(sorted(sums.items(), key=lambda pair: -pair[1]))


def run(distributor_id: int, max_change_percent: Decimal, at: datetime) -> Backtest:
    """Judge the reports of the twelve cycles up to that of `at`; two queries, whatever their number."""
    last = Cycle.from_date(at.date())
    first = last
    for _ in range(MONTHS - 1):
        first = first.previous()
    found = Backtest(max_change_percent, first, last)
    accounts = {account.id: account for account in every_account(distributor_id)}
    for row in first_submissions(distributor_id, first.first_day, last.first_day):
        if row.submitted_at is None:
            found.not_submitted += 1
        else:
            found.judged.append(judge(row, accounts[row.account_id], max_change_percent))
    return found


def by_account(judged: Sequence[Judged]) -> list[AccountResult]:
    """The result account by account, those with most reports approved first."""
    results: dict[int, AccountResult] = {}
    for one in judged:
        result = results.setdefault(one.account.id, AccountResult(one.account))
        result.approved += one.approved
        result.left += one.left is not None
        result.unknown += one.is_unknown
        result.rejected += one.approved and one.was_rejected
    return sorted(results.values(), key=lambda result: (-result.approved, result.rejected, result.account.number))


def judge(row: FirstSubmission, account: AccountRow, max_change_percent: Decimal) -> Judged:
    """What the policy would have made of one report at its first submission."""
    left = _left_for_certain(row)
    if left is None and not _is_restored(row):
        return Judged(row, account)
    left = left or _left(row, account, max_change_percent)
    return Judged(row, account, left is None, left)


def _left_for_certain(row: FirstSubmission) -> Left | None:
    """What the action of the submission alone decides."""
    if row.submission_kind == SubmissionKind.AUTOMATIC_WITH_PENALTY or row.penalised or row.estimated:
        return Left.PENALTY
    if row.said_lines == 0:
        return Left.NO_LINES
    if row.said_discrepancies:
        return Left.DISCREPANCIES
    return Left.FIRST if row.last_approved_amount is None else None


def _is_restored(row: FirstSubmission) -> bool:
    """Whether the figures of the lines are those of the submission, as far as both can be compared."""
    agrees = row.restored_amount == row.amount
    for said, restored in ((row.said_lines, row.line_count), (row.said_discrepancies, row.discrepancies)):
        agrees = agrees and (said is None or said == restored)
    return agrees and not row.lost


def _left(row: FirstSubmission, account: AccountRow, max_change_percent: Decimal) -> Left | None:
    findings = (
        (row.missing_figures or row.missing_prices, Left.MISSING),
        (row.discrepancies, Left.DISCREPANCIES),
        (row.commented, Left.COMMENTS),
        (not row.line_count, Left.NO_LINES),
        (as_submitted(row, account).over_limit, Left.OVER_LIMIT),
        (_changed_too_much(row, max_change_percent), Left.CHANGED),
    )
    left = next((reason for found, reason in findings if found), None)
    return left or (None if _rule_approves(row, account, max_change_percent) else Left.OTHER)


def _changed_too_much(row: FirstSubmission, percent: Decimal) -> bool:
    last = row.last_approved_amount
    return bool(abs(row.amount - last) * 100 > percent * last)


def _rule_approves(row: FirstSubmission, account: AccountRow, max_change_percent: Decimal) -> bool:
    """The rule itself has the last word; what is named above only says why."""
    state = as_submitted(row, account)
    if any(getattr(row, name, 0) for name in CLEAN):
        return False
    try:
        fire(
            state,
            Step.AUTO_APPROVE,
            SYSTEM,
            row.submitted_at,
            policy=AutoApprovePolicy(max_change_percent),
            last_approved_amount=row.last_approved_amount,
        )
    except Refused:
        return False
    return True


def as_submitted(row: FirstSubmission, account: Any) -> ReportState:
    """The report as the rules would have met it at its first submission; the approval limit is today's."""
    return ReportState(
        status=Status.UNDER_REVIEW,
        version=row.version,
        due_at=row.due_at,
        time_zone=row.time_zone,
        resubmit_after_days=row.resubmit_after_days,
        submitted_from=Status.MSP_PREPARING,
        submission_kind=SubmissionKind(row.submission_kind),
        amount=row.amount,
        approval_limit=_limit_of(row, account),
        line_count=row.line_count,
        missing_figures=row.missing_figures,
        missing_prices=row.missing_prices,
        penalised=row.penalised,
        estimated=row.estimated,
        discrepancies=row.discrepancies,
        comments=row.commented,
    )


def _limit_of(row: FirstSubmission, account: Any) -> Decimal | None:
    """The account's limit; of a report in another currency it lets nothing through (usage_reports/queries.py)."""
    if account.approval_limit is None or row.currency == account.currency:
        limit: Decimal | None = account.approval_limit
        return limit
    return Decimal(0)
