"""Who attaches, who leaves, who is killed: with real processes."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from distributor.postgres import Handle, attach
from distributor.postgres.folder import Folder, taken
from distributor.postgres.server import within
from tests.distributor.postgres.clients import (
    ATTACH,
    FORK_AND_LEAVE,
    IGNORE_CTRL_C,
    WAIT,
    Client,
    answers,
    ask,
    keeper_pid,
    pid_file,
    server_pid,
)


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


def test_a_killed_server_comes_back_under_the_same_url_with_what_was_committed(handle: Handle, home: Path) -> None:
    ask(handle.url(), "CREATE TABLE note AS SELECT 'kept' AS text")
    killed = server_pid(home)
    os.kill(killed, signal.SIGKILL)
    assert within(30, lambda: answers(handle.url()) and server_pid(home) != killed)
    assert ask(handle.url(), "SELECT text FROM note") == "kept"


def test_a_server_that_outlived_its_keeper_is_taken_over_and_stopped(client: Callable[..., Client], home: Path) -> None:
    orphaning = client()
    url, pid = orphaning.url(), server_pid(home)
    os.kill(keeper_pid(home), signal.SIGKILL)
    assert within(5, lambda: not taken(Folder(home).keeper))
    with attach(home, durable=False) as second:
        assert (second.url(), server_pid(home)) == (url, pid)
        orphaning.end()
    assert not taken(Folder(home).server)


def test_a_forked_child_that_ends_does_not_end_its_parents_hold(client: Callable[..., Client]) -> None:
    parent = client(ATTACH + FORK_AND_LEAVE + WAIT)
    assert answers(parent.url())


def test_ctrl_c_on_a_terminal_does_not_reach_the_server(client: Callable[..., Client]) -> None:
    stubborn = client(IGNORE_CTRL_C + ATTACH + WAIT)
    url = stubborn.url()
    os.killpg(stubborn.process.pid, signal.SIGINT)
    assert not within(0.5, lambda: not answers(url))


def test_commits_are_on_disk_unless_a_test_asks_otherwise(home: Path) -> None:
    with attach(home) as handle:
        assert ask(handle.url(), "SHOW fsync") == "on"


def test_times_are_utc_and_order_is_by_code_point(handle: Handle) -> None:
    assert ask(handle.url(), "SHOW timezone") == "UTC"
    assert ask(handle.url(), "SELECT lower('Ä') < lower('Z')") is False
