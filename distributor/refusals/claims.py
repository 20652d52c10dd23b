"""Where an attempt came from: the address that connected, and the one it said to come from without being believed."""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime, timedelta

import structlog
from flask import current_app, request

from distributor import clock
from distributor.limits.counter import network_of
from distributor.proxies import CLAIMED, addresses_in

KEPT = "distributor.claims"
# Behind a proxy that nobody named as trusted every request makes a claim; one line an hour says so.
TOLD_FOR = timedelta(hours=1)
MOST_PEERS = 1_000

log = structlog.get_logger("distributor")


def where_from() -> dict[str, str]:
    """For the details of an entry: `address`, and `claimed_address` where one was claimed and not believed."""
    claimed = ", ".join(addresses_in(request.environ.get(CLAIMED, "")))
    return {"address": network_of(request.remote_addr), **({"claimed_address": claimed} if claimed else {})}


def tell() -> None:
    """Say in the service log that a request claims to come from elsewhere; once an hour for each peer."""
    if CLAIMED not in request.environ:
        return
    at, peer = clock.now(), network_of(request.remote_addr)
    told: OrderedDict[str, datetime] = current_app.extensions.setdefault(KEPT, OrderedDict())
    last = told.get(peer)
    if last is not None and last <= at < last + TOLD_FOR:
        return
    told[peer] = at
    told.move_to_end(peer)
    while len(told) > MOST_PEERS:
        told.popitem(last=False)
    log.warning("forwarded address not believed", **where_from())
