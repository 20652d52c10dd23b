"""The one place that says how a refusal answers over HTTP (RFC 9457 for programs, the same status for pages)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from flask_babel import gettext
from werkzeug.exceptions import HTTPException

from distributor.api.figures import actions
from distributor.errors import Conflict, FieldError, Forbidden, InputRefused, NotFound, StaleLines, VersionRequired
from distributor.identity.current import SignInRequired
from distributor.identity.step_up import SecondFactorRequired, StepUpRequired
from distributor.saying import said
from workflows import errors as rules
from workflows.errors import Refused
from workflows.words import Words, words

MEDIA_TYPE = "application/problem+json"

STATUSES: dict[type[Refused], int] = {
    SignInRequired: 401,
    Forbidden: 403,
    StepUpRequired: 403,
    SecondFactorRequired: 403,
    rules.NotPermitted: 403,
    NotFound: 404,
    Conflict: 409,
    StaleLines: 409,
    rules.TransitionNotAllowed: 409,
    rules.LinesRefused: 409,
    rules.NilNotConfirmed: 409,
    rules.EndorsementRequired: 409,
    rules.StaleVersion: 412,
    rules.ReasonRequired: 422,
    rules.InvalidInput: 422,
    InputRefused: 422,
    VersionRequired: 428,
}

TITLES: dict[str, Words] = {
    "sign-in-required": words("No valid token"),
    "forbidden": words("Not allowed"),
    "not-permitted": words("Not allowed with this role"),
    "step-up-required": words("Confirm in the browser first"),
    "second-factor-required": words("A second step to sign in is required"),
    "not-found": words("Not found"),
    "conflict": words("Not possible in this state"),
    "idempotency-key-reused": words("Idempotency-Key used for another request"),
    "idempotency-key-in-use": words("The first request is still being worked on"),
    "version-required": words("Version required"),
    "stale-line": words("Lines changed meanwhile"),
    "roll-up-moved": words("Changed since it was shown"),
    "stale-version": words("Report changed meanwhile"),
    "transition-not-allowed": words("Step not possible now"),
    "comment-required": words("Comment required"),
    "figures-missing": words("Figures missing"),
    "prices-missing": words("Prices missing"),
    "nil-not-confirmed": words("Nothing used: please confirm"),
    "endorsement-required": words("Endorsement required"),
    "reason-required": words("Reason required"),
    "invalid-input": words("Invalid input"),
    "invalid-terms": words("Invalid terms"),
    "invalid-units": words("Invalid units"),
    "invalid-cycle": words("Invalid cycle"),
    "unavailable": words("Temporarily unavailable"),
    "bad-request": words("Cannot be read"),
    "method-not-allowed": words("Not possible at this address"),
    "length-required": words("Length required"),
    "content-too-large": words("Too large"),
    "unsupported-media-type": words("Another type is needed"),
    "too-many-requests": words("Too many requests"),
    "form-expired": words("Form expired"),
    "internal-error": words("Something failed on our side"),
}

# What the web server's library would say in English where nobody said more.
SENTENCES: dict[int, Words] = {
    400: words("The request cannot be read."),
    404: words("This address does not exist."),
    405: words("This address does not take this method: see Allow."),
    413: words("What was sent is too large."),
    415: words("What was sent is of another type than this address takes."),
    429: words("Too many requests: wait as long as Retry-After says."),
}

# Python 3.13 calls this status otherwise than 3.11 did; a type never changes.
RENAMED = {413: "content-too-large", 503: "unavailable"}


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem as RFC 9457 has it. `type` is stable; `extra` holds the members that belong to the type."""

    status: int
    type: str
    title: str
    detail: str
    errors: list[dict[str, Any]] = field(default_factory=list)
    extra: dict[str, Any] = field(default_factory=dict)

    def as_dict(self, instance: str | None = None) -> dict[str, Any]:
        plain = {"type": self.type, "title": self.title, "status": self.status, "detail": self.detail}
        where = {"instance": instance} if instance else {}
        return {**plain, **where, **({"errors": self.errors} if self.errors else {}), **self.extra}


def problem_of(refused: Refused) -> Problem:
    """The problem a refusal of the rules or the service is answered with."""
    status = next((STATUSES[kind] for kind in type(refused).__mro__ if kind in STATUSES), 409)
    return problem(status, refused.type, said(refused), _errors(refused), _extra(refused))


def problem(
    status: int,
    kind: str,
    detail: str,
    errors: list[dict[str, Any]] | None = None,
    extra: dict[str, Any] | None = None,
) -> Problem:
    """A problem by its type, with the title that belongs to it."""
    title = TITLES.get(kind, HTTPStatus(status).phrase)
    return Problem(status, kind, said(title), detail, errors or [], extra or {})


def problem_of_http(error: HTTPException) -> Problem:
    """The problem for what Flask, werkzeug or a schema refused; its type is the status in words."""
    status = error.code or 500
    data = getattr(error, "data", None) or {}
    # webargs puts the part of the request ("json", "query" …) around marshmallow's messages
    parts = (data.get("messages") or data.get("errors") or {}).values()
    found = [FieldError(reason, place or None).as_dict() for part in parts for place, reason in _places(part)]
    if found:
        return problem(status, "invalid-input", gettext("The input was refused: see errors."), found)
    kind = RENAMED.get(status) or HTTPStatus(status).phrase.lower().replace(" ", "-")
    return problem(status, kind, data.get("message") or _described(error))


def _described(error: HTTPException) -> str:
    """What was said where it was raised; else our own sentence instead of the library's English one."""
    is_own = error.description != type(error).description
    return error.description or "" if is_own else said(SENTENCES.get(error.code or 500, error.description or ""))


def _errors(refused: Refused) -> list[dict[str, Any]]:
    match refused:
        case InputRefused():
            return [error.as_dict() for error in refused.errors]
        case rules.InvalidInput():
            return [FieldError(said(refused), refused.field).as_dict()]
        case rules.LinesRefused():
            return [FieldError(said(refused.of_line(line)), line=line.id).as_dict() for line in refused.lines]
        case rules.ReasonRequired():
            return [FieldError(said(refused), "reason").as_dict()]
    return []


def _extra(refused: Refused) -> dict[str, Any]:
    match refused:
        case StaleLines():
            return {"lines": refused.lines}
        case rules.StaleVersion():
            return {"current_version": refused.current}
        case rules.TransitionNotAllowed():
            return {"report_status": str(refused.status), "allowed_actions": actions(refused.allowed)}
        case rules.LinesRefused():
            return {"count": refused.count}
    return {}


def _places(messages: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """Every message of marshmallow's nested dictionary with its place, such as `lines.0.units`."""
    if isinstance(messages, dict):
        for key, inner in messages.items():
            yield from _places(inner, f"{place}.{key}" if place else str(key))
    elif isinstance(messages, list):
        for inner in messages:
            yield from _places(inner, place)
    else:
        yield place.removesuffix("_schema").removesuffix("."), str(messages)
