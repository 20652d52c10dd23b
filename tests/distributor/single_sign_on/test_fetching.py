"""Which addresses a provider may have, and how long it may take."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from ipaddress import ip_network
from threading import Thread
from time import monotonic
from typing import Any

import pytest
from flask import Flask, redirect
from flask.typing import ResponseReturnValue
from flask_babel import Babel

from distributor.single_sign_on.fetching import Asker, FetchError
from tests.distributor.single_sign_on.conftest import LOOPBACK
from tests.oidc_provider import Provider

DOCUMENT = "/.well-known/openid-configuration"
NOT_PUBLIC = [
    "127.0.0.1", "127.8.8.8", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.1",
    "224.0.0.1", "240.0.0.1", "255.255.255.255", "198.18.0.1", "::1", "::", "fe80::1", "fc00::1", "ff02::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a00:1", "2002:7f00:1::", "2002:a00:1::",
    "2001:db8::1",
]  # fmt: skip


@pytest.fixture
def app() -> Iterator[Flask]:
    """What sentences need of an application, and no database."""
    app = Flask(__name__)
    Babel(app)
    with app.app_context():
        yield app


def resolving(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[tuple[str, int]]:
    """Every name has these addresses; answers the list of those connected to."""
    connected: list[tuple[str, int]] = []

    def connect(address: tuple[str, int], **_more: Any) -> socket.socket:
        connected.append(address)
        raise ConnectionRefusedError

    found = [(socket.AF_INET6 if ":" in one else socket.AF_INET, 1, 6, "", (one, 443)) for one in addresses]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_a, **_k: found)
    monkeypatch.setattr(socket, "create_connection", connect)
    return connected


def why(url: str, asker: Asker) -> str:
    with pytest.raises(FetchError) as refused:
        asker.json(url)
    return str(refused.value)


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_no_address_of_a_private_network_is_connected_to(
    app: Flask, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    connected = resolving(monkeypatch, address)
    assert "no address of the public internet" in why("https://login.example.com/", Asker())
    assert connected == []


def test_one_private_address_among_public_ones_is_enough_to_refuse(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    connected = resolving(monkeypatch, "93.184.216.34", "10.0.0.1")
    assert "no address of the public internet" in why("https://login.example.com/", Asker())
    assert connected == []


def test_the_address_that_was_judged_is_the_one_connected_to(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    connected = resolving(monkeypatch, "93.184.216.34", "93.184.216.35")
    assert "takes no connection" in why("https://login.example.com:8443/", Asker())
    assert connected == [("93.184.216.34", 8443)]


def test_the_operator_can_allow_networks_and_no_more_than_those(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    asker = Asker((ip_network("10.1.0.0/16"),))
    assert resolving(monkeypatch, "10.1.2.3") == []
    assert "takes no connection" in why("https://login.example.com/", asker)
    resolving(monkeypatch, "10.2.2.3")
    assert "no address of the public internet" in why("https://login.example.com/", asker)


def test_plain_http_is_for_loopback_only(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    resolving(monkeypatch, "93.184.216.34")
    assert "needs https" in why("http://login.example.com/", Asker())
    resolving(monkeypatch, "10.0.0.1")
    assert "needs https" in why("http://login.example.com/", Asker((ip_network("10.0.0.0/8"),)))


def test_loopback_needs_the_operators_word(app: Flask, provider: Provider) -> None:
    assert "no address of the public internet" in why(provider.url + DOCUMENT, Asker())
    assert Asker(LOOPBACK).json(provider.url + DOCUMENT).status == 200


def test_a_name_that_nobody_knows_is_named(app: Flask) -> None:
    assert "not known in the DNS" in why("https://no-such-host.invalid/", Asker())


def to(where: str) -> Callable[[], ResponseReturnValue]:
    return lambda: redirect(where)


def test_redirects_are_followed_on_the_same_host_only(app: Flask, provider: Provider) -> None:
    provider.answers["/old"] = to(provider.url + DOCUMENT)
    assert Asker(LOOPBACK).json(provider.url + "/old").content["issuer"] == provider.url
    for elsewhere in ("http://127.0.0.1:1/", "//127.0.0.2/", "https://127.0.0.1/", "http://localhost/", "file:///etc/"):
        provider.answers["/old"] = to(elsewhere)
        why(provider.url + "/old", Asker(LOOPBACK))


def test_a_circle_of_redirects_ends(app: Flask, provider: Provider) -> None:
    provider.answers["/old"] = to(provider.url + "/old")
    assert "in a circle" in why(provider.url + "/old", Asker(LOOPBACK))


@pytest.fixture
def trickle() -> Iterator[int]:
    """A server that sends a header line, byte by byte, for as long as somebody listens; its port."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        Thread(target=dribble, args=(server,), daemon=True).start()
        yield server.getsockname()[1]


def dribble(server: socket.socket) -> None:
    try:
        with closing(server.accept()[0]) as peer:
            peer.sendall(b"HTTP/1.1 200 OK\r\n")
            peer.settimeout(0.02)
            while True:
                peer.sendall(b"X: y\r\n"[:1])
                try:
                    peer.recv(65536)
                except TimeoutError:
                    continue
    except OSError:
        return


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_provider_that_trickles_is_cut_off_in_time(app: Flask, trickle: int, scheme: str) -> None:
    begun = monotonic()
    said = why(f"{scheme}://127.0.0.1:{trickle}/", Asker(LOOPBACK, seconds=0.5))
    assert monotonic() - begun < 3
    assert "127.0.0.1" in said
