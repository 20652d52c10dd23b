"""Checks an evidence pack without the service that made it: python verify.py [mail.txt …] in the unpacked folder.

Needs Python 3.11 and nothing else. A mail with the heads of the audit trail, saved as text, is checked as well.
Exit code 0 when everything agrees, 1 when anything does not.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import sys
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal, getcontext
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
HEAD_LINE = re.compile(r"((?:account|organization)/[0-9a-f-]{36})\W+(\d+)\W+([0-9a-f]{64})\b")
# The whole of what a digest of lines in the audit trail holds: first of the report, then of each line.
TERMS = ("currency", "minor_unit", "po_number", "tolerance_units", "tolerance_percent", "starts_on", "ends_on")
BOUND = (
    "id", "customer_ref", "customer_name", "sku", "product_name", "unit", "provisioned_units", "used_units",
    "chargeable_units", "comment", "carried_until", "reviewer_note", "waived_reason", "unit_price",
)  # fmt: skip
WORDS = ("comment", "reviewer_note", "waived_reason", "system_note")
# Whose step each is; refreshing, pricing, invoicing and reopening are not one side's.
SIDES = {
    "open": "system", "auto_submit": "system", "auto_approve": "system", "save": "msp", "submit": "msp",
    "recall": "msp", "waive": "distributor", "endorse": "distributor", "approve": "distributor",
    "reject": "distributor",
}  # fmt: skip
STEP = ("step", "from_status", "to_status", "version", "reason", "details")


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def read(name: str) -> Any:
    return json.loads((HERE / name).read_text("utf-8"))


def digest(rows: list[list[Any]]) -> dict[str, Any]:
    """How many rows, and the SHA-256 over them, each a JSON array on a line of its own."""
    return {"count": len(rows), "sha256": sha("\n".join(json.dumps(r, ensure_ascii=False) for r in rows).encode())}


def files(manifest: dict[str, Any]) -> list[str]:
    """Every file is as the manifest says, and there is no other."""
    given = {Path(mail).resolve() for mail in sys.argv[1:]}
    there = {path for path in HERE.rglob("*") if path.is_file() and path not in given and path.name[0] != "."}
    found = {path.relative_to(HERE).as_posix() for path in there} - {"manifest.json"}
    wrong = [f"{name} is missing." for name in sorted(manifest["files"].keys() - found)]
    kept = sorted(manifest["files"].keys() & found)
    wrong += [f"{name} was changed." for name in kept if sha((HERE / name).read_bytes()) != manifest["files"][name]]
    wrong += [f"{name} does not belong here." for name in sorted(found - manifest["files"].keys())]
    sums = "\n".join(f"{name} {value}" for name, value in sorted(manifest["files"].items()))
    sealed = sha(f"{manifest['head']['hash']}\n{sums}".encode())
    return wrong if sealed == manifest["seal"] else [*wrong, "The manifest's seal is not that of its sums and head."]


def chain(manifest: dict[str, Any], entries: list[dict[str, Any]]) -> list[str]:
    """The account's audit trail is unbroken from its first entry to the head."""
    before = "0" * 64
    for number, entry in enumerate(entries, 1):
        start, end = (
            f'distributor-audit/1\nchain: "{manifest["head"]["chain"]}"\nnumber: {number}\n',
            entry["text"][-64:],
        )
        if not entry["text"].startswith(start) or end != before or sha(entry["text"].encode()) != entry["hash"]:
            return [f"Entry {number} of the audit trail was changed or is out of place."]
        before = entry["hash"]
    head = (manifest["head"]["number"], manifest["head"]["hash"])
    return [] if head == (len(entries), before) else ["The audit trail does not end at its head."]


def steps(manifest: dict[str, Any], entries: list[dict[str, Any]]) -> list[str]:
    """Each action of the report, with its line changes and mails, is what the audit trail recorded of it."""
    told = [dict(line.split(": ", 1) for line in entry["text"].split("\n")[1:]) for entry in entries]
    own = [{name: json.loads(value) for name, value in one.items() if name != "previous"} for one in told]
    own = [one for one in own if one["what"].startswith("report.") and one["details"]["report"] == manifest["report"]]
    actions, changes, mails = read("actions.json"), read("changes.json"), read("mails.json")
    cycle, expected = read("report.json")["cycle"][:7], []
    for action in actions:
        of_step = [change["row"] for change in changes if change["version"] == action["version"]]
        sent = [mail["row"] for mail in mails if mail["version"] == action["version"]]
        step, source, target, version, reason, details = (action[name] for name in STEP)
        said = {"report": manifest["report"], "version": version, "from": source, "to": target, "reason": reason}
        said |= {"details": details, "changes": digest(of_step), "notifications": digest(sent)}
        by = (action["name"], action["organization_id"], action["via"])
        expected.append((action["at"], f"report.{step}", cycle, *by, said))
    names = ("at", "what", "subject", "name", "organization", "via", "details")
    recorded = [tuple(one[name] for name in names) for one in own]
    wrong = [] if recorded == expected else ["The report's actions are not those that the audit trail has recorded."]
    # The trail has an address as a digest; the plain one beside it, of one's own side, must be the same.
    others = [mail for mail in mails if "recipient" in mail and sha(mail["recipient"].encode()) != mail["row"][3]]
    return [*wrong, *(f"The mail {mail['row'][0]} went to another address." for mail in others)]


