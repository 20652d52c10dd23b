"""Clients that keep their connections alive and ask one request after the other.

One thread serves all of them: on a machine that client, server and PostgreSQL share, a heavier client would be measured
with the server.
"""

from __future__ import annotations

import selectors
import socket
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

NO_BODY = {204, 304}
SILENCE_SECONDS = 60


@dataclass(slots=True)
class Answers:
    """How long each request took (seconds), what was answered, and how long all of it took."""

    latencies: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Requests per second."""
        return len(self.latencies) / self.seconds


class WrongAnswerError(Exception):
    """The server answered something else than the benchmark asked for."""


def request(method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> bytes:
    """A request as it goes over the wire."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", *(f"{name}: {value}" for name, value in headers.items())]
    if method != "GET":
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def ask(port: int, requests: Sequence[bytes], clients: int, *, expect: int = 200) -> Answers:
    """Send all requests over `clients` connections, each as soon as the one before on it is answered.

    Raises WrongAnswerError when anything but `expect` came back.
    """
    answers, waiting = Answers(), iter(requests)
    with selectors.DefaultSelector() as selector:
        connections = [_Connection(port, selector) for _ in range(min(clients, len(requests)))]
        start = time.perf_counter()
        busy = sum(connection.send_next(waiting) for connection in connections)
        while busy:
            ready = selector.select(SILENCE_SECONDS)
            if not ready:
                raise WrongAnswerError(f"The server was silent for {SILENCE_SECONDS} seconds.")
            for key, _ in ready:
                if key.data.receive(answers):
                    busy -= not key.data.send_next(waiting)
        answers.seconds = time.perf_counter() - start
        for connection in connections:
            connection.socket.close()
    if set(answers.statuses) != {expect}:
        raise WrongAnswerError(f"Expected {expect}, got {dict(answers.statuses)}.")
    return answers


class _Connection:
    def __init__(self, port: int, selector: selectors.BaseSelector) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        selector.register(self.socket, selectors.EVENT_READ, self)
        self.received, self.sent_at = bytearray(), 0.0

    def send_next(self, waiting: Iterator[bytes]) -> bool:
        """Send the next request; False when there is none left."""
        following = next(waiting, None)
        if following is None:
            return False
        self.received.clear()
        self.sent_at = time.perf_counter()
        self.socket.sendall(following)
        return True

    def receive(self, answers: Answers) -> bool:
        """Take in what has arrived; True when the answer is complete."""
        data = self.socket.recv(1 << 20)
        if not data:
            raise WrongAnswerError("The server closed a connection.")
        self.received += data
        if not _is_complete(self.received):
            return False
        answers.latencies.append(time.perf_counter() - self.sent_at)
        answers.statuses[_status(self.received)] += 1
        return True


def _status(answer: bytearray) -> int:
    return int(answer[9:12])


def _is_complete(answer: bytearray) -> bool:
    head, separator, body = answer.partition(b"\r\n\r\n")
    if not separator:
        return False
    if _status(answer) in NO_BODY:
        return True
    lowered = head.lower()
    if b"transfer-encoding: chunked" in lowered:
        return body.endswith(b"0\r\n\r\n")
    length = lowered.partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0]
    return len(body) >= int(length or 0)
