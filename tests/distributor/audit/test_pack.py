"""The evidence pack verifies itself in an empty folder, and notices any byte that was changed."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from distributor.audit.operations import record
from distributor.identity.acting import system
from distributor.usage_reports.operations import automatic, drafts, steps
from distributor.usage_reports.operations.drafts import LineDraft
from tests.clients import sign_in, visitor
from tests.distributor.audit.packs import AT, OneReport, altered, resealed, told_again, unpacked, verified
from tests.distributor.audit.trail import chain_of, head_of
from tests.factories import Story, member
from workflows.usage_report import Role

FILES = {
    "README.txt", "report.json", "lines.json", "lines.csv", "comments.json", "actions.json", "changes.json",
    "mails.json", "audit.json", "verify.py", "manifest.json",
}  # fmt: skip


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
    made.id, made.uid = report.id, report.uid
    return made


@pytest.mark.parametrize("side", ["preparer", "reviewer"])
def test_the_pack_of_either_side_verifies(app: Flask, story: OneReport, tmp_path: Path, side: str) -> None:
    folder = unpacked(app, story.uid, getattr(story, side), tmp_path)
    assert {path.name for path in folder.iterdir()} == FILES
    assert verified(folder) == (0, "Verified: 10 files, 5 entries of the audit trail.\n")


@pytest.mark.parametrize("name", sorted(FILES - {"verify.py"}))
def test_one_changed_byte_is_found(app: Flask, story: OneReport, tmp_path: Path, name: str) -> None:
    folder = unpacked(app, story.uid, story.preparer, tmp_path)
    content = bytearray((folder / name).read_bytes())
    place = content.rindex(b"e")
    content[place] ^= 1
    (folder / name).write_bytes(content)
    code, words = verified(folder)
    assert code == 1
    assert words.endswith("NOT VERIFIED.\n")


def test_a_file_that_is_missing_or_was_added_is_found(app: Flask, story: OneReport, tmp_path: Path) -> None:
    folder = unpacked(app, story.uid, story.preparer, tmp_path)
    (folder / "comments.json").unlink()
    (folder / "more.json").write_text("{}")
    assert verified(folder)[1].startswith("comments.json is missing.\nmore.json does not belong here.")


def test_a_mail_may_lie_in_the_folder(app: Flask, story: OneReport, tmp_path: Path) -> None:
    head = head_of(account_id=story.account.id)
    folder = unpacked(app, story.uid, story.preparer, tmp_path)
    (folder / "mail.txt").write_text(f"{head.chain} {head.number}\n{head.hash.hex()}\n")
    assert verified(folder, Path("mail.txt"))[0] == 0


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        (("actions.json", '"approve"', '"reject"'), "The report's actions are not those"),
        (("changes.json", "=As agreed", "=As denied"), "The report's actions are not those"),
        (("mails.json", '"submitted"', '"recalled"'), "The report's actions are not those"),
        (("lines.json", "=As agreed", "=As denied"), "has another value of comment"),
        (("report.json", '"version": 4', '"version": 5'), "The report is at another version."),
        (("report.json", '"status": "approved"', '"status": "rejected"'), "The report has another status."),
        (("report.json", '"submission_kind": "manual"', '"submission_kind": "automatic"'), "another submission_kind"),
        (("report.json", '"currency": "EUR"', '"currency": "USD"'), "The lines are not those"),
        (("lines.json", '"Customer ', '"Costumer '), "The lines are not those"),
        (("audit.json", "terms.changed", "terms.chanted"), "Entry 3 of the audit trail was changed"),
    ],
)
def test_a_forger_who_makes_the_sums_anew_is_found_by_the_trail(
    app: Flask, story: OneReport, tmp_path: Path, changed: tuple[str, str, str], why: str
) -> None:
    folder, (name, old, new) = unpacked(app, story.uid, story.preparer, tmp_path), changed
    text = (folder / name).read_text()
    assert old in text
    (folder / name).write_text(text.replace(old, new))
    resealed(folder)
    code, words = verified(folder)
    assert (code, why in words) == (1, True)


def units_of_a_line_never_changed(folder: Path) -> None:
    altered(folder, "lines.json", lambda lines: lines[1].update(chargeable_units="2", amount="5.7"))


def every_price(folder: Path) -> None:
    def cheap(lines: Any) -> None:
        for line in lines:
            exact = Decimal(line["chargeable_units"]) * Decimal("0.01")
            line.update(unit_price="0.01", amount=f"{exact.quantize(Decimal('0.01'), ROUND_HALF_UP).normalize():f}")
        altered(folder, "report.json", lambda r: r.update(amount=str(sum(Decimal(line["amount"]) for line in lines))))

    altered(folder, "lines.json", cheap)


def amounts_alone(folder: Path) -> None:
    altered(folder, "lines.json", lambda lines: [line.update(amount="0.1") for line in lines])
    altered(folder, "report.json", lambda report: report.update(amount="0.2"))


def units_moved_between_lines(folder: Path) -> None:
    """The sum stays: 38 and 12 become 12 and 38, of products that cost the same."""
    first = {"chargeable_units": "12", "used_units": "12", "provisioned_units": "12", "amount": "34.2"}
    second = {"chargeable_units": "38", "used_units": "38", "provisioned_units": "40", "amount": "108.3"}

    def swap(lines: Any) -> None:
        lines[0].update(first, discrepancy=False)
        lines[1].update(second, discrepancy=True)

    altered(folder, "lines.json", swap)


FORGERIES: dict[str, tuple[Callable[[Path], object], str]] = {
    "units and amount of a line that was never changed": (units_of_a_line_never_changed, "The report's amount is not"),
    "every price, amount and the total": (every_price, "The lines are not those that the audit trail has"),
    "amounts and the total alone": (amounts_alone, "does not come to its amount"),
    "units between two lines": (units_moved_between_lines, "The lines are not those that the audit trail has"),
    "a line taken out": (lambda at: altered(at, "lines.json", lambda lines: lines.pop(1)), "The report's line_count"),
    "lines.csv": (lambda at: (at / "lines.csv").write_text("nothing"), "lines.csv says something else"),
    "no comments": (lambda at: altered(at, "comments.json", lambda said: said.clear()), "comments.json says"),
    "organization and side": (
        lambda at: altered(
            at, "actions.json", lambda actions: [one.update(organization="Other", side="msp") for one in actions]
        ),
        "is another side's",
    ),
    "an organization's id": (
        lambda at: altered(at, "actions.json", lambda actions: actions[2].update(organization_id=str(UUID(int=0)))),
        "The report's actions are not those",
    ),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forger_of_figures_is_found(app: Flask, story: OneReport, tmp_path: Path, forgery: str) -> None:
    folder, (forge, why) = unpacked(app, story.uid, story.preparer, tmp_path), FORGERIES[forgery]
    forge(folder)
    if forgery != "lines.csv":
        told_again(folder)
    resealed(folder)
    code, words = verified(folder)
    assert (code, why in words) == (1, True), words


def in_report(**values: object) -> Callable[[Path], None]:
    return lambda at: altered(at, "report.json", lambda report: report.update(values))


def addresses(folder: Path) -> None:
    def elsewhere(mails: Any) -> None:
        own = [mail for mail in mails if "recipient" in mail]
        assert own
        own[0]["recipient"] = "else@where.example"

    altered(folder, "mails.json", elsewhere)


HEADERS: dict[str, tuple[Callable[[Path], object], str]] = {
    "a plain address": (addresses, "went to another address."),
    "the account": (in_report(account_id=str(UUID(int=0))), "of another account than the audit trail"),
    "the cycle's day": (
        lambda at: altered(at, "report.json", lambda report: report.update(cycle=report["cycle"][:8] + "17")),
        "cycle is not the first day of a month",
    ),
    "the cycle's month": (in_report(cycle="2019-01-01"), "The report's actions are not those"),
    **{
        f"no {name}": (in_report(**{name: None}), f"The report has another {name} than")
        for name in ("opened_at", "due_at", "submitted_at", "submission_kind", "decided_at", "invoiced_at")
    },
    **{
        f"another {name}": (in_report(**{name: "2026-01-01T00:00:00.000000Z"}), f"The report has another {name} than")
        for name in ("opened_at", "due_at", "submitted_at", "decided_at", "invoiced_at")
    },
}


@pytest.mark.parametrize("forgery", HEADERS)
def test_a_forger_of_the_header_or_an_address_is_found(
    app: Flask, story: OneReport, tmp_path: Path, forgery: str
) -> None:
    steps.invoice(story.report(story.id), story.by(story.admin), AT)
    folder, (forge, why) = unpacked(app, story.uid, story.reviewer, tmp_path), HEADERS[forgery]
    forge(folder)
    resealed(folder)
    code, words = verified(folder)
    assert (code, why in words) == (1, True), words


@pytest.mark.parametrize("name", ["submitted_at", "submission_kind", "decided_at", "invoiced_at"])
def test_what_reopening_took_back_or_no_step_has_set_cannot_be_put_in(
    app: Flask, story: OneReport, tmp_path: Path, name: str
) -> None:
    steps.reopen(story.report(story.id), story.by(story.reviewer), AT, reason="Wrong")
    folder = unpacked(app, story.uid, story.preparer, tmp_path)
    assert verified(folder)[0] == 0
    in_report(**{name: "manual" if name == "submission_kind" else AT.isoformat()})(folder)
    resealed(folder)
    code, words = verified(folder)
    assert (code, words) == (1, f"The report has another {name} than its actions.\nNOT VERIFIED.\n")


def test_a_penalty_cannot_be_talked_away(app: Flask, tmp_path: Path) -> None:
    made = OneReport()
    report = made.open(("40", "38"), ("12", None))
    made.uid = report.uid
    automatic.submit_due([report.id], report.due_at, system())
    folder = unpacked(app, made.uid, made.preparer, tmp_path)
    altered(folder, "lines.json", lambda lines: lines[0].update(declared_units="40", penalty="0", discrepancy=False))
    altered(folder, "report.json", lambda told: told.update(penalty="0", discrepancies=0, uncommented=0))
    told_again(folder)
    resealed(folder)
    assert "was declared otherwise" in verified(folder)[1]


def test_a_mailed_head_proves_that_the_trail_was_not_rewritten(app: Flask, story: OneReport, tmp_path: Path) -> None:
    head, mail = head_of(account_id=story.account.id), tmp_path / "mail.txt"
    folder = unpacked(app, story.uid, story.preparer, tmp_path / "pack")
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
    folder = unpacked(app, story.uid, story.preparer, tmp_path)
    whole = b"".join(path.read_bytes() for path in folder.iterdir())
    assert story.preparer.email.encode() in whole
    assert story.reviewer.email.encode() not in whole


def test_no_text_runs_as_a_formula(app: Flask, story: OneReport, tmp_path: Path) -> None:
    assert "'=As agreed" in (unpacked(app, story.uid, story.preparer, tmp_path) / "lines.csv").read_text()


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
