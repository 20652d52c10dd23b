"""What somebody with all rights changed behind the service's back is found, and named."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from flask import Flask

from distributor.audit import verifying
from distributor.audit.canonical import hash_of, text_of
from distributor.audit.operations import record
from distributor.audit.verifying import Broken, Given, read_heads, verify
from distributor.config import Settings
from distributor.database import db
from distributor.tenancy import across_tenants
from distributor.usage_reports.operations import drafts, steps
from distributor.usage_reports.operations.drafts import LineDraft
from tests.distributor.audit.trail import behind_its_back, chain_of, head_of
from tests.distributor.commands import Shell
from tests.factories import OPENED_AT, Story

AT = OPENED_AT + timedelta(hours=5)


@pytest.fixture
def story(app: Flask) -> Story:
    """A report that was opened, changed and submitted, in a chain of four: the terms were changed, too."""
    made = Story()
    report = made.open(("40", None))
    changed = [LineDraft(made.lines(report)[0].uid, comment="As agreed")]
    drafts.save_lines(made.report(report), changed, made.by(made.preparer), AT)
    record("terms.changed", by=made.admin, at=AT, account_id=made.account.id, subject="ACC")
    steps.submit(made.report(report), made.by(made.preparer), AT)
    db.session.commit()
    return made


def broken(story: Story, *given: Given) -> list[tuple[int, str]]:
    """What a check of the story's account finds: number and sentence."""
    db.session.rollback()
    return [(found.number, found.why) for found in verify(story.account.id, given).broken]


def test_what_nobody_touched_verifies(story: Story) -> None:
    done = verify()
    assert (done.broken, done.chains) == ([], 3)
    assert done.entries == len(chain_of(account_id=story.account.id)) == 4


@pytest.mark.parametrize(
    "change",
    [
        "subject = 'ACC-2'",
        "at = at + interval '1 second'",
        "actor_name = 'Somebody Else'",
        "actor_user = NULL",
        "via = 'api'",
        'details = \'{"currency": ["EUR", "USD"]}\'',
        "what = 'price.changed'",
    ],
)
def test_an_altered_entry_is_found(app: Flask, story: Story, change: str) -> None:
    behind_its_back(app, f"UPDATE audit_entries SET {change} WHERE what = 'terms.changed'")
    assert broken(story) == [(3, "Its hash is not that of what it says: it was altered.")]


def test_a_removed_entry_is_found(app: Flask, story: Story) -> None:
    behind_its_back(app, "DELETE FROM audit_entries WHERE number = 3")
    assert broken(story) == [(3, "Entry 3 is missing: 4 comes next.")]


def test_swapped_entries_are_found(app: Flask, story: Story) -> None:
    behind_its_back(
        app,
        "UPDATE audit_entries SET number = -number WHERE number IN (2, 3)",
        "UPDATE audit_entries SET number = 5 + number WHERE number < 0",
    )
    assert [number for number, _why in broken(story)] == [2]


def test_an_entry_altered_with_its_hash_breaks_the_link_after_it(app: Flask, story: Story) -> None:
    (entry,) = [one for one in chain_of(account_id=story.account.id) if one.number == 3]
    altered = hash_of(text_of(entry).replace('subject: "ACC"', 'subject: "ACD"')).hex()
    behind_its_back(
        app, f"UPDATE audit_entries SET subject = 'ACD', hash = decode('{altered}', 'hex') WHERE number = 3"
    )
    assert broken(story) == [(4, "It does not follow the entry before: the hash it names is another.")]


def test_a_removed_tail_is_found_by_the_head(app: Flask, story: Story) -> None:
    behind_its_back(app, "DELETE FROM audit_entries WHERE number >= 3")
    found = broken(story)
    assert found[0] == (2, "The chain ends here; its head names entry 4.")


def test_a_removed_tail_with_its_head_and_report_is_found_by_a_kept_head(app: Flask, story: Story) -> None:
    head = head_of(account_id=story.account.id)
    kept = Given(head.chain, head.number, bytes(head.hash))
    behind_its_back(app, *TAIL_REMOVED)
    assert broken(story) == []
    assert broken(story, kept) == [(3, "The chain ends here; a kept head names entry 4.")]


def test_a_chain_written_anew_is_found_by_a_kept_head(app: Flask, story: Story) -> None:
    head = head_of(account_id=story.account.id)
    other = Given(head.chain, 4, bytes(32))
    assert broken(story, other) == [(4, "Its hash is not the one in the kept head: the chain was rewritten.")]


def test_a_chain_that_is_gone_is_found_by_a_kept_head(app: Flask, story: Story) -> None:
    kept = Given("account/00000000-0000-0000-0000-000000000000", 7, bytes(32))
    assert verify(None, [kept]).broken == [Broken(kept.chain, 0, "A kept head names this chain, which is gone.")]


