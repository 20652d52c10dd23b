"""Commands that do what they say: one closing line, JSON on standard output alone, safe to repeat."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from distributor.database import db
from distributor.usage_reports.operations import steps
from distributor.usage_reports.queries import REPORT
from tests.distributor.commands import Shell
from tests.distributor.provisioning.formats.builders import workbook
from tests.factories import OPENED_AT, Story, product

DATA = Path(__file__).parents[1] / "data"
EVERYWHERE = "0.0.0.0"  # noqa: S104 - asked for, to be refused
DUE = OPENED_AT + timedelta(days=11)


@pytest.fixture
def password_file(tmp_path: Path) -> str:
    path = tmp_path / "password"
    path.write_text("a long enough password\n")
    return str(path)


@pytest.fixture
def number(shell: Shell) -> str:
    """The number of an account of one distributor, whose catalogue holds MBX."""
    with shell.service():
        story = Story(number="ACC-1")
        product(story.distributor, "MBX")
    return "ACC-1"


def file_of(folder: Path, name: str, content: bytes) -> str:
    path = folder / name
    path.write_bytes(content)
    return str(path)


def csv_of(folder: Path, *rows: str) -> str:
    header = "customer_ref,customer_name,sku,provisioned_units"
    return file_of(folder, "usage.csv", "\n".join((header, *rows, "")).encode())


def test_migrating_says_where_the_database_stands_however_often(shell: Shell) -> None:
    assert shell("migrate").closing.startswith("The database is at migration")
    assert set(shell("migrate", "--json").json) == {"revision"}


def test_the_first_distributor_is_made_once_and_its_admin_can_hold_tokens(shell: Shell, password_file: str) -> None:
    words = ("init", "--organization", "Meridian", "--admin", "ada@example.com", "--password-file", password_file)
    assert shell(*words).closing == "Meridian is set up; ada@example.com can sign in."
    again = shell(*words)
    assert (again.code, again.closing) == (1, "Error: There is a distributor already. Its admin adds everybody else.")
    made = shell("token", "create", "--email", "ada@example.com", "--name", "CI", "--scope", "reports:read", "--json")
    assert made.json["token"].startswith(made.json["prefix"])
    assert made.json["scopes"] == ["reports:read"]


def test_a_password_can_be_typed_twice(shell: Shell) -> None:
    words, typed = ("init", "--organization", "Meridian", "--admin", "ada@example.com", "--json"), "a sentence, typed\n"
    assert shell(*words, typed=typed * 2).code == 0


def test_a_member_is_added_with_a_link_or_a_password(shell: Shell, number: str, password_file: str) -> None:
    words = ("member", "add", "--organization", "Kestrel IT Services", "--email", "kim@example.com")
    linked = shell(*words, "--role", "preparer")
    assert "Set the password at http://127.0.0.1:8000/set-password/" in linked.closing
    direct = shell(*words, "--role", "viewer", "--role", "admin", "--password-file", password_file, "--json")
    assert direct.json["set_password"] is None


def test_opening_submitting_and_reminding_at_an_instant_count_what_they_did_and_may_be_repeated(
    shell: Shell, number: str, tmp_path: Path
) -> None:
    shell("import-usage", csv_of(tmp_path, "a,A,MBX,40"), "--account", number, "--cycle", "2026-10")
    before = (OPENED_AT - timedelta(microseconds=1)).isoformat()
    assert shell("open-reports", "--at", before, "--json").json == {"opened": 0}
    assert shell("open-reports", "--at", OPENED_AT.isoformat()).closing == "Opened 1 report."
    assert shell("open-reports", "--at", OPENED_AT.isoformat(), "--json").json == {"opened": 0}
    assert shell("remind", "--at", (DUE - timedelta(days=1)).isoformat(), "--json").json["queued"] >= 1
    assert shell("remind", "--at", (DUE - timedelta(days=1)).isoformat(), "--json").json == {"queued": 0}
    submitted = shell("auto-submit", "--at", DUE.isoformat())
    assert submitted.closing == "Submitted 1 report, approved 0 by policy."
    assert shell("auto-submit", "--at", DUE.isoformat(), "--json").json == {"submitted": 0, "approved": 0}


def test_without_a_mail_server_delivering_says_that_mails_wait(shell: Shell, number: str) -> None:
    assert shell("deliver").closing == "No MAIL_SERVER is set: mails wait in the outbox."
    assert shell("deliver", "--json").json == {"sent": 0, "failed": 0, "given_up": 0}


def test_a_server_that_is_away_leaves_the_mails_for_later(shell: Shell, number: str) -> None:
    shell("open-reports", "--at", OPENED_AT.isoformat())
    done = shell("deliver", "--json", MAIL_SERVER="127.0.0.1", MAIL_PORT="9")
    assert (done.code, done.json["sent"], done.json["failed"]) == (0, 0, 1)


def test_approved_reports_of_a_cycle_are_marked_invoiced_and_no_others(shell: Shell) -> None:
    with shell.service():
        story = Story()
        approved, _ = story.open_account()
        waiting, _ = story.open_account()
        for step, who in ((steps.submit, story.preparer), (steps.approve, story.reviewer)):
            step(story.report(approved), story.by(who), OPENED_AT)
        uids = [str(approved.uid), str(waiting.uid)]
    assert shell("mark-invoiced", "--report", uids[1]).code == 1
    assert shell("mark-invoiced", "--cycle", "2026-10").closing == "Marked 1 report as invoiced."
    assert shell("mark-invoiced", "--cycle", "2026-10", "--json").json == {"invoiced": 0}
    again = shell("mark-invoiced", "--report", uids[0])
    assert (again.code, "is invoiced; nothing moves it any more" in again.closing) == (1, True)


def test_our_own_csv_is_tried_imported_and_found_unchanged(shell: Shell, number: str, tmp_path: Path) -> None:
    words = ("import-usage", csv_of(tmp_path, "a,A,MBX,40", "b,B,MBX,2"), "--account", number, "--cycle", "2026-10")
    assert shell(*words, "--dry-run").closing.startswith("Would import 2 rows: 2 added")
    assert shell(*words).closing == "Imported 2 rows: 2 added, 0 changed, 0 removed, 0 unchanged."
    assert shell(*words, "--json").json["unchanged"] == 2


def test_workbooks_and_json_are_imported_by_their_content(shell: Shell, number: str, tmp_path: Path) -> None:
    sheet = file_of(tmp_path, "usage.dat", workbook(("a", "A", "MBX", 40, None)))
    lines = {"lines": [{"customer_ref": "a", "customer_name": "A", "sku": "MBX", "provisioned_units": "41"}]}
    document = file_of(tmp_path, "usage.txt", json.dumps(lines).encode())
    into = ("--account", number, "--cycle", "2026-10", "--json")
    assert shell("import-usage", sheet, *into, "--format", "distributor-xlsx").json["added"] == 1
    assert shell("import-usage", document, *into, "--format", "json").json["changed"] == 1


def test_unknown_products_are_refused_unless_they_may_be_added(shell: Shell, number: str, tmp_path: Path) -> None:
    words = ("import-usage", csv_of(tmp_path, "a,A,NEW,40"), "--account", number, "--cycle", "2026-10")
    refused = shell(*words)
    assert (refused.code, "row 2, sku: the catalogue has no product NEW" in refused.err) == (1, True)
    tried = shell(*words, "--dry-run", "--json")
    assert (tried.code, tried.json["refused"][0]["row"]) == (1, 2)
    assert shell(*words, "--add-products", "--json").json["products_added"][0]["sku"] == "NEW"


def test_the_vendors_own_files_are_imported_with_their_products(shell: Shell) -> None:
    with shell.service():
        Story(number="ACC-1", currency="USD")
    into = ("--account", "ACC-1", "--cycle", "2026-04", "--add-products", "--json")
    microsoft = shell("import-usage", str(DATA / "microsoft-nce-reconciliation.csv"), *into).json
    assert (microsoft["rows"] > 0, microsoft["added"]) == (True, 98)
    connect = shell("import-usage", str(DATA / "connect-usage-file.xlsx"), *into)
    assert connect.code in {0, 1}, connect.err


def test_an_account_number_of_two_distributors_needs_the_distributors_name(shell: Shell, tmp_path: Path) -> None:
    with shell.service():
        for name in ("North", "South"):
            story = Story(number="ACC-1")
            story.distributor.name = name
            product(story.distributor, "MBX")
    words = ("import-usage", csv_of(tmp_path, "a,A,MBX,40"), "--account", "ACC-1", "--cycle", "2026-10")
    assert "North, South. Say which with --distributor" in shell(*words).closing
    assert shell(*words, "--distributor", "south").code == 0


def test_checking_says_that_all_is_well(shell: Shell) -> None:
    assert "All is well: the service works as distributor_service" in shell("check").closing
    assert shell("check", "--json").json["problems"] == []


def test_demo_data_is_refused_where_it_does_not_belong(shell: Shell, number: str) -> None:
    assert "Say --demo if it is meant for demo data" in shell("demo").closing
    assert f"not on HOST={EVERYWHERE}" in shell("demo", "--demo", HOST=EVERYWHERE).closing
    assert "The database is not empty" in shell("demo", "--demo").closing
    with shell.service():
        assert db.session.query(REPORT).count() == 0


def test_every_command_explains_itself(shell: Shell) -> None:
    names = ["run", "web", "scheduler", "migrate", "init", "demo", "check", "open-reports", "auto-submit", "remind",
             "deliver", "mark-invoiced", "import-usage"]  # fmt: skip
    for words in (*([name] for name in names), ["member", "add"], ["token", "create"], []):
        assert shell(*words, "--help").code == 0


def test_accounts_and_products_are_imported_from_files(shell: Shell, number: str, tmp_path: Path) -> None:
    accounts = file_of(tmp_path, "accounts.csv", b"number,msp,auto_submit_after_days\nACC-1,,14\nN-1,Newcomer,\n")
    products = file_of(tmp_path, "products.csv", b"sku,name,price_EUR\nMBX,Mailbox,3\nNEW,New one,4\n")
    for command, file, many in (("import-accounts", accounts, "account"), ("import-products", products, "product")):
        tried = shell(command, file, "--dry-run")
        assert tried.closing == f"Would add 1 {many}, 1 changed, 0 unchanged."
        assert shell(command, file).closing == f"Added 1 {many}, 1 changed, 0 unchanged."
        assert shell(command, file, "--json").json == {"added": 0, "changed": 0, "unchanged": 2, "refused": []}


def test_a_list_with_a_refused_row_changes_nothing(shell: Shell, number: str, tmp_path: Path) -> None:
    wrong = file_of(tmp_path, "accounts.csv", b"number,msp,auto_submit_after_days\nN-1,Newcomer,\nN-2,Newcomer,99\n")
    refused = shell("import-accounts", wrong)
    assert (refused.code, "row 3, auto_submit_after_days" in refused.err) == (1, True)
    assert shell("import-accounts", wrong, "--distributor", "Nobody").code == 1
