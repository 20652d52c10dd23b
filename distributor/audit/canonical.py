"""The canonical text of an entry, whose SHA-256 is the entry's hash (docs/audit.md).

Written here a second time, apart from the database's own function, so that a check does not ask the one it checks.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

FIRST_LINE = "distributor-audit/1"
# What stands before the first entry of a chain.
NOTHING = bytes(32)


def text_of(entry: Any) -> str:
    """The text of an entry: any row with its columns, `chain`, and `details_text`, its details as PostgreSQL writes
    them.
    """
    lines = {
        "chain": quoted(entry.chain),
        "number": str(entry.number),
        "at": quoted(instant(entry.at)),
        "what": quoted(entry.what),
        "subject": quoted(entry.subject),
        "via": quoted(entry.via),
        "name": quoted(entry.actor_name),
        "user": quoted(entry.actor_user),
        "organization": quoted(entry.actor_organization),
        "session": quoted(entry.actor_session),
        "token": quoted(entry.actor_token),
        "details": entry.details_text,
        "previous": bytes(entry.previous_hash).hex(),
    }
    return "\n".join([FIRST_LINE, *(f"{name}: {value}" for name, value in lines.items())])


def hash_of(text: str) -> bytes:
    return sha256(text.encode()).digest()


def quoted(value: object) -> str:
    """A value as a JSON string; null where there is none."""
    return json.dumps(None if value is None else str(value), ensure_ascii=False)


def instant(at: datetime) -> str:
    """In UTC, with microseconds: 2026-10-20T00:00:00.000000Z."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def digest_of(rows: Iterable[Iterable[object]]) -> dict[str, Any]:
    """How many rows there are, and the SHA-256 over them: a JSON array of strings for each, on a line of its own."""
    lines = [json.dumps([None if one is None else str(one) for one in row], ensure_ascii=False) for row in rows]
    return {"count": len(lines), "sha256": sha256("\n".join(lines).encode()).hexdigest()}
