"""The embedded PostgreSQL, with real processes: who attaches, who is killed, what data is met."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from distributor.postgres import Handle, PostgresUnavailable, attach
from distributor.postgres.folder import Folder, taken
from distributor.postgres.server import within

ATTACH = """
import os, sys
from pathlib import Path
from distributor.postgres import attach
handle = attach(Path(sys.argv[1]), durable=False)
"""
WAIT = """
print(handle.url(), flush=True)
sys.stdin.read()
"""
FORK_AND_LEAVE = """
if os.fork() == 0:
    handle.release()
    sys.exit()
os.wait()
"""


IGNORE_CTRL_C = """
import signal
signal.signal(signal.SIGINT, signal.SIG_IGN)
"""


class Client:
    """A process that attaches and stays until its input is closed, or it is killed."""

    def __init__(self, home: Path, program: str = ATTACH + WAIT) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", program, str(home)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def url(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline().strip()

    def end(self, how: signal.Signals | None = None) -> None:
        """By a signal, or by reaching its last line."""
        if how:
            self.process.send_signal(how)
        self.process.communicate()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def client(home: Path) -> Iterator[Callable[..., Client]]:
    started: list[Client] = []

    def start(program: str = ATTACH + WAIT) -> Client:
        started.append(Client(home, program))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.end(signal.SIGKILL)
    assert within(30, lambda: not taken(Folder(home).keeper))


@pytest.fixture
def handle(home: Path) -> Iterator[Handle]:
    with attach(home, durable=False) as attached:
        yield attached


def ask(url: str, question: str = "SELECT 1") -> object:
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        answer = connection.execute(question)
        row = answer.fetchone() if answer.description else None
        return row[0] if row else None


def answers(url: str) -> bool:
    try:
        return ask(url) == 1
    except psycopg.OperationalError:
        return False


def server_pid(home: Path) -> int:
    return int(pid_file(home).read_text().partition("\n")[0])


def pid_file(home: Path) -> Path:
    folder = Folder(home)
    return folder.cluster(folder.majors()[0]) / "postmaster.pid"


def keeper_pid(home: Path) -> int:
    """The parent of the server."""
    status = Path(f"/proc/{server_pid(home)}/status").read_text()
    return int(status.partition("PPid:")[2].split()[0])


def test_four_processes_that_attach_at_once_to_a_fresh_home_get_the_same_server(
    client: Callable[..., Client],
) -> None:
    together = [client() for _ in range(4)]
    urls = {one.url() for one in together}
    assert len(urls) == 1
    assert answers(urls.pop())


@pytest.mark.parametrize("how", [None, signal.SIGTERM, signal.SIGKILL])
def test_the_server_stays_for_the_others_when_one_leaves(
    client: Callable[..., Client], how: signal.Signals | None
) -> None:
    leaver, stayer = client(), client()
    url = leaver.url()
    assert stayer.url() == url
    leaver.end(how)
    assert answers(url)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL, signal.SIGINT])
def test_the_server_stops_after_the_last_process_however_that_ended(
    client: Callable[..., Client], home: Path, how: signal.Signals
) -> None:
    last = client()
    socket = Folder(home).socket if last.url() else None
    last.end(how)
    assert within(30, lambda: not taken(Folder(home).server))
    assert socket
    assert within(30, lambda: socket() is None)


def test_release_returns_when_the_server_has_stopped_in_good_order(home: Path) -> None:
    handle = attach(home, durable=False)
    handle.release()
    assert not taken(Folder(home).server)
    assert "database system is shut down" in Folder(home).log.read_text().splitlines()[-1]
    assert not pid_file(home).exists()


def test_release_does_not_wait_while_others_are_attached(client: Callable[..., Client], home: Path) -> None:
    url = client().url()
    attach(home, durable=False).release()
    assert answers(url)


def test_data_is_found_again(home: Path) -> None:
    with attach(home, durable=False) as first:
        ask(first.url(), "CREATE TABLE note AS SELECT 'kept' AS text")
    with attach(home, durable=False) as second:
        assert ask(second.url(), "SELECT text FROM note") == "kept"


def test_a_killed_server_comes_back_under_the_same_url_with_what_was_committed(
    handle: Handle, home: Path
) -> None:
    ask(handle.url(), "CREATE TABLE note AS SELECT 'kept' AS text")
    killed = server_pid(home)
    os.kill(killed, signal.SIGKILL)
    assert within(30, lambda: answers(handle.url()) and server_pid(home) != killed)
    assert ask(handle.url(), "SELECT text FROM note") == "kept"


def test_a_server_that_outlived_its_keeper_is_taken_over_and_stopped(
    client: Callable[..., Client], home: Path
) -> None:
    orphaning = client()
    url, pid = orphaning.url(), server_pid(home)
    os.kill(keeper_pid(home), signal.SIGKILL)
    assert within(5, lambda: not taken(Folder(home).keeper))
    with attach(home, durable=False) as second:
        assert (second.url(), server_pid(home)) == (url, pid)
        orphaning.end()
    assert not taken(Folder(home).server)


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
    with pytest.raises(
        PostgresUnavailable, match=r"holds the data of PostgreSQL 14, but only PostgreSQL .*18"
    ):
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


def test_a_forked_child_that_ends_does_not_end_its_parents_hold(client: Callable[..., Client]) -> None:
    parent = client(ATTACH + FORK_AND_LEAVE + WAIT)
    assert answers(parent.url())


def test_ctrl_c_on_a_terminal_does_not_reach_the_server(client: Callable[..., Client]) -> None:
    stubborn = client(IGNORE_CTRL_C + ATTACH + WAIT)
    url = stubborn.url()
    os.killpg(stubborn.process.pid, signal.SIGINT)
    assert not within(0.5, lambda: not answers(url))


def test_nobody_gets_in_without_the_password(handle: Handle) -> None:
    secret = handle.url().partition("postgres:")[2].partition("@")[0]
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        ask(handle.url().replace(secret, "guess"))


def test_password_and_socket_are_closed_to_other_users(handle: Handle, home: Path) -> None:
    socket = Folder(home).socket()
    assert socket
    assert [path.stat().st_mode & 0o077 for path in (Folder(home).password_file, socket)] == [0, 0]


def test_commits_are_on_disk_unless_a_test_asks_otherwise(home: Path) -> None:
    with attach(home) as handle:
        assert ask(handle.url(), "SHOW fsync") == "on"


def test_times_are_utc_and_order_is_by_code_point(handle: Handle) -> None:
    assert ask(handle.url(), "SHOW timezone") == "UTC"
    assert ask(handle.url(), "SELECT lower('Ä') < lower('Z')") is False


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