TAIL_REMOVED = (
    "DELETE FROM audit_entries WHERE number = 4",
    "UPDATE audit_heads h SET number = 3, hash = e.hash FROM audit_entries e WHERE e.chain_id = h.id AND e.number = 3",
    "DELETE FROM report_actions WHERE version = 3",
)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE report_actions SET actor_name = 'Somebody Else' WHERE version = 2",
        "UPDATE report_actions SET details = '{}' WHERE version = 2",
        "UPDATE line_changes SET new = 'Never agreed'",
        "DELETE FROM line_changes",
        "INSERT INTO line_changes (report_id, account_id, distributor_id, msp_id, version, line_id, line_uid,"
        " line_label, field) SELECT report_id, account_id, distributor_id, msp_id, 2, 1, uid, 'x', 'comment'"
        " FROM report_actions",
        "DELETE FROM report_actions WHERE version = 2",
    ],
)
def test_a_step_or_a_line_change_that_differs_from_its_entry_is_found(app: Flask, story: Story, change: str) -> None:
    behind_its_back(app, change)
    assert broken(story) == [(2, "The report's step it records is another in the database, or is gone.")]


def test_a_mail_that_was_made_to_go_elsewhere_is_found(app: Flask, story: Story) -> None:
    behind_its_back(app, "UPDATE notifications SET recipient = 'else@example.com' WHERE occasion = 'version:3'")
    assert [number for number, _why in broken(story)] == [4]


def test_a_step_without_an_entry_is_found(app: Flask, story: Story) -> None:
    behind_its_back(
        app,
        "DELETE FROM audit_entries WHERE number = 4",
        TAIL_REMOVED[1],
    )
    ((number, why),) = broken(story)
    assert number == 0
    assert why.startswith("Version 3 of report")
    assert why.endswith("was made without an entry.")


def test_each_broken_chain_is_named_once(app: Flask, story: Story) -> None:
    record("token.created", by=story.admin, at=AT, organization_id=story.distributor.id)
    behind_its_back(app, "UPDATE audit_entries SET subject = 'x'")
    assert len(verify().broken) == 2


def test_heads_are_read_out_of_a_mails_text() -> None:
    uid, digest = "0a8ff1a2-6c3e-4b70-9d0c-0f5be1a0f7a1", "ab" * 32
    words = f"Good morning\r\n> account/{uid}  17\t{digest}\r\norganization/{uid} | 2 | {digest}\n"
    assert read_heads(words) == [
        Given(f"account/{uid}", 17, bytes.fromhex(digest)),
        Given(f"organization/{uid}", 2, bytes.fromhex(digest)),
    ]


def test_the_command_says_how_much_it_looked_at(settings: Settings, story: Story, tmp_path: Path) -> None:
    run = Shell(settings, tmp_path)
    assert run("verify-audit").closing == "Verified 4 entries in 3 chains."
    head = head_of(account_id=story.account.id)
    mail = tmp_path / "mail.txt"
    mail.write_text(f"{head.chain} {head.number} {head.hash.hex()}\n")
    done = run("verify-audit", "--account", story.account.number, "--heads", str(mail), "--json")
    assert (done.code, done.json) == (0, {"chains": 1, "entries": 4, "heads": 1, "broken": [], "ok": True})


def test_what_is_added_while_the_command_runs_breaks_no_chain(
    settings: Settings, app: Flask, story: Story, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heads, by, account_id, begun = verifying._heads, story.admin, story.account.id, []

    def add() -> None:
        with app.app_context():
            across_tenants()
            record("terms.changed", by=by, at=AT, account_id=account_id, subject="ACC")
            db.session.commit()
            db.session.remove()

    def read_then_overtaken(of: int | None) -> list[Any]:
        found = heads(of)
        begun.append(db.session.connection().get_isolation_level())
        other = Thread(target=add)
        other.start()
        other.join()
        return found

    monkeypatch.setattr(verifying, "_heads", read_then_overtaken)
    run = Shell(settings, tmp_path)
    assert run("verify-audit").closing == "Verified 4 entries in 3 chains."
    assert run("verify-audit", "--account", story.account.number).closing == "Verified 5 entries in 1 chain."
    assert begun == ["REPEATABLE READ"] * 2
    assert len(chain_of(account_id=account_id)) == 6


def test_the_command_ends_badly_and_names_the_entry(
    settings: Settings, app: Flask, story: Story, tmp_path: Path
) -> None:
    behind_its_back(app, "UPDATE audit_entries SET subject = 'x' WHERE number = 3")
    done = Shell(settings, tmp_path)("verify-audit")
    assert done.code == 1
    assert f"account/{story.account.uid}, entry 3: Its hash is not that of what it says" in done.err
    assert done.closing == "Error: 1 chain is broken."


def test_the_command_refuses_what_is_no_account_and_no_mail(settings: Settings, app: Flask, tmp_path: Path) -> None:
    run, empty = Shell(settings, tmp_path), tmp_path / "mail.txt"
    empty.write_text("nothing in here")
    assert "holds no head" in run("verify-audit", "--heads", str(empty)).closing
    assert "X-1" in run("verify-audit", "--account", "X-1").closing
