"""The evidence pack of a report: everything that was said and done, with the means to check it without the service."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from sqlalchemy import Row, select, text

from distributor.audit.canonical import instant
from distributor.audit.exports import as_json
from distributor.audit.operations import record
from distributor.audit.queries import ENTRY, HEAD, whole_entries
from distributor.database import db
from distributor.identity.acting import CurrentMember
from distributor.list_files import DANGEROUS
from distributor.usage_reports import queries
from distributor.usage_reports.queries import ReportRow
from workflows.usage_report import Side

VERIFIER = Path(__file__).with_name("verify_pack.py")
FORMAT = "distributor-evidence/1"
REPORT_FIELDS = (
    "cycle", "starts_on", "ends_on", "status", "version", "opened_at", "due_at", "submitted_at", "submission_kind",
    "decided_at", "invoiced_at", "account_number", "msp_name", "distributor_name", "po_number", "currency",
    "minor_unit", "time_zone", "tolerance_units", "tolerance_percent", "usage_source", "line_count",
    "provisioned_units", "chargeable_units", "amount", "penalty", "discrepancies", "uncommented", "penalised",
    "estimated",
)  # fmt: skip
LINE_FIELDS = (
    "customer_ref", "customer_name", "sku", "product_name", "unit", "provisioned_units", "used_units",
    "chargeable_units", "declared_units", "unit_price", "amount", "penalty", "discrepancy", "penalised", "estimated",
    "added_by_msp", "rolled_up_units", "rolled_up_at", "comment", "carried_until", "reviewer_note", "waived_reason",
    "system_note", "sources",
)  # fmt: skip
WORDS = ("comment", "reviewer_note", "waived_reason", "system_note")
CHANGES = text("""
SELECT version, line_uid, line_label, field, old, new FROM line_changes WHERE report_id = :report ORDER BY id
""")
MAILS = text("""
SELECT split_part(n.occasion, ':', 2)::int AS version, n.uid, n.event, n.channel,
  encode(sha256(convert_to(n.recipient, 'UTF8')), 'hex') AS address, n.recipient, n.side, n.details::text AS details,
  n.occasion, n.status, n.sent_at,
  encode(sha256(convert_to(concat_ws(E'\\n', n.subject, n.body_text), 'UTF8')), 'hex') AS words
FROM notifications n WHERE n.report_id = :report AND n.occasion LIKE 'version:%' ORDER BY n.id
""")
ACTIONS = text("""
SELECT a.*, o.name AS organization_name, o.uid AS organization_uid FROM report_actions a
LEFT JOIN organizations o
  ON o.id = CASE a.actor_side WHEN 'msp' THEN a.msp_id WHEN 'distributor' THEN a.distributor_id END
WHERE a.report_id = :report ORDER BY a.version
""")
PARTIES = text("""
SELECT a.uid AS account_id, m.uid AS msp_id, d.uid AS distributor_id FROM usage_reports r
JOIN accounts a ON a.id = r.account_id JOIN organizations m ON m.id = r.msp_id
JOIN organizations d ON d.id = r.distributor_id WHERE r.id = :report
""")
README = """\
Evidence pack of a usage report

Run "python verify.py" in this folder (Python 3.11 or later, nothing else). It checks

* every file against manifest.json, and the account's audit trail from its first entry to the head named there;
* that the report's actions, line changes and mails are those the trail has recorded, and each action's organization;
* that the report is of the trail's account and cycle, its status and days are those its actions led to, and plain mail
  addresses are those the trail has digests of;
* that amounts, penalties and discrepancies follow from units, prices and terms, and the report's totals from its lines;
* that the lines, taken back change by change, have at every step the number, total and digest the trail has of them;
* that lines.csv and comments.json say what lines.json says.

With a mail that carries the heads of the audit trail, saved as text, run "python verify.py mail.txt": it then proves
that nothing was rewritten since that mail was sent.

What the trail binds. Submission by hand, endorsement, approval and invoicing put a digest of every line into the
trail: customer, product, units, price, amount and words; and of the report's currency, tolerance, order number and
days. Before the first of these steps (in preparation, or submitted and approved by the service itself) lines that no
recorded change touches are bound by count and sum only: units moved from one of them to another go unnoticed. Of the
steps before a line was removed, which took its price with it, lines are bound by their changes alone.

Not bound are the names of organizations (their ids are), account_number (account_id is), time_zone, usage_source and
added_by_msp, sources, marks of lines from below, system notes, what became of mails, and who made this pack and when
(made_by, made_at in manifest.json; the trail has it in a later entry, with the sum of the zip).

report.json    the report as it stood     lines.csv, lines.json   its lines
actions.json   who did what, when, why    changes.json            each value that changed: line, label, field, old, new
comments.json  what was said on lines     mails.json              mails of the report; addresses of one's own side only
audit.json     the account's audit trail  manifest.json           SHA-256 sums of all files and the head
"""


def pack(report: ReportRow, member: CurrentMember, at: datetime) -> bytes:
    """A zip for a member of either side; call it in a transaction that sees one state of the database."""
    head = db.session.execute(select(HEAD).where(HEAD.c.account_id == report.account_id)).one()
    files = {name: content.encode() for name, content in _files(report, member, head.id).items()}
    files["verify.py"] = VERIFIER.read_bytes()
    manifest = json.dumps(_manifest(report, member, at, head, files), indent=1, ensure_ascii=False)
    return _zipped({**files, "manifest.json": manifest.encode()}, at)


def note_made(report: ReportRow, made: bytes, member: CurrentMember, at: datetime) -> None:
    """Write into the account's chain who took a pack out, and its SHA-256: what is shown later was made then."""
    about = {"report": str(report.uid), "sha256": sha256(made).hexdigest()}
    subject = f"{report.account_number} {report.cycle:%Y-%m}"
    record("evidence.made", by=member, at=at, account_id=report.account_id, subject=subject, details=about)


