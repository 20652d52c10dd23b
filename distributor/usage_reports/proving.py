"""Which decisions on a report ask for a fresh proof of who decides (OWASP ASVS 5.0, 7.5.3)."""

from __future__ import annotations

from datetime import datetime

from distributor.identity import step_up
from distributor.identity.acting import CurrentMember
from distributor.usage_reports.queries import ReportRow


def require_above_limit(report: ReportRow, member: CurrentMember, at: datetime) -> None:
    """Raises StepUpRequired where the report is over its account's approval limit and the last proof is too old."""
    if report.approval_limit is not None and report.amount > report.approval_limit:
        step_up.require(member, at)
