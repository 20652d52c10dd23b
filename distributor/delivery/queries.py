"""Reading the outbox: what a member may see of it, and whether a mail still has somebody to go to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from flask_babel import gettext
from sqlalchemy import ColumnElement, Function, Row, Select, Table, and_, any_, false, func, or_, select

from distributor import stored_sentences
from distributor.accounts.models import Account
from distributor.database import db
from distributor.delivery.events import ESCALATIONS, TO_ANYBODY
from distributor.delivery.models import DeliveryAttempt, Notification
from distributor.errors import NotFound
from distributor.identity.acting import CurrentMember
from distributor.identity.models import Member, Organization, User
from distributor.people.queries import why_over
from distributor.usage_reports.models import UsageReport
from distributor.usage_reports.viewing import unopened
from workflows.usage_report import EDITABLE, Role, Side

NOTIFICATION = cast("Table", Notification.__table__)
ATTEMPT = DeliveryAttempt.__table__
ACCOUNT = Account.__table__
REPORT = UsageReport.__table__
# What a list can be narrowed to; "failed" are those that wait after a try that came to nothing.
STATUSES: dict[str, ColumnElement[bool]] = {
    "waiting": (NOTIFICATION.c.status == "waiting") & (NOTIFICATION.c.attempts == 0),
    "failed": (NOTIFICATION.c.status == "waiting") & (NOTIFICATION.c.attempts > 0),
    "sent": NOTIFICATION.c.status == "sent",
    "given_up": NOTIFICATION.c.status == "given_up",
}
PAGE_SIZE = 50
TIMED = frozenset({"reminder", *ESCALATIONS})

NotificationRow = Row[Any]


@dataclass(frozen=True, slots=True)
class NotificationPage:
    """Notifications, newest first; `next_uid` is the last one's when there are more."""

    rows: Sequence[Row[Any]]
    next_uid: UUID | None


def is_own(organization_id: int) -> ColumnElement[bool]:
    """Mails to members of the organization, of accounts on which it stands on that side."""
    return or_(
        and_(NOTIFICATION.c.side == Side.MSP, NOTIFICATION.c.msp_id == organization_id),
        and_(NOTIFICATION.c.side == Side.DISTRIBUTOR, NOTIFICATION.c.distributor_id == organization_id),
        _personal("organization_id", organization_id, _users_of(Member.organization_id == organization_id)),
        and_(NOTIFICATION.c.user_id.is_(None), _names("organization_id", organization_id)),
    )


def is_partners(member: CurrentMember) -> ColumnElement[bool]:
    """Mails to the MSPs of the organization's accounts: its admins and reviewers see whether they arrived, not what
    they say.
    """
    if not member.roles & {Role.ADMIN, Role.REVIEWER}:
        return false()
    here = member.organization_id
    partners = select(ACCOUNT.c.msp_id).where(ACCOUNT.c.distributor_id == here)
    return or_(
        and_(NOTIFICATION.c.side == Side.MSP, NOTIFICATION.c.distributor_id == here),
        _personal("invited_by", here, _users_of(Member.organization_id.in_(partners))),
    )


def _personal(key: str, organization_id: int, users: Function[Any]) -> ColumnElement[bool]:
    """Mails that belong to no account. The users come as an array, so that the index on them is used."""
    return and_(
        NOTIFICATION.c.report_id.is_(None),
        NOTIFICATION.c.user_id == any_(users),
        _names(key, organization_id),
    )


def _names(key: str, organization_id: int) -> ColumnElement[bool]:
    return NOTIFICATION.c.details[key].as_integer() == organization_id


def _users_of(condition: ColumnElement[bool]) -> Function[Any]:
    return func.array(select(Member.user_id).where(condition).scalar_subquery())


def _seen_by(member: CurrentMember) -> Select[Any]:
    """What the member may see, with names, account, cycle and time zone, `last_attempt_at`, and whether it `is_own`."""
    own = is_own(member.organization_id)
    last = select(func.max(ATTEMPT.c.at)).where(ATTEMPT.c.notification_id == NOTIFICATION.c.id).scalar_subquery()
    return (
        select(
            *NOTIFICATION.c,
            func.coalesce(User.name, NOTIFICATION.c.details["name"].as_string()).label("recipient_name"),
            ACCOUNT.c.number.label("account_number"),
            REPORT.c.uid.label("report_uid"),
            REPORT.c.cycle,
            func.coalesce(REPORT.c.time_zone, "UTC").label("time_zone"),
            last.label("last_attempt_at"),
            func.coalesce(own, False).label("is_own"),
        )
        .select_from(NOTIFICATION)
        .outerjoin(User, User.id == NOTIFICATION.c.user_id)
        .outerjoin(REPORT, REPORT.c.id == NOTIFICATION.c.report_id)
        .outerjoin(ACCOUNT, ACCOUNT.c.id == NOTIFICATION.c.account_id)
        .where(or_(own, is_partners(member)))
    )


