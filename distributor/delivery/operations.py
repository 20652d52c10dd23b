"""The outbox at work: what waits is claimed, sent and written down; what people ask for again is sent again.

`deliver` is the one operation that commits by itself: a mail that went out can't be taken back, so each is written down
before the next. It runs wherever there is an application context, in any number of processes at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

import structlog
from flask_babel import gettext, ngettext
from jinja2 import TemplateError
from sqlalchemy import Row, insert, or_, select, update

from distributor import stored_sentences
from distributor.database import db
from distributor.delivery.mailer import TIME_OUT, Envelope, Failure, PostOffice, post_office
from distributor.delivery.models import DeliveryAttempt
from distributor.delivery.queries import NOTIFICATION, why_not
from distributor.delivery.reader import look_for, name_of
from distributor.delivery.rendering import INVITATION, Mail, rendered
from distributor.delivery.telling import Telling, tell
from distributor.errors import Conflict
from distributor.people.links import AddressLeftError, secret_for
from workflows.usage_report import Side

# How long after the n-th failed try the next one comes; after the last of them a mail is given up.
BACKOFF = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 4 * 60, 12 * 60, 24 * 60))
MOST_TRIES = len(BACKOFF) + 1
# A worker holds few mails at a time and stops well before its claim runs out, so that no other sends them, too.
LEASE = timedelta(minutes=15)
LONGEST_RUN = timedelta(minutes=5)
CLAIMED_AT_ONCE = 20
MOST_BROKEN_CONNECTIONS = 3
# Sending again by hand: not while the last try is fresh, and not without end.
RESEND_AFTER = timedelta(minutes=2)
MOST_TRIES_BY_HAND = 25

log = structlog.get_logger("distributor.delivery")


@dataclass(frozen=True, slots=True)
class Delivered:
    """What a run came to: mails sent, mails to be tried again, mails given up."""

    sent: int = 0
    failed: int = 0
    given_up: int = 0


def deliver(at: datetime, *, limit: int = 500, time_out: float = TIME_OUT) -> Delivered:
    """Send up to `limit` mails that are due at `at`, each at least once; commits after each. Call with nothing pending.

    Without MAIL_SERVER nothing is tried and everything waits. `time_out`: seconds the server may take for one answer.
    A server that can't be reached ends the run; what was claimed is free again at once.
    """
    office = post_office(time_out)
    tally: Counter[str] = Counter()
    if office is not None:
        with office:
            _deliver(office, at, limit, tally)
    return Delivered(**tally)


def _deliver(office: PostOffice, at: datetime, limit: int, tally: Counter[str]) -> None:
    ends, broken = monotonic() + LONGEST_RUN.total_seconds(), 0
    while rows := _claim(at, min(CLAIMED_AT_ONCE, limit - tally.total())):
        for number, row in enumerate(rows, start=1):
            failure = _attempt(office, row, at, tally)
            broken += bool(failure and failure.broken)
            if (failure and failure.unreachable) or broken >= MOST_BROKEN_CONNECTIONS or monotonic() > ends:
                _release(rows[number:])
                return


def _claim(at: datetime, limit: int) -> Sequence[Row[Any]]:
    """Take mails that are due and that no living worker holds; commits, so that others pass them over."""
    free = or_(NOTIFICATION.c.leased_until.is_(None), NOTIFICATION.c.leased_until <= at)
    due = (
        select(NOTIFICATION.c.id)
        .where(NOTIFICATION.c.status == "waiting", NOTIFICATION.c.next_attempt_at <= at, free)
        .order_by(NOTIFICATION.c.next_attempt_at, NOTIFICATION.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("due")
        .prefix_with("MATERIALIZED", dialect="postgresql")
    )
    claim = update(NOTIFICATION).where(NOTIFICATION.c.id == due.c.id).values(leased_until=at + LEASE)
    rows = db.session.execute(claim.returning(NOTIFICATION)).all()
    db.session.commit()
    return sorted(rows, key=lambda row: (row.next_attempt_at, row.id))


def _release(rows: Sequence[Row[Any]]) -> None:
    for row in rows:
        db.session.execute(_ours(row).values(leased_until=None))
    db.session.commit()


def _attempt(office: PostOffice, row: Row[Any], at: datetime, tally: Counter[str]) -> Failure | None:
    """One try at one mail. Nothing is open in the database while the server takes its time."""
    if reason := why_not(row, at):
        _give_up(row, reason, tally)
        return None
    try:
        mail, kept, name = _written(row, at)
        look = look_for(row)
        db.session.commit()
        failure = office.send(Envelope(row.uid, name, row.recipient, mail, at, look))
    except AddressLeftError:
        # Between the two looks: this one holds the person's row.
        db.session.rollback()
        _give_up(row, stored_sentences.ADDRESS_LEFT, tally)
        return None
    except (TemplateError, ArithmeticError, LookupError, TypeError, ValueError) as error:
        db.session.rollback()
        log.exception("mail could not be written", notification=str(row.uid), template=row.event)
        failure, kept = Failure(stored_sentences.UNWRITTEN % {"answer": error}), None
    tally[_record(row, at, failure, kept)] += 1
    return failure


def _give_up(row: Row[Any], reason: str, tally: Counter[str]) -> None:
    """Leave a mail unsent for good, without a try; commits."""
    db.session.execute(_ours(row).values(status="given_up", last_error=reason, leased_until=None))
    db.session.commit()
    tally["given_up"] += 1


def _written(row: Row[Any], at: datetime) -> tuple[Mail, Mail, str]:
    """The mail, what is kept of it, and the recipient's name. What was sent before goes out again word for word."""
    name, token = name_of(row), secret_for(row, at)
    if token is not None:
        return rendered(row, token, at), rendered(row, at=at), name
    mail = Mail(row.subject, row.body_text, row.body_html) if row.subject else rendered(row, at=at)
    return mail, mail, name


