"""The audit trail as a file, written as it is read. The JSON holds what a check needs: each entry's canonical text."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from distributor.audit.canonical import instant, text_of
from distributor.list_files import DANGEROUS

MIME_TYPES = {"csv": "text/csv", "json": "application/json"}
COLUMNS = (
    "chain", "number", "at", "what", "account", "subject", "name", "organization", "via", "details", "previous", "hash",
)  # fmt: skip
ROWS_AT_ONCE = 200


def csv_of(entries: Iterable[Any]) -> Iterator[bytes]:
    """CSV in UTF-8 with the mark by which Excel knows it; a text that would run as a formula is a text."""
    yield b"\xef\xbb\xbf" + _rows([COLUMNS])
    left = iter(entries)
    while rows := list(islice(left, ROWS_AT_ONCE)):
        yield _rows(_cells(entry) for entry in rows)


def json_of(entries: Iterable[Any]) -> Iterator[bytes]:
    """A JSON array: each entry with its `text`, whose SHA-256 is its `hash`, and the names of account and company."""
    yield b"["
    separator = "\n"
    for entry in entries:
        yield (separator + json.dumps(as_json(entry), ensure_ascii=False)).encode()
        separator = ",\n"
    yield b"\n]\n"


def as_json(entry: Any) -> dict[str, Any]:
    return {
        "chain": entry.chain,
        "number": entry.number,
        "account": entry.account_number,
        "organization": entry.organization_name,
        "text": text_of(entry),
        "hash": bytes(entry.hash).hex(),
    }


def _rows(rows: Iterable[Iterable[str]]) -> bytes:
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows([_guarded(cell) for cell in row] for row in rows)
    return buffer.getvalue().encode()


def _cells(entry: Any) -> tuple[str, ...]:
    return (
        entry.chain, str(entry.number), instant(entry.at), entry.what, entry.account_number or "", entry.subject,
        entry.actor_name, entry.organization_name or "", entry.via or "", entry.details_text,
        bytes(entry.previous_hash).hex(), bytes(entry.hash).hex(),
    )  # fmt: skip


def _guarded(text: str) -> str:
    return f"'{text}" if text.startswith(DANGEROUS) else text
