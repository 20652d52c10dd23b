"""Checks an evidence pack without the service that made it: python verify.py [mail.txt …] in the unpacked folder.

Needs Python 3.11 and nothing else. A mail with the heads of the audit trail, saved as text, is checked as well.
Exit code 0 when everything agrees, 1 when anything does not.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
HEAD_LINE = re.compile(r"((?:account|organization)/[0-9a-f-]{36})\W+(\d+)\W+([0-9a-f]{64})\b")
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
    expected = []
    for action in actions:
        of_step = [change["row"] for change in changes if change["version"] == action["version"]]
        sent = [mail["row"] for mail in mails if mail["version"] == action["version"]]
        step, source, target, version, reason, details = (action[name] for name in STEP)
        said = {"report": manifest["report"], "version": version, "from": source, "to": target, "reason": reason}
        said |= {"details": details, "changes": digest(of_step), "notifications": digest(sent)}
        expected.append((action["at"], f"report.{step}", action["name"], action["via"], said))
    recorded = [(one["at"], one["what"], one["name"], one["via"], one["details"]) for one in own]
    return [] if recorded == expected else ["The report's actions are not those that the audit trail has recorded."]


def lines(changes: list[dict[str, Any]]) -> list[str]:
    """The report is at its last action's version, sums up, and has what its changes came to."""
    report, rows = read("report.json"), {line["id"]: line for line in read("lines.json")}
    wrong = [] if report["version"] == read("actions.json")[-1]["version"] else ["The report is at another version."]
    last = {(change["row"][0], change["row"][2]): change["row"][4] for change in changes}
    for (line, field), value in last.items():
        if line in rows and rows[line].get(field, value) != value:
            wrong.append(f"Line {line} has another value of {field} than its last change.")
    return wrong


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
    try:
        manifest, entries = read("manifest.json"), read("audit.json")
        wrong = files(manifest) or [*chain(manifest, entries), *steps(manifest, entries), *lines(read("changes.json"))]
        wrong += heads(manifest, entries, sys.argv[1:])
    except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
        wrong = [f"The pack cannot be read: {error}"]
    verified = (
        f"Verified: {len(manifest['files'])} files, {len(entries)} entries of the audit trail." if not wrong else ""
    )
    sys.stdout.write("\n".join([*wrong, "NOT VERIFIED."] if wrong else [verified]) + "\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