def _record(row: Row[Any], at: datetime, failure: Failure | None, kept: Mail | None) -> str:
    """Write the attempt and what follows from it; commits. Returns "sent", "failed" or "given_up"."""
    error = failure.error if failure else None
    keys = {"account_id": row.account_id, "distributor_id": row.distributor_id, "msp_id": row.msp_id}
    attempt = insert(DeliveryAttempt).values(notification_id=row.id, **keys)
    db.session.execute(attempt.values(at=at, succeeded=failure is None, error=error))
    tries = {"attempts": NOTIFICATION.c.attempts + 1, "leased_until": None, "last_error": error}
    if failure is None and kept is not None:
        words = {"subject": kept.subject, "body_text": kept.text, "body_html": kept.html}
        sent = update(NOTIFICATION).where(NOTIFICATION.c.id == row.id)
        db.session.execute(sent.values(status="sent", sent_at=at, **words, **tries))
        outcome = "sent"
    else:
        outcome, later = _after_failure(row, at, permanent=bool(failure and failure.permanent))
        db.session.execute(_ours(row).values(**later, **tries))
    db.session.commit()
    return outcome


def _after_failure(row: Row[Any], at: datetime, *, permanent: bool) -> tuple[str, dict[str, Any]]:
    if permanent or row.attempts + 1 >= MOST_TRIES:
        return "given_up", {"status": "given_up"}
    return "failed", {"next_attempt_at": at + BACKOFF[row.attempts]}


def _ours(row: Row[Any]) -> Any:
    """The row while this worker's claim on it stands: a worker that was away too long changes nothing of another's."""
    return update(NOTIFICATION).where(
        NOTIFICATION.c.id == row.id, NOTIFICATION.c.status == "waiting", NOTIFICATION.c.leased_until == row.leased_until
    )


def resend(row: Row[Any], at: datetime) -> None:
    """Let a mail go out once more, now. `row` is locked (`queries.notification_for_update`). Raises Conflict.

    Its Message-ID stays; of a mail given up this is one more try.
    """
    if row.leased_until is not None and row.leased_until > at:
        raise Conflict(gettext("This mail is being sent right now. Look again in a minute."))
    if row.last_attempt_at is not None and at - row.last_attempt_at < RESEND_AFTER:
        raise Conflict(gettext("This mail was tried a moment ago. Wait two minutes before sending it again."))
    if row.attempts >= MOST_TRIES_BY_HAND:
        raise Conflict(_tried_often(row.attempts))
    again = update(NOTIFICATION).where(NOTIFICATION.c.id == row.id)
    db.session.execute(again.values(status="waiting", next_attempt_at=at, leased_until=None))


def tell_to_set_password(
    user_id: int, organization_id: int, side: Side, at: datetime, *, invited_by: int | None = None
) -> None:
    """Queue the "set your password" mail of a contact of `organization_id`; `invited_by` is the organization that sees
    whether it arrived. No secret is stored: the link is made when the mail goes out.
    """
    tell(Telling(INVITATION, organization_id, side, user_id, details={"invited_by": invited_by}), at)


def _tried_often(times: int) -> str:
    return ngettext(
        "This mail was tried %(num)s time. Check the address; it is not sent again.",
        "This mail was tried %(num)s times. Check the address; it is not sent again.",
        times,
    )