def notifications(
    member: CurrentMember, *, status: str | None = None, before: UUID | None = None, limit: int = PAGE_SIZE
) -> NotificationPage:
    """A page of what the member may see, newest first: of one `status` where given, after the one named `before`.

    Raises NotFound where `before` is out of sight: its place would tell how many mails others had since.
    """
    query = _seen_by(member).order_by(NOTIFICATION.c.id.desc()).limit(limit + 1)
    if status is not None:
        query = query.where(STATUSES[status])
    if before is not None:
        query = query.where(NOTIFICATION.c.id < _place(before, member))
    rows = db.session.execute(query).all()
    return NotificationPage(rows[:limit], rows[limit - 1].uid if len(rows) > limit else None)


def _place(uid: UUID, member: CurrentMember) -> int:
    place = db.session.scalar(_seen_by(member).where(NOTIFICATION.c.uid == uid).with_only_columns(NOTIFICATION.c.id))
    if place is None:
        raise NotFound(gettext("This page of the list"))
    return place


def notification(uid: UUID, member: CurrentMember) -> Row[Any]:
    """One notification whose words the member may read: its own organization's. Raises NotFound."""
    row = db.session.execute(_seen_by(member).where(NOTIFICATION.c.uid == uid)).one_or_none()
    if row is None or not row.is_own:
        raise NotFound(gettext("This notification"))
    return row


def notification_for_update(uid: UUID, member: CurrentMember) -> Row[Any]:
    """One notification in the member's sight, its row locked. Raises NotFound."""
    query = _seen_by(member).where(NOTIFICATION.c.uid == uid).with_for_update(of=NOTIFICATION)
    row = db.session.execute(query).one_or_none()
    if row is None:
        raise NotFound(gettext("This notification"))
    return row


def attempts(notification_id: int) -> Sequence[Row[Any]]:
    """Every try at delivering it, newest first."""
    query = select(ATTEMPT).where(ATTEMPT.c.notification_id == notification_id).order_by(ATTEMPT.c.id.desc())
    return db.session.execute(query).all()


def why_not(row: Row[Any], at: datetime) -> str | None:
    """Why a mail is not sent any more: its recipient lost the right to read it, or it comes too late."""
    if (over := why_over(row, at)) or row.user_id is None:
        return over
    return _why_no_reader(row, at)


def _why_no_reader(row: Row[Any], at: datetime) -> str | None:
    home = row.msp_id if row.side == Side.MSP else row.distributor_id
    home = row.details["organization_id"] if row.report_id is None else home
    found = db.session.execute(
        select(User.disabled_at, Member.removed_at, Member.id, Organization.name, REPORT.c.status, REPORT.c.due_at)
        .select_from(User)
        .join(Organization, Organization.id == home)
        .outerjoin(Member, and_(Member.user_id == User.id, Member.organization_id == home))
        .outerjoin(REPORT, REPORT.c.id == row.report_id)
        .where(User.id == row.user_id)
    ).one()
    left = (found.id is None or found.removed_at is not None) and row.event not in TO_ANYBODY
    if found.disabled_at is not None or left:
        return stored_sentences.NO_MEMBER % {"recipient": row.recipient, "organization": found.name}
    if row.event in TIMED and found.status not in EDITABLE:
        return stored_sentences.SUBMITTED_BEFORE
    if row.event in TIMED and not _still_ahead(row, found.due_at, at):
        return stored_sentences.DATE_PASSED
    if row.event in ESCALATIONS and not db.session.scalar(select(unopened()).where(REPORT.c.id == row.report_id)):
        return stored_sentences.OPENED_SINCE
    return None


def _still_ahead(row: Row[Any], due_at: datetime, at: datetime) -> bool:
    """Whether the reminder's date is the report's and has not passed; a person's reminder may name none."""
    named = row.details.get("due_at")
    return due_at > at and (named is None or datetime.fromisoformat(named) == due_at)
