"""Signing in again before what weighs most: whoever finds a desk unlocked approves nothing in another's name.

A sign-in counts as proved for ten minutes after a password, a code or a passkey was shown (OWASP ASVS 5.0, 7.5.3). A
token has nobody to ask: it may do such things while the person it belongs to has just proved in a browser who they are.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from flask_babel import gettext
from sqlalchemy import func, select, true, update

from distributor.database import db
from distributor.identity.acting import CurrentMember
from distributor.identity.models import Member, WebSession
from distributor.identity.sessions import digest
from distributor.single_sign_on import doors
from workflows.errors import Refused

LASTS = timedelta(minutes=10)


class StepUpRequired(Refused):
    """The person has to prove again who they are. Pages lead to /confirm, the API answers 403 `step-up-required`."""

    type = "step-up-required"


class SecondFactorRequired(Refused):
    """The organization asks for a second factor, and the person has none. Pages lead to where one is set up."""

    type = "second-factor-required"


def require_enrolment(member: CurrentMember) -> None:
    """Let pass who has the second factor that the organization asks for. Raises SecondFactorRequired."""
    if member.must_enrol:
        raise SecondFactorRequired(
            gettext(
                "%(organization)s asks everybody for a second step to sign in, and %(name)s has none yet. It is set "
                "up in the browser, at /profile/security.",
                organization=member.organization_name,
                name=member.name,
            )
        )


def require(member: CurrentMember, at: datetime) -> None:
    """Let pass who has proved within the last ten minutes who they are. Raises StepUpRequired."""
    if not is_proved(member, at):
        raise StepUpRequired(_why(member))


def is_proved(member: CurrentMember, at: datetime) -> bool:
    """Whether `member` has proved within the last ten minutes who they are."""
    query = (
        select(func.max(WebSession.proved_at))
        .join(Member, Member.id == member.member_id)
        .where(
            WebSession.user_id == member.user_id,
            WebSession.revoked_at.is_(None),
            WebSession.expires_at > at,
            # What would not open the organization proves nothing there: the word of another one's provider, or a
            # password where the organization's own is required.
            doors.opens(),
            # A page counts for its own sign-in alone; a token for any of the person's.
            true() if member.api_token_id else WebSession.id == member.web_session_id,
        )
    )
    proved_at: datetime | None = db.session.scalar(query)
    return proved_at is not None and at - proved_at < LASTS


def prove(member: CurrentMember, at: datetime) -> str:
    """Note that the person behind this sign-in has just proved who they are; returns the cookie's new secret.

    The old one ends, as after every proof (OWASP ASVS 5.0, 7.2.4).
    """
    token = secrets.token_urlsafe(32)
    renewed = {"proved_at": at, "token_hash": digest(token)}
    db.session.execute(update(WebSession).where(WebSession.id == member.web_session_id).values(**renewed))
    return token


def _why(member: CurrentMember) -> str:
    if member.api_token_id:
        return gettext(
            "A token alone is not enough for this: %(name)s has to confirm in the browser, at /confirm. The call "
            "passes within ten minutes of that.",
            name=member.name,
        )
    return gettext("Confirm that it is you, then do this again.")
