"""What every way in ends with: a new sign-in and its cookie, whatever proved the person."""

from __future__ import annotations

from datetime import datetime

from flask import current_app, redirect, request, session
from werkzeug.wrappers import Response

from distributor.config import Settings
from distributor.database import db
from distributor.identity import sessions, trail
from distributor.identity.acting import CurrentMember
from distributor.identity.current import cookie_name, current_member, forget_member


def enter(member: CurrentMember, wanted: str | None, at: datetime, *, proof: str) -> Response:
    """Sign the member in, commit, and lead on to what was wanted; the trail keeps by what `proof`."""
    end_present(at)
    token = sessions.start(
        member.user_id, member.member_id, at, address=request.remote_addr, agent=request.user_agent.string
    )
    trail.note("session.started", member, at, member.email, proof=proof)
    db.session.commit()
    session.clear()  # tokens of forms that were given out to a stranger end here
    return with_cookie(redirect(wanted or "/"), token)


def end_present(at: datetime) -> None:
    """End the sign-in that this browser has, if any."""
    member = current_member()
    if member is not None:
        sessions.end(member.user_id, at, row_id=member.web_session_id)
    forget_member()


def with_cookie(answer: Response, token: str | None) -> Response:
    """The answer with the cookie of a sign-in; without a token it takes the cookie away."""
    settings: Settings = current_app.config["SETTINGS"]
    answer.set_cookie(
        cookie_name(),
        token or "",
        max_age=sessions.ABSOLUTE if token else 0,
        path="/",
        secure=settings.behind_tls,
        httponly=True,
        samesite="Lax",
    )
    return answer
