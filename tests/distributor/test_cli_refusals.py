"""Commands that are refused: a sentence on standard error, a code other than 0, no traceback, nothing changed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from distributor.config import Settings
from tests.distributor.commands import Shell
from tests.factories import Story
from tests.faults.ground import checksum
from tests.kept import administration

HALF = os.fsdecode(b"\xff")
FILE, MEMBER = ("import-usage", "{file}"), ("member", "add", "--organization", "Kestrel IT Services")
INTO = ("--account", "ACC-1", "--cycle", "2026-10")
TOKEN = ("token", "create", "--email", "{email}", "--name", "n")
INIT = ("init", "--organization", "X", "--admin", "a@b.example")

REFUSED: list[tuple[tuple[str, ...], int, str]] = [
    (("remind", "--at", "2026-10-20T00:00:00"), 2, "has no offset"),
    (("open-reports", "--at", "yesterday"), 2, "is no instant"),
    (("auto-submit", "--at", "2026-02-30T00:00:00Z"), 2, "is no instant"),
    (("remind", "--at", "0001-01-01T00:00:00+14:00"), 2, "lies outside the years 2000 to 2199"),
    (("open-reports", "--at", "9999-12-31T23:59:59-14:00"), 2, "lies outside the years 2000 to 2199"),
    (("deliver", "--at", "1999-12-31T23:59:59Z"), 2, "lies outside the years 2000 to 2199"),
    ((*FILE, "--account", "NOPE", "--cycle", "2026-10"), 1, "There is no account NOPE"),
    ((*FILE, "--account", HALF, "--cycle", "2026-10"), 2, "no UTF-8 text"),
    ((*FILE, "--account", "ACC-1", "--cycle", "2026-13"), 1, "“2026-13” is no report cycle"),
    ((*FILE, *INTO, "--format", "zz"), 1, "“zz” is not a format"),
    ((*FILE, *INTO, "--format", "json"), 1, "in the format distributor-csv, not json"),
    ((*FILE, *INTO), 1, "row 2, sku: the catalogue has no product S"),
    (("import-usage", "{folder}", *INTO), 2, "is a directory"),
    (("import-usage", "{folder}/none.csv", *INTO), 2, "does not exist"),
    (("import-usage", "{commas}", *INTO), 1, "has a comma: write decimals after a point"),
    (("import-usage", "{negative}", *INTO), 1, "row 2, provisioned_units: “-1” is negative"),
    (("import-usage", "{endless}", *INTO), 1, "is not a finite number"),
    (("import-usage", "{columns}", *INTO), 1, "unknown columns"),
    (("import-usage", "{nothing}", *INTO), 1, "The file is empty"),
    (("import-usage", "{sheet}", *INTO), 1, "its content is not one"),
    (("import-usage", "{taken}", *INTO), 1, "“source”: microsoft is the name of Microsoft's own file"),
    (("import-usage", "{nested}", *INTO), 1, "nested too deeply"),
    ((*MEMBER, "--email", "nonsense", "--role", "admin"), 1, "is no e-mail address"),
    ((*MEMBER, "--email", "a@b", "--role", "king"), 1, "one or more of the roles"),
    ((*MEMBER, "--email", "a@b", "--name", HALF, "--role", "admin"), 2, "The value of person is no UTF-8"),
    ((*MEMBER, "--email", "a@b", "--role", HALF), 2, "no UTF-8 text"),
    ((*MEMBER, "--email", "a@b", "--role", "admin", "--password-file", "{binary}"), 1, "is no UTF-8 text"),
    ((*MEMBER, "--email", "a@b", "--role", "admin", "--password-file", "{nothing}"), 1, "at least 12 characters"),
    (("member", "add", "--organization", "NOPE", "--email", "a@b", "--role", "admin"), 1, "No organization has"),
    ((*TOKEN, "--scope", "zz"), 1, "“zz” is no scope"),
    ((*TOKEN, "--scope", "reports:review"), 1, "do not include what reports:review allows"),
    ((*TOKEN, "--scope", "reports:read", "--expires-at", "2020-01-01"), 1, "must lie ahead"),
    ((*TOKEN, "--scope", "reports:read", "--expires-at", "2026-99-01"), 2, "does not match"),
    (("token", "create", "--email", "nobody@b", "--name", "n", "--scope", "reports:read"), 1, "does not exist"),
    (("mark-invoiced",), 2, "Name either --cycle or --report"),
    (("mark-invoiced", "--cycle", "2026-10", "--report", "0" * 32), 2, "Name either --cycle or --report"),
    (("mark-invoiced", "--cycle", "2026-13"), 1, "is no report cycle"),
    (("mark-invoiced", "--report", "zz"), 2, "is not a valid UUID"),
    (("mark-invoiced", "--report", "0" * 32), 1, "This usage report does not exist"),
    ((*INIT, "--password-file", "{binary}"), 1, "is no UTF-8 text"),
    (INIT, 1, "No password was given. Type one, or name a --password-file"),
    (("fly",), 2, "No such command 'fly'"),
]
CONTENTS = {
    "file": b"customer_ref,customer_name,sku,provisioned_units\na,A,S,1\n",
    "commas": b'customer_ref,customer_name,sku,provisioned_units\na,A,S,"1,5"\n',
    "negative": b"customer_ref,customer_name,sku,provisioned_units\na,A,S,-1\n",
    "endless": b"customer_ref,customer_name,sku,provisioned_units\na,A,S,Infinity\n",
    "columns": b"customer_ref,customer_name,sku,provisioned_units,colour\na,A,S,1,red\n",
    "nothing": b"",
    "taken": b'{"source": "microsoft", "lines": []}',
    "nested": b"[" * 100_000,
    "binary": b"\xff\xfe" * 20,
}


@pytest.fixture
def names(shell: Shell, tmp_path: Path) -> dict[str, str]:
    """What the words of commands stand for, on a database with one account ACC-1."""
    with shell.service():
        email = Story(number="ACC-1").preparer.email
    (tmp_path / "folder").mkdir()
    for name, content in CONTENTS.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "usage.xlsx").write_bytes(b"no workbook")
    paths = {name: str(tmp_path / name) for name in (*CONTENTS, "folder")}
    return {**paths, "email": email, "sheet": str(tmp_path / "usage.xlsx")}


def test_each_refusal_is_a_sentence_on_standard_error_and_changes_nothing(shell: Shell, names: dict[str, str]) -> None:
    with shell.service():
        before = checksum()
    for words, code, sentence in REFUSED:
        printed = shell(*(word.format(**names) for word in words))
        assert (printed.code, printed.out.replace("Password (12 characters or more): ", "").strip()) == (code, ""), (
            words
        )
        assert sentence in printed.err, (words, printed.err)
    with shell.service():
        assert checksum() == before


def test_what_the_sentence_says_is_not_said_again_below(shell: Shell, names: dict[str, str]) -> None:
    printed = shell(*MEMBER, "--email", "nonsense", "--role", "admin")
    assert printed.err.count("is no e-mail address") == 1


SETTINGS: list[tuple[dict[str, str], str]] = [
    ({"DATABASE_URL": "mysql://x"}, "DATABASE_URL must name a PostgreSQL server"),
    ({"DATABASE_URL": "postgresql://h:port/db"}, "DATABASE_URL must name a PostgreSQL server"),
    ({"DATABASE_URL": "postgresql://127.0.0.1:1/db"}, "The database cannot be used"),
    ({"PORT": "abc"}, "PORT must be a whole number from 1 to 65535, not 'abc'"),
    ({"PORT": "70000"}, "PORT must be a whole number"),
    ({"PUBLIC_URL": "usage.example.com"}, "PUBLIC_URL must be an address"),
    ({"PUBLIC_URL": "http://[::1"}, "PUBLIC_URL must be an address"),
    ({"PUBLIC_URL": "https://x:abc"}, "PUBLIC_URL must be an address"),
    ({"PUBLIC_URL": "https://a b"}, "PUBLIC_URL must be an address"),
    ({"PUBLIC_URL": "https://x?y=1"}, "PUBLIC_URL must be an address"),
    ({"PUBLIC_URL": "https://u:p@x"}, "PUBLIC_URL must be an address"),
    ({"MAIL_PORT": "abc"}, "MAIL_PORT must be a whole number"),
    ({"MAIL_USE_TLS": "maybe"}, "MAIL_USE_TLS must be true or false"),
    ({"MAIL_USE_TLS": "1", "MAIL_USE_SSL": "1"}, "exclude each other"),
    ({"MAIL_DEFAULT_SENDER": "nonsense"}, "MAIL_DEFAULT_SENDER must be like"),
    ({"MAIL_DEFAULT_SENDER": "A\r\nBcc: x@y <a@b>"}, "MAIL_DEFAULT_SENDER must be one line"),
    ({"BRAND_NAME": "A\r\nB"}, "BRAND_NAME must be one line"),
    ({"SECRET_KEY": "short"}, "SECRET_KEY has 5 characters and needs 32"),
    ({"DISTRIBUTOR_HOME": "/dev/null/x"}, "DISTRIBUTOR_HOME (/dev/null/x) cannot be written"),
    ({"DISTRIBUTOR_HOME": "~nobody-of-this-name/x"}, "is no folder that can be found"),
]


@pytest.mark.parametrize(("environment", "sentence"), SETTINGS, ids=str)
def test_a_wrong_setting_is_one_sentence_that_names_it(
    shell: Shell, environment: dict[str, str], sentence: str
) -> None:
    printed = shell("check", **environment)
    assert (printed.code, printed.out) == (1, "")
    assert (sentence in printed.err, len(printed.err.strip().splitlines())) == (True, 1), printed.err


def test_a_key_that_is_none_names_its_file(shell: Shell, tmp_path: Path) -> None:
    key = tmp_path / "secret-key"
    key.write_bytes(b"\xff" * 50)
    assert "holds no key. Delete it" in shell("check").closing
    key.unlink()
    key.mkdir()
    assert f"{key} cannot be read" in shell("check").closing


def test_a_database_of_a_newer_release_is_left_alone(shell: Shell) -> None:
    with administration(str(shell.settings.database_url)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    for command in ("check", "migrate"):
        assert "at migration 9999, this release knows none after" in shell(command).closing


def test_an_empty_database_says_how_to_fill_it(shell: Shell, cluster: str) -> None:
    name = make_url(str(shell.settings.database_url)).database
    with administration(cluster) as connection:
        connection.execute(f"CREATE DATABASE {name}_empty")
    try:
        url = make_url(cluster).set(database=f"{name}_empty").render_as_string(hide_password=False)
        assert "was never migrated" in shell("deliver", DATABASE_URL=url).closing
    finally:
        with administration(cluster) as connection:
            connection.execute(f"DROP DATABASE {name}_empty WITH (FORCE)")


def test_what_the_database_forbids_is_a_sentence(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    with administration(str(shell.settings.database_url)) as connection:
        connection.execute("REVOKE ALL ON organizations FROM distributor_service")
    printed = shell("token", "create", "--email", "a@b", "--name", "n", "--scope", "reports:read")
    assert (printed.code, printed.err.count("\n")) == (1, 1)


def test_as_a_process_refusals_end_the_same_way(settings: Settings, tmp_path: Path) -> None:
    environment = {**os.environ, "DATABASE_URL": str(settings.database_url), "DISTRIBUTOR_HOME": str(tmp_path)}
    for words, code in ((["check", "--json"], 0), (["check"], 1), (["import-usage", HALF], 2)):
        given = {**environment, "PORT": "x"} if code == 1 else environment
        done = subprocess.run(
            [sys.executable, "-m", "distributor", *words], env=given, capture_output=True, timeout=60, check=False
        )
        assert (done.returncode, b"Traceback" in done.stderr) == (code, False), done.stderr
        assert bool(done.stdout) == (code == 0)
