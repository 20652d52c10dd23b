"""What a reviewer has written and not sent: flags with notes and the reason of a rejection.

Nothing follows from it, and it stays until the decision is sent or the words are discarded, whatever becomes of the
report meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from flask_babel import gettext
from sqlalchemy import Text, delete
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import Mapped, mapped_column

from distributor.database import Base, Instant, Ref, TenantColumns, db
from distributor.errors import FieldError, InputRefused
from distributor.identity.acting import CurrentMember
from distributor.usage_reports.operations.steps import LONGEST_TEXT
from distributor.usage_reports.queries import ReportRow
from distributor.words import is_storable
from workflows.errors import NotPermitted
from workflows.steps import RULES
from workflows.units import is_blank
from workflows.usage_report import Step

MOST_NOTES = 5000


class ReviewDraft(TenantColumns, Base):
    """One reviewer's unsent words on one report; `notes` by line uid."""

    __tablename__ = "review_drafts"

    report_id: Mapped[Ref] = mapped_column(primary_key=True)
    user_id: Mapped[Ref] = mapped_column(primary_key=True)
    reason: Mapped[str] = mapped_column(Text, default="")
    notes: Mapped[dict[str, str]] = mapped_column(JSONB, default=dict)
    updated_at: Mapped[Instant]


@dataclass(frozen=True, slots=True)
class Draft:
    """Unsent words: the reason, notes by line uid, and since when they stand; None for words that are not kept."""

    reason: str = ""
    notes: Mapping[UUID, str] = field(default_factory=dict)
    updated_at: datetime | None = None

    @property
    def is_empty(self) -> bool:
        return is_blank(self.reason) and all(is_blank(note) for note in self.notes.values())


def check_may_reject(report: ReportRow, member: CurrentMember) -> None:
    """Only those who decide write drafts. Raises NotPermitted."""
    rule = RULES[Step.REJECT]
    if not rule.permits(member.actor_for(report)):
        raise NotPermitted(Step.REJECT, rule.performers)


def keep(report: ReportRow, member: CurrentMember, draft: Draft, at: datetime) -> None:
    """Keep the member's words on the report, or forget them where nothing is left of them. Raises InputRefused for
    words that cannot be kept.
    """
    if draft.is_empty:
        drop(report, member)
        return
    _check(draft)
    words = {
        "reason": draft.reason,
        "notes": {str(line): note for line, note in draft.notes.items() if not is_blank(note)},
        "updated_at": at,
    }
    keys = {"report_id": report.id, "account_id": report.account_id, "distributor_id": report.distributor_id}
    row = {**keys, "msp_id": report.msp_id, "user_id": member.user_id, **words}
    own = (ReviewDraft.report_id, ReviewDraft.user_id)
    db.session.execute(insert(ReviewDraft).values(row).on_conflict_do_update(index_elements=own, set_=words))


def drop(report: ReportRow, member: CurrentMember) -> None:
    """Forget the member's words on the report."""
    db.session.execute(delete(ReviewDraft).filter_by(report_id=report.id, user_id=member.user_id))


def can_be_kept(draft: Draft) -> bool:
    """Whether the words fit into a draft."""
    try:
        _check(draft)
    except InputRefused:
        return False
    return True


def _check(draft: Draft) -> None:
    if len(draft.notes) > MOST_NOTES:
        raise _refused(gettext("A draft keeps notes on at most %(most)s lines.", most=MOST_NOTES), "notes")
    for words, name in ((draft.reason, "reason"), *((note, "notes") for note in draft.notes.values())):
        if len(words) > LONGEST_TEXT:
            raise _refused(gettext("At most %(most)s characters are kept of a text.", most=LONGEST_TEXT), name)
        if not is_storable(words):
            raise _refused(gettext("A text holds a control character. Take it out."), name)


def _refused(why: str, name: str) -> InputRefused:
    return InputRefused(why, [FieldError(why, name)])


def draft_of(row: Any) -> Draft:
    """The draft that a report row brings along (`review_report.reviewed`)."""
    if row.draft_updated_at is None:
        return Draft()
    return Draft(row.draft_reason, {UUID(line): note for line, note in row.draft_notes.items()}, row.draft_updated_at)
