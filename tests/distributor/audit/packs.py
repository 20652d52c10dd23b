"""Evidence packs as tests take them: unpacked, verified by their own script, and sealed anew as a forger does."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID
from zipfile import ZipFile

from flask import Flask

from distributor.audit.verify_pack import cell
from distributor.identity.acting import CurrentMember
from tests.clients import sign_in
from tests.factories import OPENED_AT, Story

AT = OPENED_AT + timedelta(hours=5)


class OneReport(Story):
    """A story that is about one report."""

    id: int
    uid: UUID


def unpacked(app: Flask, uid: UUID, by: CurrentMember, folder: Path) -> Path:
    answer = sign_in(app, by).get(f"/reports/{uid}/evidence.zip")
    assert (answer.status_code, answer.mimetype) == (200, "application/zip")
    with ZipFile(io.BytesIO(answer.data)) as archive:
        archive.extractall(folder)
    return folder


def verified(folder: Path, *mails: Path) -> tuple[int, str]:
    """Exit code and words of the script, run without the service's packages."""
    command = [sys.executable, "-I", "-S", "verify.py", *map(str, mails)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.returncode, done.stdout


def resealed(folder: Path) -> None:
    """What a forger does: sums and seal are made anew over changed files."""
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"] = {name: sha256((folder / name).read_bytes()).hexdigest() for name in manifest["files"]}
    sums = "\n".join(f"{name} {value}" for name, value in sorted(manifest["files"].items()))
    manifest["seal"] = sha256(f"{manifest['head']['hash']}\n{sums}".encode()).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest))


def altered(folder: Path, name: str, change: Callable[[Any], object]) -> None:
    path = folder / name
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data, indent=1, ensure_ascii=False))


def told_again(folder: Path) -> None:
    """A forger who is thorough has lines.csv follow lines.json."""
    lines = [
        {k: cell(v) for k, v in line.items() if k != "id"} for line in json.loads((folder / "lines.json").read_text())
    ]
    with (folder / "lines.csv").open("w", newline="") as target:
        writer = csv.DictWriter(target, lines[0].keys())
        writer.writeheader()
        writer.writerows(lines)