def sides(report: dict[str, Any], actions: list[dict[str, Any]]) -> list[str]:
    """Each action is of the side whose organization the audit trail names, and whose step it is."""
    whose = {side: (report[f"{side}_id"], report[f"{side}_name"]) for side in ("msp", "distributor")}
    whose["system"] = (None, None)
    return [
        f"The action of version {action['version']} is another side's."
        for action in actions
        if (action["organization_id"], action["organization"]) != whose.get(action["side"])
        or SIDES.get(action["step"], action["side"]) != action["side"]
    ]


def standing(manifest: dict[str, Any], report: dict[str, Any], actions: list[dict[str, Any]]) -> list[str]:
    """The report is where its actions brought it: version, status, days, and how many lines the service charged."""
    wrong = [] if report["id"] == manifest["report"] else ["The report is another one."]
    same = f"account/{report['account_id']}" == manifest["head"]["chain"]
    wrong += [] if same else ["The report is of another account than the audit trail."]
    # That the month is the report's is checked with its actions, whose entries name it.
    wrong += [] if report["cycle"][7:] == "-01" else ["The report's cycle is not the first day of a month."]
    wrong += [] if report["version"] == actions[-1]["version"] else ["The report is at another version."]
    wrong += [] if report["status"] == actions[-1]["to_status"] else ["The report has another status."]
    told = brought(actions)
    for name in ("opened_at", "due_at", "submitted_at", "decided_at", "invoiced_at"):
        if moment(report[name]) != moment(told[name]):
            wrong.append(f"The report has another {name} than its actions.")
    for name in ("submission_kind", "penalised", "estimated"):
        if report[name] != told[name]:
            wrong.append(f"The report has another {name} than its actions.")
    return wrong


def brought(actions: list[dict[str, Any]]) -> dict[str, Any]:
    """Days, kind of submission and charged lines, as the actions one after the other set them and took them back."""
    told: dict[str, Any] = {"opened_at": actions[0]["at"], "penalised": 0, "estimated": 0}
    # What no step has set is null, and what a step takes back is null again: details never say so themselves.
    told |= dict.fromkeys(("due_at", "submitted_at", "submission_kind", "decided_at", "invoiced_at"))
    for action in actions:
        told |= action["details"] if action["step"] != "waive" else {"penalised": told["penalised"] - 1}
        if action["step"] in ("recall", "reject", "reopen", "submit"):
            told |= {"penalised": 0, "estimated": 0}
        if action["step"] in ("recall", "reopen"):
            told |= {"submitted_at": None, "submission_kind": None}
        if action["step"] == "reopen":
            told["decided_at"] = None
    return told


def moment(at: str | None) -> datetime | None:
    return None if at is None else datetime.fromisoformat(at)


def money(report: dict[str, Any], units: str | None, price: str | None) -> Decimal:
    """Units times price, rounded half up to the currency's minor unit; nothing while either is unknown."""
    exact = Decimal(0) if units is None or price is None else Decimal(units) * Decimal(price)
    return exact.quantize(Decimal(1).scaleb(-report["minor_unit"]), ROUND_HALF_UP)


def figures(report: dict[str, Any], lines: list[dict[str, Any]]) -> list[str]:
    """What each line comes to follows from its units, price and the terms; the report's totals are the lines' sums."""
    wrong, nothing = [], Decimal(0)
    for line in lines:
        amount = money(report, line["chargeable_units"], line["unit_price"])
        charged, treated = line["penalised"] and not line["estimated"], line["penalised"] or line["estimated"]
        penalty = amount - money(report, line["declared_units"], line["unit_price"]) if charged else nothing
        own, provisioned = line["declared_units" if treated else "chargeable_units"], line["provisioned_units"]
        differs = False
        if own is not None and provisioned is not None:
            share = Decimal(provisioned) * Decimal(report["tolerance_percent"]) / 100
            differs = abs(Decimal(own) - Decimal(provisioned)) > max(Decimal(report["tolerance_units"]), share)
        if (Decimal(line["amount"]), Decimal(line["penalty"]), line["discrepancy"]) != (amount, penalty, differs):
            wrong.append(f"Line {line['id']} does not come to its amount, penalty or discrepancy.")
    open_ = [line for line in lines if line["discrepancy"] and line["comment"] is None]
    counts = {"line_count": len(lines), "discrepancies": sum(line["discrepancy"] for line in lines)}
    counts |= {"uncommented": len(open_), **{n: sum(line[n] for line in lines) for n in ("penalised", "estimated")}}
    for name in ("provisioned_units", "chargeable_units", "amount", "penalty"):
        counts[name] = sum((Decimal(line[name] or 0) for line in lines), nothing)
    wrong += [f"The report's {n} is not that of its lines." for n, v in counts.items() if Decimal(report[n]) != v]
    return wrong


