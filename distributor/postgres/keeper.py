"""The keeper, one process per home: its arguments are the home and, for tests, ``--not-durable``.

It starts the server, starts it again when it was killed, and stops it when nobody is attached any more,
however the last process ended: it waits for the lock that all of them share. Its output says how the start
went.
"""

import fcntl
import json
import logging
import os
import signal
import sys
import threading
from contextlib import suppress
from pathlib import Path

from distributor.postgres.account import account_for
from distributor.postgres.errors import PostgresUnavailable
from distributor.postgres.folder import Folder, ensure_password, opened, seized
from distributor.postgres.installation import installation_for, installations, reachable
from distributor.postgres.server import Server, refusal, within

PATROL_SECONDS = 1.0

log = logging.getLogger("distributor.postgres")


def main(arguments: list[str]) -> int:
    """Keep the server of one home until its last user is gone; exit 1 when it cannot be started."""
    folder = Folder(Path(arguments[0]))
    descriptor = opened(folder.keeper)
    # Somebody may be asking, for a moment, whether the lock is free.
    if not within(5, lambda: seized(descriptor)):
        return _report("Another process keeps this database already: try again.")
    try:
        server = _server(folder, durable="--not-durable" not in arguments)
    except (PostgresUnavailable, OSError) as error:
        return _report(str(error))
    _report(None)
    _keep(server, _all_users_gone(folder))
    # Before the users' lock goes with this process: whoever attaches next starts a keeper of its own.
    os.close(descriptor)
    return 0


def _server(folder: Folder, *, durable: bool) -> Server:
    """The running server; one that outlived its keeper is taken over."""
    installation = installation_for(folder, installations())
    account = account_for(folder.cluster(installation.major))
    ensure_password(folder)
    server = Server(folder, reachable(installation, account), account, durable)
    try:
        _bring_up(server)
    except BaseException:
        server.stop()
        raise
    return server


def _bring_up(server: Server) -> None:
    if not server.alive():
        server.initialise()
        server.start()
    elif refusal(server.folder):
        server.wait_until_ready()


def _report(failure: str | None) -> int:
    """Tell the process that waits for us, if it still does, and let go of its pipe."""
    with suppress(BrokenPipeError):
        os.write(sys.stdout.fileno(), json.dumps({"failure": failure}).encode())
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())
    return 1 if failure else 0


def _all_users_gone(folder: Folder) -> threading.Event:
    """Set when the last user is gone, and on SIGTERM: a machine that goes down waits for no one."""
    gone = threading.Event()
    descriptor = opened(folder.users)

    def wait() -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        gone.set()

    threading.Thread(target=wait, daemon=True).start()
    # Not set in the handler itself: that runs inside the main thread's wait for the same event.
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=gone.set).start())
    return gone


def _keep(server: Server, gone: threading.Event) -> None:
    while not gone.wait(PATROL_SECONDS):
        if not server.alive():
            _revive(server)
    server.stop()


def _revive(server: Server) -> None:
    log.warning("PostgreSQL in %s was killed; starting it again", server.cluster)
    try:
        server.start()
    except (PostgresUnavailable, OSError):
        log.exception("PostgreSQL in %s could not be started; trying again", server.cluster)


if __name__ == "__main__":
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s")
    # Whoever started us waits for this process only; as nobody's child the keeper outlives it.
    if os.fork():
        os._exit(0)
    sys.exit(main(sys.argv[1:]))
