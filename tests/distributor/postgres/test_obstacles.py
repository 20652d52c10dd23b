"""What a start meets in its folder, and what it says when it cannot go on."""

import os
import shutil
import subprocess
from pathlib import Path

import psycopg
import pytest

from distributor.postgres import Handle, PostgresUnavailable, attach
from distributor.postgres.folder import Folder
from tests.distributor.postgres.clients import answers, ask, pid_file


def test_a_stale_pid_that_belongs_to_another_program_is_no_obstacle(home: Path) -> None:
    with attach(home, durable=False):
        of_a_killed_server = pid_file(home).read_text()
    owner = pid_file(home).parent.stat().st_uid
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, user=owner) as foreign:
        _, rest = of_a_killed_server.split("\n", 1)
        pid_file(home).write_text(f"{foreign.pid}\n{rest}")
        with attach(home, durable=False) as handle:
            assert answers(handle.url())
        assert foreign.poll() is None
        foreign.communicate()


def test_a_server_that_somebody_started_by_hand_is_left_alone(home: Path) -> None:
    attach(home, durable=False).release()
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, cwd=pid_file(home).parent) as by_hand:
        pid_file(home).write_text(f"{by_hand.pid}\n")
        with pytest.raises(PostgresUnavailable, match="Another PostgreSQL server works in .*: stop it"):
            attach(home, durable=False)
        by_hand.communicate()


def test_data_of_another_major_is_refused_and_no_empty_database_made_beside_it(home: Path) -> None:
    (home / "data" / "14").mkdir(parents=True)
    with pytest.raises(PostgresUnavailable, match=r"holds the data of PostgreSQL 14, but only PostgreSQL .*18"):
        attach(home, durable=False)
    assert Folder(home).majors() == [14]


def test_a_long_home_is_no_obstacle(home: Path) -> None:
    deep = home / ("long" * 20) / ("longer" * 20)
    with attach(deep, durable=False) as handle:
        assert answers(handle.url())


def test_a_home_with_spaces_below_a_folder_closed_to_others_is_no_obstacle(tmp_path: Path) -> None:
    closed = tmp_path / "closed to others"
    closed.mkdir(mode=0o700)
    with attach(closed / "home", durable=False) as handle:
        assert answers(handle.url())
        assert closed.stat().st_mode & 0o777 == 0o700


def test_a_half_made_database_is_made_anew(home: Path) -> None:
    (home / "data" / "18.new").mkdir(parents=True)
    (home / "data" / "18.new" / "PG_VERSION").write_text("18\n")
    with attach(home, durable=False) as handle:
        assert answers(handle.url())


def test_nobody_gets_in_without_the_password(handle: Handle) -> None:
    secret = handle.url().partition("postgres:")[2].partition("@")[0]
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        ask(handle.url().replace(secret, "guess"))


def test_password_and_socket_are_closed_to_other_users(handle: Handle, home: Path) -> None:
    socket = Folder(home).socket()
    assert socket
    assert [path.stat().st_mode & 0o077 for path in (Folder(home).password_file, socket)] == [0, 0]


def test_a_missing_password_is_named(home: Path) -> None:
    attach(home, durable=False).release()
    Folder(home).password_file.unlink()
    with pytest.raises(PostgresUnavailable, match="password.* is missing: put the file back"):
        attach(home, durable=False)


def test_a_server_that_cannot_start_says_why_and_where_its_log_is(home: Path) -> None:
    attach(home, durable=False).release()
    pid_file(home).with_name("postgresql.conf").write_text("max_connections = many\n")
    with pytest.raises(PostgresUnavailable, match=r"did not start: .*postgresql\.log"):
        attach(home, durable=False)


def test_a_home_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    with pytest.raises(PostgresUnavailable, match="cannot be used .*set DISTRIBUTOR_HOME"):
        attach(in_the_way / "home")


def test_a_copy_of_a_home_in_use_gets_a_server_of_its_own(handle: Handle, home: Path) -> None:
    shutil.copytree(home, home.with_name("copy"))
    give(home.with_name("copy") / "data" / "18", (home / "data" / "18").stat())
    with attach(home.with_name("copy"), durable=False) as copy:
        assert copy.url() != handle.url()
        assert answers(copy.url())
    assert answers(handle.url())


def give(folder: Path, like: os.stat_result) -> None:
    """As `cp -a` does."""
    for path in (folder, *folder.rglob("*")):
        os.chown(path, like.st_uid, like.st_gid)
