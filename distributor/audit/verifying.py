"""Checking the audit trail: each hash is computed anew, each step of a report compared with its entry."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from sqlalchemy import Row, select, text

from distributor.audit.canonical import NOTHING, digest_of, hash_of, text_of
from distributor.audit.queries import ENTRY, HEAD, whole_entries
from distributor.database import db

AT_ONCE = 2000
# A chain, a number and a hash on one line, whatever stands between: as mails and exports have them.
HEAD_LINE = re.compile(r"((?:account|organization)/[0-9a-f-]{36})\W+(\d+)\W+([0-9a-f]{64})\b")

# Each step of an account's reports as its entry must have it, in the same shape.
STEPS = text("""
SELECT a.id AS action_id, a.at, 'report.' || a.step AS what, to_char(r.cycle, 'YYYY-MM') AS subject, a.via,
  a.actor_name, u.uid AS actor_user, o.uid AS actor_organization, s.uid AS actor_session, t.uid AS actor_token,
  a.report_id, r.uid AS report, a.version, a.from_status, a.to_status, a.reason, a.details::text AS details_text
FROM report_actions a
JOIN usage_reports r ON r.id = a.report_id
LEFT JOIN users u ON u.id = a.actor_user_id
LEFT JOIN organizations o
  ON o.id = CASE a.actor_side WHEN 'msp' THEN a.msp_id WHEN 'distributor' THEN a.distributor_id END
LEFT JOIN web_sessions s ON s.id = a.web_session_id
LEFT JOIN api_tokens t ON t.id = a.api_token_id
WHERE a.id = ANY(CAST(:ids AS bigint[]))
""")
CHANGES = text("""
SELECT c.report_id, c.version, c.line_uid, c.line_label, c.field, c.old, c.new
FROM line_changes c JOIN report_actions a ON a.report_id = c.report_id AND a.version = c.version
WHERE a.id = ANY(CAST(:ids AS bigint[])) ORDER BY c.report_id, c.version, c.id
""")
NOTICES = text("""
SELECT n.report_id, a.version, n.uid, n.event, n.channel,
  encode(sha256(convert_to(n.recipient, 'UTF8')), 'hex'), n.side, n.details::text
FROM report_actions a JOIN notifications n ON n.report_id = a.report_id AND n.occasion = 'version:' || a.version
WHERE a.id = ANY(CAST(:ids AS bigint[])) ORDER BY n.report_id, a.version, n.id
""")
UNRECORDED = text("""
SELECT h.chain, r.uid AS report, a.version FROM report_actions a
JOIN usage_reports r ON r.id = a.report_id JOIN audit_heads h ON h.account_id = a.account_id
WHERE (CAST(:account AS bigint) IS NULL OR a.account_id = CAST(:account AS bigint))
  AND NOT EXISTS (SELECT FROM audit_entries e WHERE e.action_id = a.id)
ORDER BY a.id
""")
AS_RECORDED = (
    "at", "what", "subject", "via", "actor_name", "actor_user", "actor_organization", "actor_session", "actor_token",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Broken:
    """What is wrong first in a chain: the number of the entry (0: of none) and why, in a sentence."""

    chain: str
    number: int
    why: str


@dataclass(frozen=True, slots=True)
class Given:
    """A head that somebody kept."""

    chain: str
    number: int
    hash: bytes


@dataclass(slots=True)
class Checked:
    """What a check came to: how much was looked at, and the first thing wrong in each chain."""

    chains: int = 0
    entries: int = 0
    heads: int = 0
    broken: list[Broken] = field(default_factory=list)


def read_heads(words: str) -> list[Given]:
    """The heads in a mail's text: the chain, the number and the hash, in this order."""
    return [Given(chain, int(number), bytes.fromhex(digest)) for chain, number, digest in HEAD_LINE.findall(words)]


def verify(account_id: int | None = None, given: Iterable[Given] = ()) -> Checked:
    """Check every chain, or one account's, also against heads that somebody kept. What the session has not committed
    is taken back: the check is a transaction of its own.
    """
    # Heads first, entries in batches, steps last, and one state of the database: an entry that is added meanwhile
    # would stand behind the head that was read before it.
    db.session.rollback()
    db.session.connection(execution_options={"isolation_level": "REPEATABLE READ", "postgresql_readonly": True})
    try:
        return _verified(account_id, given)
    finally:
        db.session.rollback()


