"""Saving what a file would change, as a draft: all of it or nothing."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from distributor.identity.acting import Acting
from distributor.spreadsheets.comparing import Change, Plan
from distributor.usage_reports.operations.carrying import KEPT
from distributor.usage_reports.operations.drafts import LineDraft, Saved, save_lines
from distributor.usage_reports.queries import ReportRow


def save(report: ReportRow, plan: Plan, mine: Collection[str], acting: Acting, at: datetime) -> Saved:
    """Save the plan's changes, and of its clashes those whose line's uid is in `mine`. Raises as `save_lines` does."""
    clashes = [change for change in plan.clashes if str(change.line.uid) in mine]
    return save_lines(report, [_draft(change) for change in (*plan.changes, *clashes)], acting, at)


def _draft(change: Change) -> LineDraft:
    return LineDraft(
        change.line.uid,
        change.line.version,
        change.units if change.takes_units else KEPT,
        change.comment if change.takes_comment else KEPT,
    )