def copies(lines: list[dict[str, Any]]) -> list[str]:
    """lines.csv and comments.json say what lines.json says."""
    cells = [{name: cell(value) for name, value in line.items() if name != "id"} for line in lines]
    table = list(csv.DictReader(io.StringIO((HERE / "lines.csv").read_bytes().decode(), newline="")))
    said = []
    for line in lines:
        label = ", ".join(filter(None, [line["customer_name"], f"{line['product_name']} ({line['sku']})"]))
        said.append({"id": line["id"], "line": label, **{name: line[name] for name in WORDS}})
    wrong = [] if table == cells else ["lines.csv says something else than lines.json."]
    same = read("comments.json") == [one for one in said if any(one[name] for name in WORDS)]
    return wrong if same else [*wrong, "comments.json says something else than lines.json."]


def cell(value: Any) -> str:
    words = "" if value is None else ", ".join(value) if isinstance(value, list) else str(value)
    return f"'{words}" if words.startswith(("=", "+", "-", "@", "\t", "\r", "'")) else words


def history(report: dict[str, Any], lines: list[dict[str, Any]], actions: list[dict[str, Any]]) -> list[str]:
    """Taken back change by change, the lines are at each step what the audit trail says they were."""
    wrong: list[str] = []
    whole, left, changes = True, {line["id"]: dict(line) for line in lines}, read("changes.json")
    for action in reversed(actions):
        rows = [change["row"] for change in changes if change["version"] == action["version"]]
        if whole and not as_told(report, list(left.values()), action["details"]):
            wrong.append(f"The lines are not those that the audit trail has of version {action['version']}.")
        # A line that was removed took its price with it: of the sums before nothing is known.
        whole = whole and all(field != "removed" for _, _, field, _, _ in rows)
        wrong += taken_back(left, rows)
        for line in left.values() if action["step"] == "auto_submit" else ():
            if (line["penalised"] or line["estimated"]) and line["chargeable_units"] != line["declared_units"]:
                wrong.append(f"Line {line['id']} was declared otherwise.")
            line["penalised"] = line["estimated"] = False
    return wrong


def taken_back(left: dict[str, dict[str, Any]], rows: list[list[str]]) -> list[str]:
    """Undo a step's changes, last first, each of which must have led to what the line has."""
    wrong = []
    for uid, _, field, old, new in reversed(rows):
        line = left.get(uid)
        if line is None:
            continue
        if (line["chargeable_units"] or "" if field == "added" else line[field]) != new:
            wrong.append(f"Line {uid} has another value of {field} than its last change.")
        line[field] = old
        if field == "added":
            del left[uid]
    return wrong


def as_told(report: dict[str, Any], lines: list[dict[str, Any]], details: dict[str, Any]) -> bool:
    """Whether the lines have the number, sum and digest that an action's details give, where they give any."""
    amounts = [money(report, line["chargeable_units"], line["unit_price"]) for line in lines]
    if "amount" in details and Decimal(details["amount"]) != sum(amounts):
        return False
    if "amount" in details and details.get("lines", len(lines)) != len(lines):
        return False
    rows = [[line[name] for name in BOUND] + [plain(amount)] for line, amount in zip(lines, amounts, strict=True)]
    return details.get("lines_sha256") in (None, digest([[report[name] for name in TERMS], *rows])["sha256"])


def plain(number: Decimal) -> str:
    return f"{number.normalize():f}"


def heads(manifest: dict[str, Any], entries: list[dict[str, Any]], mails: list[str]) -> list[str]:
    """Heads that were mailed are in the audit trail as they were then."""
    known = [found for mail in mails for found in HEAD_LINE.findall(Path(mail).read_text("utf-8", "replace"))]
    own = [(int(number), value) for name, number, value in known if name == manifest["head"]["chain"]]
    if mails and not own:
        return ["The mail names no head of this account's audit trail."]
    later = [number for number, _ in own if number > len(entries)]
    if len(later) == len(own) > 0:
        return ["The mail is younger than this pack: take one from before, or a younger pack."]
    return [
        f"Entry {n} is not as the mail says."
        for n, value in own
        if n <= len(entries) and entries[n - 1]["hash"] != value
    ]


def main() -> int:
    getcontext().prec = 100  # exact, however large units and prices are
    try:
        manifest, entries = read("manifest.json"), read("audit.json")
        report, lines, actions = read("report.json"), read("lines.json"), read("actions.json")
        wrong = files(manifest) or [
            *chain(manifest, entries),
            *steps(manifest, entries),
            *sides(report, actions),
            *standing(manifest, report, actions),
            *figures(report, lines),
            *copies(lines),
            *history(report, lines, actions),
        ]
        wrong += heads(manifest, entries, sys.argv[1:])
    except (OSError, ValueError, KeyError, IndexError, TypeError, AttributeError, ArithmeticError) as error:
        wrong = [f"The pack cannot be read: {error}"]
    verified = (
        f"Verified: {len(manifest['files'])} files, {len(entries)} entries of the audit trail." if not wrong else ""
    )
    sys.stdout.write("\n".join([*wrong, "NOT VERIFIED."] if wrong else [verified]) + "\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