def _verified(account_id: int | None, given: Iterable[Given]) -> Checked:
    kept = {chain: list(heads) for chain, heads in groupby(sorted(given, key=_chain_of), _chain_of)}
    done = Checked()
    for head in _heads(account_id):
        done.chains += 1
        known = kept.pop(head.chain, [])
        done.heads += len(known)
        done.broken += _first_wrong(head, known, done)
    if account_id is None:
        done.broken += [Broken(chain, 0, "A kept head names this chain, which is gone.") for chain in kept]
    wrong = {broken.chain for broken in done.broken}
    done.broken += [one for one in _unrecorded(account_id) if one.chain not in wrong]
    return done


def _first_wrong(head: Row[Any], known: list[Given], done: Checked) -> list[Broken]:
    """The first thing wrong in one chain, if anything is."""
    number, before = 0, NOTHING
    expected = {given.number: given.hash for given in known}
    for batch in _batches(head.id):
        steps = _steps(batch)
        for entry in batch:
            number, done.entries = number + 1, done.entries + 1
            why = _wrong(entry, number, before, steps) or _not_as_kept(expected.pop(number, None), entry.hash)
            if why:
                return [Broken(head.chain, number, why)]
            before = bytes(entry.hash)
    if (head.number, bytes(head.hash)) != (number, before):
        return [Broken(head.chain, number, f"The chain ends here; its head names entry {head.number}.")]
    missing = [kept for kept in expected if kept > number]
    return (
        [Broken(head.chain, number, f"The chain ends here; a kept head names entry {missing[0]}.")] if missing else []
    )


def _wrong(entry: Row[Any], number: int, before: bytes, steps: Mapping[int, Mapping[str, Any]]) -> str | None:
    if entry.number != number:
        return f"Entry {number} is missing: {entry.number} comes next."
    if bytes(entry.previous_hash) != before:
        return "It does not follow the entry before: the hash it names is another."
    if hash_of(text_of(entry)) != bytes(entry.hash):
        return "Its hash is not that of what it says: it was altered."
    if entry.action_id is not None and _as_recorded(entry) != steps.get(entry.action_id):
        return "The report's step it records is another in the database, or is gone."
    return None


def _not_as_kept(kept: bytes | None, found: bytes) -> str | None:
    if kept is None or kept == bytes(found):
        return None
    return "Its hash is not the one in the kept head: the chain was rewritten."


def _as_recorded(entry: Row[Any]) -> dict[str, Any]:
    return {**{name: getattr(entry, name) for name in AS_RECORDED}, "details": json.loads(entry.details_text)}


def _steps(batch: list[Row[Any]]) -> dict[int, dict[str, Any]]:
    """What the entries of reports in a batch must say, by action."""
    ids = [entry.action_id for entry in batch if entry.action_id is not None]
    if not ids:
        return {}
    changes, notices = _by_version(CHANGES, ids), _by_version(NOTICES, ids)
    return {row.action_id: _step(row, changes, notices) for row in db.session.execute(STEPS, {"ids": ids})}


def _step(row: Row[Any], changes: Mapping[Any, Any], notices: Mapping[Any, Any]) -> dict[str, Any]:
    place = row.report_id, row.version
    details = {
        "report": str(row.report),
        "version": row.version,
        "from": row.from_status,
        "to": row.to_status,
        "reason": row.reason,
        "details": json.loads(row.details_text),
        "changes": digest_of(changes.get(place, ())),
        "notifications": digest_of(notices.get(place, ())),
    }
    return {**{name: getattr(row, name) for name in AS_RECORDED}, "details": details}


def _by_version(query: Any, ids: list[int]) -> dict[Any, list[Any]]:
    """Rows by report and version, without these two columns."""
    rows = db.session.execute(query, {"ids": ids})
    return {place: [row[2:] for row in group] for place, group in groupby(rows, lambda row: (row[0], row[1]))}


def _heads(account_id: int | None) -> list[Row[Any]]:
    query = select(HEAD).order_by(HEAD.c.id)
    return list(db.session.execute(query if account_id is None else query.where(HEAD.c.account_id == account_id)))


def _batches(chain_id: int) -> Iterator[list[Row[Any]]]:
    """A chain's entries in order, some at a time."""
    query, reached = whole_entries().where(ENTRY.c.chain_id == chain_id).order_by(ENTRY.c.number).limit(AT_ONCE), -1
    while rows := list(db.session.execute(query.where(ENTRY.c.number > reached))):
        yield rows
        reached = rows[-1].number


def _unrecorded(account_id: int | None) -> list[Broken]:
    """The first step of each chain that no entry records."""
    rows = db.session.execute(UNRECORDED, {"account": account_id})
    found = {
        row.chain: f"Version {row.version} of report {row.report} was made without an entry."
        for row in reversed(list(rows))
    }
    return [Broken(chain, 0, why) for chain, why in found.items()]


def _chain_of(given: Given) -> str:
    return given.chain
