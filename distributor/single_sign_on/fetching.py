"""Asking an identity provider over HTTP, at an address that an organization's admin typed in.

Such an address could name machines of this network, so every address that the name resolves to is judged, and the one
that was judged is the one connected to (OWASP ASVS 5.0, 13.2.4). Ten seconds and one megabyte are all a provider gets.
"""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from http.client import HTTPConnection, HTTPException, HTTPResponse
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from threading import Timer
from time import monotonic
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit

from flask_babel import gettext

SECONDS = 10.0
MOST_BYTES = 1_000_000
MOST_REDIRECTS = 3
PORTS = {"https": 443, "http": 80}
NAT64 = IPv6Network("64:ff9b::/96")

Network = IPv4Network | IPv6Network


class FetchError(Exception):
    """The provider could not be asked; the message says plainly why."""


@dataclass(frozen=True, slots=True)
class Asker:
    """How providers are asked. `networks` are allowed beside all public addresses (ISSUER_NETWORKS)."""

    networks: Sequence[Network] = ()
    seconds: float = SECONDS

    def json(self, url: str, body: str | None = None, headers: Mapping[str, str] | None = None) -> Answer:
        """What the address answers, a JSON object; with a `body` it is posted. Raises FetchError."""
        until = monotonic() + self.seconds
        for _ in range(MOST_REDIRECTS + 1):
            status, location, content = self._once(url, body, headers or {}, until)
            if location is None or body is not None:
                return Answer(status, _object(url, content))
            url = _on_same_host(url, location)
        raise FetchError(gettext("%(url)s leads round in a circle.", url=url))

    def _once(
        self, url: str, body: str | None, headers: Mapping[str, str], until: float
    ) -> tuple[int, str | None, bytes]:
        parts = parsed(url)
        with self._connected(parts, until) as connection:
            path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
            connection.request("GET" if body is None else "POST", path, body, {"Accept": "application/json", **headers})
            response = connection.getresponse()
            location = response.getheader("Location") if 300 <= response.status < 400 else None
            return response.status, location, _read(response, url)

    @contextmanager
    def _connected(self, parts: SplitResult, until: float) -> Iterator[HTTPConnection]:
        """A connection that is cut when the time is up, however slowly bytes still come."""
        host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
        address = self.address_of(host, port, is_plain=parts.scheme == "http")
        try:
            with closing(_socket(address, port, until)) as plain, closing(_wrapped(plain, parts)) as sock:
                watch = Timer(max(until - monotonic(), 0.0), _cut, [sock])
                watch.start()
                try:
                    yield _speaking(sock, parts)
                finally:
                    watch.cancel()
        except (OSError, HTTPException, ValueError) as error:
            raise FetchError(_why(host, error, is_late=monotonic() >= until, seconds=self.seconds)) from error

    def address_of(self, host: str, port: int, *, is_plain: bool) -> IPv4Address | IPv6Address:
        """The address to connect to, after all that the name resolves to were judged. Raises FetchError."""
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise FetchError(gettext("The name %(host)s is not known in the DNS.", host=host)) from error
        addresses = [ip_address(one[4][0]) for one in found]
        for address in addresses:
            self._judge(host, address, is_plain=is_plain)
        return addresses[0]

    def _judge(self, host: str, address: IPv4Address | IPv6Address, *, is_plain: bool) -> None:
        plain = _meant(address)
        if not (_is_public(plain) or any(plain in network for network in self.networks)):
            why = gettext(
                "%(host)s is no address of the public internet. Whoever runs this service can allow it with "
                "ISSUER_NETWORKS.",
                host=host,
            )
            raise FetchError(why)
        if is_plain and not plain.is_loopback:
            raise FetchError(gettext("%(host)s is asked without encryption; that needs https.", host=host))


@dataclass(frozen=True, slots=True)
class Answer:
    """A provider's answer, whatever its status."""

    status: int
    content: dict[str, Any] = field(repr=False)


def parsed(url: str) -> SplitResult:
    """The parts of an address of http or https, without user and fragment. Raises FetchError."""
    try:
        parts = urlsplit(url)
        port_is_fine = parts.port is None or parts.port > 0
    except ValueError:
        raise FetchError(_no_address(url)) from None
    is_clean = url.isascii() and url.isprintable() and " " not in url and "\\" not in url
    if parts.scheme not in PORTS or not parts.hostname or parts.username or parts.fragment or "@" in parts.netloc:
        raise FetchError(_no_address(url))
    if not (port_is_fine and is_clean):
        raise FetchError(_no_address(url))
    return parts


def _no_address(url: str) -> str:
    return gettext("“%(url)s” is no address such as https://login.company.example.", url=url[:100])


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    return address.is_global and not (address.is_multicast or address.is_reserved)


def _meant(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that an IPv6 one only carries: mapped, 6to4 (RFC 3056) or NAT64 (RFC 6052)."""
    if isinstance(address, IPv4Address):
        return address
    carried = IPv4Address(address.packed[-4:]) if address in NAT64 else None
    return address.ipv4_mapped or address.sixtofour or carried or address


def _socket(address: IPv4Address | IPv6Address, port: int, until: float) -> socket.socket:
    return socket.create_connection((str(address), port), timeout=max(until - monotonic(), 0.001))


def _wrapped(plain: socket.socket, parts: SplitResult) -> socket.socket:
    """The socket as it will be used; what of TLS can take long has still to come."""
    if parts.scheme == "http":
        return plain
    return _trust().wrap_socket(plain, server_hostname=parts.hostname, do_handshake_on_connect=False)


def _speaking(sock: socket.socket, parts: SplitResult) -> HTTPConnection:
    if isinstance(sock, ssl.SSLSocket):
        sock.do_handshake()
    connection = HTTPConnection(parts.hostname or "", parts.port or PORTS[parts.scheme])
    connection.default_port = PORTS[parts.scheme]  # so that Host names a port only where it must
    connection.sock = sock
    return connection


@cache
def _trust() -> ssl.SSLContext:
    return ssl.create_default_context()


def _cut(sock: socket.socket) -> None:
    with suppress(OSError):  # gone already
        sock.shutdown(socket.SHUT_RDWR)


def _read(response: HTTPResponse, url: str) -> bytes:
    content = response.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise FetchError(gettext("%(url)s answered with more than 1 MB.", url=url))
    return content


def _object(url: str, content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise FetchError(gettext("%(url)s did not answer with a JSON object.", url=url))
    return found


def _on_same_host(url: str, location: str) -> str:
    """Where a redirect leads. Raises FetchError unless that is the same scheme, host and port."""
    target = urljoin(url, location)
    here, there = parsed(url), parsed(target)
    if (here.scheme, here.netloc) != (there.scheme, there.netloc):
        raise FetchError(gettext("%(url)s leads on to another host, which is not followed.", url=url))
    return target


def _why(host: str, error: Exception, *, is_late: bool, seconds: float) -> str:
    if is_late or isinstance(error, TimeoutError):
        return gettext("%(host)s did not answer within %(seconds)s seconds.", host=host, seconds=f"{seconds:g}")
    if isinstance(error, ssl.SSLCertVerificationError):
        return gettext("The certificate of %(host)s is not valid: %(why)s.", host=host, why=error.verify_message)
    if isinstance(error, ConnectionRefusedError):
        return gettext("%(host)s takes no connection.", host=host)
    return gettext("The connection to %(host)s broke off.", host=host)
