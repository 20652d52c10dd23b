"""What goes back. `once` commits: an effect and the answer kept for its Idempotency-Key are one transaction."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import Response, current_app, request
from flask_babel import gettext
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from distributor.api.bodies import raw_body
from distributor.api.preconditions import etag
from distributor.database import db
from distributor.errors import Conflict, FieldError, InputRefused
from distributor.identity.acting import CurrentMember

LOCK_NOT_AVAILABLE = "55P03"
# Kept by the caller alone, and asked for again with its ETag each time.
KEEPING = "private, no-cache"


@dataclass(frozen=True, slots=True)
class Answer:
    """Body (as JSON), status and headers of a call that went well."""

    body: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


class KeyReused(Conflict):
    """An Idempotency-Key came with another request than the first time."""

    type = "idempotency-key-reused"

    def __init__(self) -> None:
        said = gettext("This Idempotency-Key was used for another request. Take a new key for each new request.")
        super().__init__(said)


class KeyBusy(Conflict):
    """The first request with this Idempotency-Key is still being worked on."""

    type = "idempotency-key-in-use"

    def __init__(self) -> None:
        said = gettext("The first request with this Idempotency-Key is still being worked on. Ask again shortly.")
        super().__init__(said)


def versioned(body: Mapping[str, Any], status: int = 200, **headers: str) -> Answer:
    """A report as answer, with its version as ETag."""
    return Answer(body, status, {"ETag": etag(body["version"]), **headers})


def respond(answer: Answer) -> Response:
    """The answer as it goes out."""
    return _response(_json(answer.body), answer.status, answer.headers)


def committed(answer: Answer) -> Response:
    """Commit what was done, then answer."""
    db.session.commit()
    return respond(answer)


def once(member: CurrentMember, act: Callable[[], Answer]) -> Response:
    """Do it, commit, answer; with an Idempotency-Key at most once per member and key.

    The first answer to go well is kept and given again, with its status and headers. A refused request
    changed nothing and leaves the key free. Raises KeyReused for another request with the same key.
    """
    key = _key()
    if key is None:
        return committed(act())
    fingerprint = _fingerprint()
    if not _claimed(member, key, fingerprint):
        return _kept(member, key, fingerprint)
    answer = act()
    body = _json(answer.body)
    _keep(member, key, answer, body)
    db.session.commit()
    return _response(body, answer.status, answer.headers)


def _key() -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    if not (1 <= len(key) <= 255 and key.isascii() and key.isprintable()):
        message = gettext("An Idempotency-Key has 1 to 255 printable ASCII characters, for example a UUID.")
        raise InputRefused(message, [FieldError(message, "Idempotency-Key")])
    return key


def _fingerprint() -> bytes:
    """What makes two requests the same: method, address and body. If-Match may differ: the first one was met."""
    digest = hashlib.sha256(f"{request.method} {request.full_path}\n".encode())
    digest.update(raw_body())
    return digest.digest()


def _claimed(member: CurrentMember, key: str, fingerprint: bytes) -> bool:
    """Whether the key is new. A second request waits here until the first has committed or failed."""
    claim = text("""INSERT INTO idempotent_answers (member_id, key, request_hash, status, body)
                    VALUES (:member, :key, :hash, 0, '') ON CONFLICT DO NOTHING RETURNING true""")
    given = {"member": member.member_id, "key": key, "hash": fingerprint}
    try:
        return db.session.scalar(claim, given) is not None
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) == LOCK_NOT_AVAILABLE:
            raise KeyBusy from error
        raise


def _kept(member: CurrentMember, key: str, fingerprint: bytes) -> Response:
    query = text("SELECT request_hash, status, body, headers FROM idempotent_answers WHERE member_id = :m AND key = :k")
    kept = db.session.execute(query, {"m": member.member_id, "k": key}).one()
    if bytes(kept.request_hash) != fingerprint:
        raise KeyReused
    return _response(kept.body, kept.status, kept.headers)


def _keep(member: CurrentMember, key: str, answer: Answer, body: str) -> None:
    query = text("""UPDATE idempotent_answers SET status = :status, body = :body, headers = CAST(:headers AS jsonb)
                    WHERE member_id = :member AND key = :key""")
    given = {"member": member.member_id, "key": key, "status": answer.status, "body": body}
    db.session.execute(query, {**given, "headers": json.dumps(dict(answer.headers))})


def _json(body: Any) -> str:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


def _response(body: str, status: int, headers: Mapping[str, str]) -> Response:
    response: Response = current_app.response_class(body, status, mimetype="application/json")
    response.headers.update(headers)
    response.headers["Cache-Control"] = KEEPING
    return response
