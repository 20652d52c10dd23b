"""The one place that says how a refusal answers over HTTP (RFC 9457 for programs, the same status for pages)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from werkzeug.exceptions import HTTPException

from distributor.api.figures import actions
from distributor.errors import Conflict, FieldError, Forbidden, InputRefused, NotFound, StaleLines, VersionRequired
from distributor.identity.current import SignInRequired
from workflows import errors as rules
from workflows.errors import Refused

MEDIA_TYPE = "application/problem+json"

STATUSES: dict[type[Refused], int] = {
    SignInRequired: 401,
    Forbidden: 403,
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

TITLES: dict[str, str] = {
    "sign-in-required": "No valid token",
    "forbidden": "Not allowed",
    "not-permitted": "Not allowed with this role",
    "not-found": "Not found",
    "conflict": "Not possible in this state",
    "idempotency-key-reused": "Idempotency-Key used for another request",
    "idempotency-key-in-use": "The first request is still being worked on",
    "version-required": "Version required",
    "stale-line": "Lines changed meanwhile",
    "stale-version": "Report changed meanwhile",
    "transition-not-allowed": "Step not possible now",
    "comment-required": "Comment required",
    "figures-missing": "Figures missing",
    "prices-missing": "Prices missing",
    "nil-not-confirmed": "Nothing used: please confirm",
    "endorsement-required": "Endorsement required",
    "reason-required": "Reason required",
    "invalid-input": "Invalid input",
    "invalid-terms": "Invalid terms",
    "invalid-units": "Invalid units",
    "invalid-cycle": "Invalid cycle",
    "unavailable": "Temporarily unavailable",
    "internal-error": "Something failed on our side",
}

# Python 3.13 calls this status otherwise than 3.11 did; a type never changes.
RENAMED = {413: "content-too-large"}


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
    return problem(status, refused.type, refused.message, _errors(refused), _extra(refused))


def problem(
    status: int,
    kind: str,
    detail: str,
    errors: list[dict[str, Any]] | None = None,
    extra: dict[str, Any] | None = None,
) -> Problem:
    """A problem by its type, with the title that belongs to it."""
    return Problem(status, kind, TITLES.get(kind, HTTPStatus(status).phrase), detail, errors or [], extra or {})


def problem_of_http(error: HTTPException) -> Problem:
    """The problem for what Flask, werkzeug or a schema refused; its type is the status in words."""
    status = error.code or 500
    data = getattr(error, "data", None) or {}
    # webargs puts the part of the request ("json", "query" …) around marshmallow's messages
    parts = (data.get("messages") or data.get("errors") or {}).values()
    found = [FieldError(reason, place or None).as_dict() for part in parts for place, reason in _places(part)]
    if found:
        return problem(status, "invalid-input", "The input was refused: see errors.", found)
    kind = RENAMED.get(status) or HTTPStatus(status).phrase.lower().replace(" ", "-")
    return problem(status, kind, data.get("message") or error.description or "")


def _errors(refused: Refused) -> list[dict[str, Any]]:
    match refused:
        case InputRefused():
            return [error.as_dict() for error in refused.errors]
        case rules.InvalidInput():
            return [FieldError(refused.message, refused.field).as_dict()]
        case rules.LinesRefused():
            return [FieldError(f"{line} is {refused.demand}.", line=line.id).as_dict() for line in refused.lines]
        case rules.ReasonRequired():
            return [FieldError(refused.message, "reason").as_dict()]
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