def _files(report: ReportRow, member: CurrentMember, chain_id: int) -> dict[str, str]:
    lines = sorted(queries.lines(report.id), key=lambda line: line.id)
    key = {"report": report.id}
    return {
        "README.txt": README,
        "report.json": _json({"id": str(report.uid), **_parties(key), **_fields(report, REPORT_FIELDS)}),
        "lines.json": _json([{"id": str(line.uid), **_fields(line, LINE_FIELDS)} for line in lines]),
        "lines.csv": _csv(lines),
        "comments.json": _json([_comment(line) for line in lines if any(getattr(line, name) for name in WORDS)]),
        "actions.json": _json([_action(row) for row in db.session.execute(ACTIONS, key)]),
        "changes.json": _json([_change(row) for row in db.session.execute(CHANGES, key)]),
        "mails.json": _json([_mail(row, member.side_of(report)) for row in db.session.execute(MAILS, key)]),
        "audit.json": _json([as_json(entry) for entry in _entries(chain_id)]),
    }


def _parties(key: Mapping[str, int]) -> dict[str, Any]:
    """The ids of the account and both organizations, which the trail names too: names may be shared, and change."""
    return _fields(db.session.execute(PARTIES, key).one(), ("account_id", "msp_id", "distributor_id"))


def _entries(chain_id: int) -> Iterable[Row[Any]]:
    return db.session.execute(whole_entries().where(ENTRY.c.chain_id == chain_id).order_by(ENTRY.c.number))


def _manifest(
    report: ReportRow, member: CurrentMember, at: datetime, head: Row[Any], files: Mapping[str, bytes]
) -> dict[str, Any]:
    """The sums of all files, sealed together with the head of the audit trail."""
    sums = {name: sha256(content).hexdigest() for name, content in sorted(files.items())}
    digest = bytes(head.hash).hex()
    listed = "\n".join(f"{name} {value}" for name, value in sums.items())
    return {
        "format": FORMAT,
        "report": str(report.uid),
        "made_at": instant(at),
        "made_by": member.name,
        "head": {"chain": head.chain, "number": head.number, "hash": digest},
        "files": sums,
        "seal": sha256(f"{digest}\n{listed}".encode()).hexdigest(),
    }


def _action(row: Row[Any]) -> dict[str, Any]:
    whose = {"organization": row.organization_name, "organization_id": _plain(row.organization_uid)}
    named = {"name": row.actor_name, **whose, "side": row.actor_side}
    return {"at": instant(row.at), **named, **_fields(row, ("via", "step", "from_status", "to_status", "version")),
            "reason": row.reason, "details": row.details}  # fmt: skip


def _change(row: Row[Any]) -> dict[str, Any]:
    return {"version": row.version, "row": [str(row.line_uid), row.line_label, row.field, row.old, row.new]}


def _mail(row: Row[Any], side: Side) -> dict[str, Any]:
    """What was told, as the trail has it; the address and the digest of the words stand beside it."""
    kept = {"recipient": row.recipient} if row.side == side else {}
    sent = {"status": row.status, "sent_at": _plain(row.sent_at), "words_sha256": row.words if row.sent_at else None}
    digested = [str(row.uid), row.event, row.channel, row.address, row.side, row.details]
    return {"version": row.version, "row": digested, **sent, **kept}


def _comment(line: Any) -> dict[str, Any]:
    label = ", ".join(filter(None, [line.customer_name, f"{line.product_name} ({line.sku})"]))
    return {"id": str(line.uid), "line": label, **_fields(line, WORDS)}


def _fields(row: Any, names: Sequence[str]) -> dict[str, Any]:
    return {name: _plain(getattr(row, name)) for name in names}


def _plain(value: Any) -> Any:
    """A value in JSON: numbers with decimals as text, as line changes have them; instants in UTC."""
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    if isinstance(value, datetime):
        return instant(value)
    return str(value) if isinstance(value, date | UUID) else value


def _json(value: Any) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


def _csv(lines: Iterable[Any]) -> str:
    """The lines for a spreadsheet, in which no text runs as a formula."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(LINE_FIELDS)
    writer.writerows([_cell(getattr(line, name)) for name in LINE_FIELDS] for line in lines)
    return buffer.getvalue()


def _cell(value: Any) -> str:
    if isinstance(value, list):
        value = ", ".join(value)
    text = "" if value is None else str(_plain(value))
    return f"'{text}" if isinstance(value, str) and text.startswith(DANGEROUS) else text


def _zipped(files: Mapping[str, bytes], at: datetime) -> bytes:
    target = io.BytesIO()
    with ZipFile(target, "w", ZIP_DEFLATED) as archive:
        for name, content in files.items():
            member = ZipInfo(name, (at.year, at.month, at.day, at.hour, at.minute, at.second))
            member.external_attr, member.compress_type = 0o644 << 16, ZIP_DEFLATED
            archive.writestr(member, content)
    return target.getvalue()
