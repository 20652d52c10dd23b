"""Ports for services that tests start as processes of their own."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def reserved_port() -> Iterator[int]:
    """A loopback port that the system gives to nobody else meanwhile; a server that asks for it by number gets it."""
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # bound, but not listening: nobody is in the way
        holder.bind(("127.0.0.1", 0))
        yield int(holder.getsockname()[1])
