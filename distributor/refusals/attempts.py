"""Attempts as the edges see them: what is not allowed, what was ended, what was meant to deceive."""

from __future__ import annotations

from http import HTTPStatus

import structlog
from flask import Flask, Response, request

from distributor.identity.acting import CurrentMember
from distributor.identity.current import cookie_name, is_api, member_if_known
from distributor.paths import shown_path
from distributor.refusals import ended, signs
from distributor.refusals.trail import note

READING = frozenset({"GET", "HEAD", "OPTIONS"})
JUDGED = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY})
CONCERNED = "distributor.concerned"

log = structlog.get_logger("distributor")


def register(app: Flask) -> None:
    """Look at input that was refused, once it is answered; every other answer goes by."""
    app.after_request(_look_at_input)


def concerns(organization_id: int) -> None:
    """Say whose trail tells of this request where nobody is signed in, such as the organization that invited."""
    request.environ[CONCERNED] = organization_id


def denied(status: int, why: str, member: CurrentMember | None) -> None:
    """A member asked for what their role does not allow, or tried to change what is not theirs or is gone."""
    if member is None or not _is_grave(status):
        return
    once = f"{member.member_id} {request.endpoint} {why}"
    note("access.refused", [member.organization_id], {"reason": why}, once=once, by=member, subject=_asked())


def _is_grave(status: int) -> bool:
    """Reading what is gone is an old bookmark; changing it is an attempt."""
    return status == HTTPStatus.FORBIDDEN or (status == HTTPStatus.NOT_FOUND and request.method not in READING)


def unknown_caller() -> None:
    """A cookie or a token that opens nothing. One that was ended by somebody is its organization's to know."""
    what = "token.refused" if is_api() else "session.refused"
    sent = ended.bearer_token() if is_api() else request.cookies.get(cookie_name(), "")
    if not sent:
        _other_hosts_cookie()
        return
    found = ended.token(sent) if is_api() else ended.session(sent)
    if found is not None and not found.reason:
        return  # it has run out, as every one does
    log.warning(what.replace(".", " "), reason=found.reason if found else "unknown", path=shown_path())
    if found is not None:
        details = {"reason": found.reason, "tried": _asked()}
        note(what, [found.organization_id], details, once=str(found.id), subject=found.subject)


def _other_hosts_cookie() -> None:
    """Without the prefix `__Host-` any neighbour of this host may have set the cookie: behind TLS it opens nothing."""
    if not is_api() and cookie_name() != "sid" and "sid" in request.cookies:
        log.warning("session refused", reason="another-host", path=shown_path())


def token_in_address(whole: str, prefix: str) -> None:
    """A token stands in an address, where logs and histories keep it."""
    log.warning("token in an address refused", token=f"{prefix}…", path=shown_path())
    found = ended.token(whole)
    if found is not None:
        details = {"tried": _asked()}
        note("token.exposed", [found.organization_id], details, once=str(found.id), subject=found.subject)


def _look_at_input(answer: Response) -> Response:
    if answer.status_code in JUDGED and request.method not in READING and request.endpoint is not None:
        _input_refused()
    return answer


def _input_refused() -> None:
    member, found = member_if_known(), signs.found()
    if not found:
        return
    who = str(member.member_uid) if member else None
    log.warning("input refused", method=request.method, path=shown_path(), member=who, **found)
    concerned = member.organization_id if member else request.environ.get(CONCERNED)
    if concerned is not None:
        once = f"{member.member_id if member else 'stranger'} {request.endpoint}"
        note("input.refused", [concerned], found, once=once, by=member, subject=_asked())


def _asked() -> str:
    return f"{request.method} {shown_path()}"
