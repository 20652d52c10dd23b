"""The history beside a report under review: steps and reminders in words, newest first; repeated saving is one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext, ngettext
from sqlalchemy import BigInteger, Integer, Row, Text, case, cast, func, literal, null, select, union_all
from sqlalchemy.dialects.postgresql import JSONB

from distributor.database import db
from distributor.delegation.names import NAMES_BOTH, named
from distributor.delivery.events import ESCALATIONS
from distributor.delivery.models import Notification
from distributor.usage_reports.history import ICONS, own_words, via_words, words
from distributor.usage_reports.queries import ACTION, ReportRow
from workflows.usage_report import Side, Step

NOTIFICATION = Notification.__table__
REMINDER, REMIND, ESCALATE = "reminder", "remind", "escalate"
# What a saved draft says of itself when it changed lines and nothing else.
PLAIN_SAVE = {"lines"}


@dataclass(slots=True)
class Moment:
    """Something that happened, as the timeline shows it; `times` is how often it did in a row."""

    icon: str
    text: str
    actor: str
    at: datetime
    note: str
    reason: str | None
    times: int = 1


def happened(report: ReportRow) -> list[Row[Any]]:
    """Steps of the report and reminders of it, newest first; one query."""
    steps = select(
        ACTION.c.at,
        ACTION.c.version,
        ACTION.c.step,
        ACTION.c.actor_side,
        ACTION.c.actor_name,
        ACTION.c.actor_user_id,
        ACTION.c.via,
        ACTION.c.reason,
        ACTION.c.details,
    ).where(ACTION.c.report_id == report.id)
    reminders = (
        select(
            func.min(NOTIFICATION.c.created_at),
            literal(0, Integer),
            case((NOTIFICATION.c.event == REMINDER, REMIND), else_=ESCALATE),
            literal(str(Side.SYSTEM), Text),
            literal("", Text),
            cast(null(), BigInteger),
            literal("scheduler", Text),
            cast(null(), Text),
            func.jsonb_build_object("people", func.count()).cast(JSONB),
        )
        .where(NOTIFICATION.c.report_id == report.id, NOTIFICATION.c.event.in_((REMINDER, *ESCALATIONS)))
        .group_by(NOTIFICATION.c.occasion, NOTIFICATION.c.event)
    )
    both = union_all(steps, reminders).subquery()
    return list(db.session.execute(select(both).order_by(both.c.at.desc(), both.c.version.desc())))


def moments(rows: Iterable[Row[Any]]) -> list[Moment]:
    """What happened in words. Drafts that one person saved one after the other are one moment, that of the last."""
    found: list[Moment] = []
    before: Row[Any] | None = None
    for row in rows:
        if before is not None and _saves_again(before, row):
            found[-1].times += 1
            found[-1].text = gettext("Draft saved %(num)s times by", num=found[-1].times)
        else:
            found.append(_moment(row))
        before = row
    return found


def _saves_again(later: Row[Any], row: Row[Any]) -> bool:
    return _is_plain_save(later) and _is_plain_save(row) and _by_whom(later) == _by_whom(row)


def _by_whom(row: Row[Any]) -> tuple[object, ...]:
    return row.actor_user_id, row.details.get("for")


def _is_plain_save(row: Row[Any]) -> bool:
    return bool(row.step == Step.SAVE and set(row.details) <= PLAIN_SAVE | NAMES_BOTH)


def _moment(row: Row[Any]) -> Moment:
    by_itself = row.actor_side == Side.SYSTEM
    if row.step in {REMIND, ESCALATE}:
        people = int(row.details["people"])
        text = ngettext("Reminder sent to %(num)s person", "Reminder sent to %(num)s people", people)
        if row.step == ESCALATE:
            text = ngettext(
                "Not opened by anybody: %(num)s person told", "Not opened by anybody: %(num)s people told", people
            )
        return Moment("mail", text, "", row.at, via_words(row.via), None)
    text = own_words(row) if by_itself else words(row)
    return Moment(ICONS[row.step], text, "" if by_itself else named(row), row.at, via_words(row.via), row.reason)


def changed_since(rows: Sequence[Row[Any]], at: datetime, user_id: int) -> Row[Any] | None:
    """The newest step that somebody else took after `at`, if there is one."""
    return next((row for row in rows if row.at > at and row.version and row.actor_user_id != user_id), None)
