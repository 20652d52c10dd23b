"""Where this installation counts, under which keys, and how often it lets what be done."""

from __future__ import annotations

import hmac
from ipaddress import IPv6Address, ip_address, ip_network

from flask import Flask, current_app
from sqlalchemy import Engine, event

from distributor.config import Settings
from distributor.database import db
from distributor.limits.rates import DEFAULTS, Limited, Rate

BIND = "limits"
PURPOSE = "distributor: keys of limits"
# Whoever holds a network of IPv6 holds 2**64 addresses (RFC 6177).
IPV6_NETWORK = 64


def engine() -> Engine:
    """Connections of their own, so that a request that fails has counted."""
    return db.engines[BIND]


def end_together(app: Flask) -> None:
    """Whoever disposes of the service's connections disposes of the counter's, too."""
    with app.app_context():
        counting = db.engines[BIND]
        event.listen(db.engine, "engine_disposed", lambda _: counting.dispose())


def rate_of(what: Limited) -> Rate:
    """The rate as this installation has it."""
    settings: Settings = current_app.config["SETTINGS"]
    return settings.rate_limits.get(what) or DEFAULTS[what]


def hashed(what: Limited, key: str) -> bytes:
    """What is kept of a key: addresses are few enough to be found again from a hash without a secret."""
    secret = f"{PURPOSE}: {current_app.config['SECRET_KEY']}".encode()
    return hmac.digest(secret, f"{what}: {key}".encode("utf-8", "surrogatepass"), "sha256")


def network_of(address: str | None) -> str:
    """The key an internet address counts under: itself, or its network of IPv6."""
    try:
        known = ip_address(address or "")
    except ValueError:
        return "unknown"
    if not isinstance(known, IPv6Address):
        return str(known)
    return str(known.ipv4_mapped or ip_network((known.packed, IPV6_NETWORK), strict=False))
