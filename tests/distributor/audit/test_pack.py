"""The evidence pack verifies itself in an empty folder, and notices any byte that was changed."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from uuid import UUID
from zipfile import ZipFile

import pytest
from flask import Flask

from distributor.audit.operations import record
from distributor.identity.acting import CurrentMember
from distributor.usage_reports.operations import drafts, steps
from distributor.usage_reports.operations.drafts import LineDraft
from tests.clients import sign_in, visitor
from tests.distributor.audit.trail import chain_of, head_of
from tests.factories import OPENED_AT, Story, member
from workflows.usage_report import Role

AT = OPENED_AT + timedelta(hours=5)
FILES = {
    "README.txt", "report.json", "lines.json", "lines.csv", "comments.json", "actions.json", "changes.json",
    "mails.json", "audit.json", "verify.py", "manifest.json",
}  # fmt: skip


class OneReport(Story):
    """A story that is about one report."""

    uid: UUID


@pytest.fixture
def story(app: Flask) -> OneReport:
    """A report with a comment, submitted and approved, and terms changed in between."""
    made = OneReport()
    report = made.open(("40", "38"), ("12", None))
    first = made.lines(report)[0]
    drafts.save_lines(made.report(report), [LineDraft(first.uid, comment="=As agreed")], made.by(made.preparer), AT)
    record("terms.changed", by=made.admin, at=AT, account_id=made.account.id, subject="ACC")
    steps.submit(made.report(report), made.by(made.preparer), AT)
    steps.approve(made.report(report), made.by(made.reviewer), AT)
    made.uid = report.uid
    return made


def unpacked(app: Flask, story: OneReport, by: CurrentMember, folder: Path) -> Path:
    answer = sign_in(app, by).get(f"/reports/{story.uid}/evidence.zip")
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


@pytest.mark.parametrize("side", ["preparer", "reviewer"])
def test_the_pack_of_either_side_verifies(app: Flask, story: OneReport, tmp_path: Path, side: str) -> None:
    folder = unpacked(app, story, getattr(story, side), tmp_path)
    assert {path.name for path in folder.iterdir()} == FILES
    assert verified(folder) == (0, "Verified: 10 files, 5 entries of the audit trail.\n")


@pytest.mark.parametrize("name", sorted(FILES - {"verify.py"}))
def test_one_changed_byte_is_found(app: Flask, story: OneReport, tmp_path: Path, name: str) -> None:
    folder = unpacked(app, story, story.preparer, tmp_path)
    content = bytearray((folder / name).read_bytes())
    place = content.rindex(b"e")
    content[place] ^= 1
    (folder / name).write_bytes(content)
    code, words = verified(folder)
    assert code == 1
    assert words.endswith("NOT VERIFIED.\n")


def test_a_file_that_is_missing_or_was_added_is_found(app: Flask, story: OneReport, tmp_path: Path) -> None:
    folder = unpacked(app, story, story.preparer, tmp_path)
    (folder / "comments.json").unlink()
    (folder / "more.json").write_text("{}")
    assert verified(folder)[1].startswith("comments.json is missing.\nmore.json does not belong here.")


def test_a_mail_may_lie_in_the_folder(app: Flask, story: OneReport, tmp_path: Path) -> None:
    head = head_of(account_id=story.account.id)
    folder = unpacked(app, story, story.preparer, tmp_path)
    (folder / "mail.txt").write_text(f"{head.chain} {head.number}\n{head.hash.hex()}\n")
    assert verified(folder, Path("mail.txt"))[0] == 0


def resealed(folder: Path) -> None:
    """What a forger does: sums and seal are made anew over changed files."""
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"] = {name: sha256((folder / name).read_bytes()).hexdigest() for name in manifest["files"]}
    sums = "\n".join(f"{name} {value}" for name, value in sorted(manifest["files"].items()))
    manifest["seal"] = sha256(f"{manifest['head']['hash']}\n{sums}".encode()).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest))


@pytest.mark.parametrize(
    ("altered", "why"),
    [
        (("actions.json", '"approve"', '"reject"'), "The report's actions are not those"),
        (("changes.json", "=As agreed", "=As denied"), "The report's actions are not those"),
        (("mails.json", '"submitted"', '"recalled"'), "The report's actions are not those"),
        (("lines.json", "=As agreed", "=As denied"), "has another value of comment"),
        (("report.json", '"version": 4', '"version": 5'), "The report is at another version."),
        (("audit.json", "terms.changed", "terms.chanted"), "Entry 3 of the audit trail was changed"),
    ],
)
def test_a_forger_who_makes_the_sums_anew_is_found_by_the_trail(
    app: Flask, story: OneReport, tmp_path: Path, altered: tuple[str, str, str], why: str
) -> None:
    folder, (name, old, new) = unpacked(app, story, story.preparer, tmp_path), altered
    text = (folder / name).read_text()
    assert old in text
    (folder / name).write_text(text.replace(old, new))
    resealed(folder)
    code, words = verified(folder)
    assert (code, why in words) == (1, True)


def test_a_mailed_head_proves_that_the_trail_was_not_rewritten(app: Flask, story: OneReport, tmp_path: Path) -> None:
    head, mail = head_of(account_id=story.account.id), tmp_path / "mail.txt"
    folder = unpacked(app, story, story.preparer, tmp_path / "pack")
    mail.write_text(f"{head.chain} {head.number}\n{head.hash.hex()}\n")
    assert verified(folder, mail)[0] == 0
    mail.write_text(f"{head.chain} {head.number - 1}\n{head.hash.hex()}\n")
    assert "Entry 4 is not as the mail says." in verified(folder, mail)[1]
    younger = head_of(account_id=story.account.id)  # the pack itself is in the trail by now
    mail.write_text(f"{younger.chain} {younger.number}\n{younger.hash.hex()}\n")
    assert "The mail is younger than this pack" in verified(folder, mail)[1]
    mail.write_text("nothing")
    assert "names no head" in verified(folder, mail)[1]


def test_addresses_of_the_other_side_are_left_out(app: Flask, story: OneReport, tmp_path: Path) -> None:
    folder = unpacked(app, story, story.preparer, tmp_path)
    whole = b"".join(path.read_bytes() for path in folder.iterdir())
    assert story.preparer.email.encode() in whole
    assert story.reviewer.email.encode() not in whole


def test_no_text_runs_as_a_formula(app: Flask, story: OneReport, tmp_path: Path) -> None:
    assert "'=As agreed" in (unpacked(app, story, story.preparer, tmp_path) / "lines.csv").read_text()


def test_strangers_find_no_pack(app: Flask, story: OneReport) -> None:
    path = f"/reports/{story.uid}/evidence.zip"
    assert sign_in(app, member(Story().distributor, Role.ADMIN)).get(path).status_code == 404
    assert visitor(app).get(path).status_code == 302


def test_whoever_takes_a_pack_out_is_in_the_accounts_chain_with_its_sum(app: Flask, story: OneReport) -> None:
    answer = sign_in(app, story.preparer).get(f"/reports/{story.uid}/evidence.zip")
    last = chain_of(account_id=story.account.id)[-1]
    assert (last.what, last.actor_name) == ("evidence.made", story.preparer.name)
    assert last.details == {"report": str(story.uid), "sha256": sha256(answer.data).hexdigest()}


def test_both_sides_find_the_button(app: Flask, story: OneReport) -> None:
    path = f"/reports/{story.uid}/evidence.zip"
    assert path in sign_in(app, story.preparer).get(f"/reports/{story.uid}/history").text
    assert path in sign_in(app, story.reviewer).get(f"/review/{story.uid}").text
