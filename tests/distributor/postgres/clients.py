"""Processes that use the embedded PostgreSQL, and questions to its server."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psycopg

from distributor.postgres.folder import Folder

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
