"""Reports under review for tests of the reviewer's pages: clean ones, explained ones, those of earlier months."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import insert

from distributor.database import db
from distributor.identity.acting import CurrentMember, acting
from distributor.usage_reports.operations import drafts, steps
from distributor.usage_reports.operations.drafts import LineDraft
from distributor.usage_reports.policies import ApprovalPolicy
from distributor.usage_reports.queries import ReportRow
from tests.factories import CYCLE, OPENED_AT, Story, account, member, organization
from workflows.report_cycle import Cycle
from workflows.usage_report import Role

AT = OPENED_AT + timedelta(days=1)
EARLIER = CYCLE.previous()
Line = tuple[str, str | None]


def submitted(story: Story, *lines: Line, cycle: Cycle = CYCLE, by: CurrentMember | None = None) -> ReportRow:
    """A report of the story's present account, every difference explained, under review."""
    report = story.open(*lines, cycle=cycle)
    who = acting(by or story.preparer, report)
    explained = [
        LineDraft(line.uid, line.version, line.chargeable_units, "Reserved")
        for line in story.lines(report)
        if line.unexplained
    ]
    if explained:
        drafts.save_lines(report, explained, who, AT)
    steps.submit(story.report(report), who, AT)
    return story.report(report)


def of_partner(story: Story, name: str, *lines: Line, **terms: Any) -> ReportRow:
    """The same of another MSP of the distributor's, on an account of its own."""
    own, msp = story.account, organization(name)
    story.account = account(story.distributor, msp, **terms)
    report = submitted(story, *lines, by=member(msp, Role.PREPARER))
    story.account = own
    return report


def approved(story: Story, *lines: Line, cycle: Cycle = EARLIER) -> ReportRow:
    """A report of an earlier cycle that has been approved."""
    story.account.reports_from = date(2026, 1, 1)
    report = submitted(story, *lines, cycle=cycle)
    steps.approve(report, acting(story.reviewer, report), AT)
    return story.report(report)


def policy(story: Story, most: str | None, marked: str = "10") -> None:
    """The distributor's policy from now on."""
    values = {
        "distributor_id": story.distributor.id,
        "bulk_max_change_percent": None if most is None else Decimal(most),
        "marked_change_percent": Decimal(marked),
        "updated_at": AT,
        "updated_by": "test",
    }
    db.session.execute(insert(ApprovalPolicy).values(values))
