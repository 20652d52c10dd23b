"""Who is really asking: proxies are believed only where TRUSTED_PROXIES names them, others may say what they like.

X-Forwarded-For is read from its right end, where the nearest proxy wrote, past those that are trusted; the first that
is not is the caller (OWASP ASVS 5.0, 4.1.3). What comes from elsewhere is taken away before anything can read it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Address = IPv4Address | IPv6Address
FOR, PROTO, HOST = "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST"
SAID = (FOR, PROTO, HOST, "HTTP_X_FORWARDED_PORT", "HTTP_X_FORWARDED_PREFIX", "HTTP_FORWARDED", "HTTP_X_REAL_IP")
# Whether somebody said to have passed the request on: then it comes from no neighbour, whatever its address is.
FORWARDED = "distributor.forwarded"
# The chain of addresses that somebody who is not trusted sent along.
CLAIMED = "distributor.claimed"
# More proxies than anybody puts one behind another.
LONGEST_CHAIN = 20
LONGEST_CLAIM = 1_000

_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}(?::[0-9]{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](?::[0-9]{1,5})?")
_WITH_PORT = re.compile(r"\[([^\]]+)\](?::[0-9]+)?|([0-9.]+):[0-9]+")


class Proxies:
    """A WSGI application that sees each request as the trusted proxies before it saw it."""

    def __init__(self, inner: WSGIApplication, trusted: Sequence[IPv4Network | IPv6Network]) -> None:
        self._inner, self.trusted = inner, tuple(trusted)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        said = {name: str(environ.pop(name)) for name in SAID if name in environ}
        peer = _address(environ.get("REMOTE_ADDR", ""))
        if peer is not None:
            environ["REMOTE_ADDR"] = str(peer)
        environ[FORWARDED] = bool(said)
        if said and peer is not None and self._trusts(peer):
            self._believe(environ, peer, said)
        elif FOR in said:
            environ[CLAIMED] = said[FOR]
        return self._inner(environ, start_response)

    def _believe(self, environ: WSGIEnvironment, peer: Address, said: dict[str, str]) -> None:
        environ["REMOTE_ADDR"] = str(self._caller(peer, said.get(FOR, "")))
        scheme, host = _nearest(said.get(PROTO, "")).lower(), _nearest(said.get(HOST, ""))
        if scheme in {"http", "https"}:
            environ["wsgi.url_scheme"] = scheme
        if _HOST.fullmatch(host):
            environ["HTTP_HOST"] = host

    def _caller(self, peer: Address, chain: str) -> Address:
        """The nearest address that is no proxy of ours; where the chain breaks off, the last one that was named."""
        found = peer
        for part in chain.split(",")[: -LONGEST_CHAIN - 1 : -1]:
            named = _address(part.strip())
            if named is None:
                return found
            found = named
            if not self._trusts(named):
                return found
        return found

    def _trusts(self, address: Address) -> bool:
        return any(address in network for network in self.trusted)


def addresses_in(chain: str, most: int = 3) -> list[str]:
    """The addresses that a chain names, the nearest first; what is none is left out, as anybody may write anything."""
    found = [_address(part.strip()) for part in chain[-LONGEST_CLAIM:].split(",")[::-1]]
    return [str(one) for one in found if one is not None][:most]


def _nearest(said: str) -> str:
    return said.rpartition(",")[2].strip()


def _address(text: str) -> Address | None:
    """An address as proxies write it, with or without a port; IPv4 within IPv6 is IPv4. None for anything else."""
    match = _WITH_PORT.fullmatch(text)
    if "%" in text:  # a zone means something on the machine that wrote it alone
        return None
    try:
        found = ip_address((match[1] or match[2]) if match else text)
    except ValueError:
        return None
    if not isinstance(found, IPv6Address):
        return found
    return found.ipv4_mapped or IPv6Address(found.packed)
